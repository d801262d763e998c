"""How a search does at a given width: quality, length, speed, and how often it misses what the model prefers."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..metrics.bleu import Score, bleu, chrf, length_ratio
from .translator import Translator


class Width(NamedTuple):
    beam: int
    bleu: Score
    chrf: Score
    length_ratio: float  # tokens of the outputs over tokens of the references, as BLEU counts them
    speed: float  # sentences a second
    search_errors: float  # share of sentences with a reference that the model scores above the output

    def record(self) -> dict[str, float | str]:
        """Plain data for JSON."""
        return {
            "beam": self.beam,
            "bleu": self.bleu.score,
            "bleu_signature": self.bleu.signature,
            "chrf": self.chrf.score,
            "chrf_signature": self.chrf.signature,
            "length_ratio": self.length_ratio,
            "sentences_per_second": self.speed,
            "search_errors": self.search_errors,
        }


def measured(
    translator: Translator,
    sources: Sequence[str],
    references: Sequence[Sequence[str | None]],
    beam: int,
    settings: Mapping[str, Any],
) -> Width:
    """Translate whole lines with a beam of that width and compare with the references, columns of them.

    A search error (Stahlberg & Byrne 2019, arXiv:1908.10090) is found where a reference has a higher score, by the
    search's own length normalisation, than what the search came up with: the least number of errors that it made.
    """
    began = time.perf_counter()
    found = [best[0] for best in translator.translate_nbest(sources, **{**settings, "beam": beam, "split": False})]
    seconds = time.perf_counter() - began
    outputs = [translation.text for translation in found]
    pairs = [(i, text) for column in references for i, text in enumerate(column) if text is not None]
    logs = translator.token_scores([sources[i] for i, _ in pairs], [text for _, text in pairs])
    normalize = translator.settings(settings).score
    best = [-math.inf] * len(sources)
    for (i, _), row in zip(pairs, logs, strict=True):
        best[i] = max(best[i], normalize(math.fsum(row), len(row)))
    missed = [
        wanted > normalize(t.log_probability, len(t.tokens) + 1) + 1e-4 for wanted, t in zip(best, found, strict=True)
    ]
    return Width(
        beam,
        bleu(outputs, references),
        chrf(outputs, references),
        length_ratio(outputs, references),
        len(sources) / seconds,
        sum(missed) / len(sources),
    )
