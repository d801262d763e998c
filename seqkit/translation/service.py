"""What `seqkit serve` offers of translators.

The items of every request are the sentences of its texts: those of many requests are searched for
together, a long text holds up nobody, and its translation grows sentence by sentence.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from ..errors import ConfigError, DataError, TooLarge
from ..search.settings import SearchConfig
from ..services import JSON, Operation, Service, Upload, Work
from ..text.sentences import split_sentences
from .continuing import Choice, Continued, Item, candidates_of, continued, other_words
from .explain import Explanation
from .explained_words import explained_words
from .glossary import Glossary
from .requests import Alternatives, Explain, Pair, Score, Translate
from .segments import Candidate, joined
from .terms import Terms
from .translator import Translator

_LONGEST = 2000  # tokens of an item: of a text that is not to be split, of a translation to score
_MOST_EXPLAINED = 1000  # words of a text: the answer has a number for each pair of words
_MOST_CELLS = (
    250_000  # pairs of tokens that are explained at once: 50 MB of a big model's attention
)


@dataclass(frozen=True)
class _Search:
    """How a request wants its texts translated."""

    translator: Translator
    config: SearchConfig  # without a prefix
    terms: Terms | None
    glossary: tuple[Pair, ...]

    @property
    def kind(self) -> Hashable:
        """Sentences of requests that have it in common are searched for together."""
        return ("translate", repr(self.config), self.glossary)

    def costs(self, items: Sequence[Item | Choice]) -> list[int]:
        """What each item costs, in tokens that are searched for with the model's own settings.

        Raises `TooLarge` for an item that is too long, of a text that is not to be split.
        """
        own, config = self.translator.search, self.config
        times = max(1, -(-_width(config) // _width(own))) * (1 + len(config.must))
        return [times * self._cost(item, config.min_length) for item in items]

    def _cost(self, item: Item | Choice, least: int) -> int:
        if isinstance(item, Choice):
            return (1 + item.top) * self._cost(item.item, least)
        length = len(item.part.ids)
        _check_length(length, self.translator, "a text that stays whole (split, must)")
        return max(length, least)

    def compute(self, items: Sequence[Item | Choice]) -> list[Any]:
        """The candidates of each item; of a choice, those of each word with its probability."""
        whole = [item for item in items if isinstance(item, Item)]
        found = iter(candidates_of(self.translator, whole, self.config, self.terms))
        return [
            other_words(self.translator, item, self.config, self.terms)
            if isinstance(item, Choice)
            else next(found)
            for item in items
        ]

    def text(self, line: Continued, found: Sequence[list[Candidate]]) -> str:
        return joined(line.lead, found, self.config)[0].text


def _width(config: SearchConfig) -> int:
    """How many hypotheses or draws of a sentence are kept at once."""
    return max(config.beam, config.mbr, config.nbest)


def _check_length(length: int, translator: Translator, what: str) -> None:
    most = max(_LONGEST, translator.longest)
    if length > most:
        raise TooLarge(
            f"{what} may have {most:,} tokens here, and this has {length:,}: send it in parts"
        )


class _Searches:
    """What was prepared of late for each translator: most clients ask with the same settings.

    For the threads that prepare requests.
    """

    most = 64  # of each translator
    most_pairs = 200  # of a glossary that is kept: a larger one may take megabytes

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: WeakKeyDictionary[Translator, dict[Hashable, _Prepared]] = WeakKeyDictionary()

    def get(self, translator: Translator, key: Hashable) -> _Prepared | None:
        with self._lock:
            kept = self._of.setdefault(translator, {})
            found = kept.pop(key, None)
            if found is not None:
                kept[key] = found  # last: the one that was used longest ago is the first
            return found

    def put(self, translator: Translator, key: Hashable, prepared: _Prepared) -> None:
        _, terms = prepared
        if terms is not None and len(terms.glossary) > self.most_pairs:
            return
        with self._lock:
            kept = self._of.setdefault(translator, {})
            kept[key] = prepared
            while len(kept) > self.most:
                del kept[next(iter(kept))]

    def count(self, translator: Translator) -> int:
        with self._lock:
            return len(self._of.get(translator, {}))


_Prepared = tuple[SearchConfig, Terms | None]
_SEARCHES = _Searches()


def _search(
    translator: Translator, settings: Mapping[str, Any], glossary: Sequence[Pair]
) -> _Search:
    """How texts are translated by these settings and terms.

    Raises `ConfigError` or `DataError` for what the model cannot do.
    """
    pairs = tuple(glossary)
    key = (repr(settings), pairs)
    prepared = _SEARCHES.get(translator, key)
    if prepared is None:
        translator.predict([], **settings)  # raises
        config = translator.settings(settings)
        of_pairs = Glossary(_distinct(pairs)) if pairs else None
        prepared = config, translator.terms(of_pairs, config)
        _SEARCHES.put(translator, key, prepared)
    return _Search(translator, *prepared, pairs)


def _open(translator: Translator) -> None:
    """Open the model in torch, which the engine does without: here, where nobody else waits."""
    translator.models_to_read  # noqa: B018


def _in(language: str) -> dict[str, str]:
    """The settings of a request that chooses its target language and nothing else."""
    return {"to": language} if language else {}


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
    if asked.align or asked.prefix or asked.glossary:
        _open(translator)

    request = _Texts(search, texts, lines, asked.align)
    items = [item for line in lines for item in line.items]
    return Work(
        kind=search.kind,
        items=items,
        costs=search.costs(items),
        compute=search.compute,
        answer=request.answer,
        events=request.events,
    )


# Other words, and why


def _alternatives(translator: Translator, asked: Alternatives, uploads: Sequence[Upload]) -> Work:
    search = _search(translator, _in(asked.to), asked.glossary)
    line = continued(translator, asked.text, asked.prefix, search.config)
    items: list[Item | Choice] = [*line.items]
    if line.items:
        items[0] = Choice(line.items[0], asked.top)
        _open(translator)

    def answer(found: Sequence[Any]) -> JSON:
        if not found:
            return {"alternatives": []}
        words, *others = found
        alternatives: dict[str, JSON] = {}
        for candidates, probability in words:
            text = search.text(line, [candidates, *others])
            word = next(iter(text[len(asked.prefix) :].split()), "")
            record = {"word": word, "translation": text, "probability": probability}
            alternatives.setdefault(word, record)
        return {"alternatives": list(alternatives.values())}

    return Work(search.kind, items, search.costs(items), search.compute, answer)


@dataclass(frozen=True)
class _Explained:
    """A sentence as the model translates it, and what the words of that looked at."""

    candidates: list[Candidate]
    explanations: list[Explanation]


def _explain(translator: Translator, asked: Explain, uploads: Sequence[Upload]) -> Work:
    _check_explained(asked.text, asked.translation or "")
    search = _search(translator, {**_in(asked.to), "nbest": 1}, ())
    line = continued(translator, asked.text, "", search.config)
    _open(translator)

    def compute(items: Sequence[Item]) -> Iterator[_Explained]:
        for candidates in search.compute(items):
            own = joined("", [candidates], search.config)[0]
            yield _Explained(candidates, translator.explain(own))

    def answer(found: Sequence[_Explained]) -> JSON:
        given = asked.translation
        if given is None or given == search.text(line, [one.candidates for one in found]):
            explanations = [explanation for one in found for explanation in one.explanations]
        else:
            explanations = _of_given(translator, line, asked)
        return explained_words(translator, explanations).record()

    return Work(
        kind=("explain", repr(search.config)),
        items=line.items,
        costs=search.costs(line.items),
        compute=compute,
        answer=answer,
    )


def _check_explained(*texts: str) -> None:
    for text in texts:
        count = len(text.split())
        if count > _MOST_EXPLAINED:
            raise TooLarge(
                f"{_MOST_EXPLAINED:,} words are explained at once, and this text has {count:,}: "
                "send it in parts"
            )


def _of_given(translator: Translator, line: Continued, asked: Explain) -> list[Explanation]:
    """Of a translation that is not the model's own: sentence by sentence, if they pair up."""
    pairs = paired(translator, asked.text, line, asked.translation or "")
    for source, target in pairs:
        cells = len(translator.source.encode(source)) * len(translator.target.encode(target))
        if cells > _MOST_CELLS:
            raise TooLarge(
                "text and translation have not as many sentences as each other, and are too long "
                "to be explained as one: send them in parts"
            )
    forced = [translator.force(source, target, to=asked.to) for source, target in pairs]
    return [explanation for one in forced for explanation in translator.explain(one)]


