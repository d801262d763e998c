"""What a trainer yields."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from .watch import Layers


@dataclass(frozen=True)
class Updated:
    """One update of the weights."""

    step: int
    epoch: int
    loss: float  # mean per target over the whole update, nats
    lr: float
    grad_norm: float  # before clipping
    targets: int
    seconds: float


@dataclass(frozen=True)
class Evaluated:
    """One evaluation on the validation data."""

    step: int
    epoch: int
    metrics: dict[str, float]
    best: bool
    seconds: float
    loss: float = math.nan  # mean per target, in the unit of `Updated.loss`
    layers: Layers = field(default_factory=dict)  # with train.watch: {"conv1": {"gradient": …}}


Event = Updated | Evaluated
