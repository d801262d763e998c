"""The structures of layers.c. Their letters and the shapes of what they point to are told there."""

from __future__ import annotations

import ctypes
from typing import ClassVar

FAILED, NO_SUCH_PLACE = -1, -2
NOTHING, PLAIN, AVX2, AVX512, VNNI, PLAIN8 = -1, 0, 1, 2, 3, 4  # sets of instructions
WIDTHS = {PLAIN: 4, AVX2: 8, AVX512: 16, VNNI: 16, PLAIN8: 4}  # floats in a vector of each
EIGHT_BITS = {VNNI, PLAIN8}  # those whose products are of integers
MOST_INPUTS = 65_536  # of a product of integers
ACTIVATIONS = {"relu": 0, "swish": 1, "gelu": 2, "gelu-tanh": 3}

_COUNT, _NUMBER, _POINTER = ctypes.c_int64, ctypes.c_float, ctypes.c_void_p


class Product(ctypes.Structure):
    """`struct product`."""

    _fields_: ClassVar = [("packed", _POINTER), ("inputs", _COUNT), ("outputs", _COUNT)]


class Norm(ctypes.Structure):
    """`struct norm`."""

    _fields_: ClassVar = [("weight", _POINTER), ("bias", _POINTER), ("eps", _NUMBER)]


class Layer(ctypes.Structure):
    """`struct layer`."""

    _fields_: ClassVar = [
        ("own", Product),
        ("own_out", Product),
        ("source", Product),
        ("source_out", Product),
        ("up", Product),
        ("down", Product),
        ("own_norm", Norm),
        ("source_norm", Norm),
        ("last_norm", Norm),
    ]


class Network(ctypes.Structure):
    """`struct network`."""

    _fields_: ClassVar = [
        ("layers", _POINTER),
        ("count", _COUNT),
        ("width", _COUNT),
        ("heads", _COUNT),
        ("head", _COUNT),
        ("hidden", _COUNT),
        ("prenorm", _COUNT),
        ("activation", _COUNT),
        ("scale", _NUMBER),
        ("norm", Norm),
        ("output", Product),
        ("instructions", _COUNT),
    ]


class Memory(ctypes.Structure):
    """`struct memory`."""

    _fields_: ClassVar = [
        ("pool", _POINTER),
        ("layer_stride", _COUNT),
        ("slots", _POINTER),
        ("group", _POINTER),
        ("first", _POINTER),
        ("length", _COUNT),
    ]


class Tokens(ctypes.Structure):
    """`struct tokens`."""

    _fields_: ClassVar = [
        ("ids", _POINTER),
        ("vectors", _POINTER),
        ("packed", Product),
        ("position", _POINTER),
        ("vocab", _COUNT),
        ("zero", _COUNT),
        ("scale", _NUMBER),
    ]


class Step(ctypes.Structure):
    """`struct step`."""

    _fields_: ClassVar = [
        ("x", _POINTER),
        ("tokens", Tokens),
        ("slots", _POINTER),
        ("slot_stride", _COUNT),
        ("own", Memory),
        ("source", Memory),
        ("y", _POINTER),
    ]
