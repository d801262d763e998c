"""The tokens of hypotheses with their frames, as a tree: each row is a token and the row before it.

Letters: n hypotheses.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Longs = NDArray[np.int64]

NO_PATH = 0  # the row of no token
_FIRST = 1024
_BEFORE, _TOKEN, _BEGIN, _END = range(4)


class Emission(NamedTuple):
    """A token, and the frames in which it is heard: from `begin` to before `end`."""

    token: int
    begin: int
    end: int


class Paths:
    """Grows by a token at a time. The end of a token is known when the next one begins."""

    def __init__(self) -> None:
        self.rows = np.zeros((4, _FIRST), np.int64)
        self.size = 1

    def __len__(self) -> int:
        return self.size

    def add(self, before: Longs, tokens: Longs, begin: int, ends: Longs) -> Longs:
        """A token more each, first heard in frame `begin`; `ends` are those of the tokens before.

        -> (n,) numbers of the new rows
        """
        first = self.size
        self.enlarge(first + len(before))
        self.size += len(before)

        own = slice(first, self.size)
        self.rows[_BEFORE, own] = before
        self.rows[_TOKEN, own] = tokens
        self.rows[_BEGIN, own] = begin
        self.rows[_END, own] = ends
        return np.arange(first, self.size)

    def enlarge(self, size: int) -> None:
        """Make room for `size` rows."""
        if size > self.rows.shape[1]:
            self.rows = np.pad(self.rows, ((0, 0), (0, max(size, self.rows.shape[1]))))

    def emissions(self, path: int, end: int) -> list[Emission]:
        """The tokens up to a row, the last of which is heard until before `end`."""
        found = []
        while path != NO_PATH:
            before, token, begin, end_before = self.rows[:, path].tolist()
            found.append(Emission(token, begin, end))
            path, end = before, end_before
        return found[::-1]

    def keep(self, paths: Longs) -> Longs:
        """Forget all rows but some, and those before them. -> new numbers by old ones"""
        before = self.rows[_BEFORE, : self.size].tolist()
        is_needed = np.zeros(self.size, np.bool_)
        is_needed[NO_PATH] = True
        for path in paths.tolist():
            while not is_needed[path]:
                is_needed[path] = True
                path = before[path]

        kept = np.flatnonzero(is_needed)
        new = np.full(self.size, NO_PATH)
        new[kept] = np.arange(len(kept))
        rows = self.rows[:, kept]
        rows[_BEFORE] = new[rows[_BEFORE]]

        self.size = len(kept)
        self.rows = np.ascontiguousarray(np.pad(rows, ((0, 0), (0, _FIRST))))
        return new
