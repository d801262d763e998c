"""The structure of best.c. The shapes of what it points to are told there."""

from __future__ import annotations

import ctypes
from typing import ClassVar

DONE = 0

_COUNT, _POINTER = ctypes.c_int64, ctypes.c_void_p


class Beams(ctypes.Structure):
    """`struct beams`."""

    _fields_: ClassVar = [
        ("logits", _POINTER),
        ("before", _POINTER),
        ("width", _COUNT),
        ("vocab", _COUNT),
        ("never", _POINTER),
        ("nevers", _COUNT),
        ("ends", _POINTER),
        ("end", _COUNT),
        ("most", _COUNT),
        ("instructions", _COUNT),
        ("logp", _POINTER),
        ("token", _POINTER),
        ("row", _POINTER),
    ]
