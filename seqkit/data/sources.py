"""Several sources of training text, in place of one: `[[data.sources]]`, the same in every domain.

How much of each an epoch holds is in `mixture.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from pydantic import ValidationInfo, field_validator

from ..config import required, section, setting
from ..parsing import to_json
from . import digest
from .files import lasting_all, name_of
from .mixture import Mixture, shares

LayoutT = TypeVar("LayoutT")

TEMPERATURE = (
    "of several sources: the share of each is in proportion to its size to the power of "
    "1 / temperature; 1 = all text is seen equally often, 5 = small sources are seen more often"
)


@section
class TextFiles:
    """Files of text: those of a run, or of one of its sources."""

    corpus: str = setting(
        "corpus whose folder holds the files below; '' = they are ordinary paths",
        default="",
        on_resume="place",
    )

    @field_validator("train", "valid", "test", check_fields=False)
    @classmethod
    def _absolute(cls, paths: list[str], info: ValidationInfo) -> list[str]:
        return lasting_all(paths, info.data.get("corpus"))


@section
class TextSource(TextFiles):
    """What every source says: where its files are, and how often they are seen."""

    train: list[str] = required("training text, as data.train", min_length=1)
    valid: list[str] = setting(
        "validation text; [] = cut valid_share off the training text, unless another source has "
        "validation text",
        default=[],
    )
    weight: float = setting(
        "how often its text is seen, relative to the other sources", default=1.0, gt=0, le=1e6
    )


class HasSources(Protocol):
    """A [data] section that may name several sources."""

    @property
    def corpus(self) -> str: ...
    @property
    def train(self) -> list[str]: ...
    @property
    def valid(self) -> list[str]: ...
    @property
    def sources(self) -> Sequence[Any]: ...
    @property
    def temperature(self) -> float: ...


def check_sources(data: HasSources) -> None:
    """Raise `ValueError` for a section that names its text in two ways."""
    if not data.sources:
        if data.temperature != 1:
            raise ValueError("temperature is for several sources: give [[data.sources]]")
        return
    if data.train or data.valid or data.corpus:
        raise ValueError(
            "choose one of data.sources and of data.train, data.valid and data.corpus, which "
            "each of the sources has for itself"
        )


def own_files(train: Sequence[Path], valid: Sequence[Path]) -> dict[str, Any]:
    """Overrides of a recipe that put a user's files in place of its corpus and its sources."""
    return {
        "data.corpus": "",
        "data.train": [str(path) for path in train],
        "data.valid": [str(path) for path in valid],
        "data.sources": [],
        "data.temperature": 1.0,
    }


@dataclass(frozen=True)
class SourceFiles(Generic[LayoutT]):
    """The files of one source, or all of a run that names none."""

    train: list[Path]
    valid: list[Path]
    layout: LayoutT  # how they are written, as the task says it
    weight: float = 1.0
    splits: bool = False  # whether validation text is cut off the training text


def files_of_sources(
    data: HasSources,
    locate: Callable[[str, Sequence[str]], list[Path]],
    layout_of: Callable[[Any], LayoutT],
) -> list[SourceFiles[LayoutT]]:
    """The sources of a [data] section, or the section itself if it names none.

    `locate` finds the files of a corpus; `layout_of` is asked for each source, or the section.
    """
    named = data.sources or [data]
    splits = not any(source.valid for source in named)
    return [
        SourceFiles(
            locate(source.corpus, source.train),
            locate(source.corpus, source.valid),
            layout_of(source),
            source.weight if data.sources else 1.0,
            splits,
        )
        for source in named
    ]


class Weighted:
    """The sources of a run, as an epoch mixes them: those of one are all of it."""

    def __init__(self, names: Sequence[str], weights: Sequence[float]) -> None:
        """`names` are what people are told, such as those of their files."""
        self.names = list(names)
        self.weights = list(weights)

    @classmethod
    def of(cls, files: Sequence[Sequence[Path]], weights: Sequence[float]) -> Weighted:
        """Sources that are known by the names of their training files."""
        return cls([name_of_source(each) for each in files], weights)

    def __repr__(self) -> str:
        return f"<Weighted: {', '.join(self.names)}>"

    def mixture(self, sizes: Sequence[int], temperature: float, seed: int) -> Mixture:
        """How much of each an epoch holds; `sizes` are the numbers of their items."""
        return Mixture(sizes, shares(sizes, self.names, self.weights, temperature), seed)

    def describe(self, mixture: Mixture, item: str, each: int = 1) -> Iterator[str]:
        """A line for each: what an epoch holds of it, in items that are `each` of what is named."""
        total = sum(mixture.counts)
        for name, count in zip(self.names, mixture.counts, strict=True):
            yield f"{name}: {count * each:,} {item} of an epoch ({count / total:.1%})"

    def digests(self, mixture: Mixture | None) -> dict[str, str]:
        """What tells this mixture from another: it may not change when a run is resumed."""
        if mixture is None:
            return {}
        pairs = zip(self.weights, mixture.counts, strict=True)
        lines = (to_json([weight, count]) for weight, count in pairs)
        return {"weights of data.sources": digest.of_lines(lines)}


def name_of_source(files: Sequence[Path]) -> str:
    """What errors call a source: the files of its training text."""
    return ", ".join(map(name_of, files))
