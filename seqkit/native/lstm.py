"""The structure of lstm.c. Its letters and the shapes of what it points to are told there."""

from __future__ import annotations

import ctypes
from typing import ClassVar

UNITS, GATES = 16, 4

_COUNT, _POINTER = ctypes.c_int64, ctypes.c_void_p


class Lstm(ctypes.Structure):
    """`struct lstm`."""

    _fields_: ClassVar = [
        ("steps", _COUNT),
        ("batch", _COUNT),
        ("units", _COUNT),
        ("weights", _POINTER),
        ("inputs", _POINTER),
        ("biases", _POINTER),
        ("states", _POINTER),
        ("cells", _POINTER),
        ("gates", _POINTER),
        ("of_outputs", _POINTER),
        ("of_cells", _POINTER),
        ("of_gates", _POINTER),
        ("of_first", _POINTER),
    ]
