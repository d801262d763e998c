"""ARPA files, as KenLM, SRILM, CMU's toolkit and others write them.

Packed ones are read whatever their name; *.gz is written packed.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from itertools import compress, islice
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from ..data.files import open_text, reading
from ..errors import DataError
from .arpa_parser import NO_DATA, Parser
from .arpa_tables import assemble
from .model import Model
from .recognition import HEAD, check_arpa, has_data
from .tables import NEVER, Floats, Grams

_ZERO = b"%d" % NEVER
_LINES = 1 << 16  # written at a time
_CHUNK = 1 << 22  # bytes read at a time, in which a line must end

# KenLM and Kaldi end a word at none of these but the last; Python ends it at the first two.
_ODD_SPACE = b"\v\f\0"
_STAND_INS = bytes([*range(1, 9), *range(14, 28)])  # control characters that are no white space


def read(path: Path) -> Model:
    """Read a file by any tool; raises `DataError` naming file and line for a damaged one."""
    with reading(path), open_text(path) as file:
        content = _content(path, cast(BinaryIO, file))

    hidden, shown = _stand_ins(content)
    if hidden:
        content = content.translate(hidden)

    parser = Parser(path, content.split(b"\n"), underscores=b"_" in content)
    del content
    words, sections = parser.parse()
    if shown:
        words = [word.translate(shown) for word in words]
    return assemble(path, words, sections)


def _content(path: Path, file: BinaryIO) -> bytes:
    """All bytes of a file; raises `DataError` as soon as it cannot be an ARPA file."""
    parts = [file.read(HEAD)]
    check_arpa(parts[0], str(path))
    if len(parts[0]) == HEAD and not has_data(parts[0]):
        raise DataError(f"{path}:1: {NO_DATA}")

    while part := file.read(_CHUNK):
        if b"\n" not in part and len(part) == _CHUNK:
            raise DataError(f"{path} is not an ARPA file: a line has more than {_CHUNK:,} bytes")
        parts.append(part)
    return b"".join(parts)


def _stand_ins(content: bytes) -> tuple[bytes, bytes]:
    """Tables that put characters in place of white space in words, and that undo it.

    Empty where there is none, as almost always.
    """
    if not any(_ODD_SPACE[i : i + 1] in content for i in range(len(_ODD_SPACE))):
        return b"", b""

    unused = [byte for byte in _STAND_INS if bytes([byte]) not in content]
    stand_ins = bytes([*unused, *_ODD_SPACE])[:2]
    hidden = bytes.maketrans(_ODD_SPACE, stand_ins + b" ")
    shown = bytes.maketrans(stand_ins, _ODD_SPACE[:2])
    return hidden, shown


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
