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
from .storage import Growing, places_between, release, stretches
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
    is_whole: bool  # whether all of them stay

    @classmethod
    def of(cls, counts: Counts, options: Options) -> Selection:
        """An n-gram stays if it is frequent enough and the one it ends in stays."""
        listed = _listed(counts.words, options.vocabulary)
        thresholds = _thresholds(options.prune, counts.order)
        is_whole = options.vocabulary is None and not any(thresholds)

        unigrams = counts.tables[0].counts
        known = _frequent(unigrams, thresholds[0])
        known[[UNK, BOS, EOS]] = True
        known &= listed
        masks = [known]
        for k, threshold in enumerate(thresholds[1:], 2):
            if is_whole:
                masks.append(np.broadcast_to(np.True_, counts.sizes[k - 1]))
            else:
                masks.append(_mask(counts, k, threshold, listed, masks[-1]))

        predicted = int(known.sum()) - 1  # all but `<s>`
        size = max(predicted, options.vocabulary_size)
        return cls(counts, masks, size, is_whole)

    def histories(self, k: int) -> range:
        """The indexes of the histories that k-grams have."""
        return range([1, *self.counts.sizes][k - 1])

    def followers(
        self, k: int, counts: Longs | None = None, histories: range | None = None
    ) -> Followers:
        """The k-grams by their histories, with `counts` (n_k,) or those of the text.

        Those of a range of histories only, if it is given.
        """
        table = self.counts.tables[k - 1]
        every = self.histories(k)
        if counts is None:
            counts = table.counts
        if histories is None:
            histories = every

        places: slice | Longs = slice(None)
        if histories != every:
            places = places_between(table.contexts, histories.start, histories.stop)
        contexts = table.contexts[places] - histories.start
        own_counts = counts[places]
        release(table.contexts, counts)
        return Followers(
            k=k,
            histories=contexts,
            counts=own_counts,
            kept=self.masks[k - 1][places],
            size=len(histories),
            places=places,
        )

    def estimate(
        self, probabilities: list[Floats], backoffs: list[Floats], notes: Sequence[str] = ()
    ) -> Estimate:
        """What stays of these numbers, (n_k,) for each k, with new indexes."""
        numbers = zip(probabilities, backoffs, strict=True)
        if self.is_whole:
            tables = self.counts.tables
            levels = [Level(table.keys, *own) for table, own in zip(tables, numbers, strict=True)]
            return Estimate(self.counts.words, levels, list(notes))

        stays = self.masks[0].tolist()
        words = list(compress(self.counts.words, stays))
        new_ids = _new_indexes(self.masks[0])
        new_suffixes = new_ids
        levels = []
        for k, (own, weights) in enumerate(numbers, 1):
            keys = np.arange(len(words))
            if k > 1:
                keys = self._keys(k, new_suffixes, new_ids, len(words))
                new_suffixes = _new_indexes(self.masks[k - 1])
            levels.append(Level(keys, self._kept(k, own), self._kept(k, weights)))

        return Estimate(words, levels, list(notes))

    def _keys(self, k: int, new_suffixes: Longs, new_ids: Longs, size: int) -> Longs:
        """Those of the k-grams that stay, by the new indexes of their parts. `size` words stay."""
        keys = Growing(self.counts.storage, np.int64)
        for stretch in stretches(self.counts.sizes[k - 1], self.counts.tables[k - 1].keys):
            suffixes, first = self.counts.parts(k, stretch)
            mask = self.masks[k - 1][stretch]
            keys.append(new_suffixes[suffixes[mask]] * size + new_ids[first[mask]])
        return keys.finish()

    def _kept(self, k: int, numbers: Floats) -> Floats:
        """Those of the k-grams that stay. (n_k,) -> (m,)"""
        kept = Growing(self.counts.storage, np.float32)
        for stretch in stretches(len(numbers), numbers):
            kept.append(numbers[stretch][self.masks[k - 1][stretch]])
        return kept.finish()


def _new_indexes(mask: Mask) -> Longs:
    """The index of each n-gram that stays among those that do. (n_k,) -> (n_k,)"""
    return np.cumsum(mask) - 1


def _mask(counts: Counts, k: int, threshold: int, listed: Mask, shorter: Mask) -> Mask:
    """Which k-grams stay, k > 1; `shorter` (n_{k-1},) says which of those that they end in do."""
    table = counts.tables[k - 1]
    found = np.empty(len(table.keys), np.bool_)
    for stretch in stretches(len(found), table.keys, table.counts):
        suffixes, first = counts.parts(k, stretch)
        mask = _frequent(table.counts[stretch], threshold)
        mask &= listed[first]
        mask &= shorter[suffixes]
        found[stretch] = mask
    return found


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
    places: slice | Longs  # where these k-grams are in their table

    def totals(self, weights: NDArray[np.generic]) -> Longs:
        """Whole-number sums of `weights` by history. (n_k,) -> (H,)"""
        return totals(self.histories, weights, self.size)

    def mass(self, weights: NDArray[np.generic]) -> NDArray[np.float64]:
        """Sums of `weights` by history. (n_k,) -> (H,)"""
        sums = np.bincount(self.histories, weights, self.size)
        return sums.astype(np.float64)


def frequencies(counts: Longs, most: int) -> list[int]:
    """How many n-grams have the count 0, 1, …, `most`."""
    found = np.zeros(most + 2, np.int64)
    for stretch in stretches(len(counts), counts):
        capped = np.minimum(counts[stretch], most + 1)
        found += np.bincount(capped, minlength=most + 2)
    frequencies: list[int] = found[:-1].tolist()
    return frequencies
