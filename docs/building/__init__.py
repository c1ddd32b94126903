"""What the site makes of the package: its reference, the links to it, and `llms.txt`."""
