"""Arrays larger than memory should hold: beyond a budget they are mapped from temporary files.

The files are in TMPDIR and have no names, so that none is left however the process ends.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..errors import DataError, reason
from ..threads import cores

Array = NDArray[Any]
Item = TypeVar("Item")
Result = TypeVar("Result")

MEMORY = 1 << 30  # bytes
_STRETCH = 1 << 21  # elements of an array looked at a time


class Storage:
    """Makes arrays in memory until a sixth of `memory` bytes is used, and in files then."""

    def __init__(self, memory: int = MEMORY) -> None:
        self.memory = memory
        self._left = memory // 6

    def takes(self, size: int) -> bool:
        """Whether `size` more bytes may be in memory; if so, they count as used."""
        if size > self._left:
            return False
        self._left -= size
        return True

    def empty(self, length: int, dtype: DTypeLike) -> Array:
        """An array (length,) to be filled; raises `DataError` if the disk is full."""
        size = length * np.dtype(dtype).itemsize
        if not size or self.takes(size):
            return np.empty(length, dtype)

        with _on_disk(), tempfile.TemporaryFile() as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)  # or a full disk would kill the process
            else:
                file.truncate(size)
            return _mapped(file, dtype)

    def full(self, length: int, value: object, dtype: DTypeLike) -> Array:
        """An array (length,) of one value."""
        array = self.empty(length, dtype)
        for stretch in stretches(length):
            array[stretch] = value
        release(array)
        return array

    def __repr__(self) -> str:
        return f"<Storage: {self._left:,} bytes left in memory>"


class Growing:
    """An array that is appended to."""

    def __init__(self, storage: Storage, dtype: DTypeLike) -> None:
        self.length = 0
        self._storage = storage
        self._dtype = np.dtype(dtype)
        self._parts: list[Array] = []
        self._file: IO[bytes] | None = None

    def append(self, part: Array) -> None:
        """Raises `DataError` if the disk is full."""
        part = part.astype(self._dtype, copy=False)
        self.length += len(part)
        if self._file is None and self._storage.takes(part.nbytes):
            self._parts.append(part)
            return

        with _on_disk():
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - `finish` maps and closes it
            for each in (*self._parts, part):
                self._file.write(np.ascontiguousarray(each).data)
        self._parts = []

    def finish(self) -> Array:
        """The whole array."""
        if self._file is None:
            parts = self._parts
            return (
                parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, self._dtype), *parts])
            )

        with _on_disk(), self._file as file:
            file.flush()
            return _mapped(file, self._dtype)

    def __repr__(self) -> str:
        return f"<Growing: {self.length:,} elements>"


def _mapped(file: IO[bytes], dtype: DTypeLike) -> Array:
    return np.asarray(np.memmap(file, dtype, "r+"))  # plain arrays are faster


@contextmanager
def _on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"cannot sort on disk in {tempfile.gettempdir()}: {reason(error)}. "
            "Set TMPDIR to another folder"
        ) from None


def release(*arrays: Array) -> None:
    """Let go of the memory that mapped arrays take; their content stays in their files."""
    for array in arrays:
        base: Any = array
        while isinstance(base, np.ndarray):
            base = base.base
        if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            base.madvise(mmap.MADV_DONTNEED)


def stretches(length: int, *arrays: Array) -> Iterator[slice]:
    """Slices of so many elements, one after the other; `arrays` are released behind them."""
    for start in range(0, length, _STRETCH):
        yield slice(start, min(start + _STRETCH, length))
        release(*arrays)


def places_between(values: NDArray[np.integer[Any]], low: int, high: int) -> NDArray[np.int64]:
    """Where values are at least `low` and less than `high`. (n,) -> (m,)"""
    found = [np.empty(0, np.int64)]
    for stretch in stretches(len(values), values):
        part = values[stretch]
        inside = np.flatnonzero((part >= low) & (part < high))
        found.append(inside + stretch.start)
    return np.concatenate(found)


def on_all_cores(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """The results of `function`, in the order of `items`; NumPy's work uses all cores at once."""
    threads = min(cores(), len(items))
    if threads < 2:
        yield from map(function, items)
        return

    from concurrent.futures import ThreadPoolExecutor  # its imports take longer than a short text

    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(function, items)


def for_each(function: Callable[[Item], object], items: Sequence[Item]) -> None:
    """Call `function` with every item, on all cores."""
    for _ in on_all_cores(function, items):
        pass
