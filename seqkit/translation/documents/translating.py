"""Documents through a translator: all segments together, known ones from the memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from ..predictions import TranslatedLine
from .document import Document
from .kinds import open_document
from .memory import Memory
from .segment import Translated
from .writing import check_writable, write_whole

_ENDED = re.compile(r"[.!?…。！？।۔]\W*$")  # a sentence, with the quotes and brackets after it
_KEPT_AT_ONCE = 100  # translations between two writes of the memory

Progress = Callable[[int, int], None]
"""Called with how many different segments of a document are done, and how many there are."""


def silent(done: int, total: int) -> None:
    """Progress that nobody looks at."""


class Lines(Protocol):
    """What a document needs of a translator."""

    @property
    def attends(self) -> bool: ...

    def predict(
        self, inputs: Iterable[str], *, align: bool = False, **settings: Any
    ) -> Iterable[TranslatedLine]: ...


@dataclass(frozen=True)
class Done:
    """What became of one document."""

    pairs: list[tuple[str, str]]  # of each segment and its translation
    translated: int  # how many different ones the model translated
    remembered: int  # how many of them the memory had
    unplaced: dict[str, Sequence[str]] = field(default_factory=dict)
    """Segments whose translations lack terms of a glossary, with these: "contract → Vertrag"."""


def translate_document(
    translator: Lines,
    source: Path,
    target: Path,
    *,
    fields: Sequence[str] = (),
    memory: Memory | None = None,
    progress: Progress = silent,
    **settings: Any,
) -> Done:
    """Translate a file into a file of the same kind; `settings` are those of `predict`.

    `memory` must be for these settings only: `Translator.translate_document` takes care of that.
    The target is written aside and moved into place when it is whole. Raises `DataError` for a
    document that cannot be read or a target that cannot be written, before anything is translated.
    """
    check_writable(target)
    document = open_document(source, fields)
    data, done = translated(translator, document, memory=memory, progress=progress, **settings)
    write_whole(target, data)
    return done


def translated(
    translator: Lines,
    document: Document,
    *,
    memory: Memory | None = None,
    progress: Progress = silent,
    **settings: Any,
) -> tuple[bytes, Done]:
    """The file that a document becomes, and what was done for it."""
    found = _translations(translator, document, memory, progress, settings)
    translations = [found.known[segment.text] for segment in document.segments]
    data = document.write(translations)

    unplaced = {text: one.unplaced for text, one in found.known.items() if one.unplaced}
    pairs = [
        (segment.text, translation.text)
        for segment, translation in zip(document.segments, translations, strict=True)
    ]
    return data, Done(pairs, found.translated, found.remembered, unplaced)


@dataclass
class _Found:
    known: dict[str, Translated]
    translated: int = 0
    remembered: int = 0


def _translations(
    translator: Lines,
    document: Document,
    memory: Memory | None,
    progress: Progress,
    settings: dict[str, Any],
) -> _Found:
    """The translation of each different segment; those with markup come with an alignment."""
    marked = {segment.text for segment in document.segments if segment.has_markup}
    texts = dict.fromkeys(segment.text for segment in document.segments)
    found = _Found({})
    for is_marked in (False, True):
        wanted = [text for text in texts if (text in marked) is is_marked]
        align = is_marked and translator.attends
        if memory is not None:
            found.known |= memory.find(wanted, aligned=align)
        missing = [text for text in wanted if text not in found.known]
        found.remembered += len(wanted) - len(missing)
        found.translated += len(missing)

        progress(len(found.known), len(texts))

        lines = iter(translator.predict(missing, align=align, **settings)) if missing else iter(())
        while some := list(islice(lines, _KEPT_AT_ONCE)):
            pairs = [(line.source, _best(line)) for line in some]
            found.known.update(pairs)
            if memory is not None:
                memory.keep(pairs)
            progress(len(found.known), len(texts))
    return found


def _best(line: TranslatedLine) -> Translated:
    alignment = line.alignments[0] if line.alignments is not None else None
    text = line.best.text
    if text.endswith(".") and not _ENDED.search(line.source):
        text = text.removesuffix(".")  # which models add to headings and cells
    return Translated(text, alignment, line.unplaced_terms)
