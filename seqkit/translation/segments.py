"""Lines in parts: sentences are translated one by one and joined again.

A line is cut into `Part`s (by `cutting`); the search gives each of them `Candidate`s; `Joined` puts
the candidates of one part after another, and becomes a `Translation`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

from ..metrics.overlap import consensus
from ..search.hypothesis import Hypothesis
from ..search.settings import SearchConfig
from ..text.tokenizer import Tokenizer
from .cutting import Part
from .stand_ins import MARK, NO_STAND_INS, StandIns

_WIDE_ENDS = ("。", "！", "？")  # no space follows them
_NARROW_ENDS = (".", "!", "?")
_FIRST_WIDE = "\u2e80"  # where Chinese, Japanese and Korean begin


@dataclass(frozen=True)
class Segment:
    """A part of a line together with its translation."""

    source: str
    ids: list[int]  # of the translation, without `<eos>`
    tokens: list[str]  # the same as text; unknown words are copied from the source if asked for
    space: str  # between this segment and the next one: white space, and what is copied
    stand_ins: StandIns = NO_STAND_INS  # in source and translation, for what is copied
    fragment: bool = False  # whether the line has the translation without its end

    @property
    def wording(self) -> str:
        """The source and what follows it, with `MARK` in the place of all that is copied."""
        space = f" {MARK} " if self.space.strip() else self.space
        return self.stand_ins.masked(self.source) + space


@dataclass(frozen=True)
class Translation:
    """One translation of one line."""

    text: str
    score: float  # n-best lists are sorted by it: `log_probability` after penalties, or mean chrF
    log_probability: float  # nats: the plain sum over all target tokens and `<eos>`
    tokens: list[str]  # as the model produced them
    parts: list[Segment]
    lead: str = ""  # what is copied before the first part
    engine: str = ""  # what searched for it, and in which numbers: "ctranslate2 float32"
    lm_log_probability: float | None = None  # nats: of a language model that took part

    @classmethod
    def given(
        cls,
        text: str,
        source: str,
        tokenizer: Tokenizer,
        log_probability: float,
        search: SearchConfig,
    ) -> Translation:
        """`text` as if it had been found for the whole of `source`."""
        ids = tokenizer.encode(text)
        segment = Segment(source, ids, tokenizer.token_strings(text), space="")
        return cls(
            text=text,
            score=search.ranking(log_probability, len(ids) + 1),
            log_probability=log_probability,
            tokens=[tokenizer.vocab.tokens[i] for i in ids],
            parts=[segment],
        )

    @property
    def wording(self) -> str:
        """What the model read of the line; see `Segment.wording`."""
        return "".join(part.wording for part in self.parts)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        count = len(self.tokens)
        return f"Translation({self.text!r}, score={self.score:.4f}, {count} tokens)"


@dataclass(frozen=True)
class Candidate:
    """One translation of a part."""

    part: Part
    ids: list[int]
    tokens: list[str]
    text: str
    log_probability: float
    score: float
    engine: str = ""  # as in `Translation`
    lm_log_probability: float | None = None
    lead: str = ""  # what is copied before it, and
    cut: tuple[Segment, ...] = ()  # the segments of it, if the part had to be cut further

    @classmethod
    def of(
        cls, hypothesis: Hypothesis, part: Part, tokens: list[str], text: str, engine: str
    ) -> Candidate:
        """A hypothesis of a part, as tokens and text."""
        ids, log_probability, score, of_lm = hypothesis
        return cls(part, ids, tokens, text, log_probability, score, engine, of_lm)

    @classmethod
    def of_cut(cls, part: Part, found: Translation) -> Candidate:
        """What was found for a part that had to be cut further."""
        *segments, last = found.parts
        return cls(
            part=part,
            ids=[i for segment in found.parts for i in segment.ids],
            tokens=found.tokens,
            text=found.text.removeprefix(found.lead),
            log_probability=found.log_probability,
            score=found.score,
            engine=found.engine,
            lm_log_probability=found.lm_log_probability,
            lead=found.lead,
            cut=(*segments, replace(last, space=last.space + part.space)),
        )

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The part and its translation; several, where it was cut further."""
        part = self.part
        whole = Segment(part.text, self.ids, self.tokens, part.space, part.stand_ins, part.fragment)
        return self.cut or (whole,)

    @property
    def length(self) -> int:
        """Tokens, `<eos>` of each segment included."""
        return len(self.ids) + (len(self.cut) or 1)


