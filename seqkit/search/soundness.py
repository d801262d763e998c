"""Whether what a model says are numbers at all."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..errors import CheckpointError
from .decoder import Ensemble

_NO_NUMBERS = (
    "the model answers nan: its weights are nan or too large, because the training diverged or the "
    "file is damaged; use an earlier step folder, or train again with a lower optim.lr"
)


def check_numbers(values: Tensor) -> None:
    """Raise `CheckpointError` if one of a model's answers is nan; infinity is an answer."""
    if bool(values.isnan().any()):
        raise CheckpointError(_NO_NUMBERS)


def check_weights(model: object) -> None:
    """Raise `CheckpointError` if a weight of a model, or of an ensemble, is no finite number."""
    members = model.models if isinstance(model, Ensemble) else [model]
    for member in members:
        if isinstance(member, nn.Module) and not _has_numbers(member):
            raise CheckpointError(_NO_NUMBERS)


def _has_numbers(model: nn.Module) -> bool:
    return all(bool(torch.isfinite(parameter).all()) for parameter in model.parameters())
