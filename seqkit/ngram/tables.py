"""The numbers of an n-gram model, and the scores that they give to a stream of ids.

Letters: T ids of a stream, N the order, V the words of the model, n_k its k-grams.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..native import ngrams as native
from ..native.library import library
from .counts import depths
from .sorting import Longs, find, search
from .text import BOS, Ids

Floats = NDArray[np.float32]
Kind = Literal["backoff", "add-k", "stupid", "mixture"]  # how scores and backoffs are combined
Depths = NDArray[np.int32]  # (T,): how many ids of its sentence come before each
Lengths = NDArray[np.int16]
NEVER = -99  # log10 of 0, as ARPA files express it
_STUPID = np.float32(np.log10(0.4))
_INDEX_PAYS = 16  # n-grams that are indexed in the time that an index saves for one query
_MOST_INDEXED = 1 << 26  # n-grams: 800 MB


class Grams(NamedTuple):
    """All k-grams of a model for one k, in suffix order. Logarithms are to base 10.

    A key is the index of the last k-1 words among the (k-1)-grams, times V, plus the first word.
    Files of other tools may have n-grams whose endings are missing: such an ending is added as a
    blank, whose score is NaN.
    """

    keys: Longs  # (n_k,), ascending
    scores: Floats  # (n_k,): log probabilities
    backoffs: Floats  # (n_k,)

    def __repr__(self) -> str:
        return f"<Grams: {len(self.scores):,} n-grams of one order>"


class Lookup(Protocol):
    """Where n-grams are looked up: in main memory, or on a device."""

    def find(self, k: int, keys: Longs, *, ordered: bool = False) -> Longs:
        """The index of each key among the k-grams, or -1. (n,) -> (n,)

        `ordered` says that most keys are not far from the one before.
        """


class HostLookup:
    """Looks n-grams up in main memory: in their sorted keys, or by an index of their hashes.

    The index needs the compiled library, and is made when enough was asked for it to pay.
    """

    def __init__(self, grams: Sequence[Grams], size: int = 0, *, blanks: bool = False) -> None:
        """`size` is V; `blanks` as in `GramTables`."""
        self.grams = grams
        self._size = size
        self._blanks = blanks
        self._asked = 0
        self._index: native.GramIndex | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Without the index, which is made again: it holds addresses of this process."""
        return {**vars(self), "_index": None}

    def find(self, k: int, keys: Longs, *, ordered: bool = False) -> Longs:
        """See `Lookup`."""
        index = self.index(len(keys))
        if index:
            return index.find(k, keys)
        table = self.grams[k - 1]
        return search(table.keys, keys) if ordered else find(table.keys, keys)

    def index(self, queries: int) -> native.GramIndex | None:
        """The index for so many queries more, None where there is none, or not yet."""
        compiled = library()
        if compiled is None or self._index:
            return self._index if compiled else None

        self._asked += queries
        total = sum(len(level.keys) for level in self.grams)
        is_worth_it = total <= min(self._asked * _INDEX_PAYS, _MOST_INDEXED)
        if is_worth_it and native.GramIndex.fits(self.grams, self._size):
            self._index = native.GramIndex(compiled, self.grams, self._size, blanks=self._blanks)
        return self._index


class Tables(Protocol):
    """The numbers of a model, or of several that are mixed."""

    grams: list[Grams]
    size: int
    kind: Kind
    blanks: bool
    lookup: Lookup

    @property
    def order(self) -> int:
        """The length of the longest n-gram."""

    @property
    def sizes(self) -> str:
        """How many k-grams there are, for k = 1, 2, …, as people read it."""

    def score(self, stream: Ids, depth: Depths) -> tuple[Floats, Lengths]:
        """See `GramTables.score`."""


