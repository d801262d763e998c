"""Terms put where a translation has the words that the model made of them.

The words that attend to a term of the source most are replaced by its translation; the others stay,
with their endings and articles.

Shapes: T tokens of the translation, S of the source.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, NamedTuple

from ..search.settings import SearchConfig
from ..text.tokenizer import Tokenizer
from .cutting import Part
from .engines.searcher import OWN, Searcher
from .glossary import KEEP
from .segments import Candidate, Segment
from .terms import WORD, Found

if TYPE_CHECKING:
    from torch import Tensor

    from .weights import Array

    Weights = Tensor | Array

_ALIKE = 0.7  # how much of the attention of the best word one beside it must have to go with it
_FEWEST = 0.1  # attention to a term of a word that is to be replaced

Span = tuple[int, int]  # of characters


class Word(NamedTuple):
    """A word of a translation, and how much it attends to a term."""

    start: int
    end: int
    attention: float


@dataclass(frozen=True)
class Replacing:
    """Replaces words by terms, for one model and one choice of settings."""

    source: Tokenizer
    target: Tokenizer
    searcher: Searcher
    search: SearchConfig

    def candidates(
        self, parts: Sequence[Part], found: Sequence[list[Candidate]], terms: Sequence[list[Found]]
    ) -> list[list[Candidate]]:
        """The candidates of each part with its `terms`, best first; without those that lack one.

        A model without attention cannot tell which words make room.
        """
        if not self.searcher.attends:
            return [[] for _ in parts]

        from .engines import own

        flat = [
            (part, candidate, wanted)
            for part, candidates, wanted in zip(parts, found, terms, strict=True)
            for candidate in candidates
        ]
        segments = [Segment(part.text, one.ids, one.tokens, "") for part, one, _ in flat]
        model = self.searcher.models[0]
        attended = own.attention_of(model, self.source, self.target, segments)
        texts = [
            self.text(segment, weights.mean_attention, wanted)
            for segment, weights, (_, _, wanted) in zip(segments, attended, flat, strict=True)
        ]

        changed = [
            i
            for i, text in enumerate(texts)
            if text is not None and flat[i][0].stand_ins.are_in(text)
        ]
        made = self._scored([(flat[i][0], flat[i][1], texts[i] or "") for i in changed])
        of_part: dict[int, list[Candidate]] = {id(part): [] for part in parts}
        for candidate in made:
            of_part[id(candidate.part)].append(candidate)
        return [_best_first(of_part[id(part)]) for part in parts]

    def _scored(self, rows: Sequence[tuple[Part, Candidate, str]]) -> list[Candidate]:
        """Candidates with other texts, which the model scores as if it had found them."""
        from .engines import own

        ids = [self.target.encode(text) for _, _, text in rows]
        sources = [part.ids for part, _, _ in rows]
        logs = own.token_scores(self.searcher.models, sources, ids)
        made: list[Candidate] = []
        for (part, candidate, text), of_text, values in zip(rows, ids, logs, strict=True):
            log_probability = sum(values)
            made.append(
                replace(
                    candidate,
                    ids=of_text,
                    tokens=self.target.token_strings(text),
                    text=part.finished(text, self.target),
                    log_probability=log_probability,
                    score=self.search.ranking(log_probability, len(of_text) + 1),
                    engine=OWN,
                    lm_log_probability=None,
                )
            )
        return made

    def text(self, segment: Segment, weights: Weights, wanted: Sequence[Found]) -> str | None:
        """A translation with its terms, by what its tokens attend to: (T, S); None without room."""
        sources = self.source.token_strings(segment.source)
        read = self.source.join(sources)
        of_source = _spans(self.source, sources)
        text = self.target.join(segment.tokens)
        of_target = _spans(self.target, segment.tokens)

        places: dict[Span, Found] = {}
        for item in wanted:
            span = _where(item, segment.source, read)
            if span is None:
                return None
            columns = [i for i, of_token in enumerate(of_source) if _overlap(of_token, span)]
            attention = weights[: len(of_target), columns].sum(1).tolist()
            words = _words(text, of_target, attention)
            place = room(list(_stretches(text, words, places)), item.surface)
            if place is None:
                return None
            places[place] = item
        return replaced(text, places)


def _best_first(candidates: Sequence[Candidate]) -> list[Candidate]:
    """By their scores; of those with one text, the first."""
    ranked = sorted(candidates, key=lambda one: -one.score)
    of_text: dict[str, Candidate] = {}
    for candidate in ranked:
        of_text.setdefault(candidate.text, candidate)
    return list(of_text.values())


def _where(item: Found, text: str, read: str) -> Span | None:
    """Where a term of a text is in what the model reads of it; None if it reads other words.

    A tokenizer may change the case, blanks and characters, and leave out a tag at the beginning: so
    words are counted, from the end.
    """
    if read == text:
        return item.start, item.end

    words = list(WORD.finditer(text))
    after = sum(word.start() >= item.end for word in words)
    within = sum(_overlap(word.span(), (item.start, item.end)) for word in words)
    of_read = list(WORD.finditer(read))
    first = len(of_read) - after - within
    if first < 0:
        return None
    span = of_read[first].start(), of_read[first + within - 1].end()
    return span if _folded(read[slice(*span)]) == _folded(item.surface) else None


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _spans(tokenizer: Tokenizer, tokens: list[str]) -> list[Span]:
    """Where each token is in the text that all of them are joined to."""
    ends = [len(tokenizer.join(tokens[:count])) for count in range(len(tokens) + 1)]
    return list(pairwise(ends))


def _words(text: str, spans: Sequence[Span], attention: Sequence[float]) -> list[Word]:
    words: list[Word] = []
    for match in WORD.finditer(text):
        if not match[0][0].isalnum():
            continue
        own = [
            value
            for span, value in zip(spans, attention, strict=True)
            if _overlap(span, match.span())
        ]
        words.append(Word(*match.span(), max(own, default=0.0)))
    return words


def _stretches(text: str, words: Sequence[Word], places: dict[Span, Found]) -> Iterator[list[Word]]:
    """The words that have no term yet, as far as only blanks are between them."""
    breaks = 0
    numbered: list[tuple[int, Word]] = []
    end = 0
    for word in words:
        is_taken = any(_overlap((word.start, word.end), place) for place in places)
        breaks += is_taken or bool(text[end : word.start].strip())
        if not is_taken:
            numbered.append((breaks, word))
        end = word.end
    for _, group in groupby(numbered, key=lambda pair: pair[0]):
        yield [word for _, word in group]


def room(stretches: Sequence[Sequence[Word]], surface: str) -> Span | None:
    """Where the words are that attend to a term most: one, and those beside it that do as much.

    They are of one stretch, which marks and other terms part from the next, and no more of them
    than the term has words in the source. None if nothing attends to it.
    """
    attention, words = max(
        ((max(word.attention for word in stretch), stretch) for stretch in stretches),
        key=lambda pair: pair[0],
        default=(0.0, ()),
    )
    if attention < _FEWEST:
        return None

    most = max(1, len(WORD.findall(surface)))
    least = _ALIKE * attention
    first = last = max(range(len(words)), key=lambda i: words[i].attention)
    while last - first + 1 < most:
        before = words[first - 1].attention if first else 0.0
        after = words[last + 1].attention if last + 1 < len(words) else 0.0
        if max(before, after) < least:
            break
        if before > after:
            first -= 1
        else:
            last += 1
    return words[first].start, words[last].end


def replaced(text: str, places: dict[Span, Found]) -> str:
    """A text with terms in their places; the first word of a sentence keeps its capital."""
    pieces: list[str] = []
    done = 0
    for start, end in sorted(places):
        item = places[start, end]
        wanted = item.wanted
        begins = not re.search(r"\w", text[:start])
        if begins and text[start].isupper() and item.term.target != KEEP:
            wanted = wanted[0].upper() + wanted[1:]
        pieces += [text[done:start], wanted]
        done = end
    return "".join([*pieces, text[done:]])


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
