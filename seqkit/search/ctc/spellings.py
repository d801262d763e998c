"""What hypotheses spell, each text once: complete words, and the letters of the next.

Letters: n hypotheses.
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
# Rows of whole numbers; those of ctc.c, too.
_HISTORY, _WORD, _HOT, _LENGTH, _KEY, _AFTER, _BEFORE, _TOKEN = range(8)
_WHOLE, _SCORE, _CLOSED = range(3)  # rows of scores
_ODD = 0x9E3779B97F4A7C15 - (1 << 64)  # 2^64 / golden ratio, as a signed number
_NO_ROW = -1
_PENDING = -2  # stands for the history after a word that was not asked for yet


class Growth(NamedTuple):
    """Spellings with a token more each, as rows of the table that they may become. n each"""

    before: Longs  # (n,) the spellings that have grown
    tokens: Longs  # (n,)
    numbers: Longs  # (8, n)
    whole: Floats  # (n,) score of the complete words
    score: Floats  # (n,) and of the unfinished one
    ends_words: bool  # whether a token ends the word before it

    def select(self, rows: Longs) -> Growth:
        """Some of them."""
        return Growth(
            self.before[rows],
            self.tokens[rows],
            self.numbers.take(rows, axis=1),
            self.whole[rows],
            self.score[rows],
            self.ends_words,
        )


class Spellings:
    """A table that only grows until `keep` is called; rows are asked for by many at once.

    The same text is found again by a key of 64 bits, of its complete words and its letters (after
    Zobrist 1970); that two of some 100,000 texts share one has a probability of 1 in 10^9.
    """

    def __init__(
        self, alphabet: Alphabet, beginnings: Beginnings, hotwords: Hotwords, histories: Histories
    ) -> None:
        self._alphabet = alphabet
        self.beginnings = beginnings
        self.hotwords = hotwords
        self.histories = histories

        rng = np.random.default_rng(0)
        size = max(len(alphabet.letters), 1)
        self.letter_keys = rng.integers(-(1 << 63), (1 << 63) - 1, size)
        self._number: dict[int, int] = {0: START}  # by key

        self._letters = {START: ""}  # of rows without one before
        self.size = 1
        self.numbers = np.zeros((8, _FIRST), np.int64)
        self.worths = np.zeros((3, _FIRST))
        self.numbers[:, START] = EMPTY, ROOT, ROOT, 0, 0, EMPTY, _NO_ROW, alphabet.blank

    def __len__(self) -> int:
        return self.size

    @property
    def capacity(self) -> int:
        """More than the greatest number of a spelling until the table is made larger."""
        return self.numbers.shape[1]

    def history(self, spellings: Longs) -> Longs:
        """The complete words. (n,) -> (n,)"""
        found: Longs = self.numbers[_HISTORY, spellings]
        return found

    def scores(self, spellings: Longs) -> Floats:
        """What everything spelled so far is worth. (n,) -> (n,)"""
        found: Floats = self.worths[_SCORE, spellings]
        return found

    def whole(self, spellings: Longs) -> Floats:
        """What the complete words are worth. (n,) -> (n,)"""
        found: Floats = self.worths[_WHOLE, spellings]
        return found

    def most(self, spellings: Longs) -> Floats:
        """The most that they may be worth after the unfinished word, before it is asked for. (n,)

        The weights of hotwords are not in it.
        """
        found: Floats = self.worths[_CLOSED, spellings]
        return found

    def closed(self, spellings: Longs) -> tuple[Longs, Floats]:
        """The history after the unfinished word, and its score. (n,) -> (n,), (n,)

        -1 and -inf if the word may not end here.
        """
        after = self.numbers[_AFTER, spellings]
        is_new = after == _PENDING
        if is_new.any():
            self.close(np.unique(spellings[is_new]))
            after = self.numbers[_AFTER, spellings]
        return after, self.worths[_CLOSED, spellings]

    def close(self, spellings: Longs) -> None:
        """Have the language model score the unfinished words of some spellings. (n,)"""
        words = [self._unfinished(row) for row in spellings.tolist()]
        histories = self.numbers[_HISTORY, spellings].tolist()
        after = self.histories.extend(histories, words)
        self.numbers[_AFTER, spellings] = after
        self.worths[_CLOSED, spellings] = [self.histories[number].score for number in after]

    def _unfinished(self, row: int) -> str:
        """The letters of the unfinished word."""
        parts = []
        begins = self._alphabet.begins
        while row not in self._letters:
            token = int(self.numbers[_TOKEN, row])
            parts.append(self._alphabet.texts[token])
            if begins[token]:
                return "".join(reversed(parts))
            row = int(self.numbers[_BEFORE, row])
        parts.append(self._letters[row])
        return "".join(reversed(parts))

    def grow(self, spellings: Longs, tokens: Longs) -> Growth:
        """Each spelling with the letters of a token more; not yet in the table. (n,), (n,)"""
        numbers = self.numbers.take(spellings, axis=1)
        numbers[_BEFORE] = spellings
        numbers[_TOKEN] = tokens
        whole = self.worths[_WHOLE, spellings]

        closing = self._alphabet.begins[tokens].nonzero()[0]
        if len(closing):
            after, scores = self.closed(spellings[closing])
            numbers[_HISTORY, closing] = after
            numbers[_KEY, closing] = after * _ODD
            numbers[_WORD, closing] = ROOT
            numbers[_HOT, closing] = ROOT
            numbers[_LENGTH, closing] = 0
            whole[closing] = scores

        letters = self._alphabet.spell(tokens)
        numbers[_LENGTH] += self._alphabet.lengths[tokens]
        numbers[_KEY] = self._keys(numbers[_KEY], letters)
        numbers[_WORD] = self.beginnings.walk(numbers[_WORD], letters)
        begun = self.beginnings.scores(numbers[_WORD], numbers[_LENGTH])
        if self.hotwords.weights:
            numbers[_HOT] = self.hotwords.trie.walk(numbers[_HOT], letters)
            is_hot = (numbers[_HOT] != OFF) & (numbers[_LENGTH] > 0)
            begun = np.where(is_hot, self.hotwords.gains[numbers[_HOT]], begun)
        return Growth(spellings, tokens, numbers, whole, whole + begun, len(closing) > 0)

    def _keys(self, keys: Longs, letters: Longs) -> Longs:
        """The keys with some letters more, which are -1 where there are none. (n,), (n, L) -> (n,)

        Overflow is part of it.
        """
        for letter in letters.T:
            longer = (keys * _ODD) ^ self.letter_keys[letter]
            keys = np.where(letter < 0, keys, longer)
        return keys

    def add(self, growth: Growth) -> Longs:
        """The numbers of what has grown, new ones where they are not in the table. -> (n,)"""
        keys = growth.numbers[_KEY].tolist()
        rows = []  # of `growth`, to be written
        first = number = len(self)
        for row, key in enumerate(keys):
            if self._number.setdefault(key, number) == number:
                rows.append(row)
                number += 1

        if rows:
            new = growth if len(rows) == len(keys) else growth.select(np.array(rows))
            self._write(new, first)
        return np.array([self._number[key] for key in keys])

    def _write(self, growth: Growth, first: int) -> None:
        """Rows of the table, from `first` on."""
        end = first + len(growth.tokens)
        if end >= self.capacity:  # the last row stays free: -1 is no spelling
            self.enlarge(end + 1)
        self.size = end

        own = slice(first, end)
        self.numbers[:, own] = growth.numbers
        self.worths[_WHOLE, own] = growth.whole
        self.worths[_SCORE, own] = growth.score

        most = growth.whole + self.beginnings.most(growth.numbers[_WORD])
        is_empty = growth.numbers[_LENGTH] == 0
        after = np.where(np.isneginf(most), _NO_ROW, _PENDING)
        self.numbers[_AFTER, own] = np.where(is_empty, growth.numbers[_HISTORY], after)
        self.worths[_CLOSED, own] = np.where(is_empty, growth.whole, most)

    def enlarge(self, size: int) -> None:
        """Make room for at least `size` spellings."""
        extra = max(size, 2 * self.capacity) - self.capacity
        self.numbers = np.pad(self.numbers, ((0, 0), (0, extra)))
        self.worths = np.pad(self.worths, ((0, 0), (0, extra)))

    def keep(self, spellings: Longs) -> Longs:
        """Forget all but some, and `START`. -> new numbers by old ones, -1 for the others"""
        live = np.union1d(spellings[spellings >= 0], [START])
        new = np.full(self.capacity, _NO_ROW, np.int64)
        new[live] = np.arange(len(live))

        self._letters = {row: self._unfinished(old) for row, old in enumerate(live.tolist())}
        self.numbers[:, : len(live)] = self.numbers[:, live]
        self.numbers[_BEFORE, : len(live)] = _NO_ROW
        self.numbers[_TOKEN, : len(live)] = self._alphabet.blank
        self.size = len(live)
        self.worths[:, : len(live)] = self.worths[:, live]

        self._keep_histories(len(live))
        keys = self.numbers[_KEY, : len(live)].tolist()
        self._number = {key: row for row, key in enumerate(keys)}
        return new

    def _keep_histories(self, size: int) -> None:
        """Forget all histories but those of the first `size` rows."""
        used = self.numbers[[_HISTORY, _AFTER], :size]
        self.histories.keep(used[used >= 0].tolist())
