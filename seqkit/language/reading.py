"""How a network reads a text whose next token is not known yet: each token once where it can.

Shapes: D width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..data.windows import window_of
from .models.contract import ExtendableModel, NextTokenModel


class Reading(NamedTuple):
    """What a network has made of the tokens so far."""

    hidden: Tensor  # (D,), which predicts the next token
    kept: Any  # what spares reading them again; None where nothing does
    begin: int  # the first token that it still sees


class TokenReader:
    """Reads on, token by token; a network of windows sees those in which `Slider` scores tokens."""

    def __init__(self, model: NextTokenModel, *, steps: int, stride: int) -> None:
        self.model = model
        self.steps = steps
        self.stride = stride

    @torch.no_grad()
    def read(self, ids: Sequence[int], before: Reading | None = None) -> Reading:
        """Read all of `ids`; `before` is what was made of all but the last of them."""
        model = self.model
        begin = 0
        if not model.carries_state:
            begin = window_of(len(ids) - 1, self.steps, self.stride)

        kept = before.kept if before is not None and before.begin == begin else None
        new = ids[begin:] if kept is None else ids[-1:]
        inputs = torch.tensor([list(new)], device=model.output.device)

        if not model.carries_state and isinstance(model, ExtendableModel):
            hidden, kept = model.extend(inputs, kept)
        else:
            hidden, kept = model(inputs, kept)
        return Reading(hidden[0, -1], kept, begin)
