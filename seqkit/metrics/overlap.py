"""BLEU and chrF by sacrebleu, on raw text, with its signature."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple


class Score(NamedTuple):
    score: float  # 0 to 100
    signature: str
    length_ratio: float = (
        math.nan
    )  # BLEU's: tokens of the outputs over tokens of the closest references


def bleu(outputs: Sequence[str], references: Sequence[Sequence[str | None]]) -> Score:
    """Corpus BLEU (Papineni et al. 2002; Post 2018): 13a tokens, mixed case.

    `references` holds one or more whole sets; `None` where a sentence has no further reference.
    """
    from sacrebleu.metrics.bleu import BLEU

    return _score(BLEU(), outputs, references)


def chrf(outputs: Sequence[str], references: Sequence[Sequence[str | None]]) -> Score:
    """Corpus chrF2 (Popović 2015)."""
    from sacrebleu.metrics.chrf import CHRF

    return _score(CHRF(), outputs, references)


def _score(
    metric: Any, outputs: Sequence[str], references: Sequence[Sequence[str | None]]
) -> Score:
    result = metric.corpus_score(list(outputs), [list(column) for column in references])
    ratio = result.sys_len / max(1, result.ref_len) if hasattr(result, "sys_len") else math.nan
    return Score(result.score, str(metric.get_signature()), ratio)


def consensus(outputs: Sequence[str]) -> list[float]:
    """How like the others each of several outputs is: its mean sentence chrF2 against them, 0 to 100.

    Minimum Bayes risk: the output with the highest value is expected to lose least (Eikema & Aziz 2022,
    arXiv:2108.04718). Equal outputs count as often as they were drawn.
    """
    from sacrebleu.metrics.chrf import CHRF

    metric, times = CHRF(), Counter(outputs)
    worth = {
        output: sum(
            (100.0 if output == other else metric.sentence_score(output, [other]).score)
            * (n - (output == other))
            for other, n in times.items()
        )
        for output in times
    }
    return [worth[output] / max(1, len(outputs) - 1) for output in outputs]
