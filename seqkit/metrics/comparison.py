"""Two systems on one test set: is the difference more than chance?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import WrongValue
from .text_metric import References, paired

SAMPLES = 1000


class Resampled(NamedTuple):
    """A corpus score and its 95 % interval under resampling of sentences."""

    score: float
    mean: float
    interval: float  # half its width


@dataclass(frozen=True)
class Comparison:
    """BLEU and chrF2 of two systems on one test set."""

    first: dict[str, Resampled]  # by metric: BLEU, chrF2
    second: dict[str, Resampled]
    p_values: dict[str, float]  # how likely a difference of this size is by chance
    signatures: dict[str, str]
    differences: list[float]  # sentence chrF2 of the second minus that of the first
    samples: int = SAMPLES

    def most_different(self, most: int) -> list[tuple[int, float]]:
        """Numbers and differences of the sentences that differ most, greatest difference first."""
        differing = [(i, value) for i, value in enumerate(self.differences) if value]
        differing.sort(key=lambda pair: -abs(pair[1]))
        return differing[:most]

    def record(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "first": _plain(self.first),
            "second": _plain(self.second),
            "p_values": self.p_values,
            "signatures": self.signatures,
            "samples": self.samples,
        }

    def __repr__(self) -> str:
        p_values = ", ".join(f"{metric} p = {p:.4f}" for metric, p in self.p_values.items())
        return f"Comparison({p_values}, {self.samples:,} samples)"


def _plain(scores: Mapping[str, Resampled]) -> dict[str, dict[str, float]]:
    return {metric: value._asdict() for metric, value in scores.items()}


def compare(
    first: Sequence[str], second: Sequence[str], references: References, samples: int = SAMPLES
) -> Comparison:
    """Compare the outputs of two systems by sacrebleu's paired bootstrap (Koehn 2004, W04-3250).

    Raises `DataError` for outputs and references that do not pair up.
    """
    ours, columns = paired(first, references)
    theirs, _ = paired(second, columns)
    if samples < 1:
        raise WrongValue(f"samples = {samples}: draw at least one")
    return _compare(ours, theirs, columns, samples)


def _compare(first: list[str], second: list[str], columns: Any, samples: int) -> Comparison:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF
    from sacrebleu.significance import PairedTest

    metrics = {"BLEU": BLEU(references=columns), "chrF2": CHRF(references=columns)}
    systems: Any = [("first", first), ("second", second)]
    test = PairedTest(systems, metrics, references=None, test_type="bs", n_samples=samples)
    results: Any
    signatures, results = test()

    p_values = {metric: float(results[metric][1].p_value) for metric in metrics}
    if first == second:
        # The test's inequality is strict, so that it would find equal systems to differ.
        p_values = dict.fromkeys(metrics, 1.0)

    return Comparison(
        first={metric: _resampled(results[metric][0]) for metric in metrics},
        second={metric: _resampled(results[metric][1]) for metric in metrics},
        p_values=p_values,
        signatures={metric: str(signatures[metric]) for metric in metrics},
        differences=_sentence_differences(first, second, columns),
        samples=samples,
    )


def _resampled(result: Any) -> Resampled:
    return Resampled(float(result.score), float(result.mean), float(result.ci))


def _sentence_differences(
    first: Sequence[str], second: Sequence[str], references: References
) -> list[float]:
    """Sentence chrF2 of `second` minus that of `first`."""
    from sacrebleu.metrics.chrf import CHRF

    chrf = CHRF()
    differences: list[float] = []
    for ours, theirs, answers in zip(first, second, zip(*references, strict=True), strict=True):
        if ours == theirs:
            differences.append(0.0)
            continue
        given = [answer for answer in answers if answer is not None]
        before = chrf.sentence_score(ours, given).score
        after = chrf.sentence_score(theirs, given).score
        differences.append(after - before)
    return differences
