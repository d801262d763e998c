"""Tables for the first chapters of a course: made by a known rule, with a little noise.

Shapes: N rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WEIGHTS = (2.0, -3.4)  # of `linear`
BIAS = 4.2
COEFFICIENTS = (5.0, 1.2, -3.4, 5.6)  # of `polynomial`, of x^i / i!
POWERS = 20  # columns of `polynomial`


class Demo(NamedTuple):
    """How a table is made, and what is true of it."""

    make: Callable[[np.random.Generator, int, float], dict[str, Floats | list[str]]]
    noise: float  # standard deviation, unless another one is asked for
    truth: str  # what a model should find


def _linear(rng: np.random.Generator, rows: int, noise: float) -> dict[str, Floats | list[str]]:
    x = rng.normal(size=(rows, len(WEIGHTS)))
    y = x @ np.array(WEIGHTS) + BIAS + rng.normal(0, noise, rows)
    return {"x1": x[:, 0], "x2": x[:, 1], "y": y}


def _xor(rng: np.random.Generator, rows: int, noise: float) -> dict[str, Floats | list[str]]:
    corners = rng.integers(2, size=(rows, 2))
    x = 2.0 * corners - 1 + rng.normal(0, noise, (rows, 2))
    labels = np.where(corners[:, 0] != corners[:, 1], "different", "same")
    return {"x1": x[:, 0], "x2": x[:, 1], "label": labels.tolist()}


def _polynomial(rng: np.random.Generator, rows: int, noise: float) -> dict[str, Floats | list[str]]:
    x = rng.normal(size=rows)
    powers = {f"x{i}": x**i / math.factorial(i) for i in range(1, POWERS + 1)}

    y = np.full(rows, COEFFICIENTS[0]) + rng.normal(0, noise, rows)
    for coefficient, column in zip(COEFFICIENTS[1:], powers.values(), strict=False):
        y += coefficient * column
    return {**powers, "y": y}


DEMOS = {
    "linear": Demo(_linear, 0.01, "y = 2 x1 - 3.4 x2 + 4.2"),
    "xor": Demo(_xor, 0.3, "'different' where x1 and x2 have different signs: no line parts them"),
    "polynomial": Demo(
        _polynomial,
        0.1,
        "y = 5 + 1.2 x1 - 3.4 x2 + 5.6 x3, where xi is x^i / i!: x4 to x20 say nothing",
    ),
}


def table(kind: str, rows: int, noise: float | None, seed: int) -> dict[str, Floats | list[str]]:
    """The columns of a demo, each of `rows` values; the same for the same seed."""
    demo = DEMOS[kind]
    rng = np.random.default_rng(seed)
    return demo.make(rng, rows, demo.noise if noise is None else noise)
