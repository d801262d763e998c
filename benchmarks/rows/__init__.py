"""The rows: a module each, with a `ROW`."""

from __future__ import annotations

import importlib
import pkgutil

from ..core import Row


def names() -> list[str]:
    """The rows' names, those of their modules."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__))


def load(name: str) -> Row:
    row: Row = importlib.import_module(f"{__name__}.{name}").ROW
    return row
