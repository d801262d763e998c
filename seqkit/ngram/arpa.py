"""ARPA files, as KenLM and SRILM write them. Plain, or gzip if named *.gz."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from itertools import compress
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
    scored = [~np.isnan(level.scores) for level in model.grams]  # blanks are left out
    file.write(b"\\data\\\n")
    for k, mask in enumerate(scored, 1):
        file.write(b"ngram %d=%d\n" % (k, int(mask.sum())))

    words = model.vocabulary.words
    texts: Sequence[bytes] = words  # of all k-grams
    for k, (level, mask) in enumerate(zip(model.grams, scored, strict=True), 1):
        if k > 1:
            texts = _longer_texts(level, words, texts)
        file.write(b"\n\\%d-grams:\n" % k)
        _write_lines(file, _lines(level, texts, mask, top=k == model.order))
    file.write(b"\n\\end\\\n")


def _longer_texts(level: Grams, words: list[bytes], shorter: Sequence[bytes]) -> list[bytes]:
    """The words of each k-gram, from those of the (k-1)-grams."""
    suffixes, first = np.divmod(level.keys, len(words))
    pairs = zip(first.tolist(), suffixes.tolist(), strict=True)
    return [words[word] + b" " + shorter[suffix] for word, suffix in pairs]


def _lines(
    level: Grams, texts: Sequence[bytes], mask: NDArray[np.bool_], *, top: bool
) -> Iterable[bytes]:
    """A line for each k-gram that `mask` (n_k,) selects."""
    columns = [_decimals(np.minimum(level.scores, 0)), texts]
    if not top:
        columns.append(_decimals(level.backoffs))
    lines = map(b"\t".join, zip(*columns, strict=True))
    return lines if mask.all() else compress(lines, mask.tolist())


def _write_lines(file: BinaryIO, lines: Iterable[bytes]) -> None:
    lines = list(lines)
    for start in range(0, len(lines), _LINES):
        file.write(b"\n".join([*lines[start : start + _LINES], b""]))


def _decimals(values: Floats) -> list[bytes]:
    """The shortest decimals that give each float32 back.

    Many values repeat, so each distinct one is written out once.
    """
    distinct, index = np.unique(values, return_inverse=True)
    shown = [_shortest(text) for text in distinct.astype("S24").tolist()]
    return [shown[i] for i in index.tolist()]


def _shortest(text: bytes) -> bytes:
    if text in (b"-inf", b"nan"):
        return _ZERO
    if text == b"-0.0":
        return b"0"
    return text.removesuffix(b".0")
