"""What a CTC search returns: texts with their words' frames, and the parts of their scores.

Letters: B hypotheses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .alphabet import Alphabet
from .beam import Beam, Hypotheses, likeliest
from .histories import History, Weights
from .paths import Emission


class Word(NamedTuple):
    """A word and its frames: from `begin` to before `end`."""

    text: str
    begin: int
    end: int

    def record(self, frame: float | None = None) -> dict[str, Any]:
        """Plain data; times are in seconds if `frame`, the length of one in seconds, is given."""
        begin: float = self.begin
        end: float = self.end
        if frame is not None:
            begin = round(begin * frame, 6)
            end = round(end * frame, 6)
        return {"word": self.text, "begin": begin, "end": end}


@dataclass(frozen=True)
class Transcript:
    """A text, with its score in nats and the parts of it.

    score = acoustic + alpha * (lm + ln 10 * unk_score_offset * unknown) + beta * len(words) +
    hotwords; without a language model, score = acoustic + hotwords.
    """

    text: str
    words: tuple[Word, ...]
    score: float
    acoustic: float  # log probability of all alignments that spell the text
    lm: float = 0.0  # that of the language model, the end included
    unknown: int = 0  # words that the language model does not know
    hotwords: float = 0.0  # the weights of the hotwords in the text

    @classmethod
    def of(cls, words: Iterable[Word], alphabet: Alphabet, **parts: Any) -> Transcript:
        """The text of words, and `parts` of its score."""
        words = tuple(words)
        text = alphabet.between.join(word.text for word in words)
        return cls(text, words, **parts)

    def record(self, frame: float | None = None) -> dict[str, Any]:
        """Plain data; `frame` as in `Word.record`."""
        return {
            "text": self.text,
            "score": self.score,
            "acoustic": self.acoustic,
            "lm": self.lm,
            "unknown": self.unknown,
            "hotwords": self.hotwords,
            "words": [word.record(frame) for word in self.words],
        }


def words_of(
    emissions: Iterable[Emission | tuple[int, int, int]], alphabet: Alphabet
) -> list[Word]:
    """The words that tokens spell, with the frames from their first token's to their last's."""
    words: list[Word] = []
    is_open = False
    for token, begin, end in emissions:
        text = alphabet.texts[token]
        if alphabet.begins[token]:
            is_open = False
        if not text:
            continue

        if is_open:
            before = words.pop()
            words.append(Word(before.text + text, before.begin, end))
        else:
            words.append(Word(text, begin, end))
            is_open = True
    return words


def finished(beam: Beam, alphabet: Alphabet, weights: Weights, nbest: int) -> list[Transcript]:
    """The best texts if nothing follows, the best first."""
    now = beam.hypotheses
    histories = beam.spellings.histories
    after, scores = beam.spellings.closed(now.spelling)
    is_cut = not (after >= 0).any()  # no last word is one of the lexicon
    if is_cut:
        after = beam.spellings.history(now.spelling)
        scores = np.array([histories[number].score for number in after.tolist()])

    found = _texts(now, after, scores)
    numbers = after[found.leaders]
    ends = histories.finish(numbers.tolist())
    ranks = found.acoustic + scores[found.leaders] + weights.alpha * np.array(ends)

    listed = []
    for i in np.argsort(-ranks, kind="stable")[:nbest].tolist():
        history = histories[int(numbers[i])]
        words = _words(beam, alphabet, int(found.leaders[i]))[: history.words]
        parts = _parts(history, float(found.acoustic[i]), ends[i])
        listed.append(Transcript.of(words, alphabet, score=float(ranks[i]), **parts))
    return listed


def so_far(beam: Beam, alphabet: Alphabet, nbest: int) -> list[Transcript]:
    """The best texts of an utterance that goes on, the best first."""
    now = beam.hypotheses
    scores = beam.spellings.scores(now.spelling)
    found = _texts(now, now.spelling, scores)
    ranks = found.acoustic + scores[found.leaders]
    numbers = beam.spellings.history(now.spelling[found.leaders]).tolist()

    listed = []
    for i in np.argsort(-ranks, kind="stable")[:nbest].tolist():
        words = _words(beam, alphabet, int(found.leaders[i]))
        parts = _parts(beam.spellings.histories[numbers[i]], float(found.acoustic[i]), 0.0)
        listed.append(Transcript.of(words, alphabet, score=float(ranks[i]), **parts))
    return listed


class _Texts(NamedTuple):
    """Hypotheses that are the same text, together."""

    acoustic: NDArray[np.float64]  # (G,) log probability of all their alignments
    leaders: NDArray[np.int64]  # (G,) the likeliest hypothesis of each


def _texts(now: Hypotheses, keys: NDArray[np.int64], scores: NDArray[np.float64]) -> _Texts:
    """Group B hypotheses by `keys` (B,), without those whose score is -inf."""
    rows = np.flatnonzero(scores > -np.inf)
    total = now.total()[rows]
    distinct, which = np.unique(keys[rows], return_inverse=True)

    acoustic = np.full(len(distinct), -np.inf)
    np.logaddexp.at(acoustic, which, total)
    leaders = rows[likeliest(which, total, len(distinct))]
    return _Texts(acoustic, leaders)


def _words(beam: Beam, alphabet: Alphabet, row: int) -> list[Word]:
    now = beam.hypotheses
    emissions = beam.paths.emissions(int(now.path[row]), int(now.end[row]))
    return words_of(emissions, alphabet)


def _parts(history: History, acoustic: float, end: float) -> dict[str, Any]:
    return {
        "acoustic": acoustic,
        "lm": history.lm + end,
        "unknown": history.unknown,
        "hotwords": history.hot,
    }
