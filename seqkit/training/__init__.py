"""Training: the loop, what it asks of a task, optimizers, devices, checkpoints."""

from .events import Evaluated, Updated
from .task import Batch, Goal, Step, Task, Totals
from .trainer import Trainer

__all__ = ["Batch", "Evaluated", "Goal", "Step", "Task", "Totals", "Trainer", "Updated"]
