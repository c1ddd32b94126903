"""Packages that come with an extra, imported when they are needed."""

from __future__ import annotations

import importlib
from typing import Any

from heymarket_async.errors import ConfigurationError


def load(module: str, *, extra: str, purpose: str) -> Any:
    """Return a module of a package that an extra brings.

    Args:
        module: the module.
        extra: the extra.
        purpose: what needs it, as the beginning of a sentence.

    Raises:
        ConfigurationError: the package is missing. It names the extra.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as missing:
        package = module.partition(".")[0]
        if str(missing.name).partition(".")[0] != package:
            raise
    raise ConfigurationError(f"{purpose} needs the package {package}.", advice=f"Install heymarket-async[{extra}].")
