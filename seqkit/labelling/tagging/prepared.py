"""The tagged sentences of a run, made once and kept in the cache.

Three kinds of entries: "tagged" (the sentences that were read), the "vocabularies" that were
counted there, and "ids". A second run reads none of the files but to see that they are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...data import digest
from ...data.cache import Facts
from ...data.cache import Sources as Files
from ...data.mixture import Mixture
from ...data.seen import FILE as SEEN
from ...data.seen import SeenTexts
from ...data.sources import SourceFiles, Weighted, name_of_source
from ...data.stored import HeldFile
from ...errors import ConfigError, DataError
from ...prepared import not_held_out, opened, saved_digest
from ...progress import doing
from ...text.vocab import Vocab
from . import encoding, learned, schemes
from .baseline import Baseline, LongestMatch, MostFrequentTag, load_baseline
from .data_config import Layout, TaggingData, sources_of, test_files_of
from .encoded import EncodedSentences, write_encoded
from .encoding import Encoder
from .learned import as_learned, learned_schemes, pieces
from .reading import Columns, Format, Sentence, format_of, read_sentences, sentences_of
from .remarks import lengths_of, remarks
from .schemes import SchemeName
from .sentences import Sentences, SentenceWriter, stored_sentences
from .tags import TagSet

_PARTS = ("train", "valid", "test")


class Read(NamedTuple):
    """The sentences of a run as they were read."""

    train: Sentences
    valid: Sentences
    test: Sentences  # empty if the run holds none out


class Vocabularies(NamedTuple):
    """What a tagger knows of its training sentences."""

    encoder: Encoder
    tags: TagSet

    def save(self, folder: Path) -> None:
        self.encoder.save(folder)
        self.tags.save(folder)

    @classmethod
    def load(cls, folder: Path, data: TaggingData) -> Vocabularies:
        return cls(Encoder.load(folder, data), TagSet.load(folder))


class Learned(NamedTuple):
    """What a tagger learns from, as ids, and what is known of it."""

    train: EncodedSentences
    valid: EncodedSentences
    baseline: Baseline
    notes: list[str]  # what a person should know
    sizes: list[int]  # sentences of each source


class PreparedSentences:
    """What a run trains, validates and tests on, in files of the cache."""

    def __init__(self, data: TaggingData) -> None:
        """Reads the sentences, unless that was done before.

        Raises `ConfigError` and `DataError`.
        """
        if not (data.train or data.sources):
            raise ConfigError(
                "[data]: no training sentences: set data.train to a list of files, or data.sources"
            )

        self._data = data
        self.sources = sources_of(data)
        self._test = test_files_of(data)
        given = [path for source in self.sources for path in [*source.train, *source.valid]]
        files = [*given, *self._test]
        self.cache, self._files, content = opened(files)
        key = {"content": content, **self._settings()}
        about = ", ".join(path.name for path in files)
        self._entry = self.cache.entry("tagged", key, self._write, about=about)
        self._seen = HeldFile(self._entry.folder / SEEN)
        weights = [source.weight for source in self.sources]
        self.weighted = Weighted.of([source.train for source in self.sources], weights)

    def __repr__(self) -> str:
        sizes = self._entry.facts["sizes"]
        return f"<PreparedSentences: {sum(sizes):,} for training>"

    def read(self) -> Read:
        """The sentences as they were read."""
        return Read(*stored_sentences(self._entry.folder, _PARTS, self._entry.facts["tags"]))

    def save_seen(self, folder: Path) -> None:
        """Write into `folder` what an evaluation compares its test sentences with."""
        self._seen.copy(folder / SEEN)

    def mixture(self, sizes: Sequence[int], seed: int) -> Mixture | None:
        """What an epoch takes of each of several sources of so many sentences."""
        if len(sizes) < 2:
            return None
        return self.weighted.mixture(sizes, self._data.temperature, seed)

    def digests(self, mixture: Mixture | None) -> dict[str, str]:
        """Of the training and the validation sentences with their tags, and of several weights."""
        digests: dict[str, str] = self._entry.facts["digests"]
        return {**digests, **self.weighted.digests(mixture)}

    def _settings(self) -> dict[str, Any]:
        """The settings that the sentences depend on."""
        data = self._data
        return {
            "sources": [[len(source.train), len(source.valid)] for source in self.sources],
            "formats": [
                [_format_at(path, source.layout.format), *source.layout.columns]
                for source in self.sources
                for path in [*source.train, *source.valid]
            ],
            "test": [[_format_at(path, data.format), *data.columns] for path in self._test],
            "test_share": data.test_share,
            "valid_share": data.valid_share if self.sources[0].splits else 0,
        }

    # Reading

    def _write(self, folder: Path) -> Facts:
        """Fill the entry "tagged"."""
        with doing("reading and checking sentences"), SentenceWriter(folder) as writer:
            parts = [self._cut_apart(writer, number) for number in range(len(self.sources))]
            train = [part.train for part in parts]
            if len(train) > 1:
                held_out = [chain(part.valid.texts(), part.test.texts()) for part in parts]
                kept = not_held_out((own.texts() for own in train), held_out)
                train = [
                    own if len(own) == len(places) else own.at(places)
                    for own, places in zip(train, kept, strict=True)
                ]
                for source, own in zip(self.sources, train, strict=True):
                    _check_left(source, own)

            test = [part.test for part in parts]
            if self._test:
                files = _read(self._test, self._data.format, self._data.columns)
                writer.write("read-test", files)
                test = [writer.written("read-test")]
            self._files.check()

            valid = [part.valid for part in parts]
            for name, sentences in zip(_PARTS, (train, valid, test), strict=True):
                writer.copy(name, sentences)
            for path in list(folder.glob("read-*")):
                path.unlink()

            whole = [writer.written(name) for name in _PARTS]
            SeenTexts.of(sentences=whole[0].texts()).save(folder)
            digests = {
                "training sentences": digest.of_lines(whole[0].lines()),
                "validation sentences": digest.of_lines(whole[1].lines()),
            }
            return {"sizes": [*map(len, train)], "tags": writer.tags, "digests": digests}

    def _cut_apart(self, writer: SentenceWriter, number: int) -> Read:
        """The sentences of a source."""
        source = self.sources[number]
        valid_share = self._data.valid_share if source.splits else 0
        writer.write(f"read-{number}", _read(source.train, *source.layout))
        read = writer.written(f"read-{number}")
        train, valid, test = _sizes_of_parts(len(read), self._data.test_share, valid_share)
        if source.splits and not (train and valid):
            raise DataError(
                f"{name_of_source(source.train)}: {train + valid:,} sentences are too few to cut "
                f"off data.valid_share = {valid_share} for validation: set data.valid"
            )

        if not train:
            raise DataError(
                f"{name_of_source(source.train)}: {len(read):,} sentences are too few to cut off "
                f"data.test_share = {self._data.test_share}"
            )

        parts = Read(read[:train], read[train : train + valid], read[len(read) - test :])
        if not source.valid:
            return parts
        writer.write(f"read-valid{number}", _read(source.valid, *source.layout))
        return parts._replace(valid=writer.written(f"read-valid{number}"))

    # What is learned

    def vocabularies(self, known: Vocab | None = None) -> Vocabularies:
        """Those of the training sentences, with `known` in place of their words, if given."""
        data = self._data
        key = {
            "sentences": self._entry.name,
            "settings": [data.unit, data.scheme, data.features, data.min_freq, data.longest],
            "known": saved_digest(partial(_save_words, known)) if known else "",
            "code": _code(),
        }
        make = partial(self._count, known)
        entry = self.cache.entry("vocabularies", key, make, about=self._entry.about)
        return Vocabularies.load(entry.folder, data)

    def _count(self, known: Vocab | None, folder: Path) -> Facts:
        """Fill the entry "vocabularies"."""
        train, valid, _ = self.read()
        scheme, written = learned_schemes(self._data, train.tags.counts())
        with doing("counting words"):
            every = chain(train, valid)  # so that no tag is unknown in validation
            tags = TagSet.of(as_learned(every, self._data, scheme), scheme, written)
            encoder = Encoder.build(_Texts(train, self._data, scheme), self._data, known)
        Vocabularies(encoder, tags).save(folder)
        return {}

    def learned(self, vocabularies: Vocabularies) -> Learned:
        """The training and validation sentences as ids, mapped into memory.

        Raises `DataError` for a tag that the vocabularies do not have.
        """
        data = self._data
        key = {
            "sentences": self._entry.name,
            "settings": [data.unit, data.features, data.longest],
            "vocabularies": saved_digest(vocabularies.save),
            "code": _code(),
        }
        make = partial(self._encode, vocabularies)
        entry = self.cache.entry("ids", key, make, about=self._entry.about)
        train, valid = (EncodedSentences(entry.folder, part, *vocabularies) for part in _PARTS[:2])
        baseline = load_baseline(entry.folder)
        assert baseline is not None
        return Learned(train, valid, baseline, entry.facts["notes"], entry.facts["sizes"])

    def _encode(self, vocabularies: Vocabularies, folder: Path) -> Facts:
        """Fill the entry "ids"."""
        data = self._data
        encoder, tags = vocabularies
        train, valid, _ = self.read()
        with SentenceWriter(folder, tags.names) as writer:
            for name, sentences in (("train", train), ("valid", valid)):
                ready = as_learned(sentences, data, tags.scheme)
                writer.write(name, pieces(tags.checked(ready), data.longest, tags.scheme))
            written = {name: writer.written(name) for name in _PARTS[:2]}
            write_encoded(folder, written, encoder)

        counted = MostFrequentTag if data.unit == "words" else LongestMatch
        counted.of(train).save(folder)
        lengths = lengths_of(train, data.unit)
        notes = remarks(train, valid, tags, data)
        ends = np.cumsum(self._entry.facts["sizes"])[:-1]
        each = np.split(-(-lengths // data.longest), ends)  # pieces of long sentences
        return {"notes": notes, "sizes": [int(own.sum()) for own in each]}


def _sizes_of_parts(count: int, test_share: float, valid_share: float) -> tuple[int, int, int]:
    """Of so many sentences: how many, from the first on, are for training, validation and test."""
    rest = round(count * (1 - test_share))
    train = round(rest * (1 - valid_share))
    return train, rest - train, count - rest


def _check_left(source: SourceFiles[Layout], train: Sentences) -> None:
    if not len(train):
        raise DataError(
            f"{name_of_source(source.train)}: each training sentence is held out of another source "
            "as validation or test sentence, so that none is left: give other sentences"
        )


class _Texts:
    """The words of sentences as they are learned, as often as one asks for them."""

    def __init__(self, sentences: Sentences, data: TaggingData, scheme: SchemeName) -> None:
        self._sentences = sentences
        self._data = data
        self._scheme = scheme

    def __iter__(self) -> Iterator[list[str]]:
        ready = as_learned(self._sentences, self._data, self._scheme)
        for words, _ in pieces(ready, self._data.longest, self._scheme):
            yield words


def _read(paths: Sequence[Path], form: Format, columns: Columns) -> Iterator[Sentence]:
    for path in paths:
        yield from sentences_of(path, form, columns)


def _format_at(path: Path, form: Format) -> Format:
    return format_of(path) if form == "auto" else form


def _save_words(known: Vocab, folder: Path) -> None:
    known.save(folder / "words.tsv")


def _code() -> list[str]:
    """What tells the code that makes ids of words from that of yesterday."""
    modules = (encoding, learned, schemes)
    return Files([Path(str(module.__file__)) for module in modules]).digests


def read_test(data: TaggingData) -> Sequence[Sentence]:
    """The test sentences of a run; raises `ConfigError` if there are none."""
    if data.test:
        return read_sentences(test_files_of(data), data.format, data.columns)
    if data.test_share:
        return PreparedSentences(data).read().test
    raise ConfigError(
        "this run has no test sentences: it was trained without data.test and data.test_share. "
        "Name a file to measure"
    )
