"""Which language a text is in: py3langid, and that what can be translated is likelier."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from .languages import base_of

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_LIKELIER = 10.0
"""How many times as likely a language is that can be translated: of three words, 99.8 % are then
told right, and of texts in other languages, 96 % are not taken for one of ours. HISTORY.md has the
table, and why it is py3langid."""
_HEAD = 2000  # characters of a text that are looked at
_MOST = 3  # languages that are worth naming
_LEAST = 0.01  # probability of one that is


@dataclass(frozen=True)
class Detected:
    """A language that a text may be in."""

    code: str
    probability: float


def detect(texts: Iterable[str], offered: Collection[str]) -> list[Detected]:
    """The likeliest languages of texts that share one, best first; none for texts without letters.

    `offered` are the codes of the languages that can be translated; they come back as they are
    spelt there, others by their code of ISO 639.
    """
    text = _head(texts)
    if not any(character.isalpha() for character in text):
        return []

    spelt = {base_of(code): code for code in reversed(list(offered))}
    weights: dict[str, float] = {}
    for code, probability in _identifier().rank(text):
        weights[code] = probability * (_LIKELIER if code in spelt else 1.0)

    total = sum(weights.values())
    best = sorted(weights, key=lambda code: -weights[code])[:_MOST]
    found = [Detected(spelt.get(code, code), weights[code] / total) for code in best]
    return [found[0], *(one for one in found[1:] if one.probability >= _LEAST)]


def _head(texts: Iterable[str]) -> str:
    """The first characters of all texts together."""
    parts: list[str] = []
    left = _HEAD
    for text in texts:
        parts.append(text[:left])
        left -= len(parts[-1])
        if left <= 0:
            break
    return "\n".join(parts)


@cache
def _identifier() -> LanguageIdentifier:
    """The model of py3langid: half a second and 60 MB, when the first text is asked about."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
