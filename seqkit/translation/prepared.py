"""Training and validation text of a translation task as ids, made once and kept in the cache.

Three kinds of entries: "pairs" (the text that was read, split and copied), "tokenizers" that were
trained on it, and "ids". A second run reads none of the text but to see that it is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..data import digest
from ..data.batching import Rows
from ..data.cache import Entry, Facts
from ..data.mixture import Mixture
from ..data.numbers import varied_copies
from ..data.parallel import Pair, ParallelText, Skipped
from ..data.seen import FILE as SEEN
from ..data.seen import SeenTexts, joined
from ..data.stored import (
    HeldFile,
    IdWriter,
    StoredTexts,
    blocks_of,
    stored_ids,
    write_side_by_side,
)
from ..prepared import BLOCK, IdRows, code_of, opened, saved_digest, tokenizer_key, write_rows
from ..progress import doing
from ..text.tokenizer import TextConfig, Tokenizer
from .data_config import TranslationData
from .languages import tagged
from .passthrough import translates_numbers
from .sources import Span, mixture_of, sources_of, spans_of, target_languages
from .texts import (
    EncodedPairs,
    EncodedText,
    pairs_at,
    split_off,
    training_pairs,
    validation_pairs,
    without,
)
from .tokenizers import Tokenizers, load_tokenizers, save_tokenizers, train_tokenizers

_PARTS = ("train", "valid")
_SIDES = ("source", "target")
Pairs = Iterator[Pair]


class PreparedText:
    """What a run trains and validates on, in files of the cache."""

    def __init__(self, data: TranslationData, seed: int) -> None:
        """Reads the text, unless that was done before. Raises `ConfigError` and `DataError`."""
        self._data = data
        self._seed = seed
        self.sources = sources_of(data)

        every = [path for source in self.sources for path in source.files]
        self.cache, self._files, content = opened(every)
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

    def spans(self, part: str, to: str) -> list[Span]:
        """Where the pairs of each source are in "train" or "valid"; see `spans_of`."""
        if len(self.sources) == 1:
            text = self.train if part == "train" else self.valid
            return spans_of(self.sources, [len(text)], to)
        return spans_of(self.sources, self.facts["sizes"][part], to)

    def save_seen(self, folder: Path) -> None:
        """Write into `folder` what an evaluation compares its test set with."""
        self._seen.copy(folder / SEEN)

    def tokenizers(self, config: TextConfig) -> Tokenizers:
        """Tokenizers trained on this text, unless they were before."""
        key = {"pairs": self._entry.name, **tokenizer_key(config)}
        text, languages = self.train, target_languages(self.sources)
        if len(self.sources) > 1:
            mixture = self._mixture()
            text = pairs_at(text, np.sort(mixture.epoch(0).places))
            key |= {"mixture": mixture.counts, "seed": mixture.seed, "languages": languages}
        make = partial(_train, text, config, languages)
        entry = self.cache.entry("tokenizers", key, make, about=self.about)
        return load_tokenizers(entry.folder)

    def ids(self, tokenizers: Tokenizers, to: str) -> EncodedText:
        """Training and validation text as ids, `to` being the target language of all of it."""
        code = [code_of(tokenizer.name, type(tokenizer.model)) for tokenizer in tokenizers]
        files = saved_digest(partial(save_tokenizers, tokenizers=tokenizers))
        key: dict[str, Any] = {"pairs": self._entry.name, "tokenizers": files, "code": code}
        key["counted"] = "unknown"
        spans = {part: self.spans(part, to) for part in _PARTS}
        key["to"] = [span.to for span in spans["train"]] if len(self.sources) > 1 else to
        make = partial(_encode, self.train, self.valid, spans, tokenizers)
        entry = self.cache.entry("ids", key, make, about=self.about)
        train, valid = (_pairs(entry, part, tokenizers) for part in _PARTS)
        return EncodedText(train, valid, entry.facts["unknown"])

    def _settings(self) -> dict[str, Any]:
        """The settings that the text depends on."""
        data = self._data
        first, *others = self.sources
        splits = any(source.splits for source in self.sources)
        draws = splits or data.number_copies > 0
        settings = {
            "files": [len(first.train), len(first.valid)],
            "columns": list(first.columns),
            "limit": data.limit,
            "valid_size": data.valid_size if splits else 0,
            "number_copies": data.number_copies,
            "seed": self._seed if draws else 0,
        }
        if others:
            settings["held_out"] = "of all sources"
            settings["sources"] = [
                [len(source.train), len(source.valid), *source.columns, source.splits]
                for source in self.sources
            ]
        return settings

    def _mixture(self) -> Mixture:
        """What an epoch takes of each source, if the pairs that are too long are there, too."""
        sizes = self.facts["sizes"]["train"]
        return mixture_of(self.sources, sizes, self._data.temperature, self._seed)

    def _text(self, part: str) -> ParallelText:
        return _stored(self._entry.folder, part)

    def _write(self, folder: Path) -> Facts:
        """Fill the entry "pairs"."""
        with doing("reading and checking text"):
            return self._read_and_split(folder)

    def _read_and_split(self, folder: Path) -> Facts:
        skipped = Skipped()
        read = [self._read(folder, number, skipped) for number in range(len(self.sources))]
        valid = [self._validation(folder, number, text) for number, text in enumerate(read)]
        train = self._without_held_out(read, valid)
        self._files.check()

        facts: Facts = {
            "empty": skipped.empty,
            "translates_numbers": any(map(translates_numbers, train)),
            "sizes": {"valid": _write_texts(folder, "valid", map(_pairs_of, valid))},
        }
        if len(train) == 1 and train == read and not self._data.number_copies:
            _rename(folder, "read0", "train")
            facts["sizes"]["train"] = [len(text) for text in train]
        else:
            with_copies = map(self._with_copies, train)
            facts["sizes"]["train"] = _write_texts(folder, "train", with_copies)
        _delete(folder, "read*")
        return facts | _facts_of(folder)

    def _read(self, folder: Path, number: int, skipped: Skipped) -> ParallelText:
        """The training text of a source, as it is in its files."""
        source = self.sources[number]
        pairs = training_pairs(source.train, source.columns, self._data.limit, skipped)
        _write_texts(folder, f"read{number}", [pairs])
        return _stored(folder, f"read{number}")

    def _validation(self, folder: Path, number: int, read: ParallelText) -> ParallelText:
        """The validation text of a source, from its files or from the text that was `read`."""
        source = self.sources[number]
        if source.splits:
            return split_off(read, self._data.valid_size, self._seed, name=source.name)
        if not source.valid:
            return ParallelText()
        part = f"read-valid{number}"
        _write_texts(folder, part, [validation_pairs(source.valid, source.columns)])
        return _stored(folder, part)

    def _without_held_out(
        self, read: list[ParallelText], valid: list[ParallelText]
    ) -> list[ParallelText]:
        """The training text of each source.

        What is validation text of one source is trained on in none: a sentence is often there in
        several languages. One source with files for both is left as it is.
        """
        if not any(source.splits for source in self.sources) and len(read) == 1:
            return read
        held_out = {sentence for text in valid for sentence in text.sources}
        return [
            without(text, held_out, name=source.name)
            for text, source in zip(read, self.sources, strict=True)
        ]

    def _with_copies(self, text: ParallelText) -> Pairs:
        yield from _pairs_of(text)
        if self._data.number_copies:
            yield from varied_copies(text, self._data.number_copies, self._seed)


# Text


def _write_texts(folder: Path, part: str, texts: Iterable[Pairs]) -> list[int]:
    """Write texts one after the other; returns how many pairs each has."""
    sizes: list[int] = []
    names = [f"{part}.{side}" for side in _SIDES]
    write_side_by_side(folder, names, _one_after_the_other(texts, sizes))
    return sizes


def _one_after_the_other(texts: Iterable[Pairs], sizes: list[int]) -> Pairs:
    for text in texts:
        count = 0
        for pair in text:
            yield pair
            count += 1
        sizes.append(count)


def _stored(folder: Path, part: str) -> ParallelText:
    source, target = (StoredTexts(folder, f"{part}.{side}") for side in _SIDES)
    return ParallelText(source, target)


def _pairs_of(text: ParallelText) -> Pairs:
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


def _train(text: ParallelText, config: TextConfig, languages: Sequence[str], folder: Path) -> Facts:
    with doing("training the tokenizer"):
        save_tokenizers(folder, train_tokenizers(text, config, languages))
    return {}


# Ids


class _Part(NamedTuple):
    """Some texts of one side."""

    places: slice
    to: str  # their target language


def _parts(spans: Sequence[Span]) -> Iterator[_Part]:
    for span in spans:
        first, end = span.places.start, span.places.stop
        for block in blocks_of(end - first, BLOCK):
            yield _Part(slice(first + block.start, first + block.stop), span.to)


def _encode(
    train: ParallelText,
    valid: ParallelText,
    spans: dict[str, list[Span]],
    tokenizers: Tokenizers,
    folder: Path,
) -> Facts:
    """Fill an entry "ids", by several processes."""
    unknown: dict[str, int] = {}
    for part, text in zip(_PARTS, (train, valid), strict=True):
        encoders = (
            partial(_source_rows, text.sources, tokenizers.source),
            partial(_target_rows, text.targets, tokenizers.target),
        )
        for side, encode, tokenizer in zip(_SIDES, encoders, tokenizers, strict=True):
            name = f"{part}.{side}"
            with IdWriter(folder, name) as writer, doing(f"encoding {side} text"):
                parts = _parts(spans[part])
                unknown[name] = write_rows(writer, encode, parts, len(tokenizer.vocab))
    return {"unknown": [unknown[f"train.{side}"] for side in _SIDES]}


def _source_rows(texts: Sequence[str], tokenizer: Tokenizer, part: _Part) -> IdRows:
    return tokenizer.encode_all(tagged(texts[part.places], part.to, tokenizer), eos=True)


def _target_rows(texts: Sequence[str], tokenizer: Tokenizer, part: _Part) -> IdRows:
    return tokenizer.encode_all(texts[part.places], eos=True)


def _pairs(entry: Entry, part: str, tokenizers: Tokenizers) -> EncodedPairs:
    sides: list[Rows] = []
    for side, tokenizer in zip(_SIDES, tokenizers, strict=True):
        ids = stored_ids(entry.folder, f"{part}.{side}", len(tokenizer.vocab))
        sides.append(Rows.of_arrays(*ids))
    return EncodedPairs(*sides)
