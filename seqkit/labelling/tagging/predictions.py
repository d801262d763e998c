"""What a tagger answers: words with their tags, or the words of a text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .schemes import Span


@dataclass(frozen=True)
class Tagged:
    """A sentence, a tag for each word."""

    words: list[str]
    tags: list[str]
    spans: list[Span] | None = None  # what the tags spell; None for plain tags
    probabilities: list[float] | None = None  # of the tags

    def record(self) -> dict[str, Any]:
        """Plain data: what `--json` prints."""
        record: dict[str, Any] = {"words": self.words, "tags": self.tags}
        if self.spans is not None:
            record["spans"] = [self._span(span) for span in self.spans]
        if self.probabilities is not None:
            record["probabilities"] = [round(share, 6) for share in self.probabilities]
        return record

    def _span(self, span: Span) -> dict[str, Any]:
        words = self.words[span.start : span.end]
        return {**span._asdict(), "words": words}

    def __str__(self) -> str:
        """word/tag word/tag …"""
        pairs = zip(self.words, self.tags, strict=True)
        return " ".join(f"{word}/{tag}" for word, tag in pairs)

    def columns(self) -> list[str]:
        """A line for each word, its tag (and the probability) in columns below each other."""
        width = max((_width(word) for word in self.words), default=0)
        tag_width = max((len(tag) for tag in self.tags), default=0)
        lines: list[str] = []
        for number, (word, tag) in enumerate(zip(self.words, self.tags, strict=True)):
            padding = " " * (width - _width(word))
            line = f"{word}{padding}  {tag}"
            if self.probabilities is not None:
                line = f"{word}{padding}  {tag:{tag_width}}  {self.probabilities[number]:.4f}"
            lines.append(line)
        return lines


@dataclass(frozen=True)
class Segmented:
    """A text and its words."""

    text: str
    words: list[str]

    @classmethod
    def of(cls, text: str, spans: Sequence[Span]) -> Segmented:
        """Cut a text at the ends of spans of its characters, blanks not counted, and at blanks."""
        ends = {span.end for span in spans}
        words: list[str] = []
        count = 0  # characters so far that are not blank
        for chunk in text.split():
            word = ""
            for character in chunk:
                word += character
                count += 1
                if count in ends:
                    words.append(word)
                    word = ""
            if word:
                words.append(word)
        return cls(text, words)

    def record(self) -> dict[str, Any]:
        """Plain data: what `--json` prints."""
        return {"text": self.text, "words": self.words}

    def __str__(self) -> str:
        """The words with blanks between them."""
        return " ".join(self.words)


def _width(text: str) -> int:
    """Columns of a terminal."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
