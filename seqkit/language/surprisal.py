"""A page that colours each token of a text by how much it surprised the model."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..metrics.perplexity import Perplexity
from ..metrics.scoring import Scorer, Scores, evaluate
from ..text.surrogates import without_halves

_BRIGHTEST = 16.0  # bits; what surprises more is no redder
_KEY = (0, 2, 4, 8, 12, 16)  # bits
_STYLE = (
    "body{font:16px/2 sans-serif;max-width:60em;margin:2em auto;color:#111;background:#fff}"
    "span{padding:2px 1px;border-radius:3px;white-space:pre-wrap}"
    ".key span{padding:2px 8px}p{margin:.3em 0}"
)


class ScoredToken(NamedTuple):
    """A token of a text and how probable it was."""

    text: str
    log10: float
    is_unknown: bool
    is_end: bool  # of a line

    @property
    def surprisal(self) -> float:
        """-log2 of the probability, bits (Shannon 1948)."""
        return -self.log10 / math.log10(2) + 0.0  # never -0.0


def surprisal_page(scorer: Scorer, blocks: Iterable[bytes], title: str) -> str:
    """The HTML page of a text, as `scorer` reads it."""
    report, tokens = scored_tokens(scorer, blocks)
    note = f"perplexity {report.perplexity:.4f}, {report.tokens:,} tokens; {report.signature}"
    return page(title, note, tokens, spaced=scorer.token_kind == "word")


def scored_tokens(scorer: Scorer, blocks: Iterable[bytes]) -> tuple[Perplexity, list[ScoredToken]]:
    """The record of a text and its tokens, as `scorer` reads it."""
    tokens: list[ScoredToken] = []

    def listen(block: bytes, found: Scores) -> None:
        tokens.extend(tokens_of_block(scorer, block, found))

    return evaluate(scorer, blocks, listen), tokens


def tokens_of_block(scorer: Scorer, block: bytes, found: Scores) -> Iterator[ScoredToken]:
    """The tokens of a block of text, given their scores."""
    texts = scorer.tokens_of(block)
    scores = found.scores.tolist()
    unknown = found.oov.tolist()
    ends = found.ends.tolist()
    for values in zip(texts, scores, unknown, ends, strict=True):
        yield ScoredToken(*values)


def page(title: str, note: str, tokens: Iterable[ScoredToken], *, spaced: bool) -> str:
    """The HTML page of scored tokens.

    `note` stands under the title. `spaced` puts spaces between tokens; without, tokens hold their
    own spaces.
    """
    between = " " if spaced else ""
    paragraphs = [f"<p>{between.join(line)}</p>" for line in _lines(tokens)]
    key = [f'<span style="background:{colour(bits)}">{bits:g}</span>' for bits in _KEY]

    heading = html.escape(without_halves(title))  # a file's name need not be UTF-8
    return "\n".join(
        [
            "<!doctype html>",
            f'<html><head><meta charset="utf-8"><title>{heading}</title>'
            f"<style>{_STYLE}</style></head><body>",
            f"<h1>{heading}</h1>",
            f"<p>{html.escape(note)}</p>",
            f'<p class="key">bits: {" ".join(key)}</p>',
            *paragraphs,
            "</body></html>",
            "",
        ]
    )


def _lines(tokens: Iterable[ScoredToken]) -> Iterator[list[str]]:
    """The tokens of each line as HTML."""
    line: list[str] = []
    for token in tokens:
        line.append(_span(token))
        if token.is_end:
            yield line
            line = []
    if line:
        yield line


def _span(token: ScoredToken) -> str:
    shown = "⏎" if token.is_end else html.escape(token.text)
    hint = f"{token.surprisal:.2f} bits"
    if token.is_unknown:
        hint += ", unknown"
    return f'<span style="background:{colour(token.surprisal)}" title="{hint}">{shown}</span>'


def colour(bits: float) -> str:
    """White for no surprise, red for `_BRIGHTEST` bits or more."""
    share = min(1.0, max(0.0, bits / _BRIGHTEST))
    return f"hsl(8,90%,{100 - 42 * share:.0f}%)"
