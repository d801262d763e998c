"""What a listener of `seqkit.train` is called with, beside the trainer's own events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..config import RunConfig
from ..training.events import Evaluated, Updated


@dataclass(frozen=True)
class Started:
    """Training is about to begin or to continue."""

    folder: Path
    step: int
    config: RunConfig
    parameters: int
    device: str
    precision: str
    description: list[str]  # of the data, a line each
    notes: list[str] = field(default_factory=list)  # what is unusual about this start, a line each

    def __repr__(self) -> str:
        model = self.config.model["name"]
        return (
            f"Started({str(self.folder)!r}, step {self.step:,}, {model}, "
            f"{self.parameters:,} parameters, {self.device}, {self.precision})"
        )


@dataclass(frozen=True)
class Saved:
    """A checkpoint was written."""

    step: int
    folder: Path
    note: str = ""  # what is unusual about it


Listener = Callable[[Started | Updated | Evaluated | Saved], object]
"""Raises `errors.StopTraining` to end the run. Anything else that it raises comes out of `train`.

Either way, all that has been learned is saved before.
"""
