"""What travels from data to model, and in which order.

Shapes: B sentences, S source positions, T target positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..text.vocab import BOS, PAD

Ints = NDArray[np.int64]


class Rows:
    """Many id sequences in one flat array: 4 bytes a token, however many sequences."""

    def __init__(self, rows: Iterable[Sequence[int]]) -> None:
        lists = rows if isinstance(rows, list) else list(rows)
        self.lengths: Ints = np.fromiter(
            (len(row) for row in lists), dtype=np.int64, count=len(lists)
        )
        self._ends = np.cumsum(self.lengths)
        total = int(self._ends[-1]) if lists else 0
        self._ids = np.fromiter((i for row in lists for i in row), dtype=np.int32, count=total)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> list[int]:
        end = self._ends[index]
        ids: list[int] = self._ids[end - self.lengths[index] : end].tolist()
        return ids

    def share(self, token: int) -> float:
        """The share of `token` among all ids."""
        return float((self._ids == token).mean()) if len(self._ids) else 0.0

    def padded(self, indices: Ints) -> Tensor:
        """The rows at `indices` (B,) as ids (B, longest), `PAD` after each."""
        lengths = self.lengths[indices]
        table = np.full((len(indices), int(lengths.max())), PAD, dtype=np.int64)
        real = np.arange(table.shape[1]) < lengths[:, None]
        starts = self._ends[indices] - lengths
        table[real] = self._ids[(starts[:, None] + np.arange(table.shape[1]))[real]]
        return torch.from_numpy(table)


def pad(rows: Sequence[Sequence[int]]) -> Tensor:
    """Id sequences -> (B, longest), `PAD` after each."""
    return Rows(list(rows)).padded(np.arange(len(rows)))


@dataclass(frozen=True)
class PairBatch:
    source: Tensor  # (B, S) x1 … EOS, then PAD
    inputs: Tensor  # (B, T) BOS y1 …
    targets: Tensor  # (B, T) y1 … EOS, then PAD
    count: int  # targets that are not PAD

    @classmethod
    def of(cls, sources: Rows, targets: Rows, indices: Ints) -> PairBatch:
        """The pairs at `indices` (B,); every row ends in EOS."""
        goal = targets.padded(indices)
        inputs = torch.cat([torch.full((len(indices), 1), BOS), goal[:, :-1]], dim=1)
        return cls(sources.padded(indices), inputs, goal, int(targets.lengths[indices].sum()))

    def to(self, device: torch.device) -> PairBatch:
        return PairBatch(
            self.source.to(device), self.inputs.to(device), self.targets.to(device), self.count
        )


def token_batches(
    sources: Ints, targets: Ints, budget: int, rng: np.random.Generator | None = None
) -> list[Ints]:
    """Cut pairs of these lengths into batches of at most `budget` real target tokens (at least one pair each).

    Pairs of like lengths share a batch: target lengths are taken two by two, and the sources of each such band
    run up, those of the next down, so that neighbours stay alike on both sides. `rng` breaks ties and shuffles
    the batches; without it the order is fixed.
    """
    noise = np.arange(len(targets)) if rng is None else rng.permutation(len(targets))
    band = targets // 2
    order = np.lexsort((noise, targets, np.where(band % 2, -sources, sources), band))
    batches, start, used = [], 0, 0
    for i, length in enumerate(targets[order].tolist()):
        if used + length > budget and i > start:
            batches.append(order[start:i])
            start, used = i, 0
        used += length
    if len(order):
        batches.append(order[start:])
    if rng is not None:
        batches = [batches[i] for i in rng.permutation(len(batches))]
    return batches
