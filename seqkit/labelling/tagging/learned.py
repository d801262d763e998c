"""Sentences as they are learned: by words or characters, in one scheme, long ones cut apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ...errors import ConfigError, DataError
from .data_config import TaggingData
from .reading import Sentence
from .schemes import SchemeName, Span, convert, find_scheme, is_broken, misfit, tags_of


class LearnedSchemes(NamedTuple):
    """What the tags of a run mean."""

    scheme: SchemeName  # that is learned
    written: SchemeName  # of the files, and of what is predicted


def learned_schemes(data: TaggingData, counts: Counter[str]) -> LearnedSchemes:
    """What is learned of tags that occur so often; raises `ConfigError` if it cannot be."""
    if data.unit == "characters":
        if data.scheme == "auto" or data.scheme == "plain":
            return LearnedSchemes("bmes", "bmes")
        return LearnedSchemes(data.scheme, data.scheme)

    written = find_scheme(counts)
    if data.scheme == "auto":
        _check_tags(counts)
        return LearnedSchemes(written, written)
    if written == "plain" and data.scheme != "plain":
        raise ConfigError(
            f'data.scheme = "{data.scheme}": the tags of these files spell no spans '
            "(B-…, I-…, O); leave it out"
        )
    return LearnedSchemes(data.scheme, written)


def _check_tags(counts: Counter[str]) -> None:
    """Raise `DataError` for tags that teach nothing, or that miss a scheme by a slip."""
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


def as_learned(
    sentences: Iterable[Sentence], data: TaggingData, scheme: SchemeName
) -> Iterator[Sentence]:
    """The sentences as they are learned: by words or characters, in the scheme, mended."""
    for words, tags in sentences:
        if data.unit == "characters":
            yield by_characters(words, scheme)
        else:
            yield Sentence(words, convert(tags, scheme))


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


def count_broken(sentences: Iterable[Sentence], written: SchemeName) -> int:
    """How many sentences have tags that their scheme does not allow."""
    return sum(is_broken(sentence.tags, written) for sentence in sentences)


def pieces(sentences: Iterable[Sentence], longest: int, scheme: SchemeName) -> Iterator[Sentence]:
    """The sentences, long ones cut apart; a span that is cut is two."""
    for sentence in sentences:
        if len(sentence.words) <= longest:
            yield sentence
            continue
        for start in range(0, len(sentence.words), longest):
            part = slice(start, start + longest)
            tags = convert(sentence.tags[part], scheme)
            yield Sentence(sentence.words[part], tags)
