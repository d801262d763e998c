"""Multinomial naive Bayes on words and pairs of words, which every classifier is measured beside.

Manning, Raghavan & Schütze 2008, "Introduction to information retrieval", section 13.2, with
Laplace's smoothing. Hard to beat on small corpora (Wang & Manning 2012, P12-2018).

Shapes: N texts, F different words and pairs, K classes, P pairs of a feature and a class that occur
together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...data.batching import Rows
from ...data.stored import blocks_of
from ...text.vocab import UNK

_TEXTS = 20_000  # that are counted together

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class NaiveBayes:
    """How probable each class is for a text, from counts of its words and pairs.

    Words that did not occur in training are left out. Counts are kept where they are not 0, so that
    many classes cost no more than few.
    """

    def __init__(self, rows: Rows, labels: NDArray[np.bool_], *, vocab: int) -> None:
        """`rows` are the ids of the training texts, `labels` (N, K) their classes."""
        self.vocab = vocab
        self.classes = labels.shape[1]
        self._known, in_all, pairs, counts = self._count(rows, labels)
        features = len(self._known)

        key, of_class = np.divmod(pairs, self.classes)
        feature = np.searchsorted(self._known, key)
        self._starts = np.searchsorted(feature, np.arange(features + 1))
        self._class = of_class

        in_class = np.bincount(of_class, counts, minlength=self.classes)
        elsewhere = in_all[feature] - counts

        # Of texts of a class, and of all others: what a feature adds to what an unseen one has.
        self._gain = np.log1p(counts)
        self._gain_elsewhere = np.log1p(elsewhere) - np.log1p(in_all[feature])
        self._log_all = np.log1p(in_all)
        self._unseen = -np.log(in_class + features)
        self._unseen_elsewhere = -np.log(in_all.sum() - in_class + features)

        share = labels.mean(0)
        with np.errstate(divide="ignore"):  # a class that no text has, or every one
            self._prior = np.log(share)
            self._prior_elsewhere = np.log1p(-share)

    def __repr__(self) -> str:
        return f"<NaiveBayes: {len(self._known):,} words and pairs, {self.classes} classes>"

    def probabilities(self, rows: Rows, *, several: bool = False) -> Floats:
        """(N, K); rows sum to 1, unless each of `several` labels is a question of its own.

        A text of nothing known has the shares of the training texts.
        """
        found = [np.zeros((0, self.classes))]
        for block in blocks_of(len(rows), _TEXTS):
            found.append(self._of_some(_at(rows, block), several=several))
        return np.concatenate(found)

    def _of_some(self, rows: Rows, *, several: bool) -> Floats:
        keys, owner = self._features(rows)
        place, owner = self._look_up(keys, owner)
        sizes = np.bincount(owner, minlength=len(rows))[:, None]

        scores = self._sums(place, owner, self._gain, len(rows))
        scores = scores + sizes * self._unseen + self._prior
        if not several:
            return _softmax(scores)

        against = self._sums(place, owner, self._gain_elsewhere, len(rows))
        common = np.bincount(owner, self._log_all[place], minlength=len(rows))[:, None]
        against = against + common + sizes * self._unseen_elsewhere + self._prior_elsewhere
        return _softmax(np.stack([against, scores], -1))[..., 1]

    def _count(self, rows: Rows, labels: NDArray[np.bool_]) -> tuple[Ints, Ints, Ints, Ints]:
        """All features and how often each occurs; all pairs and how often each occurs.

        (F,), (F,), (P,), (P,), pairs as feature * K + class. Some texts are counted at a time, so
        that memory grows with what is different, not with what there is.
        """
        features = _Counts()
        pairs = _Counts()
        for block in blocks_of(len(rows), _TEXTS):
            keys, owner = self._features(_at(rows, block))
            features.add(keys)
            pairs.add(_pairs_of(keys, owner, labels[block]))
        return *features.total(), *pairs.total()

    def _look_up(self, keys: Ints, owner: Ints) -> tuple[Ints, Ints]:
        """The features of texts that are known, by number, and the text that each is in."""
        if not len(self._known):
            return keys[:0], owner[:0]

        place = np.searchsorted(self._known, keys)
        place = np.minimum(place, len(self._known) - 1)
        is_known = self._known[place] == keys
        return place[is_known], owner[is_known]

    def _sums(self, place: Ints, owner: Ints, gain: Floats, texts: int) -> Floats:
        """What the features of each text add for each class: (N, K)"""
        sizes = self._starts[place + 1] - self._starts[place]
        pairs = _ranges(self._starts[place], sizes)

        cells = np.repeat(owner, sizes) * self.classes + self._class[pairs]
        total = np.bincount(cells, gain[pairs], minlength=texts * self.classes).astype(float)
        table: Floats = total.reshape(texts, self.classes)
        return table

    def _features(self, rows: Rows) -> tuple[Ints, Ints]:
        """A number for every word and pair of all texts, and the text that each is in."""
        ids = rows.ids.astype(np.int64)
        owner = np.repeat(np.arange(len(rows)), rows.lengths)
        known = ids != UNK

        is_pair = (owner[1:] == owner[:-1]) & known[1:] & known[:-1]
        pairs = (ids[:-1] + 1) * self.vocab + ids[1:]  # above every single word
        keys = np.concatenate([ids[known], pairs[is_pair]])
        return keys, np.concatenate([owner[known], owner[1:][is_pair]])


class _Counts:
    """How often numbers occur, counted part by part."""

    def __init__(self) -> None:
        none = np.zeros(0, np.int64)
        self._parts: list[tuple[Ints, Ints]] = [(none, none)]

    def add(self, numbers: Ints) -> None:
        self._parts.append(np.unique(numbers, return_counts=True))

    def total(self) -> tuple[Ints, Ints]:
        """All numbers in order, and how often each occurs."""
        numbers, counts = (np.concatenate(each) for each in zip(*self._parts, strict=True))
        found, place = np.unique(numbers, return_inverse=True)
        sums = np.bincount(place, counts, minlength=len(found))  # exact up to 2 ** 53
        return found, sums.astype(np.int64)


def _at(rows: Rows, block: slice) -> Rows:
    return rows.at(np.arange(block.start, block.stop))


def _pairs_of(keys: Ints, owner: Ints, labels: NDArray[np.bool_]) -> Ints:
    """The features of texts with each class of their text, as feature * K + class."""
    _, of_class = np.nonzero(labels)  # text by text
    several = labels.sum(1)
    starts = np.cumsum(several) - several

    sizes = several[owner]
    classes = of_class[_ranges(starts[owner], sizes)]
    pairs: Ints = np.repeat(keys, sizes) * labels.shape[1] + classes
    return pairs


def _ranges(starts: Ints, sizes: Ints) -> Ints:
    """start, start + 1, … of each range, `sizes` of them, one range after the other."""
    before = np.cumsum(sizes) - sizes
    offsets = np.repeat(starts - before, sizes)
    ranges: Ints = offsets + np.arange(len(offsets))
    return ranges


def _softmax(scores: Floats) -> Floats:
    """Over the last dimension."""
    shifted = np.exp(scores - scores.max(-1, keepdims=True))
    shares: Floats = shifted / shifted.sum(-1, keepdims=True)
    return shares
