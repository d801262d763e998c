"""Words that are to be heard rather than others, and what their beginnings are worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError, shortened
from ...parsing import check_number
from ...text.lines import check_many, check_texts
from .alphabet import Alphabet
from .trie import ROOT, Trie


class Hotwords:
    """The weight of each word, and of its beginnings in proportion to their length."""

    def __init__(self, weights: Mapping[str, float], alphabet: Alphabet) -> None:
        """Raises `DataError` for a word that the labels cannot spell."""
        unspelled = list(alphabet.misspelled(list(weights)))
        if unspelled:
            named = shortened([repr(word) for word in unspelled], 3)
            raise DataError(f"hotwords: the labels cannot spell {named}")

        self.weights = weights
        self.trie = Trie(list(weights), alphabet.letters)
        self.gains = self._gains()
        self.most = max([0.0, *weights.values()])

    def _gains(self) -> NDArray[np.float64]:
        """What each state of the trie is worth: that of the word that it is nearest to. -> (S,)"""
        depths = self.trie.depths
        nearest = np.full(len(self.trie), np.iinfo(np.int64).max)  # length of the shortest word
        weights = np.zeros(len(self.trie))
        nearest[self.trie.ends] = depths[self.trie.ends]
        weights[self.trie.ends] = list(self.weights.values())

        before = self.trie.parents()
        for state in range(len(self.trie) - 1, ROOT, -1):
            parent = before[state - 1]
            if nearest[state] <= nearest[parent]:
                nearest[parent] = nearest[state]
                weights[parent] = weights[state]
        gains: NDArray[np.float64] = weights * depths / nearest
        return gains


def weights_of(hotwords: Iterable[str] | Mapping[str, float], weight: float) -> Mapping[str, float]:
    """The weight of each word of words and phrases: `weight`, or its own in a mapping.

    The words of a phrase count one by one. Raises `DataError` for what is no text, `WrongValue` for
    a weight that is no number.
    """
    check_many(hotwords, "hotwords")
    phrases = hotwords if isinstance(hotwords, Mapping) else dict.fromkeys(hotwords, weight)
    check_texts(phrases, "hotwords")

    weights: dict[str, float] = {}
    for phrase, own in phrases.items():
        check_number(**{f"the weight of {phrase!r}": own})
        for word in phrase.split():
            weights[word] = own
    return weights
