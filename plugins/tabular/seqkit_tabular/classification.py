"""The task "classification": classes from the columns of a table. The trainer is seqkit's.

Shapes: B rows of a batch, N rows, D features, K classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn

from seqkit.config import RunConfig, build
from seqkit.metrics.classification import accuracy
from seqkit.metrics.probabilities import log_loss
from seqkit.progress import figures
from seqkit.training.batch_norm import batch_norm_explained
from seqkit.training.class_weights import class_weights
from seqkit.training.task import Goal, Step, Task, Totals

from . import losses
from .baselines import fit_class_baselines, save_baselines
from .data_config import ClassificationData
from .held_out import RunData
from .leaks import notes_on_classes
from .metadata import read_metadata
from .models.contract import TableModel
from .predictor import ClassPredictor
from .run_table import Prepared, RunTable, TableBatch, check_not_chosen_by_fold, open_tables
from .table_task import MEASURED, outputs_of, own_tables, save_table
from .targets import class_targets


class Classification:
    """The task "classification"; see `seqkit.training.task.Task`."""

    contract: ClassVar[type] = TableModel
    sections: ClassVar[Mapping[str, type]] = {"data": ClassificationData}
    goal = Goal("loss", "lower")

    def __init__(self, config: RunConfig, folder: Path | None = None) -> None:
        self.data = build(ClassificationData, config.sections["data"], "[data]")
        self.seed = config.train.seed
        check_not_chosen_by_fold(config, self.data)
        known = read_metadata(folder) if folder else None

        opened = open_tables(self.data, "classification")
        missing = self.data.missing
        labels, self.classes = class_targets(
            opened.table, opened.target, missing, known.classes if known else ()
        )
        self.run = RunTable(opened, self.data, torch.from_numpy(labels), known)

        of_validation = labels[self.run.valid.numpy()]
        if opened.valid is not None:
            of_validation, _ = class_targets(opened.valid, opened.target, missing, self.classes)
        self.train_targets = torch.from_numpy(labels[self.run.train.numpy()])
        self.valid_targets = torch.from_numpy(of_validation)

        self._loss = losses.cross_entropy(config.optim.label_smoothing)
        self._plain_loss = losses.cross_entropy()
        self._weights: Tensor | None = None
        if self.data.class_weights:
            self._weights = class_weights(self._counts(self.train_targets))

    def _counts(self, targets: Tensor) -> Tensor:
        return torch.bincount(targets, minlength=len(self.classes))

    @classmethod
    def own_data(cls, train: Sequence[Path], valid: Sequence[Path] = ()) -> dict[str, Any]:
        return own_tables(train, valid)

    def describe(self) -> list[str]:
        counts = self._counts(self.train_targets)
        commonest, rarest = int(counts.argmax()), int(counts.argmin())
        leaks = notes_on_classes(
            self.run.table,
            self.run.train.numpy(),
            self.run.columns,
            self.train_targets.numpy(),
            self.data.missing,
        )
        return [
            f"predicts {self.run.target!r}, {len(self.classes):,} classes, from "
            f"{int(counts[rarest]):,} ({self.classes[rarest]}) to {int(counts[commonest]):,} rows "
            f"({self.classes[commonest]})",
            *self._absent(),
            *self.run.describe(self.train_targets, self.valid_targets),
            *leaks,
            f"validation, for comparison: {figures(self.baseline_figures())}",
        ]

    def baseline_figures(self) -> dict[str, float]:
        """The accuracy and the loss of the shares of the training rows, on the validation rows."""
        shares = fit_class_baselines(self.train_targets, len(self.classes))["shares"]
        same = shares.expand(len(self.valid_targets), -1).numpy()
        right = self.valid_targets == int(shares.argmax())
        return {
            "majority_loss": log_loss(self.valid_targets.numpy(), same),
            "majority_accuracy": accuracy(int(right.sum()), len(right)),
        }

    def _absent(self) -> Iterator[str]:
        """Classes that cannot be learnt, or not be measured."""
        of_training = self._counts(self.train_targets).tolist()
        of_validation = self._counts(self.valid_targets).tolist()
        for name, trained, validated in zip(self.classes, of_training, of_validation, strict=True):
            if not trained:
                yield f"no training row is of the class {name!r}: it will not be predicted"
            elif not validated:
                rows = "one training row" if trained == 1 else f"{trained:,} training rows"
                yield f"the class {name!r} has {rows} and none for validation"

    def digests(self) -> dict[str, str]:
        return self.run.digests

    def dims(self) -> dict[str, int]:
        return {"features": len(self.run.encoding.features), "outputs": len(self.classes)}

    def train_batches(
        self, epoch: int, *, start: int, rank: int, world: int
    ) -> Iterator[TableBatch]:
        seed = self.seed * 1_000_003 + epoch
        return self.run.train_batches(self.train_targets, seed, start=start, rank=rank, world=world)

    def valid_batches(self, *, rank: int = 0, world: int = 1) -> Iterable[TableBatch]:
        return self.run.valid_batches(self.valid_targets, rank=rank, world=world)

    def step(self, model: nn.Module, batch: Prepared, carry: Any) -> Step:
        with batch_norm_explained(len(batch.targets), "row"):
            logits = model(batch.features).float()
        if not model.training:
            right = (logits.argmax(-1) == batch.targets).sum()
            return Step(self._plain_loss(logits, batch.targets), sums={"right": right})

        weights = None
        if self._weights is not None:
            weights = self._weights.to(logits.device)[batch.targets]
        return Step(self._loss(logits, batch.targets, weights))

    def metrics(self, model: nn.Module, totals: Totals) -> dict[str, float]:
        rows = self.run.train_rows[:MEASURED]
        targets = self.train_targets[:MEASURED]
        logits = outputs_of(model, self.run, rows)
        right = int((logits.argmax(-1) == targets).sum())
        return {
            "loss": totals.mean_loss,
            "train_loss": float(self._plain_loss(logits, targets)) / len(targets),
            "accuracy": accuracy(totals.sums["right"], totals.count),
            "train_accuracy": accuracy(right, len(targets)),
        }

    def save(self, folder: Path) -> None:
        save_table(folder, self.run, self.train_targets, classes=self.classes)
        save_baselines(fit_class_baselines(self.train_targets, len(self.classes)), folder)

    @classmethod
    def open(cls, model: nn.Module, folder: Path, config: RunConfig) -> ClassPredictor:
        return ClassPredictor(model, folder, RunData.of(config))


if TYPE_CHECKING:
    _: type[Task] = Classification  # or mypy says what is missing
