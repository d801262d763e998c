"""Tagged sentences as numbers: in memory, or in mapped files of the cache."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import overload

from ...data.stored import IdWriter, StoredTexts, TextWriter, packed_ids, stored_ids
from ..numbered import Ints, Numbered, Numbers
from .reading import Sentence

_BLOCK = 10_000  # sentences that are written at once
MANY = 1 << 31  # words or tags, so that their numbers have 32 bits


class Sentences(Sequence[Sentence]):
    """Sentences, of which each different word and each different tag is kept once."""

    def __init__(self, words: Numbered, tags: Numbered) -> None:
        """Both have an item for each sentence; the tags of segmented text are none."""
        self.words = words
        self.tags = tags

    def __len__(self) -> int:
        return len(self.words)

    def __repr__(self) -> str:
        return f"<Sentences: {len(self):,}>"

    @overload
    def __getitem__(self, index: int) -> Sentence: ...
    @overload
    def __getitem__(self, index: slice) -> Sentences: ...

    def __getitem__(self, index: int | slice) -> Sentence | Sentences:
        if isinstance(index, slice):
            return Sentences(self.words[index], self.tags[index])
        return Sentence(list(self.words[index]), list(self.tags[index]))

    def __iter__(self) -> Iterator[Sentence]:
        for words, tags in zip(self.words, self.tags, strict=True):
            yield Sentence(list(words), list(tags))

    def at(self, rows: Ints) -> Sentences:
        """Those at `rows`."""
        return Sentences(self.words.at(rows), self.tags.at(rows))

    def texts(self) -> Iterator[str]:
        """The words of each, with blanks between them."""
        return map(" ".join, self.words)

    def lines(self) -> Iterator[str]:
        """One line for each with its tags, for a digest."""
        for words, tags in zip(self.words, self.tags, strict=True):
            yield " ".join([*words, *tags])


class SentenceWriter:
    """Writes sentences into files; use it in a `with`. The names of all parts are numbered alike.

    The different words are texts under the name "words".
    """

    def __init__(self, folder: Path, tags: Iterable[str] = ()) -> None:
        """`tags` are those that have the first numbers."""
        self._folder = folder
        self._words = Numbers()
        self._tags = Numbers()
        self._tags.of(tags)

    def __enter__(self) -> SentenceWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            with TextWriter(self._folder, "words") as writer:
                writer.add([*self._words.known])

    @property
    def tags(self) -> list[str]:
        """All tags so far, by their numbers."""
        return [*self._tags.known]

    def write(self, part: str, sentences: Iterable[Sentence]) -> int:
        """Write a part; returns how many sentences it has."""
        rest = iter(sentences)
        count = 0
        with ExitStack() as stack:
            words = stack.enter_context(IdWriter(self._folder, f"{part}.words"))
            tags = stack.enter_context(IdWriter(self._folder, f"{part}.tags"))
            while block := list(islice(rest, _BLOCK)):
                words.add(packed_ids([self._words.of(each.words) for each in block], MANY))
                tags.add(packed_ids([self._tags.of(each.tags) for each in block], MANY))
                count += len(block)
        return count

    def copy(self, part: str, sentences: Iterable[Sentences]) -> None:
        """Write a part of what was `written`, one after the other."""
        with ExitStack() as stack:
            words = stack.enter_context(IdWriter(self._folder, f"{part}.words"))
            tags = stack.enter_context(IdWriter(self._folder, f"{part}.tags"))
            for each in sentences:
                for writer, own in ((words, each.words), (tags, each.tags)):
                    writer.add((own.ids.tobytes(), own.lengths.tobytes()))

    def written(self, part: str) -> Sentences:
        """What was written so far, before the words are in a file."""
        return _stored(self._folder, part, [*self._words.known], self.tags)


def stored_sentences(folder: Path, parts: Sequence[str], tags: list[str]) -> list[Sentences]:
    """The parts that a `SentenceWriter` wrote, mapped into memory."""
    words = list(StoredTexts(folder, "words"))
    return [_stored(folder, part, words, tags) for part in parts]


def _stored(folder: Path, part: str, words: list[str], tags: list[str]) -> Sentences:
    return Sentences(
        Numbered(words, *stored_ids(folder, f"{part}.words", MANY)),
        Numbered(tags, *stored_ids(folder, f"{part}.tags", MANY)),
    )
