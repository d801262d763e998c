"""Every word that may follow a history, at once: what a search that ranks all words asks for.

Most words were never seen after a history, so that their scores are those after a shorter one plus
its back-off weight. Those that were seen are found by an index from histories to n-grams.

Letters: R states, N the order, V words of the model, n_k its k-grams, M words seen after histories.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .sorting import Longs
from .states import NOTHING, States
from .stepping import context_indexes
from .tables import Floats, Grams, Tables
from .text import Ids


class _Seen(NamedTuple):
    """The words seen after histories of one length, history by history."""

    starts: Longs  # (n_k + 1,) where those of each history begin
    words: Ids  # (n_(k+1),)
    scores: Floats  # (n_(k+1),) log10


class Following:
    """The scores of all words of a back-off model after states of `BackoffSteps`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._seen = _seen_words(tables.grams, tables.size)

    def __repr__(self) -> str:
        return f"<Following: {len(self._seen) + 1} orders, {self._tables.size:,} words>"

    def scores(self, states: States) -> Floats:
        """log10 probabilities of every word after each state. -> (R, V)"""
        weights = np.cumsum(states.backoffs[:, ::-1], axis=1)[:, ::-1]  # of histories as long
        unseen = weights[:, :1] if weights.shape[1] else np.zeros((len(states), 1), np.float32)
        found: Floats = self._tables.grams[0].scores + unseen

        histories = states.words.astype(np.int64)[:, :1]
        for k, seen in enumerate(self._seen, 1):
            index = self._longer(histories, states, k)
            histories = index[:, None]
            rows, places = _ranges(seen.starts, index)

            cut = weights[:, k] if k < weights.shape[1] else np.zeros(len(states), np.float32)
            found[rows, seen.words[places]] = seen.scores[places] + cut[rows]
        return found

    def _longer(self, histories: Longs, states: States, k: int) -> Longs:
        """The index of the last k words of each state among the k-grams, or -1. (R,)"""
        shorter = histories[:, 0]
        if k == 1:
            return shorter
        first = states.words[:, k - 1]
        known = (shorter >= 0) & (first != NOTHING)
        keys = np.where(known, shorter * self._tables.size + first, NOTHING)
        return self._tables.lookup.find(k, keys)


def _seen_words(grams: Sequence[Grams], size: int) -> list[_Seen]:
    """What was seen after the histories of 1, 2, … words."""
    contexts = context_indexes([level.keys for level in grams], size)
    found: list[_Seen] = []
    last: NDArray[np.int32] = np.arange(size, dtype=np.int32)
    for shorter, level, context in zip(grams, grams[1:], contexts, strict=False):
        last = last[level.keys // size]  # the last word of each n-gram is that of its ending
        used = np.flatnonzero((context >= 0) & ~np.isnan(level.scores))
        used = used[np.argsort(context[used], kind="stable")]

        counts = np.bincount(context[used], minlength=len(shorter.scores))
        starts = np.concatenate([[0], np.cumsum(counts)])
        found.append(_Seen(starts, last[used], level.scores[used]))
    return found


def _ranges(starts: Longs, index: Longs) -> tuple[Longs, Longs]:
    """All places of some ranges, and which of them each belongs to. (R,) -> (M,), (M,)

    The range of an index of -1 is empty.
    """
    known = np.flatnonzero(index >= 0)
    begins = starts[index[known]]
    counts = starts[index[known] + 1] - begins

    rows = np.repeat(known, counts)
    ends = np.cumsum(counts)
    within = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)
    return rows, np.repeat(begins, counts) + within
