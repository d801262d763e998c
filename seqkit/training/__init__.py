"""Training: the loop, optimizers, devices, checkpoints."""

from .trainer import Evaluated, Trainer, Updated

__all__ = ["Evaluated", "Trainer", "Updated"]
