"""What layers are made with: a wrong name or size is told in one line, before torch trips.

Imports no torch, so that configs can be checked without it.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any, Literal

from ..errors import WrongValue, hint

Activation = Literal["relu", "swish", "gelu", "gelu-tanh"]


def check_name(what: str, given: Any, known: Iterable[str]) -> None:
    """Raise `WrongValue` with a suggestion for a name that is not among the known ones."""
    names = list(known)
    if given not in names:
        raise WrongValue(f"no {what} {given!r}.{hint(given, names)}")


def check_sizes(**sizes: Any) -> None:
    """Raise `WrongValue` naming the first that is no whole number from 1."""
    for name, size in sizes.items():
        try:
            number = operator.index(size)
        except TypeError:
            number = 0
        if number < 1:
            raise WrongValue(f"{name} = {size!r} must be a whole number from 1")


def check_rates(**rates: Any) -> None:
    """Raise `WrongValue` naming the first that is no share from 0 to 1."""
    for name, rate in rates.items():
        is_number = isinstance(rate, int | float)
        if not is_number or not 0 <= rate <= 1:
            raise WrongValue(f"{name} = {rate!r} must be a share from 0 to 1")


def check_width(width: int, heads: int) -> None:
    """Raise `WrongValue` unless the width is even, for sines and cosines, and heads divide it."""
    check_sizes(width=width, heads=heads)
    odd = width % 2
    remainder = width % heads
    if remainder or odd:
        raise WrongValue(f"width = {width} must be even and a multiple of heads = {heads}")


def check_shape(what: str, tensor: Any, wanted: tuple[int, ...]) -> None:
    """Raise `WrongValue` unless a tensor has these sizes."""
    found = tuple(tensor.shape)
    if found != wanted:
        raise WrongValue(f"{what} of sizes {found} must be of {wanted}")
