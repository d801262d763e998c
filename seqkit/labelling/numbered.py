"""Names by number: the labels of many texts, or the words and the tags of many sentences.

One array has all of them, in memory or in a mapped file.

Shapes: N items, such as texts, L names of all items together, such as labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from ..data.stored import blocks_of

Ints = NDArray[np.int64]
AnyInts = NDArray[Any]  # of any integer type
Names = tuple[str, ...]  # of one item


class Numbered(Sequence[Names]):
    """The names of N items: one each, or any number."""

    def __init__(
        self, names: Sequence[str] = (), ids: AnyInts | None = None, lengths: AnyInts | None = None
    ) -> None:
        """`ids` (L,) are places in `names`, and `lengths` (N,) how many of them each item has."""
        none = np.zeros(0, np.int64)
        self.names = list(names)
        self.ids = none if ids is None else ids
        self.lengths = none if lengths is None else lengths
        self._ends: Ints = np.cumsum(self.lengths, dtype=np.int64)

    @classmethod
    def of(cls, items: Iterable[Names]) -> Numbered:
        """The names of items, numbered as they come."""
        every = list(items)
        numbers = Numbers()
        ids = numbers.of(chain.from_iterable(every))
        lengths = np.fromiter(map(len, every), np.int64, len(every))
        return cls(list(numbers.known), np.array(ids, np.int64), lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    def __repr__(self) -> str:
        return f"<Numbered: {len(self):,} items, {len(self.names):,} names>"

    @overload
    def __getitem__(self, index: int) -> Names: ...
    @overload
    def __getitem__(self, index: slice) -> Numbered: ...

    def __getitem__(self, index: int | slice) -> Names | Numbered:
        if isinstance(index, slice):
            first, end, step = index.indices(len(self))
            if step == 1:
                return self._between(first, max(first, end))
            return self.at(np.arange(first, end, step))

        end = int(self._ends[index])
        start = end - int(self.lengths[index])
        return tuple(self.names[i] for i in self.ids[start:end].tolist())

    def __iter__(self) -> Iterator[Names]:
        for block in blocks_of(len(self)):
            ends = self._ends[block]
            start = int(ends[0] - self.lengths[block.start])
            names = [self.names[i] for i in self.ids[start : ends[-1]].tolist()]
            done = 0
            for end in (ends - start).tolist():
                yield tuple(names[done:end])
                done = end

    def _between(self, first: int, end: int) -> Numbered:
        """Those of the items from `first` to before `end`: nothing is copied."""
        begin = int(self._ends[first - 1]) if first else 0
        last = int(self._ends[end - 1]) if end else 0
        return Numbered(self.names, self.ids[begin:last], self.lengths[first:end])

    def at(self, rows: Ints) -> Numbered:
        """Those of the items at `rows`."""
        lengths = self.lengths[rows]
        before = np.cumsum(lengths) - lengths
        shifts = np.repeat(self._ends[rows] - lengths - before, lengths)
        return Numbered(self.names, self.ids[shifts + np.arange(len(shifts))], lengths)

    def owners(self) -> Ints:
        """The item that each name is of: (L,)"""
        return np.repeat(np.arange(len(self)), self.lengths)

    def packed(self, numbers: Sequence[int]) -> tuple[bytes, bytes]:
        """As `data.stored.IdWriter` writes them, with other numbers for the names, in order."""
        ids = np.array(numbers, np.int32)[self.ids]
        return ids.tobytes(), self.lengths.astype(np.int32).tobytes()

    def present(self) -> list[str]:
        """The names that an item has, the one that occurs first before the others."""
        found, first = np.unique(self.ids, return_index=True)
        return [self.names[i] for i in found[np.argsort(first)].tolist()]

    def counts(self) -> Counter[str]:
        """How often each name occurs, of those that do."""
        sizes = np.bincount(self.ids, minlength=len(self.names)).tolist()
        return Counter({name: n for name, n in zip(self.names, sizes, strict=True) if n})

    def groups(self) -> list[Ints]:
        """The rows of items with the same names in the same order, for each such group."""
        if not len(self):
            return []
        known: dict[Names, int] = {}
        numbers = (known.setdefault(names, len(known)) for names in self)
        group_of = np.fromiter(numbers, np.int64, len(self))
        order = np.argsort(group_of, kind="stable")
        ends = np.cumsum(np.bincount(group_of))
        return np.split(order, ends[:-1])


class Numbers:
    """Names that get a number each, in the order in which they come."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def of(self, names: Iterable[str]) -> list[int]:
        known = self.known
        return [known.setdefault(name, len(known)) for name in names]
