"""What the library costs, against its peers. `nox --session bench` runs it; `nox --session bench -- reading` a part."""
