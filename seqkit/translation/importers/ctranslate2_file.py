"""The file model.bin of CTranslate2: named arrays of numbers.

Little-endian. A version; the name of the model's kind and its revision; variables, each a name, a
shape, a type and its numbers; aliases, names that stand for variables. Versions 2 to 6 are read.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError, reason

FILE = "model.bin"

_VERSIONS = range(2, 7)
_TYPES: Mapping[int, str] = {0: "<f4", 1: "|i1", 2: "<i2", 3: "<i4", 4: "<f2", 5: "<u2"}
_BFLOAT16 = 5
_BEFORE_TYPES: Mapping[int, int] = {4: 0, 1: 1, 2: 2}  # bytes of a number -> type, below version 4
_MOST = 100_000  # variables, or aliases: the largest models have some thousands
_DEEPEST = 5  # dimensions
_HEAD = 16  # bytes that tell such a file


def is_model(path: Path) -> bool:
    """Whether a file begins as these do: with a version, and a name with its length."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    if len(head) < _HEAD:
        return False
    version, length = struct.unpack_from("<IH", head)
    name = head[6 : 6 + length - 1]
    return version in _VERSIONS and length > 1 and name.isalnum()


class Variables(NamedTuple):
    """What a model.bin holds; arrays are views of the file."""

    kind: str  # such as "TransformerSpec"
    revision: int
    arrays: dict[str, NDArray[np.generic]]
    aliases: dict[str, str]  # name -> the variable that it stands for


def read_variables(path: Path) -> Variables:
    """Read the whole file; raises `DataError`, naming it, for anything that is not one."""
    try:
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else "it is empty"
        raise DataError(f"cannot read {path}: {why}") from None
    return _Reader(content, path).variables()


class _Reader:
    """Reads values one after the other, and never beyond the end."""

    def __init__(self, content: mmap.mmap, path: Path) -> None:
        self.content = content
        self.path = path
        self.place = 0

    def variables(self) -> Variables:
        version = self.number("I")
        if version not in _VERSIONS:
            raise DataError(
                f"{self.path}: not a CTranslate2 model of version 2 to 6 (it begins with {version})"
            )
        kind = self.text()
        revision = self.number("I")

        arrays: dict[str, NDArray[np.generic]] = {}
        for _ in range(self.count("variables")):
            name = self.text()
            if name in arrays:
                self.damaged(f"two variables are called {name!r}")
            arrays[name] = self.array(name, version)

        aliases: dict[str, str] = {}
        if version >= 3:
            for _ in range(self.count("aliases")):
                alias, name = self.text(), self.text()
                aliases[alias] = name

        if self.place != len(self.content):
            self.damaged(f"{len(self.content) - self.place:,} bytes are left at its end")
        self._check(aliases, arrays)
        return Variables(kind, revision, arrays, aliases)

    def _check(self, aliases: Mapping[str, str], arrays: Mapping[str, NDArray[np.generic]]) -> None:
        for alias, name in aliases.items():
            if name not in arrays or alias in arrays:
                self.damaged(f"{alias!r} stands for {name!r}, which is no variable")

    def array(self, name: str, version: int) -> NDArray[np.generic]:
        dimensions = self.number("B")
        if dimensions > _DEEPEST:
            self.damaged(f"{name!r} has {dimensions} dimensions")
        shape = [self.number("I") for _ in range(dimensions)]
        if 0 in shape:
            self.damaged(f"{name!r} has no numbers")

        code = self.number("B")
        size = self.number("I")
        if version < 4:
            code, size = _BEFORE_TYPES.get(code, -1), code * size
        if code not in _TYPES:
            self.damaged(f"{name!r} has numbers of an unknown type")

        dtype = np.dtype(_TYPES[code])
        count = 1
        for length in shape:
            count *= length
        if count * dtype.itemsize != size:
            self.damaged(f"{name!r} has {size:,} bytes for {count:,} numbers")

        start = self.advance(size)
        flat = np.frombuffer(self.content, dtype, count, offset=start)
        array: NDArray[np.generic] = flat.reshape(shape)
        return _widened(array) if code == _BFLOAT16 else array

    def count(self, what: str) -> int:
        found = self.number("I")
        if found > _MOST:
            self.damaged(f"it claims to have {found:,} {what}")
        return found

    def text(self) -> str:
        length = self.number("H")
        start = self.advance(length)
        try:
            return self.content[start : start + length].rstrip(b"\0").decode("utf-8")
        except UnicodeDecodeError:
            self.damaged("a name is not UTF-8")

    def number(self, form: str) -> int:
        size = struct.calcsize("<" + form)
        start = self.advance(size)
        (value,) = struct.unpack_from("<" + form, self.content, start)
        return int(value)

    def advance(self, size: int) -> int:
        """Where the next `size` bytes begin."""
        start = self.place
        if size > len(self.content) - start:
            self.damaged("it ends too early")
        self.place += size
        return start

    def damaged(self, why: str) -> NoReturn:
        raise DataError(f"{self.path} is damaged: {why}")


def _widened(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """bfloat16, read as 16-bit integers, as float32: its upper half."""
    wide: NDArray[np.generic] = (array.astype(np.uint32) << 16).view(np.float32)
    return wide
