"""The texts of a language model as ids, made once and kept in the cache.

Three kinds of entries: "lines" (the text that was read and cut apart), "tokenizers" that were
trained on it, and "ids". A second run reads none of the text but to see that it is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..data import digest
from ..data.cache import Facts
from ..data.files import shown
from ..data.seen import FILE as SEEN
from ..data.seen import SeenTexts
from ..data.stored import (
    HeldFile,
    StoredTexts,
    TextWriter,
    stored_ids,
)
from ..data.windows import Ids
from ..errors import ConfigError, DataError
from ..prepared import encoded, opened, trained_tokenizer
from ..progress import doing
from ..recipes import corpora
from ..text.normalize import Normalizer
from ..text.tokenizer import TextConfig, Tokenizer
from ..text.vocab import EOS
from .texts import LanguageData, cut_off, lines_before_cut, read_lines_of

_BLOCK = 50_000  # lines that are written at once


class Streams(NamedTuple):
    """Training and validation text, each one stream of ids as `stream.encode` makes it."""

    train: Ids  # (1 + T,)
    valid: Ids
    unknown: Sequence[float]  # the share of `<unk>` in each


class PreparedText:
    """What a run trains, validates and tests on, in files of the cache."""

    def __init__(self, data: LanguageData, normalize: Sequence[str] = ()) -> None:
        """Reads the text, unless that was done before.

        `normalize` names the steps that joined text passes before shares are cut off it. Raises
        `ConfigError` and `DataError`.
        """
        if not data.train:
            raise ConfigError("[data]: no training text: set data.train to a list of files")

        self._data = data
        self._normalizer = Normalizer(normalize)
        located = partial(corpora("language-modelling").locate, data.corpus)
        self._train, self._valid, self._test = map(located, (data.train, data.valid, data.test))

        every = [*self._train, *self._valid, *self._test]
        self.cache, self._files, content = opened(every)
        key = {"content": content, **self._settings()}
        self.about = ", ".join(path.name for path in every)
        self._entry = self.cache.entry("lines", key, self._write, about=self.about)

        folder = self._entry.folder
        self.train, self.valid, self.test = (StoredTexts(folder, part) for part in _PARTS)
        self._seen = None if data.lines == "join" else HeldFile(folder / SEEN)

    def __repr__(self) -> str:
        return f"<PreparedText: {len(self.train):,} + {len(self.valid):,} lines>"

    @property
    def digests(self) -> dict[str, str]:
        """Of the training and the validation text, by what they are called."""
        digests: dict[str, str] = self._entry.facts["digests"]
        return digests

    def save_seen(self, folder: Path) -> None:
        """Write into `folder` what an evaluation compares its test text with, if it has lines."""
        if self._seen is not None:
            self._seen.copy(folder / SEEN)

    def tokenizer(self, config: TextConfig) -> Tokenizer:
        """A tokenizer trained on this text, unless it was before."""
        return trained_tokenizer(self.cache, self._entry, self.train, config)

    def ids(self, tokenizer: Tokenizer) -> Streams:
        """Training and validation text as ids, mapped into memory."""
        texts: dict[str, Sequence[str]] = {"train": self.train, "valid": self.valid}
        entry = encoded(self.cache, self._entry, texts, tokenizer, first=[EOS])
        streams = [stored_ids(entry.folder, part, len(tokenizer.vocab))[0] for part in texts]

        counts: dict[str, int] = entry.facts["unknown"]
        shares = [counts[part] / len(ids) for part, ids in zip(texts, streams, strict=True)]
        return Streams(streams[0], streams[1], shares)

    def _settings(self) -> dict[str, object]:
        """The settings that the text depends on."""
        data = self._data
        return {
            "files": [len(files) for files in (self._train, self._valid, self._test)],
            "column": data.column,
            "unique": data.unique,
            "joined": self._normalizer.steps if data.lines == "join" else None,
            "test_share": data.test_share,
            "valid_share": 0 if data.valid else data.valid_share,
        }

    def _write(self, folder: Path) -> Facts:
        """Fill the entry "lines"."""
        with doing("reading and checking text"):
            lengths = _write_lines(folder, "read", self._lines(self._train))
            self._cut_apart(folder, lengths)
            for part, files in (("valid", self._valid), ("test", self._test)):
                if files:
                    _write_lines(folder, part, self._lines(files))
            self._files.check()
            return self._facts(folder)

    def _lines(self, files: Sequence[Path]) -> Iterator[str]:
        return read_lines_of(self._data, files, self._normalizer)

    def _cut_apart(self, folder: Path, lengths: Ids) -> None:
        """Divide what was read into training, validation and test text: in this order it stands.

        `lengths` are those of the lines, in characters, line breaks included.
        """
        data = self._data
        read = StoredTexts(folder, "read")
        valid_share = 0 if data.valid else data.valid_share
        before_test = lines_before_cut(lengths, data.test_share)
        before_valid = lines_before_cut(lengths[:before_test], valid_share)

        if min(before_test, before_valid) > 1:
            sizes = before_valid, before_test - before_valid, len(read) - before_test
            rest = iter(read)
            parts: list[Iterable[str]] = [islice(rest, size) for size in sizes]
        else:  # perhaps within a line
            others, test = cut_off(list(read), data.test_share)
            parts = [*cut_off(others, valid_share), test]

        for part, lines in zip(_PARTS, parts, strict=True):
            _write_lines(folder, part, lines)
        for path in list(folder.glob("read.*")):
            path.unlink()

    def _facts(self, folder: Path) -> Facts:
        """What a run wants to know of its text, without reading all of it again."""
        train, valid = (StoredTexts(folder, part) for part in _PARTS[:2])
        _check_not_empty(train, "training", self._data.train)
        _check_not_empty(valid, "validation", self._data.valid or self._data.train)

        if self._data.lines != "join":
            SeenTexts.of(lines=train).save(folder)
        digests = {
            "training text": digest.of_lines(train),
            "validation text": digest.of_lines(valid),
        }
        return {"digests": digests}


_PARTS = ("train", "valid", "test")


def _write_lines(folder: Path, part: str, lines: Iterable[str]) -> Ids:
    """Write lines; returns how long each is in characters, its line break included."""
    rest = iter(lines)
    lengths = [np.zeros(0, np.int32)]
    with TextWriter(folder, part) as writer:
        while block := list(islice(rest, _BLOCK)):
            writer.add(block)
            lengths.append(np.fromiter(map(len, block), np.int32, len(block)) + 1)
    return np.concatenate(lengths)


def _check_not_empty(lines: Iterable[str], name: str, files: Sequence[str]) -> None:
    if not any(lines):
        raise DataError(f"{', '.join(map(shown, files))}: the {name} text is empty")
