"""What tasks have in common that keep their text in the cache: how it is known, how it is split."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .data.cache import Cache, Entry, Facts, Sources, are_files, folder_digest
from .data.mixture import Mixture
from .data.pool import map_in_order
from .data.records import holds_records
from .data.stored import IdWriter, Picked, blocks_of, packed_ids
from .plugins import components
from .progress import doing
from .text.normalize import Normalizer
from .text.tokenizer import TextConfig, Tokenizer
from .text.vocab import UNK
from .tokenizers import load_tokenizer, save_tokenizer, train_tokenizer

Part = TypeVar("Part")  # of a text, as what encodes it takes it
IdRows = Sequence[Sequence[int]]

BLOCK = 50_000  # lines that a process encodes at once
_SEVERAL = -1  # in place of the number of one source


def opened(files: list[Path]) -> tuple[Cache, Sources, list[str]]:
    """The cache, the files, and what tells their content from any other."""
    if are_files(files):
        sources = Sources(files)
        read = zip(sources.digests, files, strict=True)
        return Cache.of_user(), sources, [_content(*each) for each in read]

    cache = Cache.temporary("some of it comes from a pipe, which can be read only once")
    return cache, Sources([]), [uuid.uuid4().hex]


def _content(digest: str, path: Path) -> str:
    """The same bytes are read as lines, or as the records that the name of their file speaks of."""
    return f"{digest} in records" if holds_records(path) else digest


# Tokenizers


def trained_tokenizer(
    cache: Cache,
    text: Entry,
    lines: Sequence[str],
    config: TextConfig,
    mixture: Mixture | None = None,
) -> Tokenizer:
    """A tokenizer trained on the lines of an entry, unless it was before.

    It learns from several sources as they are mixed.
    """
    key = {"lines": text.name, **tokenizer_key(config)}
    if mixture:
        lines = Picked(lines, np.sort(mixture.epoch(0).places))
        key |= {"mixture": mixture.counts, "seed": mixture.seed}
    make = partial(_train, lines, config)
    entry = cache.entry("tokenizers", key, make, about=text.about)
    return load_tokenizer(entry.folder)


def tokenizer_key(config: TextConfig) -> dict[str, Any]:
    """What tells tokenizers trained by these settings from others, beside their text."""
    settings = asdict(config) | {"subword_regularization": 0}  # which changes no tokenizer
    kind = components().tokenizers.load(config.tokenizer)
    return {"text": settings, "code": code_of(config.tokenizer, kind)}


def _train(lines: Sequence[str], config: TextConfig, folder: Path) -> Facts:
    with doing("training the tokenizer"):
        save_tokenizer(folder, train_tokenizer(lines, config))
    return {}


def encoded(
    cache: Cache,
    text: Entry,
    parts: dict[str, Sequence[str]],
    tokenizer: Tokenizer,
    *,
    first: Sequence[int] = (),
) -> Entry:
    """The ids of an entry's texts, each ending in `<eos>`, unless they are there from before.

    They are under the names of the parts, after the row `first`. The facts hold how many tokens of
    each part are "unknown".
    """
    code = code_of(tokenizer.name, type(tokenizer.model))
    key = {"lines": text.name, "tokenizer": saved_digest(tokenizer.save), "code": code}
    make = partial(_encode, parts, tokenizer, first)
    return cache.entry("ids", key, make, about=text.about)


def _encode(
    parts: dict[str, Sequence[str]], tokenizer: Tokenizer, first: Sequence[int], folder: Path
) -> Facts:
    """Fill an entry "ids", by several processes."""
    unknown: dict[str, int] = {}
    for part, lines in parts.items():
        encode = partial(_rows_at, lines, tokenizer)
        with IdWriter(folder, part) as writer, doing("encoding text"):
            if first:
                writer.add(packed_ids([first], len(tokenizer.vocab)))
            places = blocks_of(len(lines), BLOCK)
            unknown[part] = write_rows(writer, encode, places, len(tokenizer.vocab))
    return {"unknown": unknown}


def _rows_at(lines: Sequence[str], tokenizer: Tokenizer, places: slice) -> IdRows:
    return tokenizer.encode_all(lines[places], eos=True)


def write_rows(
    writer: IdWriter, encode: Callable[[Part], IdRows], parts: Iterable[Part], vocab: int
) -> int:
    """Write the ids of each part of a text, encoded by several processes.

    All ids are below `vocab`. Returns how many of them are unknown tokens.
    """
    unknown = 0
    for packed, of_part in map_in_order(partial(_pack, encode, vocab), parts):
        writer.add(packed)
        unknown += of_part
    return unknown


def _pack(
    encode: Callable[[Part], IdRows], vocab: int, part: Part
) -> tuple[tuple[bytes, bytes], int]:
    """What is stored of a part, and how many of its tokens are unknown."""
    rows = encode(part)
    unknown = sum(row.count(UNK) for row in rows)
    return packed_ids(rows, vocab), unknown


# Several sources


def not_held_out(
    train: Iterable[Iterable[str]], held_out: Iterable[Iterable[str]]
) -> Iterator[NDArray[np.intp]]:
    """Places of the training texts of each source that are held out of no other one.

    What a source says again and again stays as it is, as in a run that has one source, and so do
    blank texts, such as empty lines between paragraphs.
    """
    holders: dict[str, int] = {}  # the source that holds a text out, or `_SEVERAL`
    for number, texts in enumerate(held_out):
        for text in texts:
            if text.strip() and holders.setdefault(text, number) != number:
                holders[text] = _SEVERAL

    for number, texts in enumerate(train):
        is_kept = (holders.get(text, number) == number for text in texts)
        yield np.flatnonzero(np.fromiter(is_kept, bool))


# What tells one from another


def saved_digest(save: Callable[[Path], object]) -> str:
    """What tells the files that `save` writes into a folder from others, as of a tokenizer."""
    with TemporaryDirectory() as folder:
        save(Path(folder))
        return folder_digest(Path(folder))


def code_of(name: str, kind: type) -> list[str]:
    """What tells the code of the tokenizer `name` from that of yesterday.

    Its files, and the version of the plugin that it is from.
    """
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
