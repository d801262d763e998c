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
_COPIED = 1 << 24  # bytes that are copied together
_SHORT = 1 << 16  # ids below it fit into 16 bits


# Texts


class _Texts(Sequence[str]):
    """Texts by their places, one or some: what has them says how it reads some."""

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        places = range(len(self))
        if isinstance(index, slice):
            return self._at(places[index])

        place = places[index]  # counts from the end, and raises IndexError
        (text,) = self._at(range(place, place + 1))
        return text

    def __iter__(self) -> Iterator[str]:
        for block in blocks_of(len(self)):
            yield from self[block]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self):,} texts>"

    def _at(self, places: range) -> list[str]:
        """The texts at `places`, all of which there are."""
        raise NotImplementedError


class StoredTexts(_Texts):
    """Texts that `TextWriter` wrote, each read when it is asked for."""

    def __init__(self, folder: Path, name: str) -> None:
        self._place = folder, name
        self._ends: Ints = mapped(folder / f"{name}.ends", np.int64)
        self._content = HeldFile(folder / f"{name}.text")

    def __reduce__(self) -> tuple[Any, ...]:
        return StoredTexts, self._place

    def __len__(self) -> int:
        return len(self._ends)

    def _at(self, places: range) -> list[str]:
        if places.step == 1:
            return self._between(places.start, places.stop)
        return [self[place] for place in places]

    def _between(self, first: int, end: int) -> list[str]:
        if end <= first:
            return []

        begin = int(self._ends[first - 1]) if first else 0
        ends = (self._ends[first:end] - begin).tolist()
        block = self._content.read(begin, ends[-1])
        starts = [0, *ends[:-1]]
        return [block[a:b].decode("utf-8") for a, b in zip(starts, ends, strict=True)]


class Picked(_Texts):
    """Some of other texts, by their places: nothing is copied."""

    def __init__(self, texts: Sequence[str], places: Ints) -> None:
        self._texts = texts
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        for block in blocks_of(len(self)):
            places = self._places[block]
            first, end = int(places.min()), int(places.max()) + 1
            if end - first > 2 * len(places):  # far from each other
                yield from self[block]
                continue

            near = self._texts[first:end]  # read at once
            yield from (near[place] for place in (places - first).tolist())

    def _at(self, places: range) -> list[str]:
        return [self._texts[place] for place in self._places[places].tolist()]


class HeldFile:
    """A file that is open from now on, and can be read even when it is deleted meanwhile."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._opened)

    def __repr__(self) -> str:
        return f"<HeldFile: {self._path}>"

    def read(self, begin: int, size: int) -> bytes:
        """So many bytes from there on. Raises `DataError` if there are fewer."""
        parts: list[bytes] = []
        end = begin + size
        while begin < end:
            part = os.pread(self._opened, end - begin, begin)  # at most 2 GB
            if not part:
                raise DataError(f"{self._path} was cut off while it was used: run it again")
            parts.append(part)
            begin += len(part)
        return b"".join(parts)

    def copy(self, to: Path) -> None:
        """Write all of it to a new file."""
        size = os.fstat(self._opened).st_size
        with to.open("wb") as file:
            for block in blocks_of(size, _COPIED):
                file.write(self.read(block.start, block.stop - block.start))


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

    def add(self, texts: Iterable[str]) -> int:
        """Append texts; returns how many there are."""
        count = 0
        rest = iter(texts)
        while block := list(islice(rest, _BLOCK)):
            self._add_block(block)
            count += len(block)
        return count

    def _add_block(self, texts: Sequence[str]) -> None:
        encoded = [text.encode("utf-8") for text in texts]
        sizes = np.fromiter(map(len, encoded), np.int64, len(encoded))
        self._content.write(b"".join(encoded))
        self._ends.write((self._total + np.cumsum(sizes)).tobytes())
        self._total += int(sizes.sum())


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
    return np.asarray(np.memmap(path, dtype, mode="r"))  # a plain one is indexed twice as fast
