"""The [data] sections of the two tasks, and the files that they name."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import ValidationInfo, field_validator

from seqkit.config import section, setting
from seqkit.data.files import lasting
from seqkit.data.splits import check_folds

MISSING = ["", "NA", "N/A", "n/a", "#N/A", "<NA>", "NULL", "null", "?"]


@section
class TableData:
    """Where the table is, what its columns are, and how its rows are batched."""

    corpus: str = setting(
        "corpus whose folder holds the files below; '' = they are ordinary paths",
        default="",
        on_resume="place",
    )
    train: str = setting(
        "the table: a CSV file, plain or packed, or a Parquet file", default="", on_resume="place"
    )
    valid: str = setting(
        "rows for validation, in the same form; '' = valid_share of the table",
        default="",
        on_resume="place",
    )
    test: str = setting(
        "rows that `seqkit evaluate` measures on when it is given none; '' = none",
        default="",
        on_resume="any",
    )
    target: str = setting("the column to predict; '' = the last one", default="")
    columns: list[str] = setting(
        "the columns to predict from; [] = all but those that say nothing", default=[]
    )
    ignore: list[str] = setting("columns to leave out", default=[])
    categories: list[str] = setting(
        "columns of numbers that are names of kinds, such as codes", default=[]
    )
    missing: list[str] = setting(
        "what a missing value looks like; nan always does", default=MISSING
    )
    rare: int = setting(
        "categories with fewer training rows than this become one, 'other'", default=5, ge=1
    )
    most: int = setting(
        "so do all but the N commonest categories of a column", default=100, ge=1, le=10_000
    )
    clip: float = setting(
        "numbers farther than N standard deviations from the mean count as that far; 0 = off",
        default=5.0,
        ge=0,
    )
    limit: int = setting("use N rows, drawn at random; 0 = all", default=0, ge=0)
    valid_share: float = setting("share of the rows used for validation", default=0.1, gt=0, lt=1)
    folds: int = setting("instead, split the rows into N parts …", default=0, ge=0)
    fold: int = setting("… and validate on this one, counted from 0", default=0, ge=0)
    batch: int = setting("rows per batch", default=64, ge=1)

    def __post_init__(self) -> None:
        check_folds(self.folds, self.fold)
        if self.folds and self.valid:
            raise ValueError("folds are parts of train: leave valid out")

    @field_validator("train", "valid", "test")
    @classmethod
    def _absolute(cls, path: str, info: ValidationInfo) -> str:
        """So that a run's config.toml repeats the run from anywhere."""
        if not path or info.data.get("corpus"):
            return path
        return lasting(path)


@section
class RegressionData(TableData):
    """Where the table is, what its columns are, and what its error is."""

    log: bool = setting(
        "learn the logarithm of the target, so that errors count as shares of it", default=False
    )
    loss: Literal["mse", "l1", "huber"] = setting(
        "mse, l1 or huber (Huber 1964: squared up to delta, absolute beyond)", default="mse"
    )
    delta: float = setting("of huber, in standard deviations of the target", default=1.0, gt=0)


@section
class ClassificationData(TableData):
    """Where the table is, and what its columns are."""

    class_weights: bool = setting(
        "weight classes by the inverse of their number of rows", default=False
    )


def located(data: TableData, file: str, task: str) -> Path:
    """The path of one of the files that `data` names; raises `DataError` if a corpus lacks it."""
    from seqkit import recipes

    (path,) = recipes.corpora(task).locate(data.corpus, [file])
    return path