class GramTables:
    """All n-grams of a model, with the rule by which `kind` combines their numbers."""

    def __init__(self, grams: list[Grams], size: int, kind: Kind, *, blanks: bool) -> None:
        """`size` is V; `blanks` says that some n-grams are blanks, see `Grams`."""
        self.grams = grams
        self.size = size
        self.kind = kind
        self.blanks = blanks
        self.lookup: Lookup = HostLookup(grams, size, blanks=blanks)

    @property
    def order(self) -> int:
        return len(self.grams)

    def score(self, stream: Ids, depth: Depths) -> tuple[Floats, Lengths]:
        """log10 scores, and the length of the longest n-gram found at each place. (T,) each.

        `stream` holds `<s>` where sentences begin; a history never reaches into another sentence.
        The same numbers with the compiled library and without.
        """
        if self.kind == "backoff" and isinstance(self.lookup, HostLookup):
            index = self.lookup.index(len(stream))
            found = index.score(stream, depth) if index else None
            if found:
                return found

        indexes = self._walk(stream, depth)
        scores, lengths = self._longest(indexes)

        if self.kind == "stupid":
            return self._cut_short(scores, lengths, depth), lengths

        if self.kind == "add-k":
            self._fill_unseen(scores, lengths, depth, indexes)
        else:
            self._back_off(scores, lengths, depth, indexes)
        return scores, lengths

    def _walk(self, stream: Ids, depth: Depths) -> list[Longs]:
        """The index of the k-gram that ends at each place, or -1, for k = 1 … N. N x (T,)"""
        index = stream.astype(np.int64)
        indexes = [index]
        alive = np.arange(len(stream))  # places where a (k-1)-gram was found
        for k in range(2, self.order + 1):
            back = k - 1
            alive = alive[depth[alive] >= back]
            first = stream[alive - back]
            keys = index[alive] * self.size
            keys += first
            hits = self.lookup.find(k, keys)

            index = np.full(len(stream), -1, np.int64)
            index[alive] = hits
            indexes.append(index)
            alive = alive[hits >= 0]

        return indexes

    def _longest(self, indexes: list[Longs]) -> tuple[Floats, Lengths]:
        """Score and length of the longest n-gram that ends at each place. (T,) each."""
        words = indexes[0]
        scores = self.grams[0].scores[words]
        lengths = np.ones(len(scores), np.int16)
        for k in range(2, self.order + 1):
            index = indexes[k - 1]
            places = np.flatnonzero(index >= 0)
            every = self.grams[k - 1].scores
            own = every[index[places]]

            if self.blanks:
                scored = ~np.isnan(own)
                places = places[scored]
                own = own[scored]

            scores[places] = own
            lengths[places] = k

        return scores, lengths

    def _back_off(
        self, scores: Floats, lengths: Lengths, depth: Depths, indexes: list[Longs]
    ) -> None:
        """Add the backoff weights of all histories longer than that of the n-gram found."""
        for k in range(1, self.order):  # the shortest history first, as KenLM adds them
            was_cut = (lengths <= k) & (depth >= k)
            places, histories = self._histories(k, was_cut, indexes)
            known = histories >= 0

            weights = self.grams[k - 1].backoffs[histories[known]]
            scores[places[known]] += weights

    def _fill_unseen(
        self, scores: Floats, lengths: Lengths, depth: Depths, indexes: list[Longs]
    ) -> None:
        """Give words unseen after their longest history its share for each of them (add-k)."""
        predicted = self.size - 1  # all words but `<s>`
        uniform = np.float32(-np.log10(predicted))
        longest = np.minimum(depth, self.order - 1)
        for k in range(1, self.order):
            is_unseen = (lengths <= k) & (longest == k)
            places, histories = self._histories(k, is_unseen, indexes)
            weights = self.grams[k - 1].backoffs[histories]
            is_known = histories >= 0
            scores[places] = np.where(is_known, weights, uniform)

    def _histories(
        self, k: int, mask: NDArray[np.bool_], indexes: list[Longs]
    ) -> tuple[Longs, Longs]:
        """Places that `mask` (T,) selects, and the index of the k words before each, or -1."""
        places = np.flatnonzero(mask)
        index = indexes[k - 1]
        return places, index[places - 1]

    def _cut_short(self, scores: Floats, lengths: Lengths, depth: Depths) -> Floats:
        """Scores times 0.4 for each word by which the history was cut (stupid backoff)."""
        longest = np.minimum(depth + 1, self.order)
        cut = longest - lengths
        penalties: Floats = cut.astype(np.float32) * _STUPID
        return scores + penalties

    @property
    def sizes(self) -> str:
        """How many k-grams there are, for k = 1, 2, …, as people read it."""
        counts = [len(level.scores) for level in self.grams]
        return " + ".join(f"{count:,}" for count in counts)

    def __repr__(self) -> str:
        return f"<GramTables {self.kind}, {self.sizes} n-grams>"


def with_starts(ids: Ids, ends: NDArray[np.bool_]) -> tuple[Ids, Depths]:
    """The ids with `<s>` before each sentence, and the place of each in it. (T,) -> (T + S,)

    The last id must end a sentence. The same with the compiled library and without.
    """
    compiled = library()
    if compiled and len(ids) == len(ends) > 0 and ends[-1]:
        return native.with_starts(compiled, ids, ends, BOS)

    sentence: Longs = np.cumsum(ends) - ends  # the number of each id's sentence
    places = np.arange(len(ids)) + sentence + 1
    length = len(ids) + int(ends.sum())

    stream = np.full(length, BOS, np.int32)
    stream[places] = ids
    closes = np.zeros(length, np.bool_)
    closes[places[ends]] = True
    return stream, depths(closes)
