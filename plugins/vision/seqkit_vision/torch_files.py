"""Tensors out of a `torch.save` file without unpickling it.

Such a file is a zip archive with a pickle, which describes the tensors, and one member of raw numbers for each storage.
A pickle is a program; loading it runs it. Here its instructions are only read: those that describe a dictionary of
tensors are followed on a stack of plain data, any other one is refused. Nothing is ever imported or called.
"""

from __future__ import annotations

import pickletools
import struct
import sys
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seqkit.errors import CheckpointError, reason

_DTYPES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "BoolStorage": torch.bool,
}
_TENSOR, _PARAMETER, _DICT = (
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
    "collections OrderedDict",
)
_KNOWN = {_TENSOR, _PARAMETER, _DICT, *(f"torch {name}" for name in _DTYPES)}
_MARK = object()


class _Refused(Exception):
    """The pickle does more than describe tensors."""


_BROKEN = (  # what reading a damaged archive, or following a pickle that makes no sense, comes to
    _Refused, AttributeError, EOFError, LookupError, RuntimeError, TypeError, ValueError, struct.error, zlib.error,
)  # fmt: skip


@dataclass(frozen=True)
class _Name:
    """Something that a pickle would import."""

    name: str


@dataclass(frozen=True)
class _Storage:
    dtype: torch.dtype
    member: str


@dataclass(frozen=True)
class _Described:
    storage: _Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a state dict that `torch.save` wrote; raises `CheckpointError` for anything else."""
    try:
        with zipfile.ZipFile(path) as archive:
            pickles = [name for name in archive.namelist() if name.endswith("/data.pkl")]
            if len(pickles) != 1:
                raise _Refused("it holds no tensors of torch.save")
            root = pickles[0].removesuffix("data.pkl")
            if (
                f"{root}byteorder" in archive.namelist()
                and archive.read(f"{root}byteorder") != sys.byteorder.encode()
            ):
                raise _Refused(
                    "it comes from a machine that writes the bytes of numbers in another order"
                )
            found = _described(archive.read(pickles[0]))
            return {name: _tensor(value, archive, root) for name, value in found.items()}
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {reason(error)}") from None
    except zipfile.BadZipFile:
        raise CheckpointError(
            f"{path} is damaged or of torch before 1.6, whose files are bare pickles: they are never loaded; "
            "save its tensors with safetensors"
        ) from None
    except _BROKEN as error:
        why = " ".join(str(error).split())  # torch's may have several lines
        raise CheckpointError(
            f"{path}: {why}; only a plain state dict is read, and nothing in it is run"
        ) from None


def _tensor(value: object, archive: zipfile.ZipFile, root: str) -> Tensor:
    if not isinstance(value, _Described):
        raise _Refused("it holds something other than tensors")
    member = archive.getinfo(f"{root}data/{value.storage.member}")
    if member.compress_type != zipfile.ZIP_STORED:
        raise _Refused("it is compressed, which torch.save never does")
    data = bytearray(archive.read(member))
    dtype = value.storage.dtype
    flat = torch.frombuffer(data, dtype=dtype) if data else torch.empty(0, dtype=dtype)
    return flat.as_strided(value.size, value.stride, value.offset).clone()


def _described(program: bytes) -> Mapping[str, object]:
    """What the pickle would make: the names of tensors and how each lies in its storage."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    argument: Any
    for opcode, argument, _ in pickletools.genops(program):
        name = opcode.name
        if name in ("PROTO", "FRAME"):
            continue
        if name == "STOP":
            break
        if name in ("BINPUT", "LONG_BINPUT"):
            memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
        else:
            _follow(name, argument, stack)
    (found,) = stack
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise _Refused("it is no dictionary of tensors")
    return found


_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_LITERALS = (
    "BININT",
    "BININT1",
    "BININT2",
    "LONG1",
    "BINUNICODE",
    "SHORT_BINUNICODE",
    "BINUNICODE8",
    "BINFLOAT",
)
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def _follow(name: str, argument: Any, stack: list[Any]) -> None:
    """One instruction, on plain data."""
    if name in _CONSTANTS:
        stack.append(_CONSTANTS[name])
    elif name == "MARK":
        stack.append(_MARK)
    elif name == "EMPTY_DICT":
        stack.append({})
    elif name in _LITERALS:
        stack.append(argument)
    elif name == "GLOBAL":
        if argument not in _KNOWN:
            raise _Refused(f"its pickle asks for {argument.replace(' ', '.')!r}")
        stack.append(_Name(argument))
    elif name == "TUPLE":
        stack.append(tuple(_to_mark(stack)))
    elif name in _TUPLES:
        count = _TUPLES[name]
        stack[-count:] = [tuple(stack[-count:])]
    elif name == "SETITEM":
        value, key = stack.pop(), stack.pop()
        stack[-1][key] = value
    elif name == "SETITEMS":
        pairs = _to_mark(stack)
        stack[-1].update(zip(pairs[::2], pairs[1::2], strict=True))
    elif name == "BUILD":  # attributes of the dictionary, such as _metadata: of no use here
        stack.pop()
    elif name == "BINPERSID":
        stack[-1] = _storage(stack[-1])
    elif name == "REDUCE":
        arguments = stack.pop()
        stack[-1] = _made(stack[-1], arguments)
    else:
        raise _Refused(f"its pickle has the instruction {name}")


def _to_mark(stack: list[Any]) -> list[Any]:
    at = len(stack) - 1 - stack[::-1].index(_MARK)
    items = stack[at + 1 :]
    del stack[at:]
    return items


def _storage(described: Any) -> _Storage:
    kind, what, member, _, _ = described
    if kind != "storage" or not isinstance(what, _Name):
        raise _Refused("its pickle asks for something other than a storage")
    return _Storage(_DTYPES[what.name.removeprefix("torch ")], str(member))


def _made(what: Any, arguments: Any) -> object:
    if what == _Name(_DICT):
        return dict(arguments)
    if what == _Name(_PARAMETER):
        return arguments[0]
    if what == _Name(_TENSOR):
        storage, offset, size, stride, *_ = arguments
        if isinstance(storage, _Storage):
            return _Described(storage, offset, size, stride)
    raise _Refused("its pickle calls something other than what makes tensors")
