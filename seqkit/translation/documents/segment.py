"""A stretch of a document that is translated as one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

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
class Rewritten:
    """A segment whose stretch is written in another way than `inner` would write it.

    `place` is the stretch, if it is another one than that of `inner`.
    """

    inner: Segment
    rewrite: Callable[[str], str]
    place: tuple[int, int] | None = None

    @property
    def start(self) -> int:
        return self.place[0] if self.place else self.inner.start

    @property
    def end(self) -> int:
        return self.place[1] if self.place else self.inner.end

    @property
    def text(self) -> str:
        return self.inner.text

    @property
    def has_markup(self) -> bool:
        return self.inner.has_markup

    def written(self, translation: str, alignment: Alignment | None) -> str:
        return self.rewrite(self.inner.written(translation, alignment))


@dataclass(frozen=True)
class Translated:
    """The translation of a segment; `alignment` is None where it was not asked for."""

    text: str
    alignment: Alignment | None = None
    unplaced: Sequence[str] = ()  # terms of a glossary that it lacks: "contract → Vertrag"


def replaced(text: str, segments: Sequence[Segment], translations: Sequence[Translated]) -> str:
    """`text` with each segment replaced by its translation.

    A segment whose translation is the same keeps its bytes, however it was written; where there is
    no text yet, a translation goes that is the same, too.
    """
    pieces: list[str] = []
    done = 0
    for segment, translated in zip(segments, translations, strict=True):
        if translated.text == segment.text and _has_text(text[segment.start : segment.end]):
            continue

        pieces.append(text[done : segment.start])
        pieces.append(segment.written(translated.text, translated.alignment))
        done = segment.end
    pieces.append(text[done:])
    return "".join(pieces)


def _has_text(raw: str) -> bool:
    """Whether a stretch has any, be it as `&#1103;`: `""` and `/>` of an empty target have none."""
    return any(character.isalnum() for character in raw)
