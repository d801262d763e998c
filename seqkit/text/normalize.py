"""Text normalisation as a chain of small named steps, applied in the order given."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from ..errors import ConfigError, hint
from .lines import check_one, each_text

_ODD_SPACES = re.compile(
    "[\u0009\u000b\u000c\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
)
_WHITE_SPACE = re.compile(r"\s+")
# Control characters except tab and newline; soft hyphen; zero-width space; marks of direction;
# word joiner and invisible operators; byte-order mark. U+200C and U+200D stay: Persian, Indic
# scripts and emoji are written with them.
_CONTROL = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f"
    "\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u2069\ufeff]"
)
_BESIDE_MARKS = re.compile(r"(?<=\S)(?=[^\w\s])|(?<=[^\w\s])(?=\S)")
_NOT_LETTERS = re.compile(r"[^a-z]+")


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _spaces(text: str) -> str:
    return _ODD_SPACES.sub(" ", text)


def _control(text: str) -> str:
    return _CONTROL.sub("", text)


def _squeeze(text: str) -> str:
    return _WHITE_SPACE.sub(" ", text).strip()


def _apart(text: str) -> str:
    return _BESIDE_MARKS.sub(" ", text)


def _letters(text: str) -> str:
    return _NOT_LETTERS.sub(" ", text.lower()).strip()


STEPS: dict[str, tuple[Callable[[str], str], str]] = {
    "nfc": (_nfc, "Unicode NFC: accents joined to their letters"),
    "nfkc": (_nfkc, "Unicode NFKC: NFC, and ligatures, widths and superscripts made plain"),
    "spaces": (_spaces, "tabs and odd spaces (U+00A0, U+2009, U+3000 …) become U+0020"),
    "control": (_control, "control characters, byte-order and direction marks are removed"),
    "squeeze": (_squeeze, "runs of white space become one space; none at the ends"),
    "lower": (str.lower, "lower case"),
    "casefold": (str.casefold, "case folding: lower case, and ß becomes ss"),
    "apart": (_apart, "every punctuation mark and symbol is a word of its own"),
    "letters": (_letters, "lower case; everything except a-z becomes one space"),
}
"""Step name → (function, one line on it)."""


class Normalizer:
    """`Normalizer(["nfc", "spaces"])(text)`: text → text. Without steps, text stays as it is."""

    def __init__(self, steps: Sequence[str] = ()) -> None:
        """Raises `ConfigError` with a suggestion for an unknown step; `WrongType` for a string."""
        self.steps = tuple(each_text(steps, "normalisation steps"))
        for step in self.steps:
            if step not in STEPS:
                raise ConfigError(f"no normalisation step {step!r}.{hint(step, STEPS)}")
        self._functions = [STEPS[step][0] for step in self.steps]

    def __call__(self, text: str) -> str:
        check_one(text)
        for function in self._functions:
            text = function(text)
        return text

    def __repr__(self) -> str:
        return f"Normalizer({list(self.steps)})"
