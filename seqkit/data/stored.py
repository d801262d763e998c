"""Texts and id sequences in files: as many as the disk holds, whatever the memory.

Texts of a name are two files, their bytes one after the other and where each ends; id sequences
are all ids and the length of each.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any, Self, overload

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError

Ints = NDArray[np.int64]
AnyInts = NDArray[Any]  # of any integer type

_BLOCK = 10_000  # texts that are read or written together
_SHORT = 1 << 16  # ids below it fit into 16 bits


# Texts


class StoredTexts(Sequence[str]):
    """Texts that `TextWriter` wrote, each read when it is asked for."""

    def __init__(self, folder: Path, name: str) -> None:
        self._place = folder, name
        self._ends: Ints = mapped(folder / f"{name}.ends", np.int64)
        self._path = folder / f"{name}.text"
        self._opened = os.open(self._path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._opened)

    def __reduce__(self) -> tuple[Any, ...]:
        return StoredTexts, self._place

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            places = range(len(self))[index]
            if places.step == 1:
                return self._between(places.start, places.stop)
            return [self[place] for place in places]

        place = range(len(self))[index]  # counts from the end, and raises IndexError
        (text,) = self._between(place, place + 1)
        return text

    def __iter__(self) -> Iterator[str]:
        for first in range(0, len(self), _BLOCK):
            yield from self[first : first + _BLOCK]

    def __repr__(self) -> str:
        return f"<StoredTexts: {len(self):,} texts>"

    def _between(self, first: int, end: int) -> list[str]:
        if end <= first:
            return []

        begin = int(self._ends[first - 1]) if first else 0
        ends = (self._ends[first:end] - begin).tolist()
        block = os.pread(self._opened, ends[-1], begin)
        if len(block) < ends[-1]:
            raise DataError(f"{self._path} was cut off while it was used: run it again")

        starts = [0, *ends[:-1]]
        return [block[a:b].decode("utf-8") for a, b in zip(starts, ends, strict=True)]


class Picked(Sequence[str]):
    """Some of other texts, by their places: nothing is copied."""

    def __init__(self, texts: Sequence[str], places: Ints) -> None:
        self._texts = texts
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self._texts[place] for place in self._places[index].tolist()]
        return self._texts[int(self._places[index])]

    def __repr__(self) -> str:
        return f"<Picked: {len(self):,} of {len(self._texts):,} texts>"


class TextWriter:
    """Writes the texts of a name, block by block; use it in a `with`."""

    def __init__(self, folder: Path, name: str) -> None:
        self._content = (folder / f"{name}.text").open("wb")
        self._ends = (folder / f"{name}.ends").open("wb")
        self._total = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._content.close()
        self._ends.close()

    def add(self, texts: Sequence[str]) -> None:
        encoded = [text.encode("utf-8") for text in texts]
        sizes = np.fromiter(map(len, encoded), np.int64, len(encoded))
        self._content.write(b"".join(encoded))
        self._ends.write((self._total + np.cumsum(sizes)).tobytes())
        self._total += int(sizes.sum())


def write_texts(folder: Path, name: str, texts: Iterable[str]) -> None:
    """Write texts under a name, to be read by `StoredTexts`."""
    write_side_by_side(folder, [name], ((text,) for text in texts))


def write_side_by_side(folder: Path, names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write columns of texts, each under its name; a row has a text of each."""
    rest = iter(rows)
    with ExitStack() as stack:
        writers = [stack.enter_context(TextWriter(folder, name)) for name in names]
        while block := list(islice(rest, _BLOCK)):
            for writer, column in zip(writers, zip(*block, strict=True), strict=True):
                writer.add(column)


def blocks_of(count: int, size: int = _BLOCK) -> Iterator[slice]:
    """`count` places in slices of at most `size`."""
    for first in range(0, count, size):
        yield slice(first, min(first + size, count))


# Ids


def packed_ids(rows: Sequence[Sequence[int]], vocab: int) -> tuple[bytes, bytes]:
    """The ids of sequences, all below `vocab`, and their lengths, as they lie in files."""
    lengths = np.fromiter(map(len, rows), np.int32, len(rows))
    ids = np.fromiter((i for row in rows for i in row), id_type(vocab), int(lengths.sum()))
    return ids.tobytes(), lengths.tobytes()


class IdWriter:
    """Writes the id sequences of a name, block by block; use it in a `with`."""

    def __init__(self, folder: Path, name: str) -> None:
        self._ids = (folder / f"{name}.ids").open("wb")
        self._lengths = (folder / f"{name}.lengths").open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ids.close()
        self._lengths.close()

    def add(self, packed: tuple[bytes, bytes]) -> None:
        """Append what `packed_ids` made of some sequences."""
        ids, lengths = packed
        self._ids.write(ids)
        self._lengths.write(lengths)


def stored_ids(folder: Path, name: str, vocab: int) -> tuple[AnyInts, AnyInts]:
    """The ids, mapped into memory, and the lengths of what `IdWriter` wrote."""
    ids = mapped(folder / f"{name}.ids", id_type(vocab))
    lengths = np.fromfile(folder / f"{name}.lengths", np.int32)
    return ids, lengths


def id_type(vocab: int) -> type[np.generic]:
    """The smallest type that ids below `vocab` are stored in."""
    return np.uint16 if vocab <= _SHORT else np.int32


def mapped(path: Path, dtype: Any) -> AnyInts:
    """A file as an array, whose pages are read when they are looked at."""
    if not path.stat().st_size:
        return np.zeros(0, dtype)  # which the system does not map
    return np.memmap(path, dtype, mode="r")
