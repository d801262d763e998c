"""One long text, cut into batches: side by side with carried state, or in random windows.

Shapes: B sequences, T steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Ids = NDArray[np.int32]


@dataclass(frozen=True)
class WindowBatch:
    inputs: Tensor  # (B, T)
    targets: Tensor  # (B, T), the inputs one step later
    fresh: bool  # whether the state before it is nobody's: the first batch of an epoch, or a random window
    scored: Tensor | None = None  # (B, T), True where a target counts; None for everywhere

    @property
    def count(self) -> int:
        """Targets that the loss sums over."""
        return self.targets.numel() if self.scored is None else int(self.scored.sum())

    def pick_scored(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """What a model says at each place, and the target there, where it counts. (B, T, D) -> (count, D), (count,)."""
        hidden, targets = hidden.flatten(0, 1), self.targets.flatten()
        if self.scored is None:
            return hidden, targets
        counts = self.scored.flatten()
        return hidden[counts], targets[counts]

    def to(self, device: torch.device) -> WindowBatch:
        scored = None if self.scored is None else self.scored.to(device)
        return WindowBatch(self.inputs.to(device), self.targets.to(device), self.fresh, scored)


def sequential(
    ids: Ids, batch: int, steps: int, *, seed: int, epoch: int, start: int = 0
) -> Iterator[WindowBatch]:
    """`batch` parts of the text side by side, `steps` at a time, each going on where the batch before it ended.

    Zhang et al., Dive into Deep Learning, section 9.3 (sequential partitioning); the offset of the parts is drawn
    anew each epoch. Batches from `start` on; every batch is full. Pure in all arguments.
    """
    rng = np.random.default_rng([seed, epoch])
    length = (len(ids) - 1) // batch
    offset = int(rng.integers(0, min(steps, max(1, len(ids) - batch * length))))
    length = (len(ids) - 1 - offset) // batch
    inputs = ids[offset : offset + batch * length].reshape(batch, length)
    targets = ids[offset + 1 : offset + 1 + batch * length].reshape(batch, length)
    for number in range(start, length // steps):
        cut = slice(number * steps, (number + 1) * steps)
        yield WindowBatch(_tensor(inputs[:, cut]), _tensor(targets[:, cut]), fresh=number == 0)


def random_windows(
    ids: Ids, batch: int, steps: int, *, seed: int, epoch: int, start: int = 0
) -> Iterator[WindowBatch]:
    """Windows of `steps` in random order, which together cover the text once, from a random offset.

    Zhang et al., Dive into Deep Learning, section 9.3 (random sampling). Pure in all arguments.
    """
    rng = np.random.default_rng([seed, epoch])
    offset = int(rng.integers(0, max(1, min(steps, len(ids) - batch * steps))))
    begins = np.arange(offset, len(ids) - steps, steps)
    begins = begins[rng.permutation(len(begins))]
    for number in range(start, len(begins) // batch):
        at = begins[number * batch : (number + 1) * batch, None] + np.arange(steps)
        yield WindowBatch(_tensor(ids[at]), _tensor(ids[at + 1]), fresh=True)


def whole(ids: Ids, steps: int) -> Iterator[WindowBatch]:
    """Every target of the text once and in order, as one sequence, for models that carry a state: B is 1."""
    for begin in range(0, len(ids) - 1, steps):
        part = ids[begin : begin + steps + 1]
        yield WindowBatch(_tensor(part[None, :-1]), _tensor(part[None, 1:]), fresh=begin == 0)


def sliding(ids: Ids, window: int, stride: int, batch: int) -> Iterator[WindowBatch]:
    """Every target once, for models that see a window: each is scored with window - stride tokens before it at least.

    All windows of a batch are of one length; the first window scores all that it holds.
    """
    total = len(ids) - 1
    first = ids[: min(window, total) + 1]
    if total > 0:
        yield WindowBatch(_tensor(first[None, :-1]), _tensor(first[None, 1:]), fresh=True)
    ends = list(range(window + stride, total + 1, stride))
    for low in range(0, len(ends), batch):
        at = np.array(ends[low : low + batch])[:, None] - window + np.arange(window)
        scored = torch.zeros(at.shape, dtype=torch.bool)
        scored[:, -stride:] = True
        yield WindowBatch(_tensor(ids[at]), _tensor(ids[at + 1]), fresh=True, scored=scored)
    done = ends[-1] if ends else min(window, total)
    if done < total:  # what is left is less than a stride
        part = ids[total - window : total + 1]
        scored = torch.zeros(1, window, dtype=torch.bool)
        scored[:, -(total - done) :] = True
        yield WindowBatch(
            _tensor(part[None, :-1]), _tensor(part[None, 1:]), fresh=True, scored=scored
        )


def _tensor(ids: Ids) -> Tensor:
    return torch.from_numpy(ids.astype(np.int64))
