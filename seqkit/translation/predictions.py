"""What `Translator.predict` gives for each line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .explain import Alignment
from .segments import Translation


@dataclass(frozen=True)
class TranslatedLine:
    """A line and its translations, best first."""

    source: str
    translations: list[Translation]
    alignments: list[Alignment] | None = None  # of each translation, if asked for
    nbest: bool = False  # whether `record` lists all translations

    @property
    def best(self) -> Translation:
        return self.translations[0]

    @property
    def alignment(self) -> Alignment | None:
        """Of the best translation."""
        return self.alignments[0] if self.alignments else None

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        record: dict[str, Any] = {
            "source": self.source,
            "translation": self.best.text,
            "score": self.best.score,
            "log_probability": self.best.log_probability,
            "tokens": self.best.tokens,
        }
        if self.alignments is not None:
            record["alignment"] = self.alignment
        if self.nbest:
            record["nbest"] = [_short_record(translation) for translation in self.translations]
        return record

    def __str__(self) -> str:
        return one_line(self.best.text)


def _short_record(translation: Translation) -> dict[str, Any]:
    return {
        "translation": translation.text,
        "score": translation.score,
        "log_probability": translation.log_probability,
    }


def one_line(text: str) -> str:
    """A translation on one line, whatever characters the model produced."""
    return " ".join(text.splitlines())
