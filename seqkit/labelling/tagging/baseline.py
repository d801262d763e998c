"""What counting reaches: the most frequent tag of each word; for segmentation, longest match.

Kept beside the weights, so that every evaluation can show it. The words of the training text are
kept in the same file: those that are not among them are the unknown ones (OOV) of a test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from ...data.files import reading
from ...errors import DataError
from ...parsing import NoPlainData, json_of, to_json
from .learned import spans_of_words
from .reading import Sentence
from .schemes import SchemeName, convert, tags_of

_FILE = "baseline.json"


class Baseline(Protocol):
    """Tags by counting."""

    @property
    def name(self) -> str:
        """What it is called in reports."""

    @property
    def words(self) -> frozenset[str]:
        """Of the training text."""

    def tag(self, words: Sequence[str], scheme: SchemeName) -> list[str]:
        """The tags of a sentence in a scheme: of words, for segmentation of characters."""

    def save(self, folder: Path) -> None:
        """Write the file into an existing `folder`."""


@dataclass(frozen=True)
class MostFrequentTag:
    """Each word gets the tag that it has most often, an unknown one that of most words."""

    tags: dict[str, str]
    default: str
    name: str = "most frequent tag"

    @classmethod
    def of(cls, sentences: Sequence[Sentence]) -> MostFrequentTag:
        """Of equally frequent tags, the first in alphabetical order."""
        counts: dict[str, Counter[str]] = {}
        every: Counter[str] = Counter()
        for words, tags in sentences:
            every.update(tags)
            for word, tag in zip(words, tags, strict=True):
                counts.setdefault(word, Counter())[tag] += 1
        usual = {word: _most_frequent(of_word) for word, of_word in counts.items()}
        return cls(usual, _most_frequent(every))

    @property
    def words(self) -> frozenset[str]:
        return frozenset(self.tags)

    def tag(self, words: Sequence[str], scheme: SchemeName) -> list[str]:
        """A sequence that the scheme does not allow is mended as `conlleval` reads it."""
        found = [self.tags.get(word, self.default) for word in words]
        return convert(found, scheme)

    def save(self, folder: Path) -> None:
        _write(folder, {"default": self.default, "tags": self.tags})


def _most_frequent(counts: Counter[str]) -> str:
    best = max(counts.values())
    return min(tag for tag, count in counts.items() if count == best)


@dataclass(frozen=True)
class LongestMatch:
    """From left to right, the longest word of the training text; else a single character."""

    words: frozenset[str]
    name: str = "longest match"

    @classmethod
    def of(cls, sentences: Sequence[Sentence]) -> LongestMatch:
        return cls(frozenset(word for words, _ in sentences for word in words))

    def split(self, text: str) -> list[str]:
        """The words of a text without blanks."""
        found: list[str] = []
        start = 0
        while start < len(text):
            end = min(len(text), start + self._longest)
            while end > start + 1 and text[start:end] not in self.words:
                end -= 1
            found.append(text[start:end])
            start = end
        return found

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self.words), default=1)

    def tag(self, words: Sequence[str], scheme: SchemeName) -> list[str]:
        spans = spans_of_words(self.split("".join(words)))
        return tags_of(spans, len(words), scheme)

    def save(self, folder: Path) -> None:
        _write(folder, {"words": sorted(self.words)})


def _write(folder: Path, values: dict[str, Any]) -> None:
    (folder / _FILE).write_text(to_json(values) + "\n", encoding="utf-8", newline="\n")


def load_baseline(folder: Path) -> Baseline | None:
    """Read what `save` wrote; None where there is no such file. Raises `DataError`."""
    path = folder / _FILE
    if not path.exists():
        return None

    with reading(path):
        content = path.read_bytes()
    try:
        values = json_of(content)
        if "words" in values:
            return LongestMatch(frozenset(values["words"]))
        return MostFrequentTag(dict(values["tags"]), str(values["default"]))
    except (NoPlainData, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path} is damaged ({error}): delete it, and evaluations have no baseline"
        ) from None
