"""A document: segments to translate, and the file with their translations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .content import Content
from .segment import Segment, Translated, replaced


class Document(Protocol):
    """What every kind of document is read as."""

    @property
    def segments(self) -> list[Segment]: ...

    def write(self, translations: Sequence[Translated]) -> bytes:
        """The file with one translation for each segment, in order."""


@dataclass(frozen=True)
class TextDocument:
    """A document that is one text."""

    content: Content
    segments: list[Segment]

    def write(self, translations: Sequence[Translated]) -> bytes:
        return self.content.encoded(replaced(self.content.text, self.segments, translations))
