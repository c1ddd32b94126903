"""The client that openapi-python-client generates from the contract: made anew in each run, and thrown away."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.records import CONTRACT

PACKAGE = "generated_client"


@contextlib.contextmanager
def generated_client() -> Iterator[str]:
    """Return the folder of the package `generated_client`, which can be imported until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text("post_hooks: []\n", "utf-8")  # Its hooks format the code, which nobody will read.
        made = ["--path", str(CONTRACT / "openapi.yaml"), "--output-path", f"{folder}/{PACKAGE}", "--meta", "none"]
        command = [sys.executable, "-m", "openapi_python_client", "generate", *made, "--config", str(config)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        sys.path.insert(0, folder)
        try:
            yield folder
        finally:
            sys.path.remove(folder)
