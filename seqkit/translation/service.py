"""What `seqkit serve` offers of translators.

The items of a translation are the sentences of its texts: those of many requests are searched for
together, a long text holds up nobody, and its translation grows sentence by sentence.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from ..errors import ConfigError, DataError
from ..search.settings import SearchConfig
from ..services import JSON, Operation, Service, Upload, Work
from ..text.sentences import split_sentences
from .continuing import Continued, Item, candidates_of, continued, next_words
from .explained_words import ExplainedWords, explained_words
from .glossary import Glossary
from .requests import Alternatives, Explain, Pair, Score, Translate
from .segments import Candidate, joined
from .terms import Terms
from .translator import Translator

_WORDS_COST = 4  # how many times as much looking for alternatives takes as a translation


@dataclass(frozen=True)
class _Search:
    """How a request wants its texts translated."""

    translator: Translator
    config: SearchConfig  # without a prefix
    terms: Terms | None

    def compute(self, items: Sequence[Item]) -> list[list[Candidate]]:
        return candidates_of(self.translator, items, self.config, self.terms)

    def text(self, line: Continued, found: Sequence[list[Candidate]]) -> str:
        return joined(line.lead, found, self.config)[0].text


_Kept = dict[Hashable, tuple[SearchConfig, Terms | None]]
_KEPT: WeakKeyDictionary[Translator, _Kept] = WeakKeyDictionary()
_MOST_KEPT = 64  # of each translator: most clients ask with the same settings


def _search(
    translator: Translator, settings: Mapping[str, Any], glossary: Sequence[Pair]
) -> _Search:
    """How texts are translated by these settings and terms.

    Raises `ConfigError` or `DataError` for what the model cannot do.
    """
    kept = _KEPT.setdefault(translator, {})
    key = (repr(settings), tuple(glossary))
    if key not in kept:
        terms = Glossary(_distinct(glossary)) if glossary else None
        list(translator.predict([], glossary=terms, **settings))  # raises
        config = translator.settings(settings)
        if len(kept) == _MOST_KEPT:
            kept.clear()
        kept[key] = (config, translator.terms(terms, config))
    return _Search(translator, *kept[key])


def _distinct(glossary: Sequence[Pair]) -> dict[str, str]:
    """The terms of a request; raises `DataError` for one with two translations."""
    terms: dict[str, str] = {}
    for term, target in glossary:
        if terms.setdefault(term, target) != target:
            raise DataError(
                f"glossary: {term!r} has two translations, {terms[term]!r} and {target!r}"
            )
    return terms


# Translating


@dataclass(frozen=True)
class _Texts:
    """The texts of a request, cut into what is searched for."""

    search: _Search
    texts: Sequence[str]
    lines: Sequence[Continued]
    align: bool

    def answer(self, found: Sequence[list[Candidate]]) -> JSON:
        rest = iter(found)
        records = []
        for text, line in zip(self.texts, self.lines, strict=True):
            of_line = [next(rest) for _ in line.items]
            records.append(self._record(text, line, of_line))
        return {"translations": records}

    def _record(self, text: str, line: Continued, found: Sequence[list[Candidate]]) -> JSON:
        search = self.search
        described = search.translator.described(
            text,
            joined(line.lead, found, search.config),
            align=self.align,
            nbest=search.config.nbest > 1,
            terms=search.terms,
        )
        return described.record()

    def events(self, before: int, found: Sequence[list[Candidate]]) -> Iterator[JSON]:
        """The text so far of each line that has grown since; at its end, its whole record."""
        end = 0
        for index, line in enumerate(self.lines):
            start, end = end, end + len(line.items)
            of_line = found[start:end]
            if not of_line or before >= start + len(of_line):
                continue
            event = {"index": index, "done": len(found) >= end}
            if event["done"]:
                event["record"] = self._record(self.texts[index], line, of_line)
            yield {**event, "text": self.search.text(line, of_line)}


def _translate(translator: Translator, asked: Translate, uploads: Sequence[Upload]) -> Work:
    if asked.align and not translator.attends:
        raise ConfigError("align: this model has no attention to align by")
    search = _search(translator, asked.settings(), asked.glossary)
    texts = [asked.text] if isinstance(asked.text, str) else asked.text
    lines = [continued(translator, text, asked.prefix, search.config) for text in texts]

    request = _Texts(search, texts, lines, asked.align)
    items = [item for line in lines for item in line.items]
    return Work(
        kind=("translate", repr(search.config), tuple(asked.glossary)),
        items=items,
        costs=[len(item.part.ids) for item in items],
        compute=search.compute,
        answer=request.answer,
        events=request.events,
    )


# Other words, and why


def _alternatives(translator: Translator, asked: Alternatives, uploads: Sequence[Upload]) -> Work:
    settings = {"to": asked.to} if asked.to else {}
    search = _search(translator, settings, asked.glossary)
    line = continued(translator, asked.text, asked.prefix, search.config)
    find = partial(_other_words, search, line, asked)
    cost = _WORDS_COST * sum(len(item.part.ids) for item in line.items)
    return _alone("alternatives", find, cost)


def _other_words(search: _Search, line: Continued, asked: Alternatives) -> JSON:
    """The likeliest next words, each with the whole translation that follows from it."""
    if not line.items:
        return {"alternatives": []}
    first, *rest = line.items
    begun = next_words(search.translator, first, asked.top)
    items = [Item(first.part, text) for text, _ in begun]
    found = search.compute([*items, *rest])
    firsts, others = found[: len(items)], found[len(items) :]

    alternatives: dict[str, JSON] = {}
    for candidates, (_, probability) in zip(firsts, begun, strict=True):
        text = search.text(line, [candidates, *others])
        word = next(iter(text[len(asked.prefix) :].split()), "")
        record = {"word": word, "translation": text, "probability": probability}
        alternatives.setdefault(word, record)
    return {"alternatives": list(alternatives.values())}


def _explain(translator: Translator, asked: Explain, uploads: Sequence[Upload]) -> Work:
    search = _search(translator, {"to": asked.to} if asked.to else {}, ())
    line = continued(translator, asked.text, "", search.config)
    cost = sum(len(item.part.ids) for item in line.items)

    def find() -> JSON:
        own = joined(line.lead, search.compute(line.items), search.config)[0]
        given = asked.translation
        if given is None or given == own.text:
            return explained_words(translator, translator.explain(own)).record()
        return _of_given(translator, line, given, asked).record()

    return _alone("explain", find, cost)


def _of_given(
    translator: Translator, line: Continued, translation: str, asked: Explain
) -> ExplainedWords:
    """Of a translation that is not the model's own: sentence by sentence, if they pair up."""
    pairs = paired(translator, asked.text, line, translation)
    forced = [translator.force(source, target, to=asked.to) for source, target in pairs]
    explanations = [explanation for one in forced for explanation in translator.explain(one)]
    return explained_words(translator, explanations)


