"""How a search does at a given width: quality, length, speed, and how often it misses what the model prefers."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import ConfigError
from ..metrics.overlap import Score, bleu, chrf
from .translator import Translator

_ROUNDING = 1e-4  # by which two ways to the same score may differ


class BeamResult(NamedTuple):
    beam: int
    bleu: Score
    chrf: Score
    length_ratio: float  # tokens of the outputs over tokens of the references, as BLEU counts them
    speed: float  # sentences a second
    search_errors: (
        float  # share of sentences with a reference that the model scores above the output
    )

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


def measure(
    translator: Translator,
    sources: Sequence[str],
    references: Sequence[Sequence[str | None]],
    beams: Sequence[int],
    settings: Mapping[str, Any],
) -> Iterator[BeamResult]:
    """Translate whole lines with a beam of each width and compare with the references, columns of them.

    A search error (Stahlberg & Byrne 2019, arXiv:1908.10090) is found where a reference has a higher score, by the
    search's own length normalisation, than what the search came up with: the least number of errors that it made.
    """
    searches = [
        translator.settings({**settings, "beam": beam}) for beam in beams
    ]  # complain before anything is done
    if searches[0].coverage_penalty:
        raise ConfigError("coverage_penalty: search errors are counted without it; take it back")
    normalize = searches[0].ranking
    pairs = [
        (i, text) for column in references for i, text in enumerate(column) if text is not None
    ]
    logs = translator.token_scores([sources[i] for i, _ in pairs], [text for _, text in pairs])
    best = [-math.inf] * len(sources)
    for (i, _), row in zip(pairs, logs, strict=True):
        best[i] = max(best[i], normalize(math.fsum(row), len(row)))
    for beam in beams:
        began = time.perf_counter()
        found = [
            best[0]
            for best in translator.translate_nbest(
                sources, **{**settings, "beam": beam, "split": False}
            )
        ]
        speed = len(sources) / (time.perf_counter() - began)
        missed = [
            wanted > normalize(t.log_probability, len(t.tokens) + 1) + _ROUNDING
            for wanted, t in zip(best, found, strict=True)
        ]
        outputs = [translation.text for translation in found]
        scores = bleu(outputs, references), chrf(outputs, references)
        yield BeamResult(beam, *scores, scores[0].length_ratio, speed, sum(missed) / len(sources))
