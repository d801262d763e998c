"""BLEU and chrF by sacrebleu, on raw text, with its signature."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..text.lines import each_text
from .text_metric import Outputs, References, Score, paired


def bleu(outputs: Outputs, references: References) -> Score:
    """Corpus BLEU, 0 to 100 (Papineni et al. 2002; Post 2018): 13a tokens, mixed case.

    `references` is a list of reference lists: `[references]` for one reference each. Raises
    `DataError` for lists that do not pair up, and its kind `WrongType` for anything but texts.
    """
    from sacrebleu.metrics.bleu import BLEU

    return _score(BLEU(), outputs, references)


def chrf(outputs: Outputs, references: References) -> Score:
    """Corpus chrF2, 0 to 100 (Popović 2015); takes and raises what `bleu` does."""
    from sacrebleu.metrics.chrf import CHRF

    return _score(CHRF(), outputs, references)


def _score(metric: Any, outputs: Outputs, references: References) -> Score:
    texts, columns = paired(outputs, references)
    result = metric.corpus_score(texts, columns)

    length_ratio = math.nan
    if hasattr(result, "sys_len"):
        length_ratio = result.sys_len / max(1, result.ref_len)
    return Score(result.score, str(metric.get_signature()), length_ratio)


@dataclass(frozen=True)
class Statistics:
    """What a corpus score is made of: sums over sentences of numbers that each output has."""

    rows: NDArray[np.float64]  # (outputs, numbers)
    metric: Any  # of sacrebleu

    def score(self, total: NDArray[np.float64]) -> float:
        """The corpus score of outputs whose numbers sum to `total`, 0 to 100."""
        found: float = self.metric._compute_score_from_stats(total.tolist()).score
        return found


def statistics(name: str, outputs: Outputs, references: References) -> Statistics:
    """The numbers of each output, from which corpus BLEU ("bleu") or chrF2 ("chrf") is computed.

    They are sacrebleu's own, of methods that its bootstrap uses. Raises as `bleu`.
    """
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    texts, columns = paired(outputs, references)
    metric: Any = BLEU(force=True) if name == "bleu" else CHRF()
    rows = metric._extract_corpus_statistics(texts, columns)
    return Statistics(np.array(rows, np.float64), metric)


@dataclass(frozen=True)
class OverlapMetric:
    """One of the functions above as a `TextMetric`."""

    name: str
    label: str
    score: Callable[[Outputs, References], Score]
    better: Literal["lower", "higher"] = "higher"

    def __call__(self, outputs: Outputs, references: References) -> Score:
        return self.score(outputs, references)


BLEU = OverlapMetric("bleu", "BLEU", bleu)
CHRF = OverlapMetric("chrf", "chrF", chrf)


def consensus(outputs: Sequence[str]) -> list[float]:
    """How similar each output is to the others: its mean sentence chrF2 against them, 0 to 100.

    Minimum Bayes risk: the output with the highest value has the lowest expected loss (Eikema &
    Aziz 2022, arXiv:2108.04718). Equal outputs count as often as they were drawn.
    """
    texts = list(each_text(outputs, "outputs"))
    times = Counter(texts)
    others = max(1, len(texts) - 1)
    similarity = {output: _similarity(output, times) for output in times}
    return [similarity[output] / others for output in texts]


def _similarity(output: str, times: Counter[str]) -> float:
    """The sum of `output`'s chrF2 against all others, of which each was drawn `times` times."""
    from sacrebleu.metrics.chrf import CHRF

    metric = CHRF()
    total = 0.0
    for other, count in times.items():
        if other == output:
            total += 100.0 * (count - 1)
        else:
            total += metric.sentence_score(output, [other]).score * count
    return total
