"""What `seqkit serve` offers of translators.

The items of every request are the sentences of its texts: those of many requests are searched for
together, a long text holds up nobody, and its translation grows sentence by sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import ConfigError, DataError, TooLarge
from ..services import JSON, Operation, Service, Upload, Work
from .continuing import Choice, Continued, Item, chosen, continued, cut_target
from .cutting import CutLine, outline
from .explain import Explanation
from .explained_words import explained_words
from .requests import Alternatives, Explain, Score, Translate
from .segments import Candidate, joined
from .service_search import Search, check_length, search_of
from .translator import Translator

_MOST_EXPLAINED = 1000  # words of a text: the answer has a number for each pair of words
_MOST_CELLS = 250_000  # pairs of tokens explained at once: 50 MB of a big model's attention


# Translating


@dataclass(frozen=True)
class _Texts:
    """The texts of a request, cut into what is searched for."""

    search: Search
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
    search = search_of(translator, asked.settings(), asked.glossary)
    texts = [asked.text] if isinstance(asked.text, str) else asked.text
    lines = [continued(translator, text, asked.prefix, search.config) for text in texts]
    needs_torch = asked.glossary or (not translator.in_int8 and (asked.align or asked.prefix))
    if needs_torch:
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
    search = search_of(translator, _in(asked.to), asked.glossary)
    line = chosen(translator, asked.text, asked.prefix, asked.translation, search.config)

    items: list[Item | Choice] = [*line.items]
    if line.items:
        items[0] = _first_of(line.items[0], asked)
        _open(translator)

    def answer(found: Sequence[Any]) -> JSON:
        if not found:
            return {"alternatives": []}
        first, *others = found
        words = [(first, None)] if asked.word else first
        alternatives: dict[str, JSON] = {}
        for candidates, probability in words:
            text = search.text(line, [candidates, *others])
            word = next(iter(text[len(asked.prefix) :].split()), "")
            record = {"word": word, "translation": text, "probability": probability}
            alternatives.setdefault(word, record)
        return {"alternatives": list(alternatives.values())}

    return Work(search.kind, items, search.costs(items), search.compute, answer)


def _first_of(item: Item, asked: Alternatives) -> Item | Choice:
    """What is searched for in the sentence of the word."""
    if asked.word:
        return item._replace(prefix=item.prefix + asked.word)
    return Choice(item, asked.top)


@dataclass(frozen=True)
class _Explained:
    """A sentence as the model translates it, and what the words of that looked at."""

    candidates: list[Candidate]
    explanations: list[Explanation]


def _explain(translator: Translator, asked: Explain, uploads: Sequence[Upload]) -> Work:
    _check_explained(asked.text, asked.translation or "")
    search = search_of(translator, {**_in(asked.to), "nbest": 1}, ())
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
            cut = translator.cut(asked.text, search.config)
            explanations = _of_given(translator, cut, asked)
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


def _of_given(translator: Translator, line: CutLine, asked: Explain) -> list[Explanation]:
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
    translator: Translator, text: str, line: CutLine, translation: str
) -> list[tuple[str, str]]:
    """The sentences of a text and of its translation; both whole if they do not pair up."""
    given = cut_target(translator, translation.strip(), translator.search)
    targets = [stretch.text for stretch in given if stretch.kind == "sentence"]
    sources = [part.text for part in line.parts]
    if outline(given) == line.outline and not translator.languages:
        return list(zip(sources, targets, strict=True))
    return [(text, translation)] if text.strip() and translation.strip() else []


# Scoring


def _score(translator: Translator, asked: Score, uploads: Sequence[Upload]) -> Work:
    sources = [asked.source] if isinstance(asked.source, str) else asked.source
    targets = [asked.text] if isinstance(asked.text, str) else asked.text
    if len(sources) != len(targets):
        raise DataError(f"{len(sources)} sources and {len(targets)} texts do not pair up")
    search_of(translator, _in(asked.to), ())

    def compute(pairs: Sequence[tuple[str, str]]) -> list[float]:
        return translator.score(*zip(*pairs, strict=True), to=asked.to)

    read = translator.source.encode_all(sources), translator.target.encode_all(targets)
    lengths = [1 + max(map(len, pair)) for pair in zip(*read, strict=True)]
    check_length(max(lengths, default=0), translator, "a text that is scored")
    _open(translator)
    return Work(
        kind=("score", asked.to),
        items=list(zip(sources, targets, strict=True)),
        costs=lengths,
        compute=compute,
        answer=lambda scores: {"scores": list(scores)},
    )


# What several of them do


def _open(translator: Translator) -> None:
    """Open the model in torch, which the engine does without: here, where nobody else waits."""
    translator.models_to_read  # noqa: B018


def _in(language: str) -> dict[str, str]:
    """The settings of a request that chooses its target language and nothing else."""
    return {"to": language} if language else {}


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
