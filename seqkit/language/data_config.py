"""The [data] section of language models, and the files that it names."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import field_validator

from ..config import section, setting
from ..data.sources import (
    TEMPERATURE,
    SourceFiles,
    TextFiles,
    TextSource,
    check_sources,
    files_of_sources,
)
from ..recipes import corpora


@section
class LanguageSource(TextSource):
    """One of several sources of training text: `[[data.sources]]`."""

    column: int | str = setting("as data.column; '' = this", default="")

    @field_validator("column", mode="before")
    @classmethod
    def _check_column(cls, column: Any) -> Any:
        return _column(column)


@section
class LanguageData(TextFiles):
    """Where the data is and how it is batched."""

    train: list[str] = setting(
        "training text: files, one after the other: plain text, *.jsonl, *.parquet; .gz is fine",
        default=[],
        on_resume="place",
    )
    valid: list[str] = setting(
        "validation text: files; [] = cut valid_share off the training text",
        default=[],
        on_resume="place",
    )
    sources: list[LanguageSource] = setting(
        "several sources in place of train and valid, each a table [[data.sources]]",
        default=[],
        on_resume="place",
    )
    temperature: float = setting(TEMPERATURE, default=1.0, ge=1)
    test: list[str] = setting(
        "test text: files; measured by `seqkit lm perplexity --test`", default=[], on_resume="any"
    )
    test_share: float = setting(
        "share of the training text, at its end, that is cut off as test text and never trained on",
        default=0,
        ge=0,
        lt=1,
    )
    valid_share: float = setting(
        "share of the rest, at its end, where there is no validation text", default=0.05, gt=0, lt=1
    )
    column: int | str = setting(
        "column of a TSV file to read, counted from 1, 0 = whole lines; of JSON lines and Parquet, "
        "the name of the field",
        default=0,
    )
    unique: bool = setting("keep only the first of equal lines", default=False)
    lines: Literal["keep", "join"] = setting(
        "keep: a line ends in <eos>; join: the normalised text is one line, and shares are cut "
        "off it by character",
        default="keep",
    )
    order: Literal["sequential", "random"] = setting(
        "sequential: the state is carried from batch to batch; random: windows in random order, "
        "without a state",
        default="sequential",
    )
    batch: int = setting("sequences side by side", default=32, ge=1)
    steps: int = setting(
        "tokens of each sequence in a batch; gradients go back no further", default=35, ge=1
    )
    stride: int = setting(
        "models without a state: tokens scored in each window of `steps` in an evaluation; "
        "0 = half",
        default=0,
        ge=0,
    )
    sampled_softmax: int = setting(
        "the training loss sums over the words of the batch and N others, drawn anew for each "
        "batch, instead of the whole vocabulary: faster where that is large (arXiv:1412.2007); "
        "0 = the whole vocabulary",
        default=0,
        was="sampled_words",
        ge=0,
    )
    baseline_order: int = setting(
        "order of the n-gram model that is trained for comparison; 0 = none",
        default=5,
        was="floor",
        ge=0,
    )

    def __post_init__(self) -> None:
        check_sources(self)
        if self.stride > self.steps:
            raise ValueError(
                f"stride = {self.stride} is more than steps = {self.steps}: "
                "it would leave tokens out"
            )
        if self.test and self.test_share:
            raise ValueError("choose one of test and test_share")

    @property
    def scored_steps(self) -> int:
        """`stride`, or half a window if it is 0."""
        return self.stride or max(1, self.steps // 2)

    @field_validator("column", mode="before")
    @classmethod
    def _check_column(cls, column: Any) -> Any:
        return _column(column)


def _column(column: Any) -> Any:
    is_number = isinstance(column, int) and not isinstance(column, bool) and column >= 0
    if not is_number and not isinstance(column, str):
        raise ValueError(f"{column!r} is neither the number of a column nor the name of a field")
    return column


def sources_of(data: LanguageData) -> list[SourceFiles[int | str]]:
    """The sources of a [data] section, and in which column or field of theirs the text is.

    Raises `DataError` for a file of a corpus that is not on this machine.
    """

    def column_of(source: LanguageSource | LanguageData) -> int | str:
        return data.column if source.column == "" else source.column

    return files_of_sources(data, corpora("language-modelling").locate, column_of)
