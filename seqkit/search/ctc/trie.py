"""The beginnings of words as numbered states, for many hypotheses at once.

Letters: S states, n hypotheses, C letters of the alphabet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Longs = NDArray[np.int64]

ROOT = 0  # before the first letter
OFF = -1  # no word begins like this


class Trie:
    """A trie of words (Fredkin 1960) as one sorted array of (state, letter).

    States are numbered by depth and then by (state, letter), so that the place of such a pair in
    the array is the number of the state that it leads to, less 1.
    """

    def __init__(self, words: Sequence[str], letters: Mapping[str, int]) -> None:
        """Every character of `words` must be among `letters`."""
        self.letters = len(letters)
        numbers = [[letters[letter] for letter in word] for word in words]
        longest = max(map(len, numbers), default=0)

        ends = np.zeros(len(words), np.int64)  # the state in which each word ends
        keys: list[Longs] = []
        size = 1
        for depth in range(longest):
            longer = np.array([i for i, word in enumerate(numbers) if len(word) > depth])
            letter = np.array([numbers[i][depth] for i in longer.tolist()])
            found, which = np.unique(ends[longer] * self.letters + letter, return_inverse=True)
            ends[longer] = size + which
            keys.append(found)
            size += len(found)

        self.ends = ends
        self.keys = np.concatenate([*keys, np.array([np.iinfo(np.int64).max])])
        self.depths = np.repeat(np.arange(longest + 1), [1, *map(len, keys)])

        self.is_word = np.zeros(size, np.bool_)
        self.is_word[ends] = True

    def __len__(self) -> int:
        return len(self.is_word)

    def walk(self, states: Longs, spelled: Longs) -> Longs:
        """The states after some letters each, `OFF` where no word begins so. (n,), (n, L) -> (n,)

        `spelled` holds numbers of letters, then -1.
        """
        for letter in spelled.T:
            wanted = states * self.letters + letter  # never a key where the state is OFF
            places = self.keys.searchsorted(wanted)
            found = np.where(self.keys[places] == wanted, places + 1, OFF)
            states = np.where(letter < 0, states, found)
        return states

    def parents(self) -> Longs:
        """The state before each but the root. -> (S - 1,)"""
        return self.keys[:-1] // self.letters
