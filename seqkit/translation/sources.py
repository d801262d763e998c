"""Where the text of a run comes from: one source, or several with languages and weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..data.files import name_of
from ..data.mixture import Mixture, shares
from ..data.parallel import Columns
from ..recipes import corpora
from .data_config import TranslationData, TranslationSource


@dataclass(frozen=True)
class Source:
    """Files of one kind, and what is to be known of their text."""

    train: list[Path]
    valid: list[Path]
    columns: Columns
    languages: tuple[str, ...] = ()  # of source and target, or none
    weight: float = 1.0
    splits: bool = False  # whether validation text is split off

    def __repr__(self) -> str:
        names = ", ".join(path.name for path in self.train)
        return f"<Source: {names}>"

    @property
    def name(self) -> str:
        """What errors call it: the files of its training text."""
        return ", ".join(map(name_of, self.train))

    @property
    def files(self) -> list[Path]:
        return [*self.train, *self.valid]

    @property
    def target(self) -> str:
        """The target language, if it is named."""
        return self.languages[1] if self.languages else ""

    @property
    def direction(self) -> str:
        """Both languages, as in en-de; "" if they are not named."""
        return "-".join(self.languages)


class Span(NamedTuple):
    """Where in a text the pairs of a source are."""

    places: slice
    to: str  # the target language that the model is told; "" if it is not
    direction: str  # both languages, as in en-de; "" if they are not named


def sources_of(data: TranslationData) -> list[Source]:
    """The sources of a [data] section, their files found.

    Raises `DataError` for a file of a corpus that is not on this machine.
    """
    locate = corpora("translation").locate
    if not data.sources:
        train, valid = (locate(data.corpus, files) for files in (data.train, data.valid))
        columns = data.columns[0], data.columns[1]
        return [Source(train, valid, columns, tuple(data.languages), splits=not data.valid)]

    validated = {_languages(source, data) for source in data.sources if source.valid}
    found: list[Source] = []
    for source in data.sources:
        languages = _languages(source, data)
        first, second = source.columns or data.columns
        found.append(
            Source(
                locate(source.corpus, source.train),
                locate(source.corpus, source.valid),
                (first, second),
                languages,
                source.weight,
                splits=languages not in validated,
            )
        )
    return found


def _languages(source: TranslationSource, data: TranslationData) -> tuple[str, ...]:
    return tuple(source.languages or data.languages)


def target_languages(sources: Sequence[Source]) -> list[str]:
    """The languages that a model is told to translate into; none if there is only one."""
    targets = {source.target for source in sources}
    return sorted(targets) if len(targets) > 1 else []


def spans_of(sources: Sequence[Source], sizes: Sequence[int], to: str) -> list[Span]:
    """Where the pairs of each source are in a text in which they stand one after the other.

    `sizes` are the numbers of their pairs. `to` is the target language of all, unless they have
    several.
    """
    has_several = bool(target_languages(sources))
    found: list[Span] = []
    first = 0
    for source, size in zip(sources, sizes, strict=True):
        places = slice(first, first + size)
        found.append(Span(places, source.target if has_several else to, source.direction))
        first += size
    return found


def mixture_of(
    sources: Sequence[Source], sizes: Sequence[int], temperature: float, seed: int
) -> Mixture:
    """How much of each source an epoch holds; `sizes` are the numbers of their pairs."""
    directions = [source.direction for source in sources]
    weights = [source.weight for source in sources]
    return Mixture(sizes, shares(sizes, directions, weights, temperature), seed)
