"""`struct search` of ctc.h, and the addresses of arrays in it."""

from __future__ import annotations

import ctypes
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

NEVER_POSSIBLE = -1  # what `seqkit_ctc_settle` says where all hypotheses have the probability 0

_COUNT, _NUMBER, _POINTER = ctypes.c_int64, ctypes.c_double, ctypes.c_void_p


class Trie(ctypes.Structure):
    """`struct trie`: its keys are those of `seqkit.search.ctc.trie.Trie`."""

    _fields_: ClassVar = [("keys", _POINTER), ("size", _COUNT), ("letters", _COUNT)]


class Search(ctypes.Structure):
    """`struct search`."""

    _fields_: ClassVar = [
        ("labels", _COUNT),
        ("ends_word", _POINTER),
        ("spelled", _POINTER),
        ("lengths", _POINTER),
        ("longest", _COUNT),
        ("letter_keys", _POINTER),
        ("words", Trie),
        ("is_word", _POINTER),
        ("penalty", _NUMBER),
        ("unknown", _NUMBER),
        ("bonus", _NUMBER),
        ("hotwords", Trie),
        ("gains", _POINTER),
        ("beam", _COUNT),
        ("loss", _NUMBER),
        ("gain", _NUMBER),
        ("numbers", _POINTER),
        ("scores", _POINTER),
        ("capacity", _COUNT),
        ("spellings", _COUNT),
        ("slots", _POINTER),
        ("mask", ctypes.c_uint64),
        ("group", _POINTER),
        ("column", _POINTER),
        ("paths", _POINTER),
        ("path_room", _COUNT),
        ("path_count", _COUNT),
        ("room", _COUNT),
        ("count", _COUNT),
        ("now", _POINTER),
        ("logs", _POINTER),
        ("next", _POINTER),
        ("next_logs", _POINTER),
        ("total", _POINTER),
        ("rank", _POINTER),
        ("sorted", _POINTER),
        ("leader", _POINTER),
        ("grown", _POINTER),
        ("grows", _POINTER),
        ("grows_log", _POINTER),
        ("candidates", _COUNT),
        ("pending", _POINTER),
    ]


class Addresses:
    """Arrays whose addresses the library has: they live as long as this."""

    def __init__(self, structure: ctypes.Structure) -> None:
        self._structure = structure
        self._arrays: dict[str, Array] = {}

    def __repr__(self) -> str:
        return f"<Addresses of {len(self._arrays)} arrays>"

    def set(self, **arrays: Array) -> None:
        """Put the addresses of C-contiguous arrays into the fields of these names."""
        for name, array in arrays.items():
            self._arrays[name] = array
            setattr(self._structure, name, address(array))

    def array_at(self, name: str) -> Array:
        """The array whose address is in a field, which the library may have exchanged."""
        wanted = getattr(self._structure, name)
        return next(array for array in self._arrays.values() if address(array) == wanted)


def address(array: Array) -> int:
    """Where the elements of an array begin; raises ValueError unless they are in order."""
    if not array.flags.c_contiguous:
        raise ValueError("the array is not contiguous")
    found: int = array.ctypes.data
    return found


def plain(array: Array, dtype: Any) -> Array:
    """An array as C reads it."""
    found: Array = np.require(array, dtype, ["C", "ALIGNED"])
    return found
