"""Which examples a run trains on, which it validates on, and which it never looks at.

A fold is scored once, after training, by a checkpoint that was not chosen on it.

Shapes: N examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ..errors import DataError

_SEED = 0  # the validation examples are the same whatever the seed of a run


class Shares(Protocol):
    """The settings of [data] that decide."""

    @property
    def limit(self) -> int: ...
    @property
    def valid_share(self) -> float: ...
    @property
    def folds(self) -> int: ...
    @property
    def fold(self) -> int: ...


@dataclass(frozen=True)
class Split:
    """Rows of the training examples."""

    train: Tensor
    valid: Tensor  # none if the source keeps validation examples apart
    held_out: Tensor  # the fold of a cross-validation, else none


def check_folds(folds: int, fold: int) -> None:
    """Raise `ValueError` unless `folds` is 0, or at least 2 and `fold` one of them, from 0."""
    no_such_fold = folds > 0 and fold >= folds
    if folds == 1 or no_such_fold:
        raise ValueError(
            f"folds = {folds}, fold = {fold}: fold is 0 to folds - 1, folds at least 2"
        )


def split(
    labels: Tensor, shares: Shares, *, valid_apart: bool = False, unit: str = "images"
) -> Split:
    """Split rows (N,) with these labels.

    With `valid_apart`, there are other examples for validation; `unit` is what errors call them.
    Raises `DataError` if there are too few.
    """
    generator = torch.Generator().manual_seed(_SEED)
    order = torch.randperm(len(labels), generator=generator)
    order = order[: shares.limit or len(labels)]
    rest, held_out = _fold(order, labels, shares)

    if valid_apart:
        train, valid = rest, rest[:0]
    elif shares.folds:
        valid, train = _stratified_share(rest, labels, shares.valid_share)
    else:
        cut = _share_of(rest, shares.valid_share)
        valid = rest[:cut]
        train = rest[cut:]

    lacks_valid = not valid_apart and not len(valid)
    lacks_fold = shares.folds > 0 and not len(held_out)
    if len(train) < 2 or lacks_valid or lacks_fold:
        raise DataError(f"{len(order)} {unit} are too few to train on some and validate on others")
    return Split(train, valid, held_out)


def _fold(order: Tensor, labels: Tensor, shares: Shares) -> tuple[Tensor, Tensor]:
    """The rows of the other folds and of this one; a class is dealt to the folds like cards."""
    if not shares.folds:
        return order, order[:0]

    by_class = order[labels[order].argsort(stable=True)]
    fold_of = torch.arange(len(order)) % shares.folds
    is_held_out = fold_of == shares.fold
    return by_class[~is_held_out], by_class[is_held_out]


def _stratified_share(rows: Tensor, labels: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """A share of the rows, as evenly of every class as can be, and the others."""
    if len(rows) < 2:
        return rows[:0], rows

    count = _share_of(rows, share)
    by_class = rows[labels[rows].argsort(stable=True)]
    steps = (torch.arange(count) + 0.5) * (len(rows) / count)
    chosen = torch.zeros(len(rows), dtype=torch.bool)
    chosen[steps.long()] = True
    return by_class[chosen], by_class[~chosen]


def _share_of(rows: Tensor, share: float) -> int:
    return max(1, round(len(rows) * share))
