"""A trained model of tables: from cells to its outputs, and what is to be said of the rows.

Shapes: N rows, B rows of a batch, D features, O outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from seqkit.data.seen import SeenTexts
from seqkit.errors import DataError, WrongType
from seqkit.parsing import NoPlainData, json_of
from seqkit.search.soundness import check_numbers
from seqkit.text.lines import check_many

from .baselines import load_baselines
from .encoding import Encoded
from .metadata import read_metadata
from .reading import Table, of_rows
from .run_table import ROWS

_BATCH = 4096  # rows of a batch in an evaluation

Row = Mapping[str, Any] | str
"""{column: value}, or that as a line of JSON."""


class Reader:
    """The model of a checkpoint with all that belongs to its table."""

    def __init__(self, model: nn.Module, folder: Path) -> None:
        """Raises `CheckpointError` if what `save` wrote into `folder` is missing or damaged."""
        self.model = model
        self.metadata = read_metadata(folder)
        self.encoding = self.metadata.encoding
        self.baselines = load_baselines(folder, len(self.encoding.features))
        self.seen = SeenTexts.load(folder)

    @property
    def columns(self) -> list[str]:
        """The columns that the model reads."""
        numbers = [column.name for column in self.encoding.numbers]
        return numbers + [column.name for column in self.encoding.categories]

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    def outputs_of(self, table: Table) -> Tensor:
        """What the model answers to a table, on the CPU. (N, O)"""
        return self.outputs(self.encoding.encode(table))

    @torch.no_grad()
    def outputs(self, rows: Encoded) -> Tensor:
        """What the model answers to encoded rows, in float32, on the CPU. (N, O)"""
        found: list[Tensor] = []
        for start in range(0, len(rows), _BATCH):
            features = self.encoding.spread(rows[start : start + _BATCH])
            answer: Tensor = self.model(features.to(self.device))
            check_numbers(answer)
            found.append(answer.float().cpu())
        return torch.cat(found)

    def tables_of(self, inputs: Iterable[Row], batch: int, first: int = 0) -> Iterator[Table]:
        """Rows given in Python as tables of `batch` rows, lazily; errors number them from `first`.

        Raises `WrongType` at once for what is no list of rows, and `DataError` for a row that is
        none, or lacks a column, when its turn comes.
        """
        check_many(inputs, "rows")
        return self._tables(iter(inputs), batch, first)

    def _tables(self, inputs: Iterator[Row], batch: int, number: int) -> Iterator[Table]:
        while group := list(islice(inputs, batch)):
            rows: list[dict[str, Any]] = []
            for given in group:
                number += 1
                rows.append(self._row(given, number))
            yield of_rows(rows, first=number - len(rows))

    def _row(self, given: Row, number: int) -> dict[str, Any]:
        row: Any = given
        if isinstance(given, str):
            try:
                row = json_of(given)
            except NoPlainData as error:
                raise DataError(f"row {number} is no JSON object: {error}") from None
        if not isinstance(row, Mapping):
            raise WrongType(
                f"row {number} is {type(row).__name__}: give a row as {{column: value}}"
            )
        for name in self.columns:
            if name not in row:
                raise DataError(f"row {number} has no {name!r}, which the model reads")
        return {name: row[name] for name in self.columns}

    def notes_on(self, table: Table, targets: Tensor) -> list[str]:
        """What is new in a table, and how many of its rows were trained on. `targets` (N,)"""
        notes = self.encoding.notes_on(table)
        if self.seen is None:
            return notes

        prints = self.encoding.encode(table).prints(targets)
        for found in self.seen.count(**{ROWS: prints}):
            if found.found:
                share = found.found / found.total
                notes.append(
                    f"{found.found:,} of {found.total:,} rows ({share:.1%}) are training rows of "
                    "the model: the figures say little about other rows"
                )
        return notes
