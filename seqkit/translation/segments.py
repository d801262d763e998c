"""Lines in parts: sentences are translated one by one and joined again.

A line is cut into `Part`s; the search gives each of them `Candidate`s; `Joined` puts the candidates
of one part after another, and becomes a `Translation`.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from ..metrics.overlap import consensus
from ..search.settings import SearchConfig
from ..text.sentences import halve, split_sentences
from ..text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Segment:
    """A part of a line together with its translation."""

    source: str
    ids: list[int]  # of the translation, without `<eos>`
    tokens: list[str]  # the same as text; unknown words are copied from the source if asked for
    space: str  # between this segment and the next one


@dataclass(frozen=True)
class Translation:
    """One translation of one line."""

    text: str
    score: float  # n-best lists are sorted by it: `log_probability` after penalties, or mean chrF
    log_probability: float  # nats: the plain sum over all target tokens and `<eos>`
    tokens: list[str]  # as the model produced them
    parts: list[Segment]

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        count = len(self.tokens)
        return f"Translation({self.text!r}, score={self.score:.4f}, {count} tokens)"


@dataclass(frozen=True)
class Part:
    """A stretch of a line that is translated by itself."""

    line: int
    text: str
    ids: list[int]  # of the source, with `<eos>`
    space: str  # the white space that follows it


@dataclass(frozen=True)
class Candidate:
    """One translation of a part."""

    part: Part
    ids: list[int]
    tokens: list[str]
    text: str
    log_probability: float
    score: float

    @property
    def length(self) -> int:
        """Tokens, `<eos>` included."""
        return len(self.ids) + 1


@dataclass(frozen=True)
class Joined:
    """The translation of the first parts of a line."""

    text: str = ""
    tokens: tuple[str, ...] = ()
    log_probability: float = 0.0
    length: int = 0  # tokens, `<eos>` of each part included
    score: float = 0.0
    penalties: float = 0.0  # of all parts, other than the one for length
    segments: tuple[Segment, ...] = ()

    def add(self, candidate: Candidate, search: SearchConfig) -> Joined:
        """The same with the translation of one more part."""
        part = candidate.part
        segment = Segment(part.text, candidate.ids, candidate.tokens, part.space)
        score, penalties = self._score_with(candidate, search)

        longer = self.text + candidate.text
        return Joined(
            text=longer + part.space,
            tokens=(*self.tokens, *candidate.tokens),
            log_probability=self.log_probability + candidate.log_probability,
            length=self.length + candidate.length,
            score=score,
            penalties=penalties,
            segments=(*self.segments, segment),
        )

    def _score_with(self, candidate: Candidate, search: SearchConfig) -> tuple[float, float]:
        """Score and penalties of the line with one more part."""
        length = self.length + candidate.length
        if search.mbr:  # the mean of the parts' chrF, weighted by their lengths
            weighted = self.score * self.length + candidate.score * candidate.length
            return weighted / length, 0.0

        unpenalised = search.ranking(candidate.log_probability, candidate.length)
        penalties = self.penalties + (candidate.score - unpenalised)
        log_probability = self.log_probability + candidate.log_probability
        ranking = search.ranking(log_probability, length)
        return ranking + penalties, penalties

    def translation(self) -> Translation:
        return Translation(
            text=self.text.rstrip(),
            score=self.score,
            log_probability=self.log_probability,
            tokens=list(self.tokens),
            parts=list(self.segments),
        )


def cut_line(
    line: str, tokenizer: Tokenizer, *, number: int, longest: int | None
) -> Iterator[Part]:
    """The parts of line `number` that have at most `longest` source tokens; None leaves it whole.

    A sentence that is too long is halved until it is not. An empty line has no parts.
    """
    sentences = [(line, "")] if longest is None else split_sentences(line)
    pieces = deque(sentences)
    while pieces:
        text, space = pieces.popleft()
        normal = tokenizer.normalizer(text)
        if not normal.strip():
            continue

        ids = tokenizer.encode(text, eos=True)
        is_too_long = longest is not None and len(ids) > longest + 1
        if is_too_long and len(text) > 1:
            halves = _halves(text, space)
            pieces.extendleft(reversed(halves))
        else:
            yield Part(number, text, ids, space)


def _halves(text: str, space: str) -> list[tuple[str, str]]:
    """Both halves of a text, each with the white space that follows it."""
    left, right = halve(text)
    left_stripped = left.rstrip()
    right_stripped = right.lstrip()

    after_left = left.removeprefix(left_stripped)
    before_right = right.removesuffix(right_stripped)
    gap = after_left + before_right
    return [(left_stripped, gap), (right_stripped, space)]


def most_alike(candidates: Sequence[Candidate], most: int) -> list[Candidate]:
    """The `most` candidates that are most like the others by chrF, each text once.

    Their scores become their mean chrF (minimum Bayes risk; see `consensus`).
    """
    texts = [candidate.text for candidate in candidates]
    likeness = consensus(texts)

    pairs = zip(candidates, likeness, strict=True)
    scored = [replace(candidate, score=value) for candidate, value in pairs]

    first_of_text = {candidate.text: candidate for candidate in reversed(scored)}
    return heapq.nlargest(most, first_of_text.values(), key=lambda candidate: candidate.score)


def extend(
    beginnings: list[Joined], candidates: Sequence[Candidate], search: SearchConfig
) -> list[Joined]:
    """Beginnings of a line's translation, each continued by translations of its next part."""
    if search.sample:  # the first draw continues the first, the second the second
        if len(beginnings) == 1:
            beginnings = beginnings * len(candidates)

        pairs = zip(beginnings, candidates, strict=True)
        return [joined.add(candidate, search) for joined, candidate in pairs]

    combinations = product(beginnings, candidates)
    longer = [joined.add(candidate, search) for joined, candidate in combinations]
    if len(beginnings) == 1:
        return longer  # the search has sorted them

    return heapq.nlargest(search.nbest, longer, key=lambda joined: joined.score)
