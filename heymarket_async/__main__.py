"""`python -m heymarket_async` is the `heymarket` command."""

from __future__ import annotations

import sys

from heymarket_async.cli import main

if __name__ == "__main__":
    sys.exit(main())
