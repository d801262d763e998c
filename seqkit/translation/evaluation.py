"""Translations of a test set against its references, by any registered metric."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data.parallel import read_references
from ..data.seen import Seen, SeenTexts, joined
from ..errors import ConfigError
from ..metrics.perplexity import finite
from ..metrics.text_metric import Score, TextMetric, label_of, paired
from ..plugins import components
from ..text.lines import check_many, each_text

METRICS = ("bleu", "chrf")  # of every evaluation that does not name others


@dataclass(frozen=True)
class TestSet:
    """Sentences to translate, and what they should become."""

    __test__ = False  # not a test case of pytest

    sources: list[str]
    references: list[list[str | None]]  # columns; None where a sentence has no further reference

    def __repr__(self) -> str:
        return f"TestSet({len(self.sources):,} sentences, {len(self.references)} references)"


def read_test_set(paths: Sequence[Path], columns: tuple[int, int] = (1, 2)) -> TestSet:
    """Read a source file and its reference files, or one TSV file with these columns.

    Equal sources of a TSV file are one sentence with several references. Raises `DataError` naming
    the file, and `ConfigError` without paths.
    """
    check_many(paths, "paths")
    if not paths:
        raise ConfigError(
            "a translator has no test data of its own: "
            "name a source file and its references, or one TSV file"
        )

    sources, references = read_references(paths, columns)
    return TestSet(sources, references)


@dataclass(frozen=True)
class TranslationReport:
    """Scores of one system on one test set."""

    scores: Mapping[str, Score]  # by the name of the metric
    labels: Mapping[str, str]  # what tables call each metric
    sentences: int
    seen: Sequence[Seen] = ()  # sources and pairs of the test that were trained on
    search: str = ""  # settings other than the model's own

    @property
    def signature(self) -> str:
        """Everything the scores depend on besides the model and the texts."""
        parts: list[str] = []
        for name, score in self.scores.items():
            label = self.labels[name]
            parts.append(f"{label} {score.signature}")

        if self.search:
            parts.append(f"search {self.search}")
        return "; ".join(parts)

    def record(self) -> dict[str, float | str | int | None]:
        """Plain data for JSON; `search` only where it is not the model's own."""
        record = {**score_record(self.scores), "sentences": self.sentences}
        return {**record, "search": self.search} if self.search else record

    @property
    def notes(self) -> list[str]:
        """What to say of sources and pairs that were trained on."""
        return [str(each) for each in self.seen]

    def __str__(self) -> str:
        lines: list[str] = []
        for name, score in self.scores.items():
            label = self.labels[name]
            lines.append(f"{label} {score.score:.2f}  {score.signature}")

        if self.search:
            lines.append(f"search {self.search}")
        lines.append(f"{self.sentences:,} sentences")
        return "\n".join(lines)

    def __repr__(self) -> str:
        parts: list[str] = []
        for name, score in self.scores.items():
            label = self.labels[name]
            parts.append(f"{label} {score.score:.2f}")

        scores = ", ".join(parts)
        return f"TranslationReport({scores}; {self.sentences:,} sentences)"


def load_metrics(names: Iterable[str]) -> dict[str, TextMetric]:
    """Registered metrics by name; raises `UnknownName` with a suggestion."""
    registry = components().metrics
    return {name: registry.load(name) for name in each_text(names, "metrics")}


def evaluate_outputs(
    outputs: Sequence[str],
    test_set: TestSet,
    metrics: Iterable[str] = METRICS,
    *,
    seen: Callable[[], SeenTexts | None] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> TranslationReport:
    """Score finished translations of a test set; raises `DataError` if they do not pair up.

    `seen` reads what is kept of the training text, so that the report names what the test has in
    common with it. `settings` are those of the search that are not the model's own.
    """
    texts, references = paired(outputs, test_set.references)
    scores: dict[str, Score] = {}
    labels: dict[str, str] = {}
    for name, metric in load_metrics(metrics).items():
        scores[name] = metric(texts, references)
        labels[name] = label_of(metric)

    known = seen() if seen else None
    found = _seen_items(test_set, known) if known else []
    changed = sorted((settings or {}).items())
    search = "|".join(f"{key}:{value}" for key, value in changed)
    size = len(test_set.sources)
    return TranslationReport(scores, labels, sentences=size, seen=found, search=search)


def _seen_items(test_set: TestSet, known: SeenTexts) -> list[Seen]:
    """The sources, and the pairs of a source and a reference, that were trained on."""
    pairs: list[str] = []
    for column in test_set.references:
        for source, reference in zip(test_set.sources, column, strict=True):
            if reference is not None:
                pairs.append(joined(source, reference))

    found = known.count(sources=test_set.sources, pairs=pairs)
    return [each for each in found if each.found]


def score_record(scores: Mapping[str, Score]) -> dict[str, float | str | int | None]:
    """Each score and its signature, as plain data for JSON."""
    record: dict[str, float | str | int | None] = {}
    for name, score in scores.items():
        record[name] = finite(score.score)
        record[f"{name}_signature"] = score.signature
    return record
