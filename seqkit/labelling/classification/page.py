"""A page that colours the words of a text by what they say for a class."""

from __future__ import annotations

import html

from ...text.surrogates import without_halves
from .explain import InfluentialToken, TextExplanation

_STYLE = (
    "body{font:16px/2 sans-serif;max-width:60em;margin:2em auto;color:#111;background:#fff}"
    "span{padding:2px 1px;border-radius:3px;white-space:pre-wrap}"
    ".key span{padding:2px 8px}"
)


def explanation_page(explanation: TextExplanation, note: str = "") -> str:
    """The HTML page of a text; `note` stands under the title.

    What speaks for the class is green, what speaks against it red, the most influential word
    brightest; a line under a word is the darker the more attention it has.
    """
    title = html.escape(without_halves(f"{explanation.label} {explanation.probability:.4f}"))
    most = max((abs(token.influence) for token in explanation.tokens), default=0.0)
    heaviest = max((token.attention or 0.0 for token in explanation.tokens), default=0.0)

    between = " " if explanation.kind == "word" else ""
    spans = [_span(token, most, heaviest) for token in explanation.tokens]
    key = [
        f'<span style="background:{_colour(share)}">{share * most:+.2f}</span>'
        for share in (-1.0, -0.5, 0.0, 0.5, 1.0)
    ]
    return "\n".join(
        [
            "<!doctype html>",
            f'<html><head><meta charset="utf-8"><title>{title}</title>'
            f"<style>{_STYLE}</style></head><body>",
            f"<h1>{title}</h1>",
            f"<p>{html.escape(without_halves(note))}</p>",
            f'<p class="key">influence on the log odds, nats: {" ".join(key)}</p>',
            f"<p>{between.join(spans)}</p>",
            "</body></html>",
            "",
        ]
    )


def _span(token: InfluentialToken, most: float, heaviest: float) -> str:
    shown = "⏎" if token.text == "<eos>" else html.escape(without_halves(token.text))
    hint = f"{token.influence:+.4f}"
    style = f"background:{_colour(token.influence / most if most else 0.0)}"

    if token.attention is not None:
        hint += f", attention {token.attention:.4f}"
        darkness = token.attention / heaviest if heaviest else 0.0
        style += f";border-bottom:3px solid rgba(0,0,160,{darkness:.2f})"
    if not token.is_known:
        hint += ", unknown to the model"
    return f'<span style="{style}" title="{hint}">{shown}</span>'


def _colour(share: float) -> str:
    """Green for 1, white for 0, red for -1."""
    hue = 130 if share > 0 else 8
    return f"hsl({hue},70%,{100 - 42 * min(1.0, abs(share)):.0f}%)"
