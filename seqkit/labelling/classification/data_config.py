"""The [data] section of text classifiers, and the files that it names."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from ...config import section, setting
from ...data.files import lasting
from ...data.sources import (
    TEMPERATURE,
    SourceFiles,
    TextFiles,
    TextSource,
    check_sources,
    files_of_sources,
)
from ...recipes import corpora
from .reading import Encoding, Format, Layout

TASK = "text-classification"


@section
class LabelledSource(TextSource):
    """One of several sources of labelled texts: `[[data.sources]]`."""

    format: Format = setting("as data.format", default="auto")
    label: str = setting("as data.label; '' = this", default="")
    text: str = setting("as data.text; '' = this", default="")


@section
class TextData(TextFiles):
    """Where the labelled texts are, how they are written and how they are batched."""

    train: list[str] = setting(
        "labelled texts to train on: files, or a folder with a folder of text files for each class",
        default=[],
        on_resume="place",
    )
    valid: list[str] = setting(
        "labelled texts for validation; [] = cut valid_share off the training texts",
        default=[],
        on_resume="place",
    )
    sources: list[LabelledSource] = setting(
        "several sources in place of train and valid, each a table [[data.sources]]",
        default=[],
        on_resume="place",
    )
    temperature: float = setting(TEMPERATURE, default=1.0, ge=1)
    test: list[str] = setting(
        "labelled texts that `seqkit evaluate` measures", default=[], on_resume="any"
    )
    test_share: float = setting(
        "share of the training texts of each class that is kept for the test", default=0, ge=0, lt=1
    )
    valid_share: float = setting(
        "share of the rest of each class, where there are no texts for validation",
        default=0.1,
        gt=0,
        lt=1,
    )
    format: Format = setting(
        "tsv, csv, jsonl, lines (LABEL TEXT, also fastText's), folder; auto = by the file's name",
        default="auto",
    )
    encoding: Encoding = setting("of the files", default="utf-8")
    label: str = setting(
        "column of the label: a name in the first line or of JSON, or a number from 1; "
        "'' = label, and 1 in a TSV file",
        default="",
    )
    text: str = setting("column of the text; '' = text, and 2 in a TSV file", default="")
    vectors: str = setting(
        "pretrained vectors of words to start from: GloVe, fastText's .vec, word2vec's text or "
        ".bin; '' = random ones",
        default="",
        on_resume="place",
    )
    several: str = setting(
        "a text may have several labels or none, with this between them; '' = exactly one",
        default="",
    )
    longest: int = setting("tokens of a text that are read at once", default=512, ge=1)
    long: Literal["head", "tail", "windows"] = setting(
        "of longer texts, read the first or the last tokens, or all of them in windows whose "
        "logits are averaged",
        default="head",
    )
    batch: int = setting("texts in a batch", default=32, ge=1)
    class_weights: bool = setting(
        "weight classes by the inverse of their number of texts", default=False
    )
    baselines: bool = setting(
        "show the majority class and naive Bayes beside every figure",
        default=True,
        on_resume="any",
    )

    def __post_init__(self) -> None:
        check_sources(self)
        if self.test and self.test_share:
            raise ValueError("choose one of test and test_share")

    @field_validator("vectors")
    @classmethod
    def _absolute_vectors(cls, path: str) -> str:
        return lasting(path) if path else ""

    @property
    def layout(self) -> Layout:
        return Layout(self.format, self.label, self.text, self.several, self.encoding)


def sources_of(data: TextData) -> list[SourceFiles[Layout]]:
    """The sources of a [data] section, their files found.

    Raises `DataError` for a file of a corpus that is not on this machine.
    """

    def layout_of(source: LabelledSource | TextData) -> Layout:
        return data.layout._replace(
            format=data.format if source.format == "auto" else source.format,
            label=source.label or data.label,
            text=source.text or data.text,
        )

    return files_of_sources(data, corpora(TASK).locate, layout_of)
