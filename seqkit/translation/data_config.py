"""The [data] section of translators; read without torch by what only runs them."""

from __future__ import annotations

import re

from pydantic import field_validator

from ..config import section, setting
from ..data.sources import TextFiles, TextSource, check_sources
from ..errors import hint
from ..plugins import components

LANGUAGE = re.compile(r"[a-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


@section
class TranslationSource(TextSource):
    """One of several sources of training text: `[[data.sources]]`."""

    valid: list[str] = setting(
        "validation text; [] = split valid_size pairs off, unless another source of the same "
        "languages has validation text",
        default=[],
    )
    columns: list[int | str] = setting(
        "as data.columns; [] = these", default=[], min_length=0, max_length=2
    )
    languages: list[str] = setting(
        "codes of source and target language; [] = data.languages. Where sources have several "
        "target languages, each source text gets the tag of its own, such as >>de<<",
        default=[],
    )

    @field_validator("columns")
    @classmethod
    def _check_columns(cls, columns: list[int | str]) -> list[int | str]:
        if len(columns) == 1:
            raise ValueError("give two, those of source and target")
        return columns

    @field_validator("languages")
    @classmethod
    def _check_languages(cls, codes: list[str]) -> list[str]:
        return check_codes(codes)


@section
class TranslationData(TextFiles):
    """Where the data is and how it is batched."""

    train: list[str] = setting(
        "training text: [source file, target file], or [a file of pairs]: TSV, *.jsonl, *.parquet; "
        ".gz is fine",
        default=[],
        on_resume="place",
    )
    valid: list[str] = setting(
        "validation text in the same form; [] = split valid_size pairs off the training text",
        default=[],
        on_resume="place",
    )
    valid_size: int = setting(
        "pairs to split off (at most a tenth, of each source) where there is no validation text",
        default=1000,
        ge=1,
    )
    columns: list[int | str] = setting(
        "source and target column of a TSV file, counted from 1; of JSON lines and Parquet, names",
        default=[1, 2],
        min_length=2,
        max_length=2,
    )
    sources: list[TranslationSource] = setting(
        "several sources in place of train and valid, each a table [[data.sources]]",
        default=[],
        on_resume="place",
    )
    temperature: float = setting(
        "of several sources: the share of each pair of languages is in proportion to the number of "
        "its sentence pairs to the power of 1 / temperature; 1 = all are seen equally often, 5 = "
        "those with few are seen more often",
        default=1.0,
        ge=1,
    )
    languages: list[str] = setting(
        "codes of the source and the target language, such as ['en', 'de']: the translator splits "
        "lines into sentences by the rules of the first; [] = by those of all languages",
        default=[],
        on_resume="any",
        with_init="inherited",
    )
    limit: int = setting(
        "use only the first N training pairs (of each source); 0 = all", default=0, ge=0
    )
    max_length: int = setting(
        "pairs with more tokens on a side are left out of training", default=100, ge=1
    )
    number_copies: int = setting(
        "copies of each training pair that has the same numbers on both sides, with other numbers "
        "in their place; 0 = none",
        default=0,
        ge=0,
    )
    batch_tokens: int = setting(
        "real target tokens in a batch, at most; with subword_regularization, of the usual "
        "segmentation",
        default=3000,
        ge=1,
        le=10**6,
    )
    scheduled_sampling: float = setting(
        "constant share of the decoder's inputs that are its own guesses instead of the right "
        "tokens, all guessed in a pass before (arXiv:1506.03099, arXiv:1906.04331); "
        "0 = teacher forcing",
        default=0.0,
        ge=0,
        le=1,
    )
    goal: str = setting(
        "what picks the best checkpoint on validation text: perplexity, bleu, chrf, or a "
        "plugin's metric",
        default="bleu",
    )

    @field_validator("languages")
    @classmethod
    def _check_languages(cls, codes: list[str]) -> list[str]:
        return check_codes(codes)

    @field_validator("goal")
    @classmethod
    def _check_goal(cls, name: str) -> str:
        known = ["perplexity", *(entry.name for entry in components().metrics)]
        if name not in known:
            raise ValueError(f"no metric {name!r}.{hint(name, known)}")
        return name

    def __post_init__(self) -> None:
        check_sources(self)
        named = [bool(source.languages or self.languages) for source in self.sources]
        if any(named) and not all(named):
            raise ValueError(
                f"source {named.index(False) + 1} of data.sources names no languages, and others "
                "do: give them, such as languages = ['en', 'de']"
            )

    def only_languages(self) -> tuple[str, str]:
        """The source and the target language; "" where there are several, or none is named."""
        every = [source.languages or self.languages for source in self.sources] or [self.languages]
        sources, targets = ({codes[side] if codes else "" for codes in every} for side in (0, 1))
        return _only(sources), _only(targets)

    def corpora(self) -> list[str]:
        """The names of the corpora that the text is from."""
        named = [self.corpus, *(source.corpus for source in self.sources)]
        return [name for name in dict.fromkeys(named) if name]


def _only(names: set[str]) -> str:
    return next(iter(names)) if len(names) == 1 else ""


def check_codes(codes: list[str]) -> list[str]:
    """Codes of a source and a target language, or none; raises ValueError for anything else."""
    if codes and (len(codes) != 2 or not all(map(LANGUAGE.fullmatch, codes))):
        raise ValueError(f"{codes} is not two codes of languages such as ['en', 'de']")
    return codes
