"""What hypotheses spell, each text once: complete words, and the letters of the next.

Letters: n hypotheses, S spellings.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .alphabet import Alphabet
from .histories import EMPTY, Histories
from .hotwords import Hotwords
from .lexicon import Beginnings
from .trie import OFF, ROOT

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

START = 0  # the spelling of nothing
_FIRST = 1024  # rows at the beginning
_HISTORY, _WORD, _HOT, _LENGTH, _AFTER = range(5)  # columns of whole numbers
_WHOLE, _SCORE, _CLOSED = range(3)  # columns of scores


class Growth(NamedTuple):
    """Spellings with a token more each, as rows of the table that they may become. n each"""

    before: Longs  # (n,) the spellings that have grown
    tokens: Longs  # (n,)
    ints: Longs  # (5, n)
    whole: Floats  # (n,) score of the complete words
    score: Floats  # (n,) and of the unfinished one

    def select(self, rows: Longs) -> Growth:
        """Some of them."""
        return Growth(
            self.before[rows],
            self.tokens[rows],
            self.ints[:, rows],
            self.whole[rows],
            self.score[rows],
        )


class Spellings:
    """A table that only grows until `keep` is called; rows are asked for by many at once."""

    def __init__(
        self, alphabet: Alphabet, beginnings: Beginnings, hotwords: Hotwords, histories: Histories
    ) -> None:
        self._alphabet = alphabet
        self._beginnings = beginnings
        self._hotwords = hotwords
        self.histories = histories

        self.letters = [""]  # of the unfinished word, by spelling
        self._number = {(EMPTY, ""): START}
        self._child: dict[int, int] = {}  # by spelling * V + token

        self._ints = np.zeros((5, _FIRST), np.int64)
        self._scores = np.zeros((3, _FIRST))
        self._ints[:, START] = EMPTY, ROOT, ROOT, 0, EMPTY

    def __len__(self) -> int:
        return len(self.letters)

    @property
    def capacity(self) -> int:
        """More than the greatest number of a spelling until the table is made larger."""
        return self._ints.shape[1]

    def history(self, spellings: Longs) -> Longs:
        """The complete words. (n,) -> (n,)"""
        return self._ints[_HISTORY, spellings]

    def scores(self, spellings: Longs) -> Floats:
        """What everything spelled so far is worth. (n,) -> (n,)"""
        return self._scores[_SCORE, spellings]

    def whole(self, spellings: Longs) -> Floats:
        """What the complete words are worth. (n,) -> (n,)"""
        return self._scores[_WHOLE, spellings]

    def is_empty(self, spellings: Longs) -> NDArray[np.bool_]:
        """Whether no letter of a word is there. (n,) -> (n,)"""
        return self._ints[_LENGTH, spellings] == 0

    def closed(self, spellings: Longs) -> tuple[Longs, Floats]:
        """The history after the unfinished word, and its score. (n,) -> (n,), (n,)

        -1 and -inf if the word may not end here.
        """
        scores = self._scores[_CLOSED, spellings]
        is_new = np.isnan(scores)
        if is_new.any():
            self._close(np.unique(spellings[is_new]))
            scores = self._scores[_CLOSED, spellings]
        return self._ints[_AFTER, spellings], scores

    def _close(self, spellings: Longs) -> None:
        is_word = self._beginnings.is_word(self._ints[_WORD, spellings])
        self._ints[_AFTER, spellings] = -1
        self._scores[_CLOSED, spellings] = -np.inf

        ending = spellings[is_word]
        words = [self.letters[i] for i in ending.tolist()]
        after = self.histories.extend(self._ints[_HISTORY, ending].tolist(), words)
        self._ints[_AFTER, ending] = after
        self._scores[_CLOSED, ending] = [self.histories[number].score for number in after]

    def grow(self, spellings: Longs, tokens: Longs) -> Growth:
        """Each spelling with the letters of a token more; not yet in the table. (n,), (n,)"""
        ints = self._ints[:, spellings]
        whole = self._scores[_WHOLE, spellings]

        closing = np.flatnonzero(self._alphabet.begins[tokens])
        if len(closing):
            after, scores = self.closed(spellings[closing])
            ints[_HISTORY, closing] = after
            ints[_WORD, closing] = ROOT
            ints[_HOT, closing] = ROOT
            ints[_LENGTH, closing] = 0
            whole[closing] = scores

        ints[_LENGTH] += self._alphabet.lengths[tokens]
        ints[_WORD] = self._beginnings.walk(ints[_WORD], tokens)
        begun = self._beginnings.scores(ints[_WORD], ints[_LENGTH])
        if self._hotwords.weights:
            letters = self._beginnings.letters(tokens)
            ints[_HOT] = self._hotwords.trie.walk(ints[_HOT], letters)
            is_hot = (ints[_HOT] != OFF) & (ints[_LENGTH] > 0)
            begun = np.where(is_hot, self._hotwords.gains[ints[_HOT]], begun)
        return Growth(spellings, tokens, ints, whole, whole + begun)

    def add(self, growth: Growth) -> Longs:
        """The numbers of what has grown, new ones where they are not in the table. -> (n,)"""
        keys = (growth.before * len(self._alphabet) + growth.tokens).tolist()
        found = [self._child.get(key, -1) for key in keys]
        new = [i for i, number in enumerate(found) if number < 0]
        if new:
            self._add_new(growth, new, keys, found)
        return np.array(found, np.int64)

    def _add_new(self, growth: Growth, new: list[int], keys: list[int], found: list[int]) -> None:
        """Fill in what `found` lacks."""
        texts = self._alphabet.texts
        begins = self._alphabet.begins[growth.tokens].tolist()
        before = growth.before.tolist()
        tokens = growth.tokens.tolist()
        histories = growth.ints[_HISTORY].tolist()

        rows = []  # of `growth`, to be written
        first = len(self)
        for i in new:
            text = texts[tokens[i]]
            letters = text if begins[i] else self.letters[before[i]] + text
            number = self._number.setdefault((histories[i], letters), first + len(rows))
            if number == first + len(rows):
                rows.append(i)
                self.letters.append(letters)
            found[i] = self._child[keys[i]] = number
        self._write(growth.select(np.array(rows, np.int64)), first)

    def _write(self, growth: Growth, first: int) -> None:
        """Rows of the table, from `first` on."""
        end = first + len(growth.tokens)
        if end >= self.capacity:  # the last row stays free: -1 is no spelling
            self._enlarge(end + 1)

        own = slice(first, end)
        is_empty = growth.ints[_LENGTH] == 0
        self._ints[:, own] = growth.ints
        self._ints[_AFTER, own] = growth.ints[_HISTORY]
        self._scores[_WHOLE, own] = growth.whole
        self._scores[_SCORE, own] = growth.score
        self._scores[_CLOSED, own] = np.where(is_empty, growth.whole, np.nan)

    def _enlarge(self, size: int) -> None:
        extra = max(size, 2 * self.capacity) - self.capacity
        self._ints = np.pad(self._ints, ((0, 0), (0, extra)))
        self._scores = np.pad(self._scores, ((0, 0), (0, extra)))

    def keep(self, spellings: Longs) -> Longs:
        """Forget all but some, and `START`. -> new numbers by old ones, -1 for the others"""
        live = np.union1d(spellings, [START])
        new = np.full(self.capacity, -1, np.int64)
        new[live] = np.arange(len(live))

        letters = [self.letters[i] for i in live.tolist()]
        self._ints[:, : len(live)] = self._ints[:, live]
        self._scores[:, : len(live)] = self._scores[:, live]
        self._keep_histories(len(live))
        histories = self._ints[_HISTORY, : len(live)].tolist()

        self.letters = letters
        self._number = {pair: i for i, pair in enumerate(zip(histories, letters, strict=True))}
        self._child = {}
        return new

    def _keep_histories(self, size: int) -> None:
        """Forget all histories but those of the first `size` rows."""
        used = self._ints[[_HISTORY, _AFTER], :size]
        new = self.histories.keep(used[used >= 0].tolist())
        for column in (_HISTORY, _AFTER):
            old = self._ints[column, :size].tolist()
            self._ints[column, :size] = [new.get(number, -1) for number in old]
