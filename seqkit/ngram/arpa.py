"""ARPA files, as KenLM and SRILM write them. Plain, or gzip if named *.gz."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from itertools import compress, islice
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from ..data.files import open_bytes, reading
from .arpa_parser import Parser
from .arpa_tables import assemble
from .model import Model
from .tables import Floats, Grams

_ZERO = b"-99"  # log10 of 0, as SRILM writes it
_LINES = 1 << 16  # written at a time


def read(path: Path) -> Model:
    """Read a file by any tool; raises `DataError` naming file and line for a damaged one."""
    with reading(path), open_bytes(path) as file:
        lines = file.read().split(b"\n")
    words, sections = Parser(path, lines).parse()
    return assemble(path, words, sections)


def write(model: Model, path: Path) -> None:
    """Write `model`, whose kind is "backoff"; raises OSError."""
    with path.open("wb") as raw:
        if path.suffix != ".gz":
            _write(model, raw)
            return
        with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6, filename="", mtime=0) as packed:
            _write(model, cast(BinaryIO, packed))


def _write(model: Model, file: BinaryIO) -> None:
    file.write(b"\\data\\\n")
    for k, level in enumerate(model.grams, 1):
        size = np.count_nonzero(_is_scored(level))
        file.write(b"ngram %d=%d\n" % (k, size))

    words = model.vocabulary.words
    texts: Sequence[bytes] = words  # of all k-grams
    for k, level in enumerate(model.grams, 1):
        if k > 1:
            texts = _longer_texts(level, words, texts)
        lines = _lines(level, texts, top=k == model.order)
        file.write(b"\n\\%d-grams:\n" % k)
        _write_lines(file, lines)

    file.write(b"\n\\end\\\n")


def _is_scored(level: Grams) -> NDArray[np.bool_]:
    """True but for blanks, which are not written. (n_k,)"""
    return ~np.isnan(level.scores)


def _longer_texts(level: Grams, words: list[bytes], shorter: Sequence[bytes]) -> list[bytes]:
    """The words of each k-gram, from those of the (k-1)-grams."""
    suffixes, first = np.divmod(level.keys, len(words))
    first_words = map(words.__getitem__, first.tolist())
    endings = map(shorter.__getitem__, suffixes.tolist())
    return list(map(b" ".join, zip(first_words, endings, strict=True)))


def _lines(level: Grams, texts: Sequence[bytes], *, top: bool) -> Iterator[bytes]:
    """A line for each k-gram with a score of its own; those at the `top` have no backoffs."""
    scores = np.minimum(level.scores, 0)
    columns = [_decimals(scores), texts]
    if not top:
        columns.append(_decimals(level.backoffs))

    lines = map(b"\t".join, zip(*columns, strict=True))
    return compress(lines, _is_scored(level).tolist())


def _write_lines(file: BinaryIO, lines: Iterator[bytes]) -> None:
    while some := list(islice(lines, _LINES)):
        file.write(b"\n".join(some) + b"\n")


def _decimals(values: Floats) -> list[bytes]:
    """The shortest decimals that give each float32 back.

    Many values repeat, so each distinct one is written out once.
    """
    distinct, index = np.unique(values, return_inverse=True)
    texts: list[bytes] = distinct.astype("S24").tolist()
    shown = [_shortest(text) for text in texts]
    return [shown[i] for i in index.tolist()]


def _shortest(text: bytes) -> bytes:
    if text in (b"-inf", b"nan"):
        return _ZERO
    if text == b"-0.0":
        return b"0"
    return text.removesuffix(b".0")
