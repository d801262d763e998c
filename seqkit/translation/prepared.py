"""Training and validation text of a translation task as ids, made once and kept in the cache.

Three kinds of entries: "pairs" (the text that was read, split and copied), "tokenizers" that were
trained on it, and "ids". A second run reads none of the text but to see that it is the same.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from ..data import digest
from ..data.batching import Rows
from ..data.cache import Cache, Entry, Facts, Sources, are_files, folder_digest
from ..data.numbers import varied_copies
from ..data.parallel import Pair, ParallelText, Skipped
from ..data.pool import map_in_order
from ..data.seen import FILE as SEEN
from ..data.seen import SeenTexts, joined
from ..data.stored import (
    HeldFile,
    IdWriter,
    StoredTexts,
    blocks_of,
    packed_ids,
    stored_ids,
    write_side_by_side,
)
from ..plugins import components
from ..progress import doing
from ..recipes import corpora
from ..text.normalize import Normalizer
from ..text.tokenizer import TextConfig, Tokenizer
from .data_config import TranslationData
from .languages import tagged
from .passthrough import translates_numbers
from .texts import EncodedPairs, split_off, training_pairs, validation_pairs
from .tokenizers import Tokenizers, load_tokenizers, save_tokenizers, train_tokenizers

_BLOCK = 50_000  # texts that a process encodes at once
_PARTS = ("train", "valid")
_SIDES = ("source", "target")


class PreparedText:
    """What a run trains and validates on, in files of the cache."""

    def __init__(self, data: TranslationData, seed: int) -> None:
        """Reads the text, unless that was done before. Raises `ConfigError` and `DataError`."""
        located = corpora("translation").locate
        self._data = data
        self._seed = seed
        self._files = located(data.corpus, data.train), located(data.corpus, data.valid)

        every = [*self._files[0], *self._files[1]]
        self.cache, self._sources, content = _opened(every)
        self._key = {"content": content, **self._settings()}
        self.about = ", ".join(path.name for path in every)
        self._entry = self.cache.entry("pairs", self._key, self._write, about=self.about)
        self._seen = HeldFile(self._entry.folder / SEEN)

        self.train = self._text("train")
        self.valid = self._text("valid")
        self.train.skipped.empty = self.facts["empty"]

    def __repr__(self) -> str:
        return f"<PreparedText: {len(self.train):,} + {len(self.valid):,} pairs>"

    @property
    def facts(self) -> Facts:
        return self._entry.facts

    def save_seen(self, folder: Path) -> None:
        """Write into `folder` what an evaluation compares its test set with."""
        self._seen.copy(folder / SEEN)

    def tokenizers(self, config: TextConfig) -> Tokenizers:
        """Tokenizers trained on this text, unless they were before."""
        settings = asdict(config) | {"subword_regularization": 0}  # which changes no tokenizer
        kind = components().tokenizers.load(config.tokenizer)
        code = _code_of(config.tokenizer, kind)
        key = {"pairs": self._entry.name, "text": settings, "code": code}
        make = partial(_train, self.train, config)
        entry = self.cache.entry("tokenizers", key, make, about=self.about)
        return load_tokenizers(entry.folder)

    def ids(self, tokenizers: Tokenizers, to: str) -> tuple[EncodedPairs, EncodedPairs]:
        """Training and validation text as ids, `to` being the target language of all of it."""
        code = [_code_of(tokenizer.name, type(tokenizer.model)) for tokenizer in tokenizers]
        files = _digest_of(tokenizers)
        key = {"pairs": self._entry.name, "tokenizers": files, "code": code, "to": to}
        make = partial(_encode, self.train, self.valid, tokenizers, to)
        entry = self.cache.entry("ids", key, make, about=self.about)
        train, valid = (_pairs(entry, part, tokenizers) for part in _PARTS)
        return train, valid

    def _settings(self) -> dict[str, Any]:
        """The settings that the text depends on."""
        data = self._data
        splits = not data.valid
        draws = splits or data.number_copies > 0
        return {
            "files": [len(files) for files in self._files],
            "columns": data.columns,
            "limit": data.limit,
            "valid_size": data.valid_size if splits else 0,
            "number_copies": data.number_copies,
            "seed": self._seed if draws else 0,
        }

    def _text(self, part: str) -> ParallelText:
        return _stored(self._entry.folder, part)

    def _write(self, folder: Path) -> Facts:
        """Fill the entry "pairs"."""
        with doing("reading and checking text"):
            return self._read_and_split(folder)

    def _read_and_split(self, folder: Path) -> Facts:
        data, skipped = self._data, Skipped()
        columns = data.columns[0], data.columns[1]
        pairs = training_pairs(self._files[0], columns, data.limit, skipped)
        _write_pairs(folder, "read", pairs)
        train = _stored(folder, "read")

        if data.valid:
            valid_pairs = validation_pairs(self._files[1], columns)
            _write_pairs(folder, "valid", valid_pairs)
        else:
            train, valid = split_off(train, data.valid_size, self._seed)
            _write_pairs(folder, "valid", _pairs_of(valid))
        self._sources.check()

        facts = {"empty": skipped.empty, "translates_numbers": translates_numbers(train)}
        if data.valid and not data.number_copies:
            _rename(folder, "read", "train")
        else:
            _write_pairs(folder, "train", self._with_copies(train))
            _delete(folder, "read")
        return facts | _facts_of(folder)

    def _with_copies(self, text: ParallelText) -> Iterator[Pair]:
        yield from _pairs_of(text)
        if self._data.number_copies:
            yield from varied_copies(text, self._data.number_copies, self._seed)


def _opened(files: list[Path]) -> tuple[Cache, Sources, list[str]]:
    """The cache, the files, and what tells their content from any other."""
    if are_files(files):
        sources = Sources(files)
        return Cache.of_user(), sources, sources.digests

    cache = Cache.temporary("some of it comes from a pipe, which can be read only once")
    return cache, Sources([]), [uuid.uuid4().hex]


# Text


def _write_pairs(folder: Path, part: str, pairs: Iterator[Pair]) -> None:
    write_side_by_side(folder, [f"{part}.{side}" for side in _SIDES], pairs)


def _stored(folder: Path, part: str) -> ParallelText:
    source, target = (StoredTexts(folder, f"{part}.{side}") for side in _SIDES)
    return ParallelText(source, target)


def _pairs_of(text: ParallelText) -> Iterator[Pair]:
    return zip(text.sources, text.targets, strict=True)


def _rename(folder: Path, old: str, new: str) -> None:
    for path in list(folder.glob(f"{old}.*")):
        path.rename(path.with_name(path.name.replace(old, new, 1)))


def _delete(folder: Path, part: str) -> None:
    for path in list(folder.glob(f"{part}.*")):
        path.unlink()


def _facts_of(folder: Path) -> Facts:
    """What a run wants to know of its text, without reading all of it again."""
    train, valid = (_stored(folder, part) for part in _PARTS)
    pairs = (joined(source, target) for source, target in _pairs_of(train))
    SeenTexts.of(sources=train.sources, pairs=pairs).save(folder)
    digests = {
        "training text, source side": digest.of_lines(train.sources),
        "training text, target side": digest.of_lines(train.targets),
        "validation text, source side": digest.of_lines(valid.sources),
        "validation text, target side": digest.of_lines(valid.targets),
    }
    return {"digests": digests}


# Tokenizers


def _train(text: ParallelText, config: TextConfig, folder: Path) -> Facts:
    with doing("training the tokenizer"):
        save_tokenizers(folder, train_tokenizers(text, config))
    return {}


def _digest_of(tokenizers: Tokenizers) -> str:
    """What tells tokenizers from others that split any text in another way."""
    with TemporaryDirectory() as folder:
        save_tokenizers(Path(folder), tokenizers)
        return folder_digest(Path(folder))


def _code_of(name: str, kind: type) -> list[str]:
    """What tells a tokenizer's code from that of yesterday: its files, and a plugin's version."""
    modules = [sys.modules.get(each.__module__) for each in (Tokenizer, Normalizer, kind)]
    paths = [Path(getattr(module, "__file__", None) or "") for module in modules]
    return [*Sources([path for path in paths if path.is_file()]).digests, _version_of(name)]


def _version_of(name: str) -> str:
    """The version of the distribution that brings a tokenizer; "" if it is none."""
    known = components().tokenizers
    try:
        return version(known[name].provider) if name in known else ""
    except PackageNotFoundError:
        return ""


# Ids


class _Part(NamedTuple):
    """Some texts of one side."""

    part: str
    side: int
    places: slice


def _encode(
    train: ParallelText, valid: ParallelText, tokenizers: Tokenizers, to: str, folder: Path
) -> Facts:
    """Fill an entry "ids", by several processes."""
    texts = {"train": (train.sources, train.targets), "valid": (valid.sources, valid.targets)}
    encode = partial(_encode_part, texts, tokenizers, to)
    for part, sides in texts.items():
        for side, name in enumerate(_SIDES):
            parts = (_Part(part, side, places) for places in blocks_of(len(sides[side]), _BLOCK))
            with IdWriter(folder, f"{part}.{name}") as writer, doing(f"encoding {name} text"):
                for packed in map_in_order(encode, parts):
                    writer.add(packed)
    return {}


def _encode_part(
    texts: dict[str, tuple[Sequence[str], Sequence[str]]],
    tokenizers: Tokenizers,
    to: str,
    part: _Part,
) -> tuple[bytes, bytes]:
    tokenizer: Tokenizer = tokenizers[part.side]
    lines: Sequence[str] = texts[part.part][part.side][part.places]
    if tokenizer is tokenizers.source and part.side == 0:
        lines = tagged(lines, to, tokenizer)
    return packed_ids(tokenizer.encode_all(lines, eos=True), len(tokenizer.vocab))


def _pairs(entry: Entry, part: str, tokenizers: Tokenizers) -> EncodedPairs:
    sides: list[Rows] = []
    for side, tokenizer in zip(_SIDES, tokenizers, strict=True):
        ids = stored_ids(entry.folder, f"{part}.{side}", len(tokenizer.vocab))
        sides.append(Rows.of_arrays(*ids))
    return EncodedPairs(*sides)
