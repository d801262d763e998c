"""What `seqkit serve` offers of translators.

The items of a translation are the sentences of its texts: those of many requests are searched for
together, a long text holds up nobody, and its translation grows sentence by sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..search.settings import SearchConfig
from ..services import JSON, Asked, Operation, Service, Upload, Work
from .cutting import CutLine, Part
from .glossary import Glossary
from .predictions import TranslatedLine
from .segments import Candidate, joined
from .terms import Terms
from .translator import Translator

Texts = str | list[str]
Pair = tuple[str, str]
_WIDEST = 32  # beams and n-best lists that a client may ask for


class Search(BaseModel):
    """The settings of a search that a client may choose: none reads a file or takes for ever."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    beam: Annotated[int, Field(ge=1, le=_WIDEST)] | None = None
    length_penalty: float | None = None
    normalize: Literal["length", "gnmt"] | None = None
    max_length: int | None = None
    min_length: int | None = None
    no_repeat_ngram: int | None = None
    must: list[str] | None = None
    suppress: list[str] | None = None
    unknown: Literal["auto", "never", "copy", "keep"] | None = None
    sample: bool | None = None
    mbr: Annotated[int, Field(ge=0, le=_WIDEST)] | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    seed: int | None = None
    split: bool | None = None
    passthrough: bool | None = None


class Translate(Asked):
    """Texts to translate."""

    text: Texts = Field(description="A text, or a list of texts.")
    to: str = Field("", description="Target language, of a model that has several.")
    nbest: int = Field(1, ge=1, le=_WIDEST, description="Translations of each text.")
    align: bool = Field(False, description="Add which source word made which word, from 0.")
    prefix: str = Field("", description="How the translation begins.")
    glossary: list[Pair] = Field([], description='Pairs: a term, and what it becomes or "-".')
    search: Search = Field(Search(), description="Settings of the search.")
    stream: bool = Field(False, description="Send server-sent events, sentence by sentence.")


@dataclass(frozen=True)
class _Asked:
    """A request as the translator knows it."""

    translator: Translator
    search: SearchConfig
    terms: Terms | None
    texts: Sequence[str]
    lines: Sequence[CutLine]
    align: bool

    def compute(self, parts: Sequence[Part]) -> list[list[Candidate]]:
        return self.translator.search_parts(parts, self.search, self.terms)

    def answer(self, found: Sequence[list[Candidate]]) -> JSON:
        rest = iter(found)
        records: list[Mapping[str, Any]] = []
        for text, line in zip(self.texts, self.lines, strict=True):
            of_line = [next(rest) for _ in line.parts]
            records.append(self._line(text, line, of_line).record())
        return {"translations": records}

    def events(self, before: int, found: Sequence[list[Candidate]]) -> Iterator[JSON]:
        """The text so far of each line that has grown."""
        end = 0
        for index, line in enumerate(self.lines):
            start, end = end, end + len(line.parts)
            of_line = found[start:end]
            is_new = before < start + len(of_line) or (not line.parts and before == 0 == start)
            if of_line and is_new:
                best = joined(line.lead, of_line, self.search)[0]
                yield {"index": index, "done": len(found) >= end, "text": best.text}

    def _line(self, text: str, line: CutLine, found: Sequence[list[Candidate]]) -> TranslatedLine:
        translations = joined(line.lead, found, self.search)
        return self.translator.described(
            text, translations, align=self.align, nbest=self.search.nbest > 1, terms=self.terms
        )


def _settings(asked: Translate) -> dict[str, Any]:
    settings = asked.search.model_dump(exclude_none=True)
    if asked.nbest > 1:
        settings["nbest"] = asked.nbest
    for name in ("to", "prefix"):
        if value := getattr(asked, name):
            settings[name] = value
    return settings


def _translate(translator: Translator, asked: Translate, uploads: Sequence[Upload]) -> Work:
    texts = [asked.text] if isinstance(asked.text, str) else asked.text
    settings = _settings(asked)
    glossary = Glossary(dict(asked.glossary)) if asked.glossary else None
    list(translator.predict([], align=asked.align, glossary=glossary, **settings))  # raises

    search = translator.settings(settings)
    terms = translator.terms(glossary, search)
    lines = [translator.cut(text, search, number) for number, text in enumerate(texts)]
    request = _Asked(translator, search, terms, texts, lines, asked.align)
    parts = [part for line in lines for part in line.parts]
    return Work(
        kind=("translate", repr(search), tuple(asked.glossary)),
        items=parts,
        costs=[len(part.ids) for part in parts],
        compute=request.compute,
        answer=request.answer,
        events=request.events,
    )


def _describe(translator: Translator) -> dict[str, JSON]:
    own = [translator.target_language] if translator.target_language else []
    return {"source": translator.language or None, "targets": translator.languages or own}


def _threads(translator: Translator) -> int:
    return translator.engine.threads if translator.engine else 1


SERVICE = Service(
    operations=[
        Operation("translate", "Translate texts.", Translate, _translate),
    ],
    describe=_describe,
    at_once=_threads,
    batch_tokens=lambda translator: translator.batch_tokens,
)
