"""Id sequences as batches: what goes from data to model, and in which order.

Shapes: B sentences, S source positions, T target positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

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
        lengths = (len(row) for row in lists)
        count = len(lists)
        self.lengths: Ints = np.fromiter(lengths, dtype=np.int64, count=count)
        self._ends = np.cumsum(self.lengths)

        total = int(self.lengths.sum())
        self._ids = np.fromiter(chain.from_iterable(lists), dtype=np.int32, count=total)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> list[int]:
        end = self._ends[index]
        start = end - self.lengths[index]
        ids: list[int] = self._ids[start:end].tolist()
        return ids

    def __repr__(self) -> str:
        return f"<Rows: {len(self):,} sequences, {len(self._ids):,} ids>"

    @property
    def ids(self) -> NDArray[np.int32]:
        """All ids, one sequence after the other."""
        return self._ids

    def share(self, token: int) -> float:
        """The share of `token` among all ids."""
        if not len(self._ids):
            return 0.0

        is_token = self._ids == token
        return float(is_token.mean())

    def padded(self, indices: Ints) -> Tensor:
        """The rows at `indices` (B,) as ids (B, longest), `PAD` after each."""
        lengths = self.lengths[indices]
        starts = self._ends[indices] - lengths

        longest = int(lengths.max())
        columns = np.arange(longest)
        is_real = columns < lengths[:, None]  # (B, longest)
        places = starts[:, None] + columns
        real_places = places[is_real]

        table = np.full(is_real.shape, PAD, dtype=np.int64)
        table[is_real] = self._ids[real_places]
        return torch.from_numpy(table)


def pad(rows: Sequence[Sequence[int]]) -> Tensor:
    """Id sequences -> (B, longest), `PAD` after each."""
    every = np.arange(len(rows))
    return Rows(rows).padded(every)


@dataclass(frozen=True)
class PairBatch:
    """Sentence pairs, padded."""

    source: Tensor  # (B, S) x1 … EOS, then PAD
    inputs: Tensor  # (B, T) BOS y1 …
    targets: Tensor  # (B, T) y1 … EOS, then PAD
    count: int  # targets that are not PAD

    @classmethod
    def of(cls, sources: Rows, targets: Rows, indices: Ints) -> PairBatch:
        """The pairs at `indices` (B,); every row ends in EOS."""
        source = sources.padded(indices)
        goal = targets.padded(indices)
        lengths = targets.lengths[indices]
        count = int(lengths.sum())

        begin = torch.full((len(indices), 1), BOS)
        all_but_last = goal[:, :-1]
        inputs = torch.cat([begin, all_but_last], dim=1)
        return cls(source, inputs, goal, count)

    def __repr__(self) -> str:
        pairs, source_length = self.source.shape
        target_length = self.targets.shape[1]
        lengths = f"{source_length} and {target_length} long"
        return f"<PairBatch: {pairs} pairs, {lengths}, {self.count:,} targets>"

    def to(self, device: torch.device) -> PairBatch:
        return PairBatch(
            source=self.source.to(device),
            inputs=self.inputs.to(device),
            targets=self.targets.to(device),
            count=self.count,
        )


def token_batches(
    sources: Ints, targets: Ints, budget: int, rng: np.random.Generator | None = None
) -> list[Ints]:
    """Indices of pairs in batches of at most `budget` target tokens, at least one pair each.

    `sources` and `targets` are the lengths of the pairs. Pairs of similar length share a batch.
    `rng` breaks ties and shuffles the batches; without it the order is fixed.
    """
    order = _by_length(sources, targets, rng)
    batches = _split_by_budget(order, targets, budget)
    if rng is None:
        return batches

    shuffled = rng.permutation(len(batches))
    return [batches[i] for i in shuffled]


def _by_length(sources: Ints, targets: Ints, rng: np.random.Generator | None) -> Ints:
    """Indices of pairs, such that neighbours have similar lengths on both sides.

    Target lengths are taken in bands of two. Source lengths rise in one band and fall in the next,
    so that they do not jump between bands.
    """
    count = len(targets)
    ties = np.arange(count) if rng is None else rng.permutation(count)

    band = targets // 2
    falls = band % 2 == 1
    source_order = np.where(falls, -sources, sources)
    return np.lexsort((ties, targets, source_order, band))


def _split_by_budget(order: Ints, targets: Ints, budget: int) -> list[Ints]:
    """Consecutive parts of `order` with at most `budget` target tokens, or with one pair."""
    batches: list[Ints] = []
    start = 0
    used = 0
    lengths = targets[order].tolist()
    for i, length in enumerate(lengths):
        is_full = used + length > budget
        if is_full and i > start:
            batches.append(order[start:i])
            start = i
            used = 0
        used += length

    if len(order):
        rest = order[start:]
        batches.append(rest)
    return batches
