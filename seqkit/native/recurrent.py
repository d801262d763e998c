"""The structure of recurrent.c. Its letters and the shapes of what it points to are told there."""

from __future__ import annotations

import ctypes
from typing import ClassVar

UNITS = 16  # of a vector
SAVED = 4  # vectors that a step saves for each vector of units

_COUNT, _POINTER = ctypes.c_int64, ctypes.c_void_p


class Layer(ctypes.Structure):
    """`struct layer`."""

    _fields_: ClassVar = [
        ("steps", _COUNT),
        ("batch", _COUNT),
        ("units", _COUNT),
        ("tiles", _COUNT),
        ("weights", _POINTER),
        ("inputs", _POINTER),
        ("biases", _POINTER),
        ("states", _POINTER),
        ("cells", _POINTER),
        ("saved", _POINTER),
        ("of_outputs", _POINTER),
        ("of_cells", _POINTER),
        ("of_gates", _POINTER),
        ("of_inputs", _POINTER),
        ("of_first", _POINTER),
    ]
