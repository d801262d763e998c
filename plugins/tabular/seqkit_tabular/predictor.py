"""Trained models of tables: rows in, numbers or classes out.

Both follow `seqkit.runs.predictor.Predictor`.

Shapes: N rows, K classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqkit.metrics.regression import Regression
from seqkit.parsing import check_count

from . import __version__
from .baselines import predict_numbers
from .held_out import RunData, read_test_table
from .reader import Reader, Row
from .reading import Table
from .report import ClassReport, NumberReport
from .targets import class_targets, number_targets

_DIGITS = 12  # of the digest of the rows, in the signature


@dataclass(frozen=True)
class NumberPrediction:
    """What the model predicts for a row."""

    target: str  # the column
    value: float

    def record(self) -> dict[str, Any]:
        """Plain data: what `--json` prints."""
        return {self.target: self.value}

    def __str__(self) -> str:
        return f"{self.value:.10g}"


@dataclass(frozen=True)
class ClassPrediction:
    """What the model predicts for a row: the likeliest class, and every probability."""

    target: str
    value: str
    probabilities: dict[str, float]

    def record(self) -> dict[str, Any]:
        """Plain data: what `--json` prints. A target called "probabilities" takes their place."""
        value = {self.target: self.value}
        return value | {"probabilities": self.probabilities} | value

    def __str__(self) -> str:
        """The class and its probability, separated by a tab."""
        return f"{self.value}\t{self.probabilities[self.value]:.4f}"


class NumberPredictor:
    """What `seqkit.load` returns for a run of the task "regression"."""

    reads: ClassVar[Literal["lines", "files"]] = "lines"

    def __init__(self, model: nn.Module, folder: Path, run: RunData | None = None) -> None:
        self.reader = Reader(model, folder)
        self.target = self.reader.metadata.target
        self.scale = self.reader.metadata.scale
        self._run = run or RunData()

    def __repr__(self) -> str:
        return f"<NumberPredictor: {self.target} from {len(self.reader.columns)} columns>"

    def predict(self, inputs: Iterable[Row], *, batch: int = 64) -> Iterator[NumberPrediction]:
        """The number for each row, lazily and in order.

        A row is {column: value}, or that as a line of JSON. Raises `DataError` for one that lacks a
        column when its turn comes.
        """
        check_count(1, batch=batch)
        tables = self.reader.tables_of(inputs, batch)
        return (prediction for table in tables for prediction in self.predict_table(table))

    def predict_table(self, table: Table) -> Iterator[NumberPrediction]:
        """The number for each row of a table."""
        for value in self.numbers(table).tolist():
            yield NumberPrediction(self.target, value)

    def numbers(self, table: Table) -> NDArray[np.float64]:
        """The same as an array, in the target's unit. (N,)"""
        return self.scale.original(self.reader.outputs_of(table).squeeze(1).numpy())

    def read_test_data(self, paths: Sequence[Path]) -> Table:
        """The table at the one path, or the test table of the run."""
        return read_test_table(paths, self._run, "regression")

    def evaluate(self, data: Table) -> NumberReport:
        """Every error of `seqkit.metrics.regression`, with the baselines beside it.

        Raises `DataError` for a table without the target, or with one that is no number.
        """
        true = self.true(data)
        encoded = self.reader.encoding.encode(data)
        features = self.reader.encoding.spread(encoded)
        baselines = predict_numbers(self.reader.baselines, features)
        scaled = torch.from_numpy(self.scale.scaled(true)).float()

        figures = Regression(
            true,
            self.numbers(data),
            unit="rows",
            baselines={name: self.scale.original(found) for name, found in baselines.items()},
            signature_fields=signature_fields(data),
        )
        return NumberReport(figures, self.target, data.name, self.reader.notes_on(data, scaled))

    def true(self, table: Table) -> NDArray[np.float64]:
        """The targets of a table. (N,)"""
        return number_targets(table, self.target, self.reader.metadata.missing)


class ClassPredictor:
    """What `seqkit.load` returns for a run of the task "classification"."""

    reads: ClassVar[Literal["lines", "files"]] = "lines"

    def __init__(self, model: nn.Module, folder: Path, run: RunData | None = None) -> None:
        self.reader = Reader(model, folder)
        self.target = self.reader.metadata.target
        self.classes = self.reader.metadata.classes
        self._run = run or RunData()

    def __repr__(self) -> str:
        columns = len(self.reader.columns)
        return (
            f"<ClassPredictor: {len(self.classes)} classes of {self.target} from {columns} columns>"
        )

    def predict(self, inputs: Iterable[Row], *, batch: int = 64) -> Iterator[ClassPrediction]:
        """The likeliest class of each row, with all probabilities, lazily and in order.

        A row is {column: value}, or that as a line of JSON. Raises `DataError` for one that lacks a
        column when its turn comes.
        """
        check_count(1, batch=batch)
        tables = self.reader.tables_of(inputs, batch)
        return (prediction for table in tables for prediction in self.predict_table(table))

    def predict_table(self, table: Table) -> Iterator[ClassPrediction]:
        """The same for each row of a table."""
        for row in self.probabilities(table).tolist():
            by_class = dict(zip(self.classes, row, strict=True))
            yield ClassPrediction(self.target, max(by_class, key=by_class.__getitem__), by_class)

    def probabilities(self, table: Table) -> Tensor:
        """(N, K)"""
        return self.reader.outputs_of(table).softmax(-1)

    def read_test_data(self, paths: Sequence[Path]) -> Table:
        """The table at the one path, or the test table of the run."""
        return read_test_table(paths, self._run, "classification")

    def evaluate(self, data: Table) -> ClassReport:
        """Accuracy, AUC, log loss, the figures of each class, and the majority class beside them.

        Raises `DataError` for a table without the target, or with a class that is not known.
        """
        labels = self.true(data)
        notes = self.reader.notes_on(data, torch.from_numpy(labels))
        shares = self.reader.baselines["shares"].numpy()
        return ClassReport(
            self.classes,
            self.probabilities(data).numpy(),
            labels,
            shares=shares,
            data=data.name,
            signature_fields=signature_fields(data),
            notes=notes,
        )

    def true(self, table: Table) -> NDArray[np.int64]:
        """The targets of a table, as places among the classes. (N,)"""
        missing = self.reader.metadata.missing
        labels, _ = class_targets(table, self.target, missing, self.classes)
        return labels


def signature_fields(table: Table) -> dict[str, str]:
    """What figures depend on besides the model."""
    return {
        "data": Path(table.name).name,
        "rows": str(len(table)),
        "content": table.digest()[:_DIGITS],
        "compute": "float32",
        "seqkit-tabular": __version__,
    }
