"""Text normalisation as a chain of small named steps, applied in the order given."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from ..errors import ConfigError, hint

_SPACES = re.compile(
    "[\u0009\u000b\u000c\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
)
_RUNS = re.compile(r"\s+")
# Control characters but tab and newline; the byte-order mark; zero-width space; bidirectional marks; soft hyphen.
# U+200C and U+200D stay: Persian, Indic scripts and emoji are spelt with them.
_CONTROL = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
)
_BESIDE_MARKS = re.compile(r"(?<=\S)(?=[^\w\s])|(?<=[^\w\s])(?=\S)")
_LETTERS = re.compile(r"[^a-z]+")

STEPS: dict[str, tuple[Callable[[str], str], str]] = {
    "nfc": (
        lambda text: unicodedata.normalize("NFC", text),
        "Unicode NFC: accents joined to their letters",
    ),
    "nfkc": (
        lambda text: unicodedata.normalize("NFKC", text),
        "Unicode NFKC: NFC, and ligatures, widths, superscripts made plain",
    ),
    "spaces": (
        lambda text: _SPACES.sub(" ", text),
        "tabs and odd spaces (U+00A0, U+2009, U+3000 …) become U+0020",
    ),
    "control": (
        lambda text: _CONTROL.sub("", text),
        "control characters, byte-order and direction marks are removed",
    ),
    "squeeze": (
        lambda text: _RUNS.sub(" ", text).strip(),
        "runs of white space become one space; none at the ends",
    ),
    "lower": (str.lower, "lower case"),
    "casefold": (str.casefold, "case folding: lower case, and ß becomes ss"),
    "apart": (
        lambda text: _BESIDE_MARKS.sub(" ", text),
        "every punctuation mark and symbol is a word of its own",
    ),
    "letters": (
        lambda text: _LETTERS.sub(" ", text.lower()).strip(),
        "lower case; all but a-z becomes one space",
    ),
}
"""Step name → (function, one line on it)."""


class Normalizer:
    """`Normalizer(["nfc", "spaces"])(text)`: text → text. No steps at all is the identity."""

    def __init__(self, steps: Sequence[str] = ()) -> None:
        for step in steps:
            if step not in STEPS:
                raise ConfigError(f"no normalisation step {step!r}.{hint(step, STEPS)}")
        self.steps = tuple(steps)
        self._functions = [STEPS[step][0] for step in self.steps]

    def __call__(self, text: str) -> str:
        for function in self._functions:
            text = function(text)
        return text
