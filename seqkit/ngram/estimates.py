"""What all smoothings share: their options, which n-grams stay, and the probabilities that result.

Letters: h a history, w a word, c(hw) a count, V the vocabulary with `<unk>` and `</s>` but without
`<s>`, which is never predicted; n_k distinct k-grams, H histories of one length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import compress, repeat

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
    """The k-grams of a model for one k. Probabilities and weights are not logarithms yet."""

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
        for k, threshold in enumerate(thresholds, 1):
            table = counts.tables[k - 1]
            mask = _frequent(table.counts, threshold)

            if k == 1:
                mask[[UNK, BOS, EOS]] = True
                mask &= listed
            else:
                suffixes, first = counts.parts(k)
                mask &= listed[first]
                mask &= masks[-1][suffixes]
            masks.append(mask)

        known = masks[0]
        predicted = int(known.sum()) - 1  # all but `<s>`
        size = max(predicted, options.vocabulary_size)
        return cls(counts, masks, size)

    def followers(self, k: int, counts: Longs | None = None) -> Followers:
        """The k-grams by their histories, with `counts` (n_k,) or those of the text."""
        table = self.counts.tables[k - 1]
        histories_of = [1, *self.counts.sizes]
        if counts is None:
            counts = table.counts

        return Followers(
            k=k,
            histories=table.contexts,
            counts=counts,
            kept=self.masks[k - 1],
            size=histories_of[k - 1],
        )

    def estimate(
        self, probabilities: list[Floats], backoffs: list[Floats], notes: Sequence[str] = ()
    ) -> Estimate:
        """What stays of these numbers, (n_k,) for each k, with new indexes."""
        stays = self.masks[0].tolist()
        words = list(compress(self.counts.words, stays))
        new_index = [np.cumsum(mask) - 1 for mask in self.masks]

        levels = []
        for k, mask in enumerate(self.masks, 1):
            keys = np.arange(len(words))
            if k > 1:
                suffixes, first = self.counts.parts(k)
                endings = new_index[k - 2][suffixes]
                ids = new_index[0][first]
                keys = endings[mask] * len(words)
                keys += ids[mask]

            own = probabilities[k - 1][mask]
            weights = backoffs[k - 1][mask]
            level = Level(keys, own, weights)
            levels.append(level)

        return Estimate(words, levels, list(notes))


def _thresholds(prune: tuple[int, ...], order: int) -> list[int]:
    """One for each order; the last one given repeats."""
    last = prune[-1] if prune else 0
    missing = order - len(prune)
    return [*prune, *repeat(last, missing)]


def _frequent(counts: Longs, threshold: int) -> Mask:
    """Which n-grams occur more often than `threshold`; all of them for 0. (n_k,) -> (n_k,)"""
    if threshold:
        return counts > threshold

    return np.ones(len(counts), np.bool_)


def _listed(words: list[bytes], vocabulary: frozenset[bytes] | None) -> Mask:
    """Which words the model may know. -> (V + 1,)"""
    if vocabulary is None:
        return np.ones(len(words), np.bool_)

    is_in = (word in vocabulary for word in words)
    listed = np.fromiter(is_in, np.bool_)
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
        sums = np.bincount(self.histories, weights, self.size)
        return sums.astype(np.float64)


def frequencies(counts: Longs, most: int) -> list[int]:
    """How many n-grams have the count 0, 1, …, `most`."""
    capped = np.minimum(counts, most + 1)
    found: list[int] = np.bincount(capped, minlength=most + 2).tolist()
    return found[:-1]