def paired(
    translator: Translator, text: str, line: Continued, translation: str
) -> list[tuple[str, str]]:
    """The sentences of a text and of its translation; both whole if they are not as many."""
    targets = [one for one, _ in split_sentences(translation.strip(), translator.target_language)]
    sources = [item.part.text for item in line.items]
    if len(sources) == len(targets) and not translator.languages:
        return list(zip(sources, targets, strict=True))
    return [(text, translation)] if text.strip() and translation.strip() else []


# Scoring


def _score(translator: Translator, asked: Score, uploads: Sequence[Upload]) -> Work:
    sources = [asked.source] if isinstance(asked.source, str) else asked.source
    targets = [asked.text] if isinstance(asked.text, str) else asked.text
    if len(sources) != len(targets):
        raise DataError(f"{len(sources)} sources and {len(targets)} texts do not pair up")
    _search(translator, _in(asked.to), ())

    def compute(pairs: Sequence[tuple[str, str]]) -> list[float]:
        return translator.score(*zip(*pairs, strict=True), to=asked.to)

    read = translator.source.encode_all(sources), translator.target.encode_all(targets)
    lengths = [1 + max(map(len, pair)) for pair in zip(*read, strict=True)]
    _check_length(max(lengths, default=0), translator, "a text that is scored")
    _open(translator)
    return Work(
        kind=("score", asked.to),
        items=list(zip(sources, targets, strict=True)),
        costs=lengths,
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
