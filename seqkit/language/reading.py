"""How a network reads texts whose next token is not known yet: each token once where it can.

Shapes: R texts (hypotheses), T tokens of a text so far, D width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from ..data.batching import pad
from ..data.windows import window_of
from ..search.soundness import check_numbers
from .models.contract import ExtendableModel, NextTokenModel


class Reading(NamedTuple):
    """What a network has made of the tokens so far."""

    hidden: Tensor  # (R, D), which predict the next tokens
    kept: tuple[Tensor, ...] | None  # (…, R, …), spares reading them again; None where nothing does
    begin: int  # the first token that it still sees

    def select(self, rows: Tensor) -> Reading:
        """That of some of the texts, in this order."""
        kept = self.kept
        if kept is not None:
            kept = tuple(part.index_select(1, rows) for part in kept)
        return Reading(self.hidden[rows], kept, self.begin)

    def join(self, others: Sequence[Reading]) -> Reading:
        """That of these texts, then of others, which may be longer or shorter."""
        every = (self, *others)
        hidden = torch.cat([each.hidden for each in every])
        parts = [each.kept for each in every if each.kept is not None and each.begin == self.begin]
        are_alike = len(parts) == len(every) and len({_lengths(kept) for kept in parts}) == 1
        if not are_alike:
            return Reading(hidden, None, 0)
        return Reading(
            hidden, tuple(torch.cat(same, 1) for same in zip(*parts, strict=True)), self.begin
        )


def _lengths(kept: Sequence[Tensor]) -> tuple[torch.Size, ...]:
    """The shapes of what was kept, but for the number of texts."""
    return tuple(part[:, 0].shape for part in kept)


class TokenReader:
    """Reads on, token by token; a network of windows sees those in which `Slider` scores tokens."""

    def __init__(self, model: NextTokenModel, *, steps: int, stride: int) -> None:
        self.model = model
        self.steps = steps
        self.stride = stride

    @torch.no_grad()
    def read(self, texts: Sequence[Sequence[int]], before: Reading | None = None) -> Reading:
        """Read the ids of R texts; `before` is what was made of all but the last of each.

        Texts that a recurrent network has not read before must be of one length.
        """
        if self.model.carries_state:
            kept = before.kept if before is not None else None
            hidden, kept = self.model(self._tensor(texts, 0, kept), kept)
            return Reading(hidden[:, -1], kept, 0)

        if isinstance(self.model, ExtendableModel) and len({len(ids) for ids in texts}) == 1:
            begin = self._begin(texts[0])
            kept = before.kept if before is not None and before.begin == begin else None
            hidden, kept = self.model.extend(self._tensor(texts, begin, kept), kept)
            return Reading(hidden[:, -1], kept, begin)

        return Reading(self._read_windows(texts), None, 0)

    def _tensor(self, texts: Sequence[Sequence[int]], begin: int, kept: object) -> Tensor:
        """What is to be read: the last ids if something is kept of the others. -> (R, t)"""
        new = [list(ids[begin:] if kept is None else ids[-1:]) for ids in texts]
        return torch.tensor(new, device=self.model.output.device)

    def _read_windows(self, texts: Sequence[Sequence[int]]) -> Tensor:
        """-> (R, D)"""
        windows = [list(ids[self._begin(ids) :]) for ids in texts]
        inputs = pad(windows).to(self.model.output.device)
        hidden, _ = self.model(inputs, None)

        ends = torch.tensor([len(window) - 1 for window in windows], device=inputs.device)
        rows = torch.arange(len(windows), device=inputs.device)
        return hidden[rows, ends]

    def _begin(self, ids: Sequence[int]) -> int:
        return window_of(len(ids) - 1, self.steps, self.stride)

    @torch.no_grad()
    def predict(self, reading: Reading) -> Tensor:
        """Log probabilities (nats) of every token that may come next. -> (R, V)"""
        logits = F.linear(reading.hidden, self.model.output, self.model.bias)
        nats = logits.float().log_softmax(-1)
        check_numbers(nats)
        return nats
