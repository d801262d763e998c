"""Id sequences as batches: what goes from data to model, and in which order.

Shapes: B sentences, S source positions, T target positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..text.vocab import BOS, PAD

Ints = NDArray[np.int64]
AnyInts = NDArray[Any]  # of any integer type

_BLOCK = 100_000  # sequences that are looked at together
_ROWS = 10_000  # sequences that are lists at the same time
_IDS = 1 << 20  # ids that are looked at together


class Rows:
    """Many id sequences in one flat array, in memory or in a mapped file."""

    def __init__(self, rows: Iterable[Sequence[int]]) -> None:
        rest = iter(rows)
        ids = [np.zeros(0, np.int32)]
        lengths = [np.zeros(0, np.int64)]
        while block := list(islice(rest, _ROWS)):  # lists of all would take ten times the memory
            sizes = np.fromiter(map(len, block), np.int64, len(block))
            ids.append(np.fromiter(chain.from_iterable(block), np.int32, int(sizes.sum())))
            lengths.append(sizes)

        every = np.concatenate(lengths)
        self._set(np.concatenate(ids), every, np.cumsum(every))

    @classmethod
    def of_arrays(cls, ids: AnyInts, lengths: AnyInts) -> Rows:
        """Sequences of these `lengths`, one after the other in `ids`, which is not copied."""
        rows = cls.__new__(cls)
        rows._set(ids, np.asarray(lengths), np.cumsum(lengths, dtype=np.int64))
        return rows

    def _set(self, ids: AnyInts, lengths: AnyInts, ends: Ints) -> None:
        self._ids = ids
        self.lengths = lengths
        self._ends = ends

    def at(self, indices: Ints) -> Rows:
        """The sequences at `indices`, in that order; their ids are shared, not copied."""
        rows = Rows.__new__(Rows)
        rows._set(self._ids, self.lengths[indices], self._ends[indices])
        return rows

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> list[int]:
        end = self._ends[index]
        start = end - self.lengths[index]
        ids: list[int] = self._ids[start:end].tolist()
        return ids

    def __repr__(self) -> str:
        return f"<Rows: {len(self):,} sequences, {self.total:,} ids>"

    @property
    def total(self) -> int:
        """How many ids all sequences have."""
        return int(self.lengths.sum())

    @property
    def ids(self) -> AnyInts:
        """All ids, one sequence after the other; not copied where they lie so."""
        if self._is_whole:
            return self._ids
        none = self._ids[:0]
        return np.concatenate([none, *self._parts()])

    @property
    def _is_whole(self) -> bool:
        """Whether these are all sequences of the flat array, in its order."""
        if self.total != len(self._ids):
            return False
        return np.array_equal(self._ends, np.cumsum(self.lengths))

    def share(self, token: int) -> float:
        """The share of `token` among all ids."""
        return self.count(token) / self.total if self.total else 0.0

    def count(self, token: int) -> int:
        """How often `token` is there."""
        return sum(int((part == token).sum()) for part in self._parts())

    def _parts(self) -> Iterator[AnyInts]:
        """The ids in order, some at a time."""
        if self._is_whole:
            for first in range(0, len(self._ids), _IDS):
                yield self._ids[first : first + _IDS]
            return

        for first in range(0, len(self), _BLOCK):
            block = slice(first, first + _BLOCK)
            yield self._ids[self._places(self.lengths[block], self._ends[block])]

    @staticmethod
    def _places(lengths: AnyInts, ends: Ints) -> Ints:
        """Where the ids of sequences are, one sequence after the other."""
        starts = ends - lengths
        before = np.cumsum(lengths) - lengths
        shifts = np.repeat(starts - before, lengths)
        return shifts + np.arange(len(shifts))

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
    group: str = ""  # of data for which figures are given apart, such as a pair of languages

    @classmethod
    def of(cls, sources: Rows, targets: Rows, indices: Ints, group: str = "") -> PairBatch:
        """The pairs at `indices` (B,); every row ends in EOS."""
        source = sources.padded(indices)
        goal = targets.padded(indices)
        lengths = targets.lengths[indices]
        count = int(lengths.sum())

        begin = torch.full((len(indices), 1), BOS)
        all_but_last = goal[:, :-1]
        inputs = torch.cat([begin, all_but_last], dim=1)
        return cls(source, inputs, goal, count, group)

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
            group=self.group,
        )


def token_batches(
    sources: AnyInts, targets: AnyInts, budget: int, rng: np.random.Generator | None = None
) -> list[AnyInts]:
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


def _by_length(sources: AnyInts, targets: AnyInts, rng: np.random.Generator | None) -> AnyInts:
    """Indices of pairs, such that neighbours have similar lengths on both sides: linear time.

    Target lengths are taken in bands of two. Source lengths rise in one band and fall in the next,
    so that they do not jump between bands. Numbers are as small as the lengths allow: of ten
    million pairs, each array takes 40 MB then.
    """
    longest = int(sources.max(initial=0))
    bands = int(targets.max(initial=0)) // 2 + 1
    kind = _int_type(2 * bands * (longest + 1))
    band = (targets // 2).astype(kind, copy=False)

    key = sources.astype(kind)
    falls = band % 2 == 1
    np.subtract(longest, key, out=key, where=falls)
    band *= longest + 1
    key += band
    key *= 2
    key += (targets % 2).astype(kind, copy=False)

    order = np.arange(len(targets), dtype=_int_type(len(targets)))
    if rng is not None:
        ranks = rng.permutation(len(targets))
        order[ranks] = np.arange(len(targets), dtype=order.dtype)
    return _sorted_by(key, order)


def _int_type(largest: int) -> type[np.signedinteger[Any]]:
    """The type for numbers up to `largest`."""
    return np.int32 if largest < 1 << 31 else np.int64


def _sorted_by(key: AnyInts, order: AnyInts) -> AnyInts:
    """`order` sorted by `key`, equal keys as they are: digit by digit, which takes linear time.

    numpy sorts numbers of 16 bits by radix, ten times as fast as larger ones.
    """
    for shift in range(0, max(1, int(key.max(initial=0)).bit_length()), 16):
        digit = (key >> shift).astype(np.uint16)
        order = order[np.argsort(digit[order], kind="stable")]
    return order


def _split_by_budget(order: AnyInts, targets: AnyInts, budget: int) -> list[AnyInts]:
    """Consecutive parts of `order` with at most `budget` target tokens, or with one pair."""
    batches: list[AnyInts] = []
    sums = np.cumsum(targets[order])
    start = 0
    used = 0
    while start < len(order):
        fits = int(np.searchsorted(sums, used + budget, side="right"))
        end = max(fits, start + 1)
        batches.append(order[start:end])
        start = end
        used = int(sums[end - 1])
    return batches
