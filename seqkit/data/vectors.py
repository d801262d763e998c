"""Pretrained word vectors in the forms in which they are handed out.

GloVe's text (Pennington et al. 2014, D14-1162): a word and its numbers on each line. The text of
word2vec and of fastText's `.vec` (Mikolov et al. 2013, arXiv:1301.3781; Bojanowski et al. 2017,
Q17-1010): the same after a line with the number of words and of numbers. The binary form of
word2vec, `.bin`: that line, then each word, a blank and its numbers as float32, little-endian.

Shapes: N words, D numbers of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .files import BinaryFile, name_of, open_bytes, read_lines, reading

Floats = NDArray[np.float32]

_FASTTEXT = (793_712_314).to_bytes(4, "little")  # how fastText's own models begin
_BINARY = ".bin"
_LONGEST_WORD = 1 << 16  # bytes


@dataclass(frozen=True)
class WordVectors:
    """The vectors of the words that were asked for and found."""

    words: list[str]
    table: Floats  # (N, D)

    def __repr__(self) -> str:
        return f"<WordVectors: {len(self.words):,} words, {self.width} numbers each>"

    @property
    def width(self) -> int:
        return int(self.table.shape[1])


def read_vectors(path: Path, is_wanted: Callable[[str], bool]) -> WordVectors:
    """The vectors of the words for which `is_wanted` is true; the others take no memory.

    A file named *.bin or *.bin.gz is word2vec's binary form, any other is text, packed or not. Of a
    word that occurs twice, the first vector counts. Raises `DataError` naming file and line.
    """
    is_binary = _BINARY in path.suffixes[-2:]
    pairs = _binary(path, is_wanted) if is_binary else _text(path, is_wanted)

    found: dict[str, Floats] = {}
    for word, vector in pairs:
        found.setdefault(word, vector)
    if not found:
        raise DataError(f"{name_of(path)} has a vector for none of the words: is it this language?")

    table = np.stack(list(found.values()))
    if not np.isfinite(table).all():
        bad = next(word for word, row in found.items() if not np.isfinite(row).all())
        raise DataError(f"{name_of(path)}: the vector of {bad!r} is not finite")
    return WordVectors(list(found), table)


def _text(path: Path, is_wanted: Callable[[str], bool]) -> Iterator[tuple[str, Floats]]:
    width = 0
    for number, line in enumerate(_lines(path), 1):
        parts = line.rstrip().split(" ")
        if number == 1 and len(parts) == 2 and all(part.isdecimal() for part in parts):
            width = int(parts[1])
            continue

        width = width or len(parts) - 1
        if width < 1 or len(parts) <= width:
            raise DataError(
                f"{name_of(path)}:{number}: expected a word and {max(1, width):,} numbers"
            )
        word = " ".join(parts[:-width])  # a few words of GloVe's hold blanks
        if is_wanted(word):
            yield word, _numbers(parts[-width:], path, number)


def _lines(path: Path) -> Iterator[str]:
    try:
        yield from read_lines(path)
    except DataError as error:
        if "UTF-8" not in str(error):
            raise
        raise DataError(f"{error}. If it is word2vec's binary form, name it *{_BINARY}") from None


def _numbers(parts: list[str], path: Path, number: int) -> Floats:
    try:
        return np.array(parts, dtype=np.float32)
    except ValueError:
        raise DataError(f"{name_of(path)}:{number}: a vector holds what is no number") from None


def _binary(path: Path, is_wanted: Callable[[str], bool]) -> Iterator[tuple[str, Floats]]:
    with reading(path), open_bytes(path) as file:
        head = file.readline(100)
        if head.startswith(_FASTTEXT):
            raise DataError(
                f"{name_of(path)} is a model of fastText, not a file of vectors: use its .vec"
            )
        sizes = head.split()
        if len(sizes) != 2 or not all(size.isdigit() for size in sizes):
            raise DataError(f"{name_of(path)} does not begin with the numbers of words and columns")

        count, width = map(int, sizes)
        for done in range(count):
            word = _word(file)
            data = file.read(4 * width)
            if not word or len(data) < 4 * width:
                raise DataError(f"{name_of(path)} ends after {done:,} of {count:,} words")

            text = word.decode("utf-8", "replace")
            if is_wanted(text):
                yield text, np.frombuffer(data, "<f4").astype(np.float32)


def _word(file: BinaryFile) -> bytes:
    """The bytes up to the next blank, without the line break that some writers put before them."""
    letters: list[bytes] = []
    while len(letters) < _LONGEST_WORD:
        letter = file.read(1)
        if letter in (b" ", b""):
            break
        letters.append(letter)
    return b"".join(letters).lstrip(b"\n")
