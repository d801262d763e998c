"""The texts of a language model as ids, made once and kept in the cache.

Four kinds of entries: "lines" (the text that was read and cut apart), "tokenizers" that were
trained on it, "ids", and "baselines" that were counted on these. A second run reads none of the
text but to see that it is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from ..data import digest
from ..data.cache import Entry, Facts
from ..data.mixture import Mixture
from ..data.seen import FILE as SEEN
from ..data.seen import SeenTexts
from ..data.sources import Weighted, name_of_source
from ..data.stored import HeldFile, Picked, StoredTexts, TextWriter, stored_ids
from ..data.windows import Ids
from ..errors import ConfigError, DataError
from ..prepared import encoded, not_held_out, opened, trained_tokenizer
from ..progress import doing
from ..recipes import corpora
from ..text.normalize import Normalizer
from ..text.tokenizer import TextConfig, Tokenizer
from ..text.vocab import EOS
from .baseline import Baseline, measure_baseline
from .data_config import LanguageData, sources_of
from .stream import encode
from .texts import cut_off, lines_before_cut, read_lines_of

_BLOCK = 50_000  # lines that are written at once


class Streams(NamedTuple):
    """Training and validation text, each one stream of ids as `stream.encode` makes it."""

    train: Ids  # (1 + T,)
    valid: Ids
    unknown: Sequence[float]  # the share of `<unk>` in each
    ends: Sequence[int]  # where the training text of each source ends


class PreparedText:
    """What a run trains, validates and tests on, in files of the cache."""

    def __init__(self, data: LanguageData, normalize: Sequence[str] = (), *, seed: int = 0) -> None:
        """Reads the text, unless that was done before.

        `normalize` names the steps that joined text passes before shares are cut off it, and `seed`
        draws what the tokenizer learns of several sources. Raises `ConfigError` and `DataError`.
        """
        if not (data.train or data.sources):
            raise ConfigError(
                "[data]: no training text: set data.train to a list of files, or data.sources"
            )

        self._data = data
        self._seed = seed
        self._normalizer = Normalizer(normalize)
        self.sources = sources_of(data)
        self._test = corpora("language-modelling").locate(data.corpus, data.test)
        train = [path for source in self.sources for path in source.train]
        valid = [path for source in self.sources for path in source.valid]

        every = [*train, *valid, *self._test]
        self.cache, self._files, content = opened(every)
        key = {"content": content, **self._settings()}
        self.about = ", ".join(path.name for path in every)
        self._entry = self.cache.entry("lines", key, self._write, about=self.about)

        folder = self._entry.folder
        self.train, self.valid, self.test = (StoredTexts(folder, part) for part in _PARTS)
        self._seen = None if data.lines == "join" else HeldFile(folder / SEEN)
        files = [source.train for source in self.sources]
        self.weighted = Weighted.of(files, [source.weight for source in self.sources])

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
        """A tokenizer trained on this text, unless it was before; sources are mixed by lines."""
        mixture: Mixture | None = None
        if len(self.sources) > 1:
            mixture = self.weighted.mixture(self._sizes, self._data.temperature, self._seed)
        return trained_tokenizer(self.cache, self._entry, self.train, config, mixture)

    def ids(self, tokenizer: Tokenizer) -> Streams:
        """Training and validation text as ids, mapped into memory."""
        entry = self._encoded(tokenizer)
        train, lengths = stored_ids(entry.folder, "train", len(tokenizer.vocab))
        valid, _ = stored_ids(entry.folder, "valid", len(tokenizer.vocab))

        counts: dict[str, int] = entry.facts["unknown"]
        shares = [counts["train"] / len(train), counts["valid"] / len(valid)]
        return Streams(train, valid, shares, self._ends(lengths))

    def baseline(
        self, tokenizer: Tokenizer, part: Literal["valid", "test"], order: int
    ) -> Baseline:
        """What counting the training text reaches on another, unless it was counted before."""
        ids = self._encoded(tokenizer)

        def count(folder: Path) -> Facts:
            size = len(tokenizer.vocab)
            if part == "test":
                measured = encode(tokenizer, self.test)
            else:
                measured, _ = stored_ids(ids.folder, part, size)
            train, _ = stored_ids(ids.folder, "train", size)
            return asdict(measure_baseline(train, measured, order))

        key = {"ids": ids.name, "part": part, "order": order}
        return Baseline(**self.cache.entry("baselines", key, count, about=self.about).facts)

    def _encoded(self, tokenizer: Tokenizer) -> Entry:
        texts: dict[str, Sequence[str]] = {"train": self.train, "valid": self.valid}
        return encoded(self.cache, self._entry, texts, tokenizer, first=[EOS])

    def _ends(self, lengths: Ids) -> list[int]:
        """Where each source ends, of the lengths of all lines; the first is the `<eos>` before."""
        ends: list[int] = []
        end = 1
        tokens = int(lengths[0])
        for size in self._sizes:
            tokens += int(lengths[end : end + size].sum(dtype=np.int64))
            end += size
            ends.append(tokens)
        return ends

    @property
    def _sizes(self) -> list[int]:
        """How many lines of training text each source has."""
        if len(self.sources) == 1:
            return [len(self.train)]
        sizes: list[int] = self._entry.facts["sizes"]
        return sizes

    def _settings(self) -> dict[str, object]:
        """The settings that the text depends on."""
        data = self._data
        first, *others = self.sources
        settings: dict[str, object] = {
            "files": [len(files) for files in (first.train, first.valid, self._test)],
            "column": first.layout,
            "unique": data.unique,
            "joined": self._normalizer.steps if data.lines == "join" else None,
            "test_share": data.test_share,
            "valid_share": data.valid_share if first.splits else 0,
        }
        if others:
            settings["held_out"] = "of the others"
            settings["sources"] = [
                [len(source.train), len(source.valid), source.layout] for source in self.sources
            ]
        return settings

    def _write(self, folder: Path) -> Facts:
        """Fill the entry "lines"."""
        with doing("reading and checking text"):
            cut = [self._cut_apart(folder, number) for number in range(len(self.sources))]
            train, valid, test = zip(*cut, strict=True)
            if len(train) > 1 and self._data.lines == "keep":
                held_out = [chain(*parts) for parts in zip(valid, test, strict=True)]
                kept = not_held_out(train, held_out)
                train = tuple(
                    own if len(own) == len(places) else Picked(own, places)
                    for own, places in zip(train, kept, strict=True)
                )

            sizes = _write_lines(folder, "train", train)
            _write_lines(folder, "valid", valid)
            given = self._lines(self._test, self._data.column)
            _write_lines(folder, "test", [given] if self._test else test)

            for path in list(folder.glob("read*")):
                path.unlink()
            self._files.check()
            for source, parts, size in zip(self.sources, cut, sizes, strict=True):
                _check_not_empty(len(parts[0]), "training", source.train)
                _check_left(size, source.train)
            return {"sizes": sizes} | self._facts(folder)

    def _lines(self, files: Sequence[Path], column: int | str) -> Iterator[str]:
        return read_lines_of(self._data, files, column, self._normalizer)

    def _cut_apart(self, folder: Path, number: int) -> list[Sequence[str]]:
        """The training, validation and test text of a source: in this order it stands."""
        source = self.sources[number]
        lengths = _copy_lines(folder, f"read{number}", self._lines(source.train, source.layout))
        read = StoredTexts(folder, f"read{number}")

        test_share = self._data.test_share
        valid_share = self._data.valid_share if source.splits else 0
        before_test = lines_before_cut(lengths, test_share)
        before_valid = lines_before_cut(lengths[:before_test], valid_share)
        if min(before_test, before_valid) > 1:
            ends = [0, before_valid, before_test, len(read)]
            places = [np.arange(begin, end) for begin, end in pairwise(ends)]
            parts: list[Sequence[str]] = [Picked(read, each) for each in places]
        else:  # perhaps within a line
            others, test = cut_off(list(read), test_share)
            parts = [*cut_off(others, valid_share), test]

        if source.valid:
            name = f"read-valid{number}"
            _copy_lines(folder, name, self._lines(source.valid, source.layout))
            parts[1] = StoredTexts(folder, name)
        return parts

    def _facts(self, folder: Path) -> Facts:
        """What a run wants to know of its text, without reading all of it again."""
        train, valid = (StoredTexts(folder, part) for part in _PARTS[:2])
        first = self.sources[0]
        _check_not_empty(any(train), "training", first.train)
        _check_not_empty(any(valid), "validation", first.valid or first.train)

        if self._data.lines != "join":
            SeenTexts.of(lines=train).save(folder)
        digests = {
            "training text": digest.of_lines(train),
            "validation text": digest.of_lines(valid),
        }
        return {"digests": digests}


_PARTS = ("train", "valid", "test")


def _copy_lines(folder: Path, name: str, lines: Iterable[str]) -> Ids:
    """Write lines; returns how long each is in characters, its line break included."""
    rest = iter(lines)
    lengths = [np.zeros(0, np.int32)]
    with TextWriter(folder, name) as writer:
        while block := list(islice(rest, _BLOCK)):
            writer.add(block)
            lengths.append(np.fromiter(map(len, block), np.int32, len(block)) + 1)
    return np.concatenate(lengths)


def _write_lines(folder: Path, part: str, texts: Iterable[Iterable[str]]) -> list[int]:
    """Write texts one after the other; returns how many lines each has."""
    with TextWriter(folder, part) as writer:
        return [writer.add(lines) for lines in texts]


def _check_not_empty(is_there: object, name: str, files: Sequence[Path]) -> None:
    if not is_there:
        raise DataError(f"{name_of_source(files)}: the {name} text is empty")


def _check_left(size: int, files: Sequence[Path]) -> None:
    if not size:
        raise DataError(
            f"{name_of_source(files)}: each line of the training text is validation or test text "
            "of another source, so that none is left: give other text"
        )
