"""The [data] section of taggers, and the files that it names."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

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
from .reading import Columns, Format

TASK = "tagging"
Feature = Literal["affixes", "shape", "bigrams", "trigrams"]


@section
class TaggedSource(TextSource):
    """One of several sources of tagged sentences: `[[data.sources]]`."""

    format: Format = setting("as data.format", default="auto")
    word: int = setting("as data.word; 0 = this", default=0, ge=0)
    tag: int = setting("as data.tag; 0 = this", default=0, ge=0)


@section
class TaggingData(TextFiles):
    """Where the sentences are, what is learned of them, and how they are batched."""

    train: list[str] = setting("training sentences: files", default=[], on_resume="place")
    valid: list[str] = setting(
        "validation sentences: files; [] = cut valid_share off the training sentences",
        default=[],
        on_resume="place",
    )
    sources: list[TaggedSource] = setting(
        "several sources in place of train and valid, each a table [[data.sources]]",
        default=[],
        on_resume="place",
    )
    temperature: float = setting(TEMPERATURE, default=1.0, ge=1)
    test: list[str] = setting(
        "test sentences: files; measured by `seqkit evaluate`", default=[], on_resume="any"
    )
    test_share: float = setting(
        "share of the training sentences, at the end, cut off for testing", default=0, ge=0, lt=1
    )
    valid_share: float = setting(
        "share of the rest, at its end, where there are no validation sentences",
        default=0.1,
        gt=0,
        lt=1,
    )
    format: Format = setting(
        "conll (columns), conllu, word/tag or segmented (blanks between words); auto: as the "
        "names of the files say",
        default="auto",
    )
    word: int = setting("column of the words, counted from 1; 0 = the usual one", default=0, ge=0)
    tag: int = setting(
        "column of the tags, counted from 1; 0 = the last one, of CoNLL-U the fourth",
        default=0,
        ge=0,
    )
    unit: Literal["words", "characters"] = setting(
        "words: each gets a tag; characters: learn where words end (segmentation)",
        default="words",
    )
    scheme: Literal["auto", "plain", "bio", "bioes", "bmes", "bilou"] = setting(
        "scheme that is learned; tags of another one are converted; auto = that of the tags",
        default="auto",
    )
    features: list[Feature] = setting(
        "what is embedded beside the word: affixes (1 to 4 letters), shape (Xxx, dd), bigrams "
        "(with the left and with the right neighbour), trigrams (with both; and both without it)",
        default=[],
    )
    min_freq: int = setting(
        "words and features seen less often are unknown; features seen once always are",
        default=1,
        ge=1,
    )
    unknown: float = setting(
        "a: in training, a word seen n times is taken for an unknown one with probability "
        "a / (a + n) (Kiperwasser & Goldberg 2016, section 4)",
        default=0.25,
        ge=0,
    )
    vectors: str = setting(
        "pretrained vectors of words to start from: GloVe, fastText's .vec, word2vec's text or "
        ".bin, words in lower case; model.embedding is their size; '' = random ones",
        default="",
        on_resume="place",
    )
    longest: int = setting(
        "longer sentences are read in windows of so many words", default=512, ge=16
    )
    batch: int = setting(
        "words in a batch, at most (but one sentence at least)", default=1000, ge=1
    )

    def __post_init__(self) -> None:
        check_sources(self)
        if self.test and self.test_share:
            raise ValueError("choose one of test and test_share")
        if self.unit == "characters" and self.scheme == "plain":
            raise ValueError('unit = "characters" learns words as spans: scheme = "auto" or "bmes"')
        if self.format == "segmented" and self.unit == "words":
            raise ValueError('segmented text has no tags of words: set unit = "characters"')

    @property
    def columns(self) -> Columns:
        return Columns(self.word, self.tag)

    @field_validator("vectors")
    @classmethod
    def _absolute_vectors(cls, path: str) -> str:
        return lasting(path) if path else ""


class Layout(NamedTuple):
    """How the files of a source are written."""

    format: Format
    columns: Columns


def sources_of(data: TaggingData) -> list[SourceFiles[Layout]]:
    """The sources of a [data] section, their files found.

    Raises `DataError` for a file of a corpus that is not on this machine.
    """

    def layout_of(source: TaggedSource | TaggingData) -> Layout:
        columns = Columns(source.word or data.word, source.tag or data.tag)
        return Layout(data.format if source.format == "auto" else source.format, columns)

    return files_of_sources(data, corpora(TASK).locate, layout_of)


def test_files_of(data: TaggingData) -> list[Path]:
    """The files of `data.test`, found."""
    return corpora(TASK).locate(data.corpus, data.test)
