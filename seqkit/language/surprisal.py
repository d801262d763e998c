"""A page that colours each token of a text by how much it surprised the model."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable

_BRIGHTEST = 16.0  # bits; what surprises more is no redder
_STYLE = (
    "body{font:16px/2 sans-serif;max-width:60em;margin:2em auto;color:#111;background:#fff}"
    "span{padding:2px 1px;border-radius:3px;white-space:pre-wrap}.key span{padding:2px 8px}p{margin:.3em 0}"
)


def bits(log10: float) -> float:
    """Surprisal: -log2 of the probability (Shannon 1948)."""
    return -log10 / math.log10(2)


def page(
    title: str, note: str, tokens: Iterable[tuple[str, float, bool, bool]], *, spaced: bool
) -> str:
    """HTML of tokens with their log10 probability, whether they are unknown, and whether a line ends there.

    `spaced` sets tokens apart; without, they hold their own spaces. `note` stands under the title.
    """
    lines: list[list[str]] = [[]]
    for token, log10, unknown, end in tokens:
        shown = "⏎" if end else html.escape(token)
        hint = f"{bits(log10):.2f} bits" + (", unknown" if unknown else "")
        lines[-1].append(
            f'<span style="background:{colour(bits(log10))}" title="{hint}">{shown}</span>'
        )
        if end:
            lines.append([])
    text = "\n".join(f"<p>{(' ' if spaced else '').join(line)}</p>" for line in lines if line)
    key = " ".join(
        f'<span style="background:{colour(value)}">{value:g}</span>'
        for value in (0, 2, 4, 8, 12, 16)
    )
    return (
        f'<!doctype html>\n<html><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>\n<h1>{html.escape(title)}</h1>\n<p>{html.escape(note)}</p>\n"
        f'<p class="key">bits: {key}</p>\n{text}\n</body></html>\n'
    )


def colour(value: float) -> str:
    """White for no surprise, red for `_BRIGHTEST` bits or more."""
    share = min(1.0, max(0.0, value / _BRIGHTEST))
    return f"hsl(8,90%,{100 - 42 * share:.0f}%)"
