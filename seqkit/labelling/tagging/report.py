"""How good a tagger is: accuracy, spans by type, words of segmented text; baselines beside.

Shapes: N sentences, W words of all of them, K tags.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...metrics.classification import Classification, accuracy
from ...metrics.intervals import Interval, interval
from ...metrics.perplexity import finite
from ...metrics.signatures import signature_of
from ...metrics.spans import SpanCounts, SpanFigures, WordRecall, f1_of_sums, word_recall
from .schemes import SchemeName, spans_of

_SHOWN_TAGS = 60  # a larger set of tags is not shown tag by tag
Tags = Sequence[Sequence[str]]  # of N sentences


@dataclass(frozen=True, repr=False)
class Scores:
    """Predicted tags beside the right ones, counted by sentence."""

    words: NDArray[np.int64]  # (N, 2): right, all; characters of a segmented text
    spans: SpanCounts | None = None  # None for plain tags
    recall: WordRecall | None = None  # of segmented text

    @classmethod
    def of(cls, predicted: Tags, actual: Tags, scheme: SchemeName) -> Scores:
        """Of sentences that are tagged twice."""
        rows = np.zeros((len(actual), 2), np.int64)
        for row, ours, right in zip(rows, predicted, actual, strict=True):
            row[:] = sum(map(str.__eq__, ours, right)), len(right)
        if scheme == "plain":
            return cls(rows)

        ours_spans = [spans_of(tags) for tags in predicted]
        right_spans = [spans_of(tags) for tags in actual]
        return cls(rows, SpanCounts.of(ours_spans, right_spans))

    def with_recall(
        self, predicted: Tags, actual: Sequence[Sequence[str]], known: Collection[str]
    ) -> Scores:
        """The same with the recall of words: tags of characters, the right words of sentences."""
        ours = [
            ["".join(words)[span.start : span.end] for span in spans_of(tags)]
            for words, tags in zip(actual, predicted, strict=True)
        ]
        return Scores(self.words, self.spans, word_recall(ours, actual, known))

    def __repr__(self) -> str:
        return f"<Scores: {', '.join(f'{k} {v:.4f}' for k, v in self.figures().items())}>"

    @property
    def accuracy(self) -> float:
        right, count = self.words.sum(0).tolist()
        return accuracy(right, count)

    def figures(self) -> dict[str, float]:
        """The figures by name, the most important first."""
        found: dict[str, float] = {}
        if self.spans is not None:
            precision, recall, f1, *_ = self.spans.figures
            found |= {"f1": f1, "precision": precision, "recall": recall}
        found["accuracy"] = self.accuracy
        if self.recall is not None:
            found["oov_recall"] = self.recall.oov_recall
            found["known_recall"] = self.recall.known_recall
        return found

    def intervals(self) -> dict[str, Interval]:
        """Bootstrap intervals over sentences, by the name of the figure."""
        found = {"accuracy": interval(self.words, accuracy_of_sums)}
        if self.spans is not None:
            found["f1"] = interval(self.spans.by_sentence, f1_of_sums)
        return found


def accuracy_of_sums(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """(S, 2) -> (S,)"""
    shares: NDArray[np.float64] = sums[:, 0] / np.maximum(sums[:, 1], 1)
    return shares


@dataclass(frozen=True, repr=False)
class TaggingReport:
    """The figures of a tagger. A `seqkit.runs.predictor.Report`."""

    scores: Scores
    predicted: Tags
    actual: Tags
    unit: str  # words, or characters
    baselines: Mapping[str, Scores] = field(default_factory=dict)
    signature_fields: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def __repr__(self) -> str:
        return f"<TaggingReport: {self.scores!r} of {len(self.actual):,} sentences>"

    @property
    def accuracy(self) -> float:
        return self.scores.accuracy

    @property
    def f1(self) -> float:
        """Of spans; nan for plain tags."""
        return self.scores.figures().get("f1", float("nan"))

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the types of spans, or of plain tags, that are right or found somewhere.

        Over all spans, and over all plain tags, it is the micro F1: `f1`, and `accuracy`.
        """
        spans = self.scores.spans
        if spans is None:
            return self.by_tag.macro_f1
        by_type = [figures.f1 for figures in spans.per_type.values()]
        return sum(by_type) / len(by_type) if by_type else float("nan")

    @cached_property
    def intervals(self) -> dict[str, Interval]:
        """The 95 % bootstrap intervals of `accuracy` and `f1`, drawn over sentences."""
        return self.scores.intervals()

    @cached_property
    def by_tag(self) -> Classification:
        """Precision, recall and F1 of each tag, and the confusion matrix."""
        names = sorted({tag for tags in (*self.predicted, *self.actual) for tag in tags})
        ids = {name: i for i, name in enumerate(names)}
        ours = [ids[tag] for tags in self.predicted for tag in tags]
        right = [ids[tag] for tags in self.actual for tag in tags]

        decided = np.zeros((len(ours), len(names)), np.float32)
        decided[np.arange(len(ours)), ours] = 1.0
        labels = np.array(right, np.int64)
        return Classification(names, decided, labels, unit=self.unit)

    @property
    def signature(self) -> str:
        """Everything the figures depend on besides the model."""
        return signature_of(self.signature_fields)

    def record(self) -> dict[str, Any]:
        """Plain data for JSON, which knows no nan: None stands for it."""
        record: dict[str, Any] = _finite(self.scores.figures())
        record["macro_f1"] = finite(self.macro_f1)
        record["intervals"] = {
            name: [finite(found.low), finite(found.high)] for name, found in self.intervals.items()
        }
        record["sentences"] = len(self.actual)
        record[self.unit] = int(self.scores.words[:, 1].sum())
        if self.scores.spans is not None:
            record["spans"] = self.scores.spans.record()
        if self.scores.recall is not None:
            record["oov_rate"] = self.scores.recall.oov_rate
        record["tags"] = list(self.by_tag.classes)
        record["per_tag"] = {figures.name: figures._asdict() for figures in self.by_tag.per_class}
        record["confusion"] = self.by_tag.confusion.tolist()
        record["baselines"] = {
            name: _finite(scores.figures()) for name, scores in self.baselines.items()
        }
        if self.notes:
            record["notes"] = list(self.notes)
        record["signature"] = self.signature
        return record

    def __str__(self) -> str:
        """A table by type, or by tag; the figures with their intervals; baselines; signature."""
        lines = self._table()
        if lines:
            lines.append("")
        lines += self._figure_lines()
        lines.append(self.signature)
        return "\n".join(lines)

    def _table(self) -> list[str]:
        if self.scores.spans is None:
            rows = {f.name: (f.precision, f.recall, f.f1, f.support) for f in self.by_tag.per_class}
            return _rows("tag", rows, self.unit) if len(rows) <= _SHOWN_TAGS else []

        per_type = self.scores.spans.per_type
        if set(per_type) <= {""}:
            return []  # words, or spans of no type: one line would repeat the figures
        return _rows("type", {kind: _row(figures) for kind, figures in per_type.items()}, "spans")

    def _figure_lines(self) -> list[str]:
        """A line a figure, a column a system."""
        systems = {"model": self.scores, **self.baselines}
        figures = {name: scores.figures() for name, scores in systems.items()}
        widths = {name: max(len(name), 6) for name in systems}

        names = list(figures["model"])
        left = max(len(_shown(name)) for name in names)
        heading = "  ".join(name.rjust(widths[name]) for name in systems)
        lines = [f"{'':{left}}  {heading}"]
        for name in names:
            cells = [f"{figures[system][name]:{widths[system]}.4f}" for system in systems]
            line = f"{_shown(name):{left}}  {'  '.join(cells)}"
            if name in self.intervals:
                line += f"  95 % of draws {self.intervals[name]}"
            lines.append(line)

        if self._table():
            kinds = "tags" if self.scores.spans is None else "types"
            lines.append(f"macro F1, the mean of the {kinds}: {self.macro_f1:.4f}")

        count = int(self.scores.words[:, 1].sum())
        lines.append(f"{len(self.actual):,} sentences, {count:,} {self.unit}{self._spans_told()}")
        return lines

    def _spans_told(self) -> str:
        if self.scores.spans is None:
            return ""
        figures = self.scores.spans.figures
        if self.scores.recall is None:
            what = "spans"
        else:
            what = f"words ({self.scores.recall.oov_rate:.2%} of them unknown)"
        return (
            f"; {figures.actual:,} {what}, {figures.predicted:,} found, {figures.correct:,} right"
        )


def _finite(figures: Mapping[str, float]) -> dict[str, Any]:
    return {name: finite(value) for name, value in figures.items()}


def _shown(name: str) -> str:
    return {"f1": "F1", "oov_recall": "OOV recall", "known_recall": "known recall"}.get(name, name)


def _row(figures: SpanFigures) -> tuple[float, float, float, int]:
    return figures.precision, figures.recall, figures.f1, figures.actual


def _rows(
    heading: str, rows: Mapping[str, tuple[float, float, float, int]], unit: str
) -> list[str]:
    width = max(len(heading), *(len(name) for name in rows))
    lines = [f"{heading:{width}}  precision  recall     F1  {unit}"]
    for name, (precision, recall, f1, count) in rows.items():
        shares = f"{precision:9.4f}  {recall:.4f} {f1:.4f}"
        lines.append(f"{name:{width}}  {shares}  {count:{len(unit)},}")
    return lines
