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
from .models.contract import ExtendableModel, NextTokenModel, WindowPast

Kept = tuple[Tensor, ...] | WindowPast


class Reading(NamedTuple):
    """What a network keeps of the tokens so far."""

    kept: Kept | None  # (…, R, …), spares reading them again; None where nothing does
    begin: int  # the first token that it still sees

    def select(self, rows: Tensor) -> Reading:
        """That of some of the texts, in this order."""
        kept = self.kept
        if isinstance(kept, tuple):
            kept = tuple(part.index_select(1, rows) for part in kept)
        elif kept is not None:
            kept = kept.select(rows)
        return Reading(kept, self.begin)

    def join(self, others: Sequence[Reading]) -> Reading:
        """That of these texts, then of others, which may be longer or shorter."""
        every = (self, *others)
        if any(each.begin != self.begin for each in every):
            return Reading(None, 0)
        return Reading(_joined([each.kept for each in every]), self.begin)


def _joined(every: Sequence[Kept | None]) -> Kept | None:
    """What was kept of several texts; None where they have to be read again."""
    tensors = [kept for kept in every if isinstance(kept, tuple)]
    if len(tensors) == len(every):
        if len(set(map(_lengths, tensors))) > 1:
            return None
        return tuple(torch.cat(same, 1) for same in zip(*tensors, strict=True))

    pasts = [kept for kept in every if kept is not None and not isinstance(kept, tuple)]
    if len(pasts) < len(every):
        return None
    first, *others = pasts
    return first.join(others)


def _lengths(kept: Sequence[Tensor]) -> tuple[torch.Size, ...]:
    """The shapes of what was kept, but for the number of texts."""
    return tuple(part[:, 0].shape for part in kept)


class TokenReader:
    """Reads on, token by token; a network of windows sees those in which `Slider` scores tokens."""

    def __init__(self, model: NextTokenModel, *, steps: int, stride: int) -> None:
        self.model = model
        self._extendable = model if isinstance(model, ExtendableModel) else None
        self.steps = steps
        self.stride = stride

    @torch.no_grad()
    def read(
        self, texts: Sequence[Sequence[int]], before: Reading | None = None
    ) -> tuple[Tensor, Reading]:
        """Read the ids of R texts -> logits (R, V) of the next tokens, and what is kept of these.

        `before` is what was kept of all but the last id of each. Texts that a recurrent network has
        not read before must be of one length.
        """
        if self.model.carries_state:
            kept = before.kept if before is not None else None
            hidden, kept = self.model(self._tensor(texts, 0, kept), kept)
            return self._logits(hidden[:, -1], kept), Reading(kept, 0)

        if self._extendable is not None and len({len(ids) for ids in texts}) == 1:
            begin = self._begin(texts[0])
            kept = before.kept if before is not None and before.begin == begin else None
            hidden, kept = self._extendable.extend(self._tensor(texts, begin, kept), kept)
            return self._logits(hidden[:, -1], kept), Reading(kept, begin)

        return self._logits(self._read_windows(texts), None), Reading(None, 0)

    def _logits(self, hidden: Tensor, kept: Kept | None) -> Tensor:
        """(R, D) -> (R, V)"""
        if kept is None or isinstance(kept, tuple):
            return F.linear(hidden, self.model.output, self.model.bias).float()
        return kept.logits(hidden)

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


def log_probabilities(logits: Tensor) -> Tensor:
    """Those (nats) of every token that may come next, (R, V) -> (R, V); none may be NaN."""
    nats = logits.log_softmax(-1)
    check_numbers(nats)
    return nats
