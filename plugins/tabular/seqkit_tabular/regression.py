"""The task "regression": numbers from the columns of a table. The trainer is seqkit's.

Shapes: B rows of a batch, N rows, D features.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqkit.config import RunConfig, build
from seqkit.metrics.regression import FIGURES, root_mean
from seqkit.progress import figures
from seqkit.training.batch_norm import batch_norm_explained
from seqkit.training.task import Goal, Step, Task, Totals

from . import losses
from .baselines import fit_number_baselines, predict_numbers, save_baselines
from .data_config import RegressionData
from .held_out import RunData
from .leaks import notes_on_numbers
from .metadata import read_metadata
from .models.contract import TableModel
from .predictor import NumberPredictor
from .reading import Table
from .run_table import Prepared, RunTable, TableBatch, check_not_chosen_by_fold, open_tables
from .table_task import MEASURED, outputs_of, own_tables, save_table
from .targets import Scale, number_targets

_FITTED = 20_000  # training rows at most, for the baselines


class Regression:
    """The task "regression"; see `seqkit.training.task.Task`."""

    contract: ClassVar[type] = TableModel
    sections: ClassVar[Mapping[str, type]] = {"data": RegressionData}

    def __init__(self, config: RunConfig, folder: Path | None = None) -> None:
        self.data = build(RegressionData, config.sections["data"], "[data]")
        self.seed = config.train.seed
        check_not_chosen_by_fold(config, self.data)
        known = read_metadata(folder) if folder else None

        opened = open_tables(self.data, "regression")
        targets = self._targets(opened.table, opened.target)
        no_labels = torch.zeros(len(targets))
        self.run = RunTable(opened, self.data, no_labels, known)

        of_training = targets[self.run.train.numpy()]
        self.scale = known.scale if known else Scale.of(of_training, log=self.data.log)
        of_validation = targets[self.run.valid.numpy()]
        if opened.valid is not None:
            of_validation = self._targets(opened.valid, opened.target)

        self._of_training = of_training
        self.train_targets = self._scaled(of_training)
        self.valid_targets = self._scaled(of_validation)
        self._loss = self._make_loss()
        self.goal = Goal("log_rmse" if self.scale.log else "rmse", "lower")
        self._baselines: dict[str, Tensor] = {}

    def _targets(self, table: Table, target: str) -> NDArray[np.float64]:
        return number_targets(table, target, self.data.missing, log=self.data.log)

    def _scaled(self, targets: NDArray[np.float64]) -> Tensor:
        return torch.from_numpy(self.scale.scaled(targets)).float()

    def _make_loss(self) -> losses.Loss:
        if self.data.loss == "huber":
            return losses.huber(self.data.delta)
        return losses.l1() if self.data.loss == "l1" else losses.mse()

    @classmethod
    def own_data(cls, train: Sequence[Path], valid: Sequence[Path] = ()) -> dict[str, Any]:
        return own_tables(train, valid)

    @property
    def baselines(self) -> dict[str, Tensor]:
        """Fitted to the training rows when first asked for."""
        if not self._baselines:
            rows = self.run.train_rows[:_FITTED]
            features = self.run.encoding.spread(rows)
            self._baselines = fit_number_baselines(features, self.train_targets[:_FITTED])
        return self._baselines

    def describe(self) -> list[str]:
        scale = "the logarithm of " if self.scale.log else ""
        leaks = notes_on_numbers(
            self.run.table,
            self.run.train.numpy(),
            self.run.columns,
            self._of_training,
            self.data.missing,
        )
        return [
            f"predicts {scale}{self.run.target!r}, from {self._of_training.min():g} to "
            f"{self._of_training.max():g}",
            *self.run.describe(self.train_targets, self.valid_targets),
            *leaks,
            f"validation, for comparison: {figures(self.baseline_figures())}",
        ]

    def baseline_figures(self) -> dict[str, float]:
        """The goal's figure of each baseline, on the validation rows: {"ridge_rmse": …}."""
        features = self.run.encoding.spread(self.run.valid_rows)
        true = self.scale.original(self.valid_targets.numpy())
        figure = FIGURES[self.goal.metric]
        return {
            f"{name}_{self.goal.metric}": figure(true, self.scale.original(scaled))
            for name, scaled in predict_numbers(self.baselines, features).items()
        }

    def digests(self) -> dict[str, str]:
        return self.run.digests

    def dims(self) -> dict[str, int]:
        return {"features": len(self.run.encoding.features), "outputs": 1}

    def train_batches(
        self, epoch: int, *, start: int, rank: int, world: int
    ) -> Iterator[TableBatch]:
        seed = self.seed * 1_000_003 + epoch
        return self.run.train_batches(self.train_targets, seed, start=start, rank=rank, world=world)

    def valid_batches(self, *, rank: int = 0, world: int = 1) -> Iterable[TableBatch]:
        return self.run.valid_batches(self.valid_targets, rank=rank, world=world)

    def step(self, model: nn.Module, batch: Prepared, carry: Any) -> Step:
        with batch_norm_explained(len(batch.targets), "row"):
            predictions = model(batch.features).float().squeeze(1)
        loss = self._loss(predictions, batch.targets)
        if model.training:
            return Step(loss)
        return Step(loss, sums=self._sums(predictions, batch.targets))

    def _sums(self, predictions: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Squared and absolute errors in the target's unit, and squared ones of logarithms."""
        scale = self.scale
        predictions = predictions.detach()
        distance = (predictions - targets).cpu().double() * scale.std
        sums = {"squared_log": distance.square().sum()} if scale.log else {}

        true = torch.from_numpy(scale.original(targets.cpu().numpy()))
        found = torch.from_numpy(scale.original(predictions.cpu().numpy()))
        error = found - true
        return {**sums, "squared": error.square().sum(), "absolute": error.abs().sum()}

    def metrics(self, model: nn.Module, totals: Totals) -> dict[str, float]:
        """The goal's figure with that of the training rows, and errors in the target's unit."""
        goal = self.goal.metric
        key = "squared_log" if self.scale.log else "squared"
        return {
            goal: root_mean(totals.sums[key], totals.count),
            f"train_{goal}": self._training_error(model),
            "rmse": root_mean(totals.sums["squared"], totals.count),
            "mae": totals.sums["absolute"] / totals.count,
        }

    def _training_error(self, model: nn.Module) -> float:
        rows = self.run.train_rows[:MEASURED]
        scaled = outputs_of(model, self.run, rows).squeeze(1)
        true = self.scale.original(self.train_targets[:MEASURED].numpy())
        return FIGURES[self.goal.metric](true, self.scale.original(scaled.numpy()))

    def save(self, folder: Path) -> None:
        scale = {"mean": self.scale.mean, "std": self.scale.std, "log": self.scale.log}
        save_table(folder, self.run, self.train_targets, **scale)
        save_baselines(self.baselines, folder)

    @classmethod
    def open(cls, model: nn.Module, folder: Path, config: RunConfig) -> NumberPredictor:
        return NumberPredictor(model, folder, RunData.of(config))


if TYPE_CHECKING:
    _: type[Task] = Regression  # or mypy says what is missing
