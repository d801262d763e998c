"""Problems, as the trainer sees them."""

from .base import Batch, Goal, Step, Task, Totals

__all__ = ["Batch", "Goal", "Step", "Task", "Totals"]
