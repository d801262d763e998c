"""A stretch of a document that is translated as one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ...text.spans import has_letters
from ..explain import Alignment


class Segment(Protocol):
    """A stretch of a document, from character `start` up to `end`, and how it is written anew."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...

    @property
    def text(self) -> str:
        """What the translator reads: one line, without markup."""

    @property
    def has_markup(self) -> bool:
        """Whether `written` needs a word alignment to put markup back."""

    def written(self, translation: str, alignment: Alignment | None) -> str:
        """What replaces the stretch."""


@dataclass(frozen=True)
class Plain:
    """A segment without markup."""

    start: int
    end: int
    text: str
    write: Callable[[str], str] = str  # a translation as it stands in the file
    has_markup: bool = False

    def written(self, translation: str, alignment: Alignment | None = None) -> str:
        return self.write(translation)


@dataclass(frozen=True)
class Translated:
    """The translation of a segment; `alignment` is None where it was not asked for."""

    text: str
    alignment: Alignment | None = None


def replaced(text: str, segments: Sequence[Segment], translations: Sequence[Translated]) -> str:
    """`text` with each segment replaced by its translation.

    A segment whose translation is the same keeps its bytes, however it was written; where there is
    no text yet, a translation goes that is the same, too.
    """
    pieces: list[str] = []
    done = 0
    for segment, translated in zip(segments, translations, strict=True):
        has_text = has_letters(text[segment.start : segment.end])
        if translated.text == segment.text and has_text:
            continue

        pieces.append(text[done : segment.start])
        pieces.append(segment.written(translated.text, translated.alignment))
        done = segment.end
    pieces.append(text[done:])
    return "".join(pieces)
