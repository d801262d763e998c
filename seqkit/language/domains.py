"""Pairs of language models, of a domain and of general text, that tell how like the domain a line
is.

Letters: n lines.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError, DataError
from ..metrics.scoring import Scorer, Scores
from ..ngram import Model
from ..ngram.smoothing import Options
from ..ngram.text import SPECIALS, PreTokenizer, block_of, from_lines, words_of
from ..ngram.training import count_blocks, model_of
from .duplicates import Keys
from .scoring import line_sums, starts_anew

Doubles = NDArray[np.float64]

_BITS = math.log2(10)  # in a decimal digit
_OFTEN = 2  # occurrences of a word in the domain that make it known
_LINE_END = b"\0"


class Pair(Protocol):
    """A model of the domain and one of general text, on one side of a text."""

    def differences(self, lines: Sequence[str]) -> Doubles:
        """H_I(s) - H_G(s) of each line, in bits a token: the lower, the more like the domain.

        -> (n,)
        """


class CountedPair:
    """n-gram models of two texts, with the words of the domain.

    Words that occur once in the domain, or not at all, are `<unk>` to both, which so have one
    vocabulary. Moore & Lewis 2010, section 3.
    """

    def __init__(
        self,
        in_domain: Sequence[str],
        general: Sequence[str],
        *,
        order: int,
        pre_tokenizer: PreTokenizer,
    ) -> None:
        """Raises `DataError` if no word of the domain occurs twice."""
        own = [pre_tokenizer.segment(block) for block in from_lines(in_domain)]
        other = [pre_tokenizer.segment(block) for block in from_lines(general)]
        known = frequent_words(own)
        if not known:
            raise DataError("the in-domain text is too small: no word of it occurs twice")

        self.pre_tokenizer = pre_tokenizer
        self.in_domain = counted_model(own, known, order)
        self.general = counted_model(other, known, order)

    def differences(self, lines: Sequence[str]) -> Doubles:
        segmented = self.pre_tokenizer.segment(block_of(lines))
        ids, ends = self.in_domain.vocabulary.encode(segmented)  # it is that of both

        own = self.in_domain.score_ids(ids, ends)
        other = self.general.score_ids(ids, ends)
        return _difference(_log10_per_token(own), _log10_per_token(other))


class GivenPair:
    """Two language models of any kind that split text into the same tokens."""

    def __init__(self, in_domain: Scorer, general: Scorer) -> None:
        """Raises `ConfigError` for models of different tokens."""
        self.in_domain = in_domain
        self.general = general
        if in_domain.unit != general.unit:
            raise ConfigError(
                f"models of the tokens {in_domain.unit} and {general.unit} do not compare: "
                "cross-entropies are bits a token"
            )

    @property
    def knows_the_same(self) -> bool:
        """Whether both know the same words; else unknown ones cost them more or less."""
        return self.in_domain.known_words == self.general.known_words

    def differences(self, lines: Sequence[str]) -> Doubles:
        own = _scores(self.in_domain, lines)
        other = _scores(self.general, lines)
        return _difference(own, other)


def counted_model(blocks: Sequence[bytes], known: Sequence[bytes], order: int) -> Model:
    """An n-gram model of segmented text, whose other words are `<unk>`."""
    kept = frozenset(known)
    masked = (("the text", _masked(block, kept)) for block in blocks)
    counts = count_blocks(masked, order=order, unk="keep", words=known)
    return model_of(counts, smoothing="modified-kneser-ney", options=Options(), unk="keep")


def frequent_words(blocks: Iterable[bytes]) -> list[bytes]:
    """The words that may be known, in the order in which they first come."""
    counts: Counter[bytes] = Counter()
    for block in blocks:
        counts.update(words_of(block))

    for word in (_LINE_END, *SPECIALS):
        counts.pop(word, None)
    return [word for word, count in counts.items() if count >= _OFTEN]


def _masked(block: bytes, known: frozenset[bytes]) -> bytes:
    """A segmented block with `<unk>` for words that are not known."""
    unknown = SPECIALS[0]
    shown: list[bytes] = []
    for word in words_of(block):
        if word == _LINE_END:
            shown.append(b"\n")
        else:
            shown.append(word if word in known else unknown)
    return b" ".join(shown)


def _scores(scorer: Scorer, lines: Sequence[str]) -> Doubles:
    """log10 probabilities a token of lines, none of which sees another. (n,)"""
    if starts_anew(scorer):
        return _log10_per_token(scorer.score_block(block_of(lines)))

    found = []
    for line in lines:
        scores = scorer.score_block(block_of([line])).scores
        found.append(scores.mean(dtype=np.float64))
    return np.array(found)


def _log10_per_token(found: Scores) -> Doubles:
    """The mean of the tokens of each line, its end included. (n,)"""
    sums = line_sums(found.scores.astype(np.float64), found.ends)
    lengths = np.diff(np.flatnonzero(found.ends), prepend=-1)
    return sums / lengths


def _difference(in_domain: Doubles, general: Doubles) -> Doubles:
    """Of cross-entropies, from log10 probabilities a token; infinite where it is not known. (n,)"""
    with np.errstate(invalid="ignore"):
        found = (general - in_domain) * _BITS
    return np.where(np.isnan(found), np.inf, found)


class DistinctSample:
    """A random sample of the distinct lines of a text, of about a number of characters.

    Each line has a random place that its content and the seed decide; the first ones are kept. So
    lines that are there often are not likelier, and the sample depends on no order.
    """

    def __init__(self, characters: int, seed: int) -> None:
        self._most = characters
        self._seed = np.uint64(seed)
        self._texts: dict[int, str] = {}  # by place
        self._last: list[int] = []  # a heap of places below 0, so that the last one comes first
        self._size = 0

    @property
    def lines(self) -> list[str]:
        """In the order of their places."""
        return [self._texts[place] for place in sorted(self._texts)]

    def add(self, keys: Keys, lines: Sequence[str]) -> None:
        """Lines of the text, with a number for each that only equal ones share. (n,)"""
        places = _scattered(keys + self._seed)
        candidates: list[int] = np.arange(len(places)).tolist()
        if self._size >= self._most and self._last:
            bound = np.uint64(-self._last[0])
            candidates = np.flatnonzero(places < bound).tolist()

        for i in candidates:
            self._keep(int(places[i]), lines[i])

    def _keep(self, place: int, line: str) -> None:
        if place in self._texts or not line.strip():
            return
        self._texts[place] = line
        self._size += len(line)
        heapq.heappush(self._last, -place)

        while self._size - len(self._texts[-self._last[0]]) >= self._most:
            dropped = self._texts.pop(-heapq.heappop(self._last))
            self._size -= len(dropped)


def _scattered(numbers: Keys) -> Keys:
    """Numbers that look random, one for each; splitmix64's finaliser. (n,) -> (n,)"""
    found = numbers + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        found = (found ^ (found >> np.uint64(shift))) * np.uint64(factor)
    return found ^ (found >> np.uint64(31))
