"""How a search does at several beam widths: quality, length, speed, and how often it misses what
the model prefers.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import ConfigError
from ..metrics.overlap import bleu
from ..metrics.text_metric import Score
from ..search.hypothesis import Normalize
from .evaluation import METRICS, TestSet, load_metrics, score_record
from .segments import Translation
from .translator import Translator

_ROUNDING = 1e-4  # by how much two ways to compute the same score may differ


@dataclass(frozen=True)
class BeamResult:
    """The figures of one beam width."""

    beam: int
    scores: Mapping[str, Score]  # by the name of the metric
    length_ratio: float  # tokens of the outputs over tokens of the references, as BLEU counts them
    speed: float  # sentences a second
    search_errors: float  # share of sentences where the model prefers a reference to the output

    def record(self) -> dict[str, float | str | int | None]:
        """Plain data for JSON."""
        return {
            "beam": self.beam,
            **score_record(self.scores),
            "length_ratio": self.length_ratio,
            "sentences_per_second": self.speed,
            "search_errors": self.search_errors,
        }


def measure(
    translator: Translator,
    test_set: TestSet,
    beams: Sequence[int],
    *,
    metrics: Sequence[str] = METRICS,
    settings: Mapping[str, Any],
) -> Iterator[BeamResult]:
    """Translate whole lines with a beam of each width and compare with the references.

    A search error (Stahlberg & Byrne 2019, arXiv:1908.10090) is a sentence with a reference whose
    score, by the search's own length normalisation, is higher than the output's: a lower bound on
    how often the search misses the best output.
    """
    normalize = _normalization(translator, beams, settings)
    found_metrics = load_metrics(metrics)
    reachable = _best_references(translator, test_set, normalize, settings.get("to", ""))

    for beam in beams:
        start = time.perf_counter()
        whole_lines = {**settings, "beam": beam, "split": False, "passthrough": False}
        nbest = translator.translate_nbest(test_set.sources, **whole_lines)
        seconds = time.perf_counter() - start

        best = [translations[0] for translations in nbest]
        outputs = [translation.text for translation in best]
        scores = {
            name: metric(outputs, test_set.references) for name, metric in found_metrics.items()
        }
        length_score = scores.get("bleu") or bleu(outputs, test_set.references)
        yield BeamResult(
            beam=beam,
            scores=scores,
            length_ratio=length_score.length_ratio,
            speed=len(outputs) / seconds,
            search_errors=_share_missed(best, reachable, normalize),
        )


def _normalization(
    translator: Translator, beams: Sequence[int], settings: Mapping[str, Any]
) -> Normalize:
    """How the search ranks outputs; raises `ConfigError` for settings that do not fit a width."""
    searches = [translator.settings({**settings, "beam": beam}) for beam in beams]
    if searches[0].coverage_penalty:
        raise ConfigError("coverage_penalty: search errors are counted without it, so leave it out")
    if searches[0].fuses:
        raise ConfigError("lm: search errors are those of the translator alone, so leave it out")
    return searches[0].ranking


def _best_references(
    translator: Translator, test_set: TestSet, normalize: Normalize, to: str
) -> list[float]:
    """The highest score that the model gives to a reference of each sentence."""
    best = [-math.inf] * len(test_set.sources)
    for column in test_set.references:
        given = [(i, text) for i, text in enumerate(column) if text is not None]
        sources = [test_set.sources[i] for i, _ in given]
        rows = translator.token_scores(sources, [text for _, text in given], to=to)

        for (i, _), logs in zip(given, rows, strict=True):
            best[i] = max(best[i], normalize(math.fsum(logs), len(logs)))
    return best


def _share_missed(
    translations: Sequence[Translation], reachable: Sequence[float], normalize: Normalize
) -> float:
    """The share of translations that score less than what the search could have reached."""
    missed = 0
    for translation, best in zip(translations, reachable, strict=True):
        score = normalize(translation.log_probability, len(translation.tokens) + 1)
        if best > score + _ROUNDING:
            missed += 1
    return missed / len(translations)
