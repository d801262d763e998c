"""The texts of a run: training, validation and test text, read from files and cut apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from pydantic import ValidationInfo, field_validator

from ..config import section, setting
from ..data.files import lasting_all
from ..errors import ConfigError, DataError
from ..ngram.text import text_lines
from ..recipes import corpora
from ..text.normalize import Normalizer


@section
class LanguageData:
    """Where the data is and how it is batched."""

    corpus: str = setting(
        "corpus whose folder holds the files below; '' = they are ordinary paths",
        default="",
        on_resume="place",
    )
    train: list[str] = setting(
        "training text: files, one after the other; .gz is fine", default=[], on_resume="place"
    )
    valid: list[str] = setting(
        "validation text: files; [] = cut valid_share off the training text",
        default=[],
        on_resume="place",
    )
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
    column: int = setting(
        "column of a TSV file to read, counted from 1; 0 = whole lines", default=0, ge=0
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

    @field_validator("train", "valid", "test")
    @classmethod
    def _absolute(cls, paths: list[str], info: ValidationInfo) -> list[str]:
        return lasting_all(paths, info.data.get("corpus"))


class Texts(NamedTuple):
    """Lines to train, validate and test on."""

    train: list[str]
    valid: list[str]
    test: list[str]  # empty if the run holds no test text out


def read_texts(data: LanguageData, normalize: Sequence[str] = ()) -> Texts:
    """Read and cut apart the texts of a run.

    `normalize` names the steps that joined text passes before shares are cut off it. Raises
    `DataError` and `ConfigError`.
    """
    if not data.train:
        raise ConfigError("[data]: no training text: set data.train to a list of files")

    normalizer = Normalizer(normalize)
    rest, test = cut_off(_read(data, data.train, normalizer), data.test_share)
    if data.test:
        test = _read(data, data.test, normalizer)

    if data.valid:
        train, valid = rest, _read(data, data.valid, normalizer)
    else:
        train, valid = cut_off(rest, data.valid_share)

    _check_not_empty(train, "training", data.train)
    _check_not_empty(valid, "validation", data.valid or data.train)
    return Texts(train, valid, test)


def cut_off(lines: list[str], share: float) -> tuple[list[str], list[str]]:
    """The text without the last `share` of its characters, and that part.

    Only whole lines are cut off, unless the text is a single line.
    """
    if not share or not lines:
        return lines, []

    if len(lines) == 1:
        (line,) = lines
        at = round(len(line) * (1 - share))
        return [line[:at]], [line[at:]]

    ends = np.cumsum([len(line) + 1 for line in lines])  # in characters, line breaks included
    length = ends[-1] * (1 - share)
    before = np.searchsorted(ends, length, side="right")

    at = min(int(before), len(lines) - 1)
    return lines[:at], lines[at:]


def _read(data: LanguageData, names: list[str], normalizer: Normalizer) -> list[str]:
    lines: list[str] = []
    for path in corpora("language-modelling").locate(data.corpus, names):
        found = _read_column(path, data.column) if data.column else text_lines(path)
        lines += (line.removesuffix("\r") for line in found)  # a line ends at \n or \r\n

    if data.unique:
        lines = list(dict.fromkeys(lines))
    if data.lines == "join":
        lines = [normalizer(" ".join(lines))]
    return lines


def _read_column(path: Path, column: int) -> list[str]:
    """One column of a TSV file, counted from 1."""
    found: list[str] = []
    for number, line in enumerate(text_lines(path), 1):
        columns = line.split("\t")
        if len(columns) < column:
            raise DataError(f"{path}:{number}: {len(columns)} columns, so no column {column}")
        found.append(columns[column - 1])
    return found


def _check_not_empty(lines: list[str], name: str, files: list[str]) -> None:
    if not any(lines):
        raise DataError(f"{', '.join(files)}: the {name} text is empty")
