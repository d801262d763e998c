"""Finding the n-grams that end in a word, one word at a time.

Letters: N the order, n_k k-grams of one k, V words.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from math import isnan

import numpy as np

from .sorting import Longs
from .tables import Floats, Grams, Tables
from .text import BOS

# The k-grams of one k > 1, as Python reads them fastest: where those that end in each (k-1)-gram
# begin (n_{k-1} + 1,), and the first word of each (n_k,), ascending in every range.
_Level = tuple["array[int]", "array[int]"]


class Walker:
    """Finds the n-grams that end in a word, one word at a time.

    In plain Python, because arrays of a dozen elements cost more; an index of 8 bytes for each
    n-gram saves most of the search.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.longest = tables.order - 1
        self.blanks = tables.blanks
        self.scores = [_view(level.scores) for level in tables.grams]
        self.backoffs = [_view(level.backoffs) for level in tables.grams[:-1]]
        self.levels: list[_Level] = []
        for shorter, longer in pairwise(tables.grams):
            self.levels.append(_level(longer, len(shorter.scores), tables.size))

    def __reduce__(self) -> tuple[type[Walker], tuple[Tables]]:
        """Made again from its tables: views of memory can be neither copied nor sent."""
        return Walker, (self._tables,)

    def match(self, word: int, before: Sequence[int]) -> list[int]:
        """The index of each n-gram that ends in `word`: of 1, 2, … words.

        `before` are the words before it, the newest first.
        """
        index = word
        found = [word]
        for (starts, firsts), first in zip(self.levels, before):  # noqa: B905
            high = starts[index + 1]
            index = bisect_left(firsts, first, starts[index], high)
            if index == high or firsts[index] != first:
                break
            found.append(index)
        return found

    def length(self, found: Sequence[int]) -> int:
        """How long the longest n-gram is that has a score: the last, but for blanks."""
        length = len(found)
        if self.blanks:
            while isnan(self.scores[length - 1][found[length - 1]]):
                length -= 1
        return length

    def weights(self, found: Sequence[int]) -> list[float]:
        """The backoff weights of histories of 1, 2, … words, by their indexes."""
        return [self.backoffs[k][i] for k, i in enumerate(found)]

    def sentence(self, ids: Sequence[int], *, bos: bool) -> tuple[list[float], list[int]]:
        """log10 score of each word of a line, and the length of the n-gram found.

        Takes it that every n-gram begins with a shorter one that is there: then none is longer by
        more than a word than the one that ends before it, and is not looked for.
        """
        levels, all_scores, all_backoffs = self.levels, self.scores, self.backoffs
        blanks, longest = self.blanks, self.longest
        words = [BOS, *ids] if bos else list(ids)
        histories = [BOS] if bos else []  # the indexes of the n-grams that end before a word
        scores: list[float] = []
        lengths: list[int] = []
        for place in range(len(words) - len(ids), len(words)):
            index = words[place]
            found = [index]
            for (starts, firsts), _ in zip(levels, histories):  # noqa: B905
                place -= 1  # as `match`, but for the call, a tenth of the time
                first = words[place]
                high = starts[index + 1]
                index = bisect_left(firsts, first, starts[index], high)
                if index == high or firsts[index] != first:
                    break
                found.append(index)

            length = self.length(found) if blanks else len(found)
            score: float = all_scores[length - 1][found[length - 1]]
            if length <= len(histories):
                for k in range(length - 1, min(len(histories), longest)):
                    score += all_backoffs[k][histories[k]]
            scores.append(score)
            lengths.append(length)
            histories = found
        return scores, lengths


def _view(values: Floats) -> memoryview:
    return np.require(values, requirements=["C", "ALIGNED"]).data  # Python reads no other ones


def _level(longer: Grams, size_below: int, size: int) -> _Level:
    """The index of the k-grams; `size_below` is n_{k-1}, `size` V."""
    suffixes, firsts = np.divmod(longer.keys, size)
    starts = np.searchsorted(suffixes, np.arange(size_below + 1))
    return _integers(starts), _integers(firsts)


def _integers(values: Longs) -> array[int]:
    """Python's own arrays are read three times as fast as those of NumPy, one number at a time."""
    is_small = int(values.max(initial=0)) < 1 << 31
    stored = values.astype(np.int32 if is_small else np.int64)
    found = array("i" if is_small else "q")
    found.frombytes(stored.tobytes())
    return found
