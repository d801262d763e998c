"""The numbers of an n-gram model, and the scores that they give to a stream of ids.

Letters: T ids of a stream, N the order, V the words of the model, n_k its k-grams.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .sorting import Longs, find
from .text import BOS, Ids

Floats = NDArray[np.float32]
Kind = Literal["backoff", "add-k", "stupid"]  # how scores and backoffs are combined
Depths = NDArray[np.int32]  # (T,): how many ids of its sentence come before each
Lengths = NDArray[np.int16]
_STUPID = np.float32(np.log10(0.4))


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

    def find(self, k: int, keys: Longs) -> Longs:
        """The index of each key among the k-grams, or -1. (n,) -> (n,)"""


class HostLookup:
    """Looks n-grams up in main memory."""

    def __init__(self, grams: Sequence[Grams]) -> None:
        self.grams = grams

    def find(self, k: int, keys: Longs) -> Longs:
        """The index of each key among the k-grams, or -1. (n,) -> (n,)"""
        return find(self.grams[k - 1].keys, keys)


class GramTables:
    """All n-grams of a model, with the rule by which `kind` combines their numbers."""

    def __init__(self, grams: list[Grams], size: int, kind: Kind, *, blanks: bool) -> None:
        """`size` is V; `blanks` says that some n-grams are blanks, see `Grams`."""
        self.grams = grams
        self.size = size
        self.kind = kind
        self.blanks = blanks
        self.lookup: Lookup = HostLookup(grams)

    @property
    def order(self) -> int:
        return len(self.grams)

    def score(self, stream: Ids, depth: Depths) -> tuple[Floats, Lengths]:
        """log10 scores, and the length of the longest n-gram found at each place. (T,) each.

        `stream` holds `<s>` where sentences begin; a history never reaches into another sentence.
        """
        indexes = self._walk(stream, depth)
        scores, lengths = self._longest(indexes)
        if self.kind == "stupid":
            return self._cut_short(scores, lengths, depth), lengths
        if self.kind == "add-k":
            self._fill_unseen(scores, lengths, depth, indexes)
        else:
            self._back_off(scores, lengths, depth, indexes)
        return scores, lengths

    def next_word(self, context: Ids) -> NDArray[np.float64]:
        """log10 scores of every word after `context`, which may begin with `<s>`. (T,) -> (V,)

        `<s>` itself never follows.
        """
        width = min(len(context), self.order - 1)
        rows = np.empty((self.size, width + 1), np.int32)
        rows[:, :width] = context[len(context) - width :]
        rows[:, width] = np.arange(self.size)
        depth = np.tile(np.arange(width + 1, dtype=np.int32), self.size)

        scores, _ = self.score(rows.reshape(-1), depth)
        last = scores.reshape(self.size, width + 1)[:, width].astype(np.float64)
        last[BOS] = -np.inf
        return last

    def _walk(self, stream: Ids, depth: Depths) -> list[Longs]:
        """The index of the k-gram that ends at each place, or -1, for k = 1 … N. N x (T,)"""
        indexes = [stream.astype(np.int64)]
        alive = np.arange(len(stream))  # places where a (k-1)-gram was found
        for k in range(2, self.order + 1):
            alive = alive[depth[alive] >= k - 1]
            keys = indexes[-1][alive] * self.size + stream[alive - (k - 1)]
            hits = self.lookup.find(k, keys)

            found = np.full(len(stream), -1, np.int64)
            found[alive] = hits
            indexes.append(found)
            alive = alive[hits >= 0]
        return indexes

    def _longest(self, indexes: list[Longs]) -> tuple[Floats, Lengths]:
        """Score and length of the longest n-gram that ends at each place. (T,) each."""
        scores = self.grams[0].scores[indexes[0]]
        lengths = np.ones(len(scores), np.int16)
        for k in range(2, self.order + 1):
            index = indexes[k - 1]
            places = np.flatnonzero(index >= 0)
            own = self.grams[k - 1].scores[index[places]]
            if self.blanks:
                scored = ~np.isnan(own)
                places, own = places[scored], own[scored]
            scores[places] = own
            lengths[places] = k
        return scores, lengths

    def _back_off(
        self, scores: Floats, lengths: Lengths, depth: Depths, indexes: list[Longs]
    ) -> None:
        """Add the backoff weights of all histories longer than that of the n-gram found."""
        for k in range(1, self.order):  # the shortest history first, as KenLM adds them
            places = np.flatnonzero((lengths <= k) & (depth >= k))
            histories = indexes[k - 1][places - 1]
            known = histories >= 0
            weights = self.grams[k - 1].backoffs[histories[known]]
            scores[places[known]] += weights

    def _fill_unseen(
        self, scores: Floats, lengths: Lengths, depth: Depths, indexes: list[Longs]
    ) -> None:
        """Give words unseen after their longest history its share for each of them (add-k)."""
        uniform = np.float32(-np.log10(self.size - 1))
        longest = np.minimum(depth, self.order - 1)
        for k in range(1, self.order):
            places = np.flatnonzero((lengths <= k) & (longest == k))
            histories = indexes[k - 1][places - 1]
            weights = self.grams[k - 1].backoffs[histories]
            scores[places] = np.where(histories >= 0, weights, uniform)

    def _cut_short(self, scores: Floats, lengths: Lengths, depth: Depths) -> Floats:
        """Scores times 0.4 for each word by which the history was cut (stupid backoff)."""
        cut = np.minimum(depth + 1, self.order) - lengths
        found: Floats = scores + cut.astype(np.float32) * _STUPID
        return found

    def __repr__(self) -> str:
        sizes = " + ".join(f"{len(level.scores):,}" for level in self.grams)
        return f"<GramTables {self.kind}, {sizes} n-grams>"
