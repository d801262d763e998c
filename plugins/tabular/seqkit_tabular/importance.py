"""Which columns a model relies on: permutation importance (Breiman 2001, section 10).

Shapes: N rows.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from .encoding import Encoded
from .reader import Reader

REPEATS = 5


class Importance(NamedTuple):
    """How much worse a figure gets when a column's values are dealt to other rows."""

    column: str
    increase: float  # mean over the repeats
    deviation: float  # over them

    def __str__(self) -> str:
        return f"{self.increase:12.6f} ± {self.deviation:.6f}  {self.column}"


def permutation_importance(
    reader: Reader,
    rows: Encoded,
    error: Callable[[Tensor], float],
    *,
    repeats: int = REPEATS,
    seed: int = 0,
) -> list[Importance]:
    """The importance of each column, the greatest first.

    `error` takes the model's outputs (N, O) and gives a figure that is better when it is lower. All
    features of a column move together. Columns that say the same share their importance: with one
    of them, the model can do without the other.
    """
    generator = torch.Generator().manual_seed(seed)
    before = error(reader.outputs(rows))
    shuffled = Encoded(rows.numbers.clone(), rows.codes.clone())
    original = reader.encoding.columns_of(rows)

    found: list[Importance] = []
    for name, views in reader.encoding.columns_of(shuffled).items():
        increases: list[float] = []
        for _ in range(repeats):
            order = torch.randperm(len(rows), generator=generator)
            for view, values in zip(views, original[name], strict=True):
                view.copy_(values[order])
            increases.append(error(reader.outputs(shuffled)) - before)
        for view, values in zip(views, original[name], strict=True):
            view.copy_(values)

        deviation = statistics.stdev(increases) if repeats > 1 else 0.0
        found.append(Importance(name, statistics.fmean(increases), deviation))
    return sorted(found, key=lambda importance: -importance.increase)
