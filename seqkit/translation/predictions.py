"""What `Translator.predict` gives for each line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ..data.numbers import numbers
from .explain import Alignment
from .segments import Translation
from .terms import Terms

_LARGEST_WORD = 12
_GROUPED = re.compile(r"(?<=\d)[ \u00a0\u202f'’](?=\d{3}(?!\d))")  # 10 000, 10'000


@dataclass(frozen=True)
class TranslatedLine:
    """A line and its translations, best first."""

    source: str
    translations: list[Translation]
    alignments: list[Alignment] | None = None  # of each translation, if asked for
    nbest: bool = False  # whether `record` lists all translations
    unplaced_terms: Sequence[str] = ()  # of a glossary, that the best translation lacks: "a → b"

    @property
    def best(self) -> Translation:
        return self.translations[0]

    @property
    def alignment(self) -> Alignment | None:
        """Of the best translation."""
        return self.alignments[0] if self.alignments else None

    @property
    def lost_numbers(self) -> list[str]:
        """The numbers of the source, as digits, that the best translation does not have.

        A small one that may have become a word, as "3" becomes "drei", is not lost.
        """
        return lost_numbers(self.source, self.best.text)

    def record(self) -> dict[str, Any]:
        """Plain data for JSON; `lost_numbers` and `unplaced_terms` are there if there are any.

        `engine` is not where nothing was translated, but all of the line copied.
        """
        record: dict[str, Any] = {
            "source": self.source,
            "translation": self.best.text,
            "score": self.best.score,
            "log_probability": self.best.log_probability,
            "tokens": self.best.tokens,
        }
        if self.best.lm_log_probability is not None:
            record["lm_log_probability"] = self.best.lm_log_probability
        if self.best.engine:
            record["engine"] = self.best.engine
        if self.alignments is not None:
            record["alignment"] = self.alignment
        if self.lost_numbers:
            record["lost_numbers"] = self.lost_numbers
        if self.unplaced_terms:
            record["unplaced_terms"] = list(self.unplaced_terms)
        if self.nbest:
            record["nbest"] = [_short_record(translation) for translation in self.translations]
        return record

    def __str__(self) -> str:
        return one_line(self.best.text)


def described(
    lines: Iterable[str],
    found: Iterable[list[Translation]],
    alignments: Iterable[Alignment] | None,
    *,
    nbest: bool,
    terms: Terms | None,
) -> Iterator[TranslatedLine]:
    """Lines with their translations, the alignment of each of these, and the terms they lack.

    A term that stands in code, or in something else that is copied, is none.
    """
    waiting = iter(alignments or ())
    for line, translations in zip(lines, found, strict=True):
        of_line = None if alignments is None else list(islice(waiting, len(translations)))
        best = translations[0]
        unplaced = terms.lacking(best.wording, best.text) if terms else []
        named = [f"{item.surface} → {item.wanted}" for item in unplaced]
        yield TranslatedLine(line, translations, of_line, nbest, named)


def lost_numbers(source: str, translation: str) -> list[str]:
    """The numbers of `source` that `translation` lacks; see `TranslatedLine.lost_numbers`."""
    wanted = numbers(_GROUPED.sub("", source))
    found = numbers(_GROUPED.sub("", translation))
    lost = list((wanted - found).elements())
    others = (found - wanted).total()
    large = [number for number in lost if not _may_be_a_word(number)]
    return lost if others > len(large) else large


def _may_be_a_word(number: str) -> bool:
    return len(number) <= 2 and int(number) <= _LARGEST_WORD


def _short_record(translation: Translation) -> dict[str, Any]:
    record = {
        "translation": translation.text,
        "score": translation.score,
        "log_probability": translation.log_probability,
    }
    if translation.lm_log_probability is not None:
        record["lm_log_probability"] = translation.lm_log_probability
    return record


def one_line(text: str) -> str:
    """A translation on one line, whatever characters the model produced."""
    return " ".join(text.splitlines())
