"""The labels of many texts, by number: one array for all of them, in memory or in a mapped file.

Shapes: N texts, L labels of all texts together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from ...data.stored import blocks_of

Ints = NDArray[np.int64]
AnyInts = NDArray[Any]  # of any integer type
Names = tuple[str, ...]  # of the labels of one text


class Labels(Sequence[Names]):
    """The labels of N texts: one each, or any number."""

    def __init__(
        self, names: Sequence[str] = (), ids: AnyInts | None = None, lengths: AnyInts | None = None
    ) -> None:
        """`ids` (L,) are places in `names`, and `lengths` (N,) how many of them each text has."""
        none = np.zeros(0, np.int64)
        self.names = list(names)
        self.ids = none if ids is None else ids
        self.lengths = none if lengths is None else lengths
        self._ends: Ints = np.cumsum(self.lengths, dtype=np.int64)

    @classmethod
    def of(cls, labels: Iterable[Names]) -> Labels:
        """The labels of texts, numbered as they come."""
        every = list(labels)
        numbers = Numbers()
        ids = numbers.of(chain.from_iterable(every))
        lengths = np.fromiter(map(len, every), np.int64, len(every))
        return cls(list(numbers.known), np.array(ids, np.int64), lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    def __repr__(self) -> str:
        return f"<Labels: {len(self):,} texts, {len(self.names)} labels>"

    @overload
    def __getitem__(self, index: int) -> Names: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Names]: ...

    def __getitem__(self, index: int | slice) -> Names | Sequence[Names]:
        if isinstance(index, slice):
            return self.at(np.arange(len(self))[index])

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

    def at(self, rows: Ints) -> Labels:
        """Those of the texts at `rows`."""
        lengths = self.lengths[rows]
        before = np.cumsum(lengths) - lengths
        shifts = np.repeat(self._ends[rows] - lengths - before, lengths)
        return Labels(self.names, self.ids[shifts + np.arange(len(shifts))], lengths)

    def owners(self) -> Ints:
        """The text that each label is of: (L,)"""
        return np.repeat(np.arange(len(self)), self.lengths)

    def packed(self, numbers: Sequence[int]) -> tuple[bytes, bytes]:
        """As `data.stored.IdWriter` writes them, with other numbers for the names, in order."""
        ids = np.array(numbers, np.int32)[self.ids]
        return ids.tobytes(), self.lengths.astype(np.int32).tobytes()

    def present(self) -> list[str]:
        """The labels that a text has, the one that occurs first before the others."""
        found, first = np.unique(self.ids, return_index=True)
        return [self.names[i] for i in found[np.argsort(first)].tolist()]

    def counts(self) -> Counter[str]:
        """How many texts have each label, of those that one has."""
        sizes = np.bincount(self.ids, minlength=len(self.names)).tolist()
        return Counter({name: n for name, n in zip(self.names, sizes, strict=True) if n})

    def groups(self) -> list[Ints]:
        """The rows of texts with the same labels in the same order, for each such group."""
        if not len(self):
            return []
        known: dict[Names, int] = {}
        numbers = (known.setdefault(names, len(known)) for names in self)
        group_of = np.fromiter(numbers, np.int64, len(self))
        order = np.argsort(group_of, kind="stable")
        ends = np.cumsum(np.bincount(group_of))
        return np.split(order, ends[:-1])


class Numbers:
    """Labels that get a number each, in the order in which they come."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def of(self, names: Iterable[str]) -> list[int]:
        known = self.known
        return [known.setdefault(name, len(known)) for name in names]
