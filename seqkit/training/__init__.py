"""Training: the loop, what it asks of a task, optimizers, devices, checkpoints."""

from .task import Batch, Goal, Step, Task, Totals
from .trainer import Evaluated, Trainer, Updated

__all__ = ["Batch", "Evaluated", "Goal", "Step", "Task", "Totals", "Trainer", "Updated"]