@dataclass(frozen=True)
class Joined:
    """The translation of the first parts of a line."""

    lead: str = ""  # what is copied before the first part
    text: str = ""  # after that
    tokens: tuple[str, ...] = ()
    log_probability: float = 0.0
    length: int = 0  # tokens, `<eos>` of each part included
    score: float = 0.0
    penalties: float = 0.0  # of all parts, other than the one for length
    segments: tuple[Segment, ...] = ()
    engine: str = ""
    lm_log_probability: float | None = None

    def add(self, candidate: Candidate, search: SearchConfig) -> Joined:
        """The same with the translation of one more part."""
        score, penalties = self._score_with(candidate, search)
        begun = self._followed_by(candidate.lead)
        longer = begun.text + begun._gap(candidate.text) + candidate.text
        return Joined(
            lead=begun.lead,
            text=longer + candidate.part.space,
            tokens=(*self.tokens, *candidate.tokens),
            log_probability=self.log_probability + candidate.log_probability,
            length=self.length + candidate.length,
            score=score,
            penalties=penalties,
            segments=(*begun.segments, *candidate.segments),
            engine=max(self.engine, candidate.engine),  # torch, if it did a part
            lm_log_probability=self._lm_with(candidate),
        )

    def _followed_by(self, copied: str) -> Joined:
        """The same with what is copied after it."""
        if not copied:
            return self
        if not self.segments:
            return replace(self, lead=self.lead + copied)
        *segments, last = self.segments
        last = replace(last, space=last.space + copied)
        return replace(self, text=self.text + copied, segments=(*segments, last))

    def _lm_with(self, candidate: Candidate) -> float | None:
        """What a language model says of the line with one more part; None if not of every part."""
        unknown = bool(self.segments) and self.lm_log_probability is None
        if unknown or candidate.lm_log_probability is None:
            return None
        return (self.lm_log_probability or 0.0) + candidate.lm_log_probability

    def _gap(self, following: str) -> str:
        """A space between sentences where the source's script has none and the target's has."""
        before = self.segments[-1].source if self.segments else ""
        touches = self.text.endswith(_NARROW_ENDS) and following[:1].isalnum()
        is_narrow = following[:1] < _FIRST_WIDE
        return " " if before.endswith(_WIDE_ENDS) and touches and is_narrow else ""

    def _score_with(self, candidate: Candidate, search: SearchConfig) -> tuple[float, float]:
        """Score and penalties of the line with one more part."""
        length = self.length + candidate.length
        if search.mbr:  # the mean of the parts' chrF, weighted by their lengths
            weighted = self.score * self.length + candidate.score * candidate.length
            return weighted / length, 0.0

        fused = candidate.log_probability + _weighted(candidate, search)
        unpenalised = search.ranking(fused, candidate.length)
        penalties = self.penalties + (candidate.score - unpenalised)
        so_far = self.log_probability + _weighted(self, search)
        ranking = search.ranking(so_far + fused, length)
        return ranking + penalties, penalties

    def translation(self) -> Translation:
        return Translation(
            text=self.lead + self.text,
            score=self.score,
            log_probability=self.log_probability,
            tokens=list(self.tokens),
            parts=list(self.segments),
            lead=self.lead,
            engine=self.engine,
            lm_log_probability=self.lm_log_probability,
        )


def _weighted(scored: Candidate | Joined, search: SearchConfig) -> float:
    """What a language model adds to a log probability."""
    return search.lm_weight * (scored.lm_log_probability or 0.0)


def joined(lead: str, found: Iterable[list[Candidate]], search: SearchConfig) -> list[Translation]:
    """The translations of a line, best first, from the candidates of each of its parts."""
    lines = [Joined(lead=lead)]
    for candidates in found:
        if search.mbr:
            candidates = most_alike(candidates, search.nbest)
        lines = extend(lines, candidates, search)
    return [line.translation() for line in lines]


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
