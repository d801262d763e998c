"""Two systems on one test set: is the difference more than chance?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

SAMPLES = 1000


class Resampled(NamedTuple):
    """A corpus score and its 95 % interval under resampling of sentences."""

    score: float
    mean: float
    interval: float  # half its width


@dataclass(frozen=True)
class Comparison:
    first: dict[str, Resampled]  # by metric: BLEU, chrF2
    second: dict[str, Resampled]
    p_values: dict[str, float]  # how likely so large a difference is by chance
    signatures: dict[str, str]
    differences: list[float]  # sentence chrF2 of the second minus that of the first
    samples: int = SAMPLES

    def most_different(self, most: int) -> list[tuple[int, float]]:
        """Places and differences of the sentences on which the systems differ most, the greatest first."""
        order = sorted(range(len(self.differences)), key=lambda i: -abs(self.differences[i]))
        return [(i, self.differences[i]) for i in order[:most] if self.differences[i]]

    def record(self) -> dict[str, object]:
        """Plain data for JSON."""
        systems = {"first": self.first, "second": self.second}
        return {
            **{
                name: {metric: value._asdict() for metric, value in found.items()}
                for name, found in systems.items()
            },
            "p_values": self.p_values,
            "signatures": self.signatures,
            "samples": self.samples,
        }


def compare(
    first: Sequence[str],
    second: Sequence[str],
    references: Sequence[Sequence[str | None]],
    samples: int = SAMPLES,
) -> Comparison:
    """BLEU and chrF2 of both with sacrebleu's paired bootstrap (Koehn 2004, W04-3250); references are columns."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF
    from sacrebleu.significance import PairedTest

    columns = [list(column) for column in references]
    metrics = {"BLEU": BLEU(references=columns), "chrF2": CHRF(references=columns)}  # type: ignore[arg-type]
    systems: Any = [("first", list(first)), ("second", list(second))]
    scores: Any
    signatures, scores = PairedTest(
        systems, metrics, references=None, test_type="bs", n_samples=samples
    )()
    found = [
        {
            name: Resampled(
                *(float(getattr(scores[name][i], key)) for key in ("score", "mean", "ci"))
            )
            for name in metrics
        }
        for i in range(2)
    ]
    rows = [[text for text in row if text is not None] for row in zip(*columns, strict=True)]
    chrf = CHRF()
    differences = [
        chrf.sentence_score(b, row).score - chrf.sentence_score(a, row).score if a != b else 0.0
        for a, b, row in zip(first, second, rows, strict=True)
    ]
    same = list(first) == list(
        second
    )  # of which the test, whose inequality is strict, would say the opposite
    p_values = {name: 1.0 if same else float(scores[name][1].p_value) for name in metrics}
    names = {name: str(signatures[name]) for name in metrics}
    return Comparison(found[0], found[1], p_values, names, differences, samples)
