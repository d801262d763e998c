"""The structures of training.c, which tells their letters and the shapes of what they point to."""

from __future__ import annotations

import ctypes
from typing import ClassVar

_COUNT, _NUMBER, _POINTER = ctypes.c_int64, ctypes.c_float, ctypes.c_void_p


class Loss(ctypes.Structure):
    """`struct loss`."""

    _fields_: ClassVar = [
        ("logits", _POINTER),
        ("bias", _POINTER),
        ("targets", _POINTER),
        ("rows", _COUNT),
        ("words", _COUNT),
        ("on_target", _NUMBER),
        ("of_bias", _POINTER),
        ("wide", _POINTER),
        ("log_totals", _POINTER),
        ("of_target", _POINTER),
    ]


class Attention(ctypes.Structure):
    """`struct attention`."""

    _fields_: ClassVar = [
        ("query", _POINTER),
        ("key", _POINTER),
        ("value", _POINTER),
        ("query_stride", _COUNT),
        ("memory_stride", _COUNT),
        ("real", _POINTER),
        ("causal", _COUNT),
        ("heads", _COUNT),
        ("head", _COUNT),
        ("queries", _COUNT),
        ("keys", _COUNT),
        ("start", _COUNT),
        ("end", _COUNT),
        ("scale", _NUMBER),
        ("log_totals", _POINTER),
        ("read", _POINTER),
        ("of_read", _POINTER),
        ("of_query", _POINTER),
        ("of_key", _POINTER),
        ("of_value", _POINTER),
        ("scratch", _POINTER),
    ]


class Dropout(ctypes.Structure):
    """`struct dropout`."""

    _fields_: ClassVar = [
        ("x", _POINTER),
        ("output", _POINTER),
        ("given", _POINTER),
        ("seed", ctypes.c_uint64),
        ("start", _COUNT),
        ("dropped", _COUNT),
        ("scale", _NUMBER),
        ("is_relu", _COUNT),
        ("count", _COUNT),
        ("to", _POINTER),
    ]
