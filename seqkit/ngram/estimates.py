"""What all smoothings share: their options, which n-grams stay, and the probabilities that result.

Letters: h a history, w a word, c(hw) a count, V the vocabulary with `<unk>` and `</s>` but without
`<s>`, which is never predicted; n_k distinct k-grams, H histories of one length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .counts import Counts
from .sorting import Longs, totals
from .tables import Floats
from .text import BOS, EOS, UNK

Mask = NDArray[np.bool_]
Discounts = tuple[float, float, float]  # of the counts 1, 2, and 3 and more


@dataclass(frozen=True)
class Options:
    """The settings of smoothing; see `train`."""

    prune: tuple[int, ...] = ()
    vocabulary: frozenset[bytes] | None = None
    interpolate_unigrams: bool = True
    vocabulary_size: int = 0  # |V| is at least this, as by lmplz --vocab_pad
    discounts: Discounts = (0.5, 1.0, 1.5)  # where the counts give none
    k: float = 1.0


@dataclass
class Level:
    """The k-grams of a model for one k. Probabilities and weights are no logarithms yet."""

    keys: Longs  # (n_k,), ascending; see `tables.Grams`
    probabilities: Floats  # (n_k,)
    backoffs: Floats  # (n_k,): the weight of shorter histories after it


@dataclass
class Estimate:
    """What a smoothing makes of counts."""

    words: list[bytes]
    levels: list[Level]
    notes: list[str] = field(default_factory=list)  # what the user should know, one line each


@dataclass(frozen=True)
class Selection:
    """Which n-grams stay in the model, after pruning and with a given vocabulary."""

    counts: Counts
    masks: list[Mask]  # (n_k,) for each k
    vocabulary_size: int  # |V|

    @classmethod
    def of(cls, counts: Counts, options: Options) -> Selection:
        """An n-gram stays if it is frequent enough and the one it ends in stays."""
        listed = _listed(counts.words, options.vocabulary)
        thresholds = _thresholds(options.prune, counts.order)
        masks: list[Mask] = []
        for table, threshold in zip(counts.tables, thresholds, strict=True):
            mask = np.ones(len(table.keys), np.bool_)
            if threshold:
                mask = table.counts > threshold
            if masks:
                suffixes, first = np.divmod(table.keys, len(counts.words))
                mask &= listed[first] & masks[-1][suffixes]
            else:
                mask[[UNK, BOS, EOS]] = True
                mask &= listed
            masks.append(mask)

        predicted = int(masks[0].sum()) - 1  # all but `<s>`
        return cls(counts, masks, max(predicted, options.vocabulary_size))

    def followers(self, k: int, counts: Longs | None = None) -> Followers:
        """The k-grams by their histories, with `counts` (n_k,) or those of the text."""
        table = self.counts.tables[k - 1]
        histories = len(self.counts.tables[k - 2].keys) if k > 1 else 1
        given = table.counts if counts is None else counts
        return Followers(k, table.contexts, given, self.masks[k - 1], histories)

    def estimate(
        self, probabilities: list[Floats], backoffs: list[Floats], notes: Sequence[str] = ()
    ) -> Estimate:
        """What stays of these numbers, (n_k,) for each k, with new indexes."""
        size = len(self.counts.words)
        kept_words = np.flatnonzero(self.masks[0])
        words = [self.counts.words[i] for i in kept_words.tolist()]
        new_index = [np.cumsum(mask) - 1 for mask in self.masks]

        levels = [
            Level(np.arange(len(words)), probabilities[0][kept_words], backoffs[0][kept_words])
        ]
        for k in range(2, self.counts.order + 1):
            mask = self.masks[k - 1]
            suffixes, first = np.divmod(self.counts.tables[k - 1].keys[mask], size)
            keys = new_index[k - 2][suffixes] * len(words) + new_index[0][first]
            levels.append(Level(keys, probabilities[k - 1][mask], backoffs[k - 1][mask]))
        return Estimate(words, levels, list(notes))


def _thresholds(prune: tuple[int, ...], order: int) -> list[int]:
    """One for each order; the last one given repeats."""
    last = prune[-1] if prune else 0
    return [*prune, *[last] * (order - len(prune))]


def _listed(words: list[bytes], vocabulary: frozenset[bytes] | None) -> Mask:
    """Which words the model may know. -> (V + 1,)"""
    if vocabulary is None:
        return np.ones(len(words), np.bool_)
    listed = np.array([word in vocabulary for word in words])
    listed[[UNK, BOS, EOS]] = True
    return listed


@dataclass(frozen=True)
class Followers:
    """The k-grams of one k, as words that follow histories."""

    k: int
    histories: Longs  # (n_k,): the index of each one's history
    counts: Longs  # (n_k,)
    kept: Mask  # (n_k,)
    size: int  # H

    def totals(self, weights: NDArray[np.generic]) -> Longs:
        """Whole-number sums of `weights` by history. (n_k,) -> (H,)"""
        return totals(self.histories, weights, self.size)

    def mass(self, weights: NDArray[np.generic]) -> NDArray[np.float64]:
        """Sums of `weights` by history. (n_k,) -> (H,)"""
        return np.bincount(self.histories, weights, self.size).astype(np.float64)


def frequencies(counts: Longs, most: int) -> list[int]:
    """How many n-grams have the count 0, 1, …, `most`."""
    found = np.bincount(np.minimum(counts, most + 1), minlength=most + 2)
    return [int(n) for n in found[: most + 1]]
