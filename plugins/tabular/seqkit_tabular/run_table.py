"""The rows of a run: which it trains on, which it validates on, as encoded features.

Shapes: N rows of a table, B rows of a batch, D features.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from seqkit.config import RunConfig
from seqkit.data.seen import SeenTexts
from seqkit.data.splits import split
from seqkit.errors import ConfigError

from .columns import Columns, choose_columns, said
from .data_config import TableData, located
from .encoding import Encoded, Encoding
from .leaks import copies_of_target
from .metadata import TableMetadata
from .reading import Table, read_table

ROWS = "rows"  # what `SeenTexts` calls them
_NAMED = 4  # columns that a line names


@dataclass(frozen=True)
class Prepared:
    """A batch as the model and the loss take it."""

    features: Tensor  # (B, D)
    targets: Tensor  # (B,): scaled numbers, or classes


@dataclass(frozen=True)
class TableBatch:
    """Rows of a table; `to` spreads their features out on the device."""

    rows: Encoded
    targets: Tensor  # (B,)
    encoding: Encoding

    @property
    def count(self) -> int:
        return len(self.targets)

    def to(self, device: torch.device) -> Prepared:
        moved = Encoded(self.rows.numbers.to(device), self.rows.codes.to(device))
        return Prepared(self.encoding.spread(moved), self.targets.to(device))


class Opened(NamedTuple):
    """The tables of a run as they stand."""

    table: Table
    valid: Table | None  # None if the validation rows are in `table`
    target: str  # the column to predict


def open_tables(data: TableData, task: str) -> Opened:
    """Read the training table, and that for validation if it is apart.

    Raises `ConfigError` if none is named, and `DataError` if one cannot be read or lacks the
    target.
    """
    if not data.train:
        raise ConfigError("data.train: give a table to train on, a CSV or Parquet file (--data)")

    table = read_table(located(data, data.train, task))
    valid = read_table(located(data, data.valid, task)) if data.valid else None
    target = data.target or str(table.frame.columns[-1])
    for part in (table, valid):
        if part is not None:
            part.column(target, ", the target")
    return Opened(table, valid, target)


class RunTable:
    """The encoded rows of a run, for training and for validation."""

    def __init__(
        self,
        opened: Opened,
        data: TableData,
        labels: Tensor,
        known: TableMetadata | None = None,
    ) -> None:
        """`labels` (N,) are what the split deals evenly; with `known`, nothing is fitted anew."""
        self.table, self.valid_table, self.target = opened
        self.data = data
        self._seen: SeenTexts | None = None
        self._divide(labels)

        self.columns = Columns([], [], {}, list(known.ids) if known else [])
        if known is None:
            self.columns, self.encoding = self._fit()
        else:
            self.encoding = known.encoding

        rows = self.encoding.encode(self.table)
        self.train_rows = rows[self.train]
        if self.valid_table is None:
            self.valid_rows = rows[self.valid]
        else:
            self.valid_rows = self.encoding.encode(self.valid_table)

    def _divide(self, labels: Tensor) -> None:
        """Rows of `table` for training and for validation.

        A fold of a cross-validation is validated on, so that its curve can be drawn, and nothing
        may be chosen by it: it is scored by the last checkpoint.
        """
        parts = split(labels, self.data, valid_apart=self.valid_table is not None, unit="rows")
        self.train, self.valid = parts.train, parts.valid
        if self.data.folds:
            self.train = torch.cat([parts.valid, parts.train])
            self.valid = parts.held_out

    def _fit(self) -> tuple[Columns, Encoding]:
        rows = self.train.numpy()
        data = self.data
        copies = copies_of_target(self.table, rows, self.target, data.missing)
        kept = [name for name in self.table.frame.columns if name not in copies]
        table = Table(self.table.name, self.table.frame.select(kept), self.table.lines)

        columns = choose_columns(table, rows, self.target, data)
        columns.left_out.update(
            dict.fromkeys(copies, f"holds the same as the target, {self.target!r}")
        )
        return columns, Encoding.fit(table, rows, columns, data)

    @cached_property
    def digests(self) -> dict[str, str]:
        """By content; computed once, for every checkpoint asks for them."""
        found = {"training table": self.table.digest()}
        if self.valid_table is not None:
            found["validation table"] = self.valid_table.digest()
        return found

    # Batches

    def train_batches(
        self, targets: Tensor, seed: int, *, start: int, rank: int, world: int
    ) -> Iterator[TableBatch]:
        """A single row left over at the end is dropped: batch norm needs more than one."""
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(targets), generator=generator)
        batches = order.split(self.data.batch)
        if len(batches) > 1 and len(batches[-1]) == 1:
            batches = batches[:-1]
        return self._batches(self.train_rows, targets, batches[start + rank :: world])

    def valid_batches(self, targets: Tensor, *, rank: int, world: int) -> Iterator[TableBatch]:
        every = torch.arange(len(targets))
        return self._batches(self.valid_rows, targets, every.split(self.data.batch)[rank::world])

    def _batches(
        self, rows: Encoded, targets: Tensor, batches: Sequence[Tensor]
    ) -> Iterator[TableBatch]:
        for chosen in batches:
            yield TableBatch(rows[chosen], targets[chosen], self.encoding)

    # What is to be known of them

    def seen(self, targets: Tensor) -> SeenTexts:
        """The training rows with their targets, for evaluations that meet them again."""
        if self._seen is None:
            self._seen = SeenTexts.of(**{ROWS: self.train_rows.prints(targets)})
        return self._seen

    def describe(self, targets: Tensor, valid_targets: Tensor) -> list[str]:
        """What is left out, folded or new; rows on both sides. `targets` are of training rows."""
        lines = [
            f"{len(self.train):,} training rows, {len(valid_targets):,} for validation; "
            f"{len(self.encoding.numbers):,} columns of numbers and "
            f"{len(self.encoding.categories):,} of categories are "
            f"{len(self.encoding.features):,} features",
            *said(self.columns),
        ]
        folded = self._folded()
        if folded:
            lines.append(f"rare categories that are one, 'other' (data.rare, data.most): {folded}")
        if self.valid_table is not None:
            lines += self.encoding.notes_on(self.valid_table)

        (found,) = self.seen(targets).count(**{ROWS: self.valid_rows.prints(valid_targets)})
        if found.found:
            lines.append(
                f"{found.found:,} of {found.total:,} validation rows are training rows as well: "
                "their figures are a little too good"
            )
        return lines

    def _folded(self) -> str:
        """How many categories of each column are folded, the most first."""
        columns = [column for column in self.encoding.categories if column.folded]
        columns.sort(key=lambda column: -column.folded)
        parts = [
            f"{column.folded:,} of {column.folded + len(column.values):,} of {column.name!r}"
            for column in columns[:_NAMED]
        ]
        more = len(columns) - _NAMED
        return ", ".join(parts) + (f" and some of {more:,} more columns" if more > 0 else "")


def check_not_chosen_by_fold(config: RunConfig, data: TableData) -> None:
    """Raise `ConfigError` for settings by which the fold that is scored would decide something."""
    choosing = {
        "train.patience": config.train.patience > 0,
        "optim.decay = 'plateau'": config.optim.decay == "plateau",
        "train.average = 1": config.train.average == 1,
    }
    for name, is_on in choosing.items():
        if data.folds and is_on:
            raise ConfigError(
                f"{name} goes by the figures on the fold that is scored, which would be too good: "
                "train without it"
            )
