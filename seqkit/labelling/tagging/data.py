"""The sentences of a tagger's run: read, cut apart, and put into the scheme that is learned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

from pydantic import ValidationInfo, field_validator

from ...config import section, setting
from ...data.files import lasting, lasting_all
from ...errors import ConfigError, DataError
from ...recipes import corpora
from .reading import Columns, Format, Sentence, read_sentences
from .schemes import SchemeName, Span, convert, find_scheme, is_broken, misfit, tags_of

Feature = Literal["affixes", "shape", "bigrams", "trigrams"]


@section
class TaggingData:
    """Where the sentences are, what is learned of them, and how they are batched."""

    corpus: str = setting(
        "corpus whose folder holds the files below; '' = they are ordinary paths",
        default="",
        on_resume="place",
    )
    train: list[str] = setting("training sentences: files", default=[], on_resume="place")
    valid: list[str] = setting(
        "validation sentences: files; [] = cut valid_share off the training sentences",
        default=[],
        on_resume="place",
    )
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
        if self.test and self.test_share:
            raise ValueError("choose one of test and test_share")
        if self.unit == "characters" and self.scheme == "plain":
            raise ValueError('unit = "characters" learns words as spans: scheme = "auto" or "bmes"')
        if self.format == "segmented" and self.unit == "words":
            raise ValueError('segmented text has no tags of words: set unit = "characters"')

    @property
    def columns(self) -> Columns:
        return Columns(self.word, self.tag)

    @field_validator("train", "valid", "test")
    @classmethod
    def _absolute(cls, paths: list[str], info: ValidationInfo) -> list[str]:
        return lasting_all(paths, info.data.get("corpus"))

    @field_validator("vectors")
    @classmethod
    def _absolute_vectors(cls, path: str) -> str:
        return lasting(path) if path else ""


class Split(NamedTuple):
    """Sentences as they were read."""

    train: list[Sentence]
    valid: list[Sentence]
    test: list[Sentence]  # empty if the run holds none out


def read_split(data: TaggingData) -> Split:
    """Read and cut apart the sentences of a run. Raises `DataError` and `ConfigError`."""
    if not data.train:
        raise ConfigError("[data]: no training sentences: set data.train to a list of files")

    rest, test = _cut_off(_read(data, data.train), data.test_share)
    if data.test:
        test = _read(data, data.test)
    if data.valid:
        return Split(rest, _read(data, data.valid), test)

    train, valid = _cut_off(rest, data.valid_share)
    if not train or not valid:
        raise DataError(
            f"{', '.join(data.train)}: {len(rest):,} sentences are too few to cut off "
            f"data.valid_share = {data.valid_share} for validation: set data.valid"
        )
    return Split(train, valid, test)


def read_test(data: TaggingData) -> list[Sentence]:
    """The test sentences of a run; raises `ConfigError` if there are none."""
    if data.test:
        return _read(data, data.test)
    if data.test_share:
        return read_split(data).test
    raise ConfigError(
        "this run has no test sentences: it was trained without data.test and data.test_share. "
        "Name a file to measure"
    )


def _read(data: TaggingData, names: Sequence[str]) -> list[Sentence]:
    paths = corpora("tagging").locate(data.corpus, names)
    return read_sentences(paths, data.format, data.columns)


def _cut_off(sentences: list[Sentence], share: float) -> tuple[list[Sentence], list[Sentence]]:
    """All but the last `share` of the sentences, and those."""
    if not share:
        return sentences, []
    at = round(len(sentences) * (1 - share))
    return sentences[:at], sentences[at:]


# What is learned


class Learned(NamedTuple):
    """What the tags of a run mean."""

    scheme: SchemeName  # that is learned
    written: SchemeName  # of the files, and of what is predicted


def learned_schemes(data: TaggingData, sentences: Sequence[Sentence]) -> Learned:
    """What is learned from these sentences; raises `ConfigError` if it cannot be."""
    if data.unit == "characters":
        if data.scheme == "auto" or data.scheme == "plain":
            return Learned("bmes", "bmes")
        return Learned(data.scheme, data.scheme)

    written = find_scheme(tag for sentence in sentences for tag in sentence.tags)
    if data.scheme == "auto":
        _check_tags(sentences)
        return Learned(written, written)
    if written == "plain" and data.scheme != "plain":
        raise ConfigError(
            f'data.scheme = "{data.scheme}": the tags of these files spell no spans '
            "(B-…, I-…, O); leave it out"
        )
    return Learned(data.scheme, written)


def _check_tags(sentences: Sequence[Sentence]) -> None:
    """Raise `DataError` for tags that teach nothing, or that miss a scheme by a slip."""
    counts = Counter(tag for sentence in sentences for tag in sentence.tags)
    if len(counts) == 1:
        raise DataError(
            f"every word has the tag {next(iter(counts))!r}: there is nothing to learn. Is another "
            "column meant (data.tag)?"
        )

    wrong = misfit(counts)
    if wrong:
        raise DataError(
            f"the tags look like spans (B-…, I-…, O), but for {wrong!r}, which {counts[wrong]:,} "
            f'words have: mend them, or set data.scheme = "plain" to learn all tags as they are'
        )


def prepared(
    sentences: Sequence[Sentence], data: TaggingData, scheme: SchemeName
) -> list[Sentence]:
    """The sentences as they are learned: by words or characters, in the scheme, mended."""
    if data.unit == "characters":
        return [by_characters(sentence.words, scheme) for sentence in sentences]
    return [Sentence(words, convert(tags, scheme)) for words, tags in sentences]


def by_characters(words: Sequence[str], scheme: SchemeName) -> Sentence:
    """The characters of words, and tags that say where the words end."""
    return Sentence(list("".join(words)), tags_of(spans_of_words(words), _size(words), scheme))


def spans_of_words(words: Sequence[str]) -> list[Span]:
    """Where each word is in the text without blanks."""
    spans: list[Span] = []
    start = 0
    for word in words:
        spans.append(Span(start, start + len(word), ""))
        start += len(word)
    return spans


def _size(words: Sequence[str]) -> int:
    return sum(len(word) for word in words)


def count_broken(sentences: Sequence[Sentence], written: SchemeName) -> int:
    """How many sentences have tags that their scheme does not allow."""
    return sum(is_broken(sentence.tags, written) for sentence in sentences)


def pieces(sentences: Sequence[Sentence], longest: int, scheme: SchemeName) -> list[Sentence]:
    """The sentences, long ones cut apart; a span that is cut is two."""
    found: list[Sentence] = []
    for sentence in sentences:
        if len(sentence.words) <= longest:
            found.append(sentence)
            continue
        for start in range(0, len(sentence.words), longest):
            part = slice(start, start + longest)
            tags = convert(sentence.tags[part], scheme)
            found.append(Sentence(sentence.words[part], tags))
    return found
