"""Every model of the package, found where models are."""

from __future__ import annotations

import importlib
import pkgutil

import attrs

from heymarket_async import models

MODULES = [importlib.import_module(f"{models.__name__}.{each.name}") for each in pkgutil.iter_modules(models.__path__)]
CLASSES = [
    value
    for each in MODULES
    for value in vars(each).values()
    if isinstance(value, type) and attrs.has(value) and value.__module__ == each.__name__
]
# What models have in common is no model.
EVERY_MODEL = [value for value in CLASSES if not value.__subclasses__()]
MODELS_BY_NAME = {model.__name__: model for model in EVERY_MODEL}