def paired(
    translator: Translator, text: str, line: Continued, translation: str
) -> list[tuple[str, str]]:
    """The sentences of a text and of its translation; both whole if they are not as many."""
    targets = [one for one, _ in split_sentences(translation.strip(), translator.target_language)]
    sources = [item.part.text for item in line.items]
    if len(sources) == len(targets) and not translator.languages:
        return list(zip(sources, targets, strict=True))
    return [(text, translation)] if text.strip() and translation.strip() else []


def _alone(name: str, find: Any, cost: int) -> Work:
    """Work of one item, which is computed by itself."""
    return Work(
        kind=(name, object()),
        items=[find],
        costs=[max(1, cost)],
        compute=lambda finds: [one() for one in finds],
        answer=lambda results: results[0],
    )


# Scoring


def _score(translator: Translator, asked: Score, uploads: Sequence[Upload]) -> Work:
    sources = [asked.source] if isinstance(asked.source, str) else asked.source
    targets = [asked.text] if isinstance(asked.text, str) else asked.text
    if len(sources) != len(targets):
        raise DataError(f"{len(sources)} sources and {len(targets)} texts do not pair up")
    _search(translator, {"to": asked.to} if asked.to else {}, ())

    def compute(pairs: Sequence[tuple[str, str]]) -> list[float]:
        return translator.score(*zip(*pairs, strict=True), to=asked.to)

    ids = translator.source.encode_all(sources)
    return Work(
        kind=("score", asked.to),
        items=list(zip(sources, targets, strict=True)),
        costs=[len(row) + 1 for row in ids],
        compute=compute,
        answer=lambda scores: {"scores": list(scores)},
    )


# What there is


def _describe(translator: Translator) -> dict[str, JSON]:
    own = [translator.target_language] if translator.target_language else []
    return {"source": translator.language or None, "targets": translator.languages or own}


def _threads(translator: Translator) -> int:
    return translator.engine.threads if translator.engine else 1


def _attends(translator: Translator) -> bool:
    return translator.attends


SERVICE = Service(
    operations=[
        Operation("translate", "Translate texts.", Translate, _translate),
        Operation(
            "alternatives", "Other words, and how each goes on.", Alternatives, _alternatives
        ),
        Operation("explain", "What each word looked at.", Explain, _explain, offered=_attends),
        Operation("score", "Log probabilities (nats) of translations.", Score, _score),
    ],
    describe=_describe,
    at_once=_threads,
    batch_tokens=lambda translator: translator.batch_tokens,
)
