"""Random segmentations into subwords: BPE-dropout, and samples of a unigram model.

The sentencepiece library's own sampling cannot be seeded, so this one is ours.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from typing import Any

SPACE = "▁"  # U+2581, how sentencepiece writes a space
_WORD = re.compile(f"{SPACE}+[^{SPACE}]*")
_LONGEST_WORD = 200  # characters; the time for a word is quadratic in them
_UNKNOWN_PENALTY = 10.0  # log probability of unknown below that of any piece, as in the library


class SubwordSampler:
    """Samples word by word: no piece crosses from a word to the space after it.

    BPE-dropout: Provilkov et al. 2020, arXiv:1910.13267. Unigram: Kudo 2018, arXiv:1804.10959.
    """

    def __init__(self, processor: Any) -> None:
        """`processor` is a `sentencepiece.SentencePieceProcessor`."""
        self._processor = processor
        self._scores = _scores(processor)
        scores = self._scores.values()
        lengths = map(len, self._scores)
        self._longest = max(lengths, default=1)
        lowest = min(scores, default=0.0)
        self._unknown_score = lowest - _UNKNOWN_PENALTY

        # BPE's scores are ranks, unigram's are log probabilities.
        is_bpe = all(score.is_integer() for score in scores)
        segment: Callable[[str, float, random.Random], list[str]]
        segment = self._drop_merges if is_bpe else self._draw_path
        self._segment = segment

    def __call__(self, text: str, strength: float, rng: random.Random) -> list[str]:
        """Pieces of `text`; `strength` is the rate of BPE-dropout, or the unigram alpha."""
        pieces: list[str] = []
        marked = text.replace(" ", SPACE)
        for word in _WORD.findall(marked):
            if len(word) > _LONGEST_WORD:
                pieces += self._best(word)
            else:
                symbols = self._segment(word, strength, rng)
                pieces += self._known(symbols)
        return pieces

    def _drop_merges(self, word: str, rate: float, rng: random.Random) -> list[str]:
        """BPE where each possible merge is left out with probability `rate` at every step."""
        scores = self._scores
        draw = rng.random
        symbols = list(word)

        while len(symbols) > 1:
            best = -math.inf
            place = -1
            for i in range(len(symbols) - 1):
                score = scores.get(symbols[i] + symbols[i + 1])
                if score is not None and score > best and draw() >= rate:
                    best = score
                    place = i

            if place < 0:
                break

            after = symbols.pop(place + 1)
            symbols[place] += after
        return symbols

    def _draw_path(self, word: str, alpha: float, rng: random.Random) -> list[str]:
        """A segmentation with probability ∝ P_unigram ** alpha.

        Forward filtering, backward sampling over the lattice of all segmentations: an arc into
        position `end` is (log of the weight of all paths that take it, where it starts).
        """
        arcs: list[list[tuple[float, int]]] = [[]]
        totals = [0.0]
        for end in range(1, len(word) + 1):
            into = self._arcs_into(word, end, totals, alpha)
            weights = [weight for weight, _ in into]
            arcs.append(into)
            totals.append(_log_sum(weights))

        symbols: list[str] = []
        end = len(word)
        while end:
            into = arcs[end]
            total = totals[end]
            shares = [math.exp(weight - total) for weight, _ in into]
            _, start = rng.choices(into, shares)[0]

            symbols.append(word[start:end])
            end = start
        return symbols[::-1]

    def _arcs_into(
        self, word: str, end: int, totals: list[float], alpha: float
    ) -> list[tuple[float, int]]:
        """The pieces that end at `end`; a single character that is not a piece is unknown."""
        arcs: list[tuple[float, int]] = []
        first = max(0, end - self._longest)
        for start in range(first, end):
            score = self._scores.get(word[start:end])
            if score is None and start == end - 1:
                score = self._unknown_score
            if score is not None:
                arcs.append((totals[start] + alpha * score, start))
        return arcs

    def _known(self, symbols: list[str]) -> list[str]:
        """Replace symbols that are not pieces by what the library has for them: bytes, `<unk>`."""
        pieces: list[str] = []
        for symbol in symbols:
            if symbol in self._scores:
                pieces.append(symbol)
            else:
                pieces += self._best(symbol)
        return pieces

    def _best(self, word: str) -> list[str]:
        """The library's own segmentation."""
        text = word.replace(SPACE, " ")
        pieces: list[str] = self._processor.encode(text, out_type=str)
        return pieces


def _scores(processor: Any) -> dict[str, float]:
    """The score of every piece that is text."""
    is_special = (processor.is_byte, processor.is_control, processor.is_unknown)
    scores: dict[str, float] = {}
    size = processor.get_piece_size()
    for i in range(size):
        if any(test(i) for test in is_special):
            continue

        piece = processor.id_to_piece(i)
        scores[piece] = processor.get_score(i)
    return scores


def _log_sum(weights: list[float]) -> float:
    """Return log Σ exp(weight), without overflow."""
    highest = max(weights)
    total = sum(math.exp(weight - highest) for weight in weights)
    return highest + math.log(total)
