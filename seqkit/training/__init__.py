"""Training: the loop, what it asks of a task, optimizers, devices, checkpoints.

Importing it imports no torch; the names below are resolved when they are used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .events import Evaluated, Updated
    from .task import Batch, Goal, Step, Task, Totals
    from .trainer import Trainer

__all__ = ["Batch", "Evaluated", "Goal", "Step", "Task", "Totals", "Trainer", "Updated"]

_MODULE_OF = {
    "Batch": ".task",
    "Evaluated": ".events",
    "Goal": ".task",
    "Step": ".task",
    "Task": ".task",
    "Totals": ".task",
    "Trainer": ".trainer",
    "Updated": ".events",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(_MODULE_OF[name], __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
