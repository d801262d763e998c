"""A trained classifier: texts in, classes with probabilities out.

Shapes: N texts, B texts of a batch, W windows, T tokens of the longest, K classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...data.batching import Rows
from ...data.seen import Seen
from ...errors import ConfigError, DataError, SeqkitError, WrongType
from ...metrics.several import THRESHOLD
from ...search.soundness import check_numbers
from ...text.identity import digest_of
from ...text.lines import check_many, each_text
from ...text.vocab import Vocab
from ...training.identity import digest_of_network
from ..batching import reading_order
from ..models.contract import TextModel
from .baselines import Baselines, with_unknown
from .ensembles import ensemble_of
from .held_out import RunTexts, TestTexts, matrix_of, notes_on_test, unknown_labels
from .inputs import Inputs, combined
from .report import ClassificationReport

_AT_ONCE = 256  # texts of a stream that are sorted by length together
_TOKENS = 16_384  # of a batch, padding included
_DIGITS = 12  # of the digest of the test texts, in the signature

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class ClassifiedText:
    """What a model says of one text: its label or labels, and the likeliest classes."""

    text: str
    labels: list[str]  # one; any number if a text may have several
    classes: dict[str, float]  # the likeliest and their probabilities, the likeliest first
    unread: int = 0  # tokens at one end of a long text that the model, or the first, left out
    windows: int = 1  # in which a long text was read

    def record(self) -> dict[str, Any]:
        """Plain data: what `--json` prints; of the reading only what is not usual."""
        record: dict[str, Any] = {
            "text": self.text,
            "labels": self.labels,
            "classes": self.classes,
        }
        if self.unread:
            record["unread_tokens"] = self.unread
        if self.windows > 1:
            record["windows"] = self.windows
        return record

    def line(self, names: Iterable[str]) -> str:
        """Some of `classes` with their probabilities, a tab and the text on one line."""
        shown = [f"{name} {self.classes[name]:.4f}" for name in names]
        text = " ".join(self.text.split())
        return f"{', '.join(shown) or '-'}\t{text}"

    def __str__(self) -> str:
        """The line of the labels."""
        return self.line(self.labels)


class Classifier:
    """What `seqkit.load` returns for a run of the task "text-classification".

    It follows `seqkit.runs.predictor.Predictor`.
    """

    reads: ClassVar[Literal["lines", "files"]] = "lines"

    def __init__(
        self,
        model: TextModel,
        inputs: Inputs,
        labels: Vocab,
        *,
        several: bool,
        name: str,
        settings: Mapping[str, Any] | None = None,
        run: RunTexts | None = None,
        others: Sequence[Classifier] = (),
    ) -> None:
        """`settings` are those of the model, on which signatures depend; `run` knows its texts.

        `others` are asked, too, and the mean of all is the answer: see `ensemble`.
        """
        self.model = model
        self.inputs = inputs
        self.labels = labels
        self.several = several
        self.name = name
        self.settings = dict(settings or {})
        self.others = tuple(others)
        self.run = run

    def without_folder(self) -> Classifier:
        """The same classifier in memory, which knows nothing of a folder that may go."""
        return Classifier(
            self.model,
            self.inputs,
            self.labels,
            several=self.several,
            name=self.name,
            settings=self.settings,
        )

    @classmethod
    def ensemble(cls, classifiers: Sequence[Classifier]) -> Classifier:
        """Several classifiers as one, by the mean of their probabilities.

        Each reads the texts with its own tokenizer and cuts them to its own length; test texts are
        read as those of the first. Models that err on different texts gain most (Mesnil et al.
        2015, arXiv:1412.5335). Raises `ConfigError` if they know different classes.
        """
        check_many(classifiers, "classifiers")
        if not classifiers or not all(isinstance(one, Classifier) for one in classifiers):
            raise WrongType(
                "give a list of classifiers, such as [seqkit.load(run) for run in runs]"
            )
        return ensemble_of(cls, classifiers)

    def __repr__(self) -> str:
        several = ", several of them" if self.several else ""
        others = f" and {len(self.others)} more" if self.others else ""
        return (
            f"<Classifier {self.name}{others}: {len(self.classes)} classes{several}, "
            f"{len(self.inputs.tokenizer.vocab):,} tokens, on {self.device}>"
        )

    @property
    def members(self) -> tuple[Classifier, ...]:
        """This model and those that are asked with it."""
        return (self, *self.others)

    @property
    def classes(self) -> list[str]:
        """In alphabetical order: the columns of `probabilities`."""
        return list(self.labels.tokens)

    @property
    def device(self) -> torch.device:
        return self.model.embedding.weight.device

    @cached_property
    def digest(self) -> str:
        """Twelve hexadecimal digits: weights, settings, tokenizer and classes."""
        names = "\n".join(self.classes).encode()
        tokenizer = digest_of(self.inputs.tokenizer)
        return digest_of_network(self.model, self.settings, tokenizer, names)

    def probabilities(self, texts: Iterable[str]) -> Floats:
        """How probable each class is for each text: (N, K), rows sum to 1.

        Where a text may have several labels, each is a question of its own. Raises `WrongType` for
        one string.
        """
        parts = list(self._in_parts(each_text(texts)))
        if not parts:
            return np.zeros((0, len(self.labels)), np.float32)
        return np.concatenate([found for _, _, found in parts])

    def predict(
        self, inputs: Iterable[str], *, top: int = 0, threshold: float | None = None
    ) -> Iterator[ClassifiedText]:
        """The label of each text, lazily and in order, and the `top` likeliest classes (0 = all).

        Where a text may have several labels, it has those of at least the probability `threshold`
        (0.5 if none is given); a model that gives one label has no threshold. Raises `ConfigError`
        for settings that cannot be, before the first text is read.
        """
        check_many(inputs)
        self._check_settings(top, threshold)
        least = THRESHOLD if threshold is None else threshold
        return self._predictions(each_text(inputs), top or len(self.labels), least)

    def _check_settings(self, top: int, threshold: float | None) -> None:
        is_whole = isinstance(top, int) and not isinstance(top, bool)
        if not is_whole or not 0 <= top <= len(self.labels):
            raise ConfigError(f"top = {top!r}: the model knows {len(self.labels)} classes")
        if threshold is None:
            return
        if not self.several:
            raise ConfigError("threshold is for models that give a text several labels")
        if not isinstance(threshold, int | float) or not 0 < threshold < 1:
            raise ConfigError(f"threshold = {threshold!r}: a number between 0 and 1")

    def _predictions(
        self, texts: Iterator[str], top: int, threshold: float
    ) -> Iterator[ClassifiedText]:
        for group, rows, found in self._in_parts(texts):
            unread = self.inputs.unread(rows).tolist()
            windows = self.inputs.pieces(rows).tolist()
            for number, text in enumerate(group):
                labels, classes = self._labels(found[number], top, threshold)
                yield ClassifiedText(
                    text.removesuffix("\n"), labels, classes, unread[number], windows[number]
                )

    def _labels(
        self, row: Floats, top: int, threshold: float
    ) -> tuple[list[str], dict[str, float]]:
        """The labels of a text, and the likeliest classes with their probabilities: (K,)"""
        order = np.argsort(-row, kind="stable")
        given = [i for i in order if row[i] >= threshold] if self.several else order[:1]
        shown = order[: max(top, len(given))]

        names = self.labels.tokens
        return [names[i] for i in given], {names[i]: float(row[i]) for i in shown}

    def _in_parts(self, texts: Iterator[str]) -> Iterator[tuple[list[str], Rows, Floats]]:
        """Some texts, their ids and probabilities at a time; a broken one ends it after those."""
        while True:
            group, error = _until_error(texts)
            if group:
                rows = self.inputs.encode(group)
                yield group, rows, self._mean(self._rows(group, rows))
            if error:
                raise error
            if not group:
                return

    def _rows(self, texts: Sequence[str], own: Rows) -> list[Rows]:
        """What the texts are to each model; to this one they are `own`."""
        return [own, *(other.inputs.encode(texts) for other in self.others)]

    def _mean(self, rows: Sequence[Rows]) -> Floats:
        """(N, K) over this model and the others."""
        own, *theirs = rows
        found = self._probabilities(own)
        for other, its in zip(self.others, theirs, strict=True):
            found += other._probabilities(its)
        found /= len(rows)
        return found

    def _probabilities(self, rows: Rows) -> Floats:
        """(N, K) by this model alone, of texts that are read at once.

        Those of similar length are in a batch.
        """
        lengths = self.inputs.lengths(rows)
        longest = int(lengths.max())
        size = max(1, _TOKENS // longest)

        found = np.empty((len(rows), len(self.labels)), np.float32)
        for batch in reading_order(lengths, size):
            ids, text_of_row = self.inputs.windows(rows, batch)
            found[batch] = self._batch(ids, text_of_row, len(batch)).numpy()
        return found

    @torch.no_grad()
    def _batch(self, ids: Tensor, text_of_row: Tensor, texts: int) -> Tensor:
        """(W, T), (W,) -> (B, K), in float32, on the CPU"""
        at_once = max(1, _TOKENS // ids.size(1))  # of a long text in windows, not all
        parts = [self.model(part.to(self.device)).float() for part in ids.split(at_once)]
        logits = combined(torch.cat(parts), text_of_row.to(self.device), texts)
        found = logits.sigmoid() if self.several else logits.softmax(-1)
        check_numbers(found)
        return found.cpu()

    def read_test_data(self, paths: Sequence[Path] = ()) -> TestTexts:
        """The labelled texts in these files, written as those of the training.

        Without paths, the test texts of the run. Raises `DataError` naming file and line, and
        `ConfigError` if the run kept none.
        """
        check_many(paths, "paths")
        if self.run is None:
            raise ConfigError("this classifier does not know its run: it reads no files")
        return self.run.read_test([Path(path) for path in paths])

    def evaluate(
        self, data: TestTexts, *, threshold: float | None = None, baselines: bool = True
    ) -> ClassificationReport:
        """Accuracy, F1, confusion, calibration, intervals; the baselines are counted anew.

        A label that the model does not know counts as wrong, and a note says so. Raises `DataError`
        if it knows none of them, or if there are no texts.
        """
        self._check_settings(0, threshold)
        if not len(data):
            raise DataError(f"{data.name}: no labelled texts to measure on")

        unknown = unknown_labels(data.texts, self.labels)
        classes = [*self.classes, *unknown]
        matrix = matrix_of(data.texts, classes)
        rows = self.inputs.encode(data.texts.texts)
        rows_of_all = self._rows(data.texts.texts, rows)
        probabilities = with_unknown(self._mean(rows_of_all), len(unknown))

        remarks = self._notes_on_long(rows_of_all)
        remarks += notes_on_test(data.texts, unknown)
        counted, why = self._baselines() if baselines else (None, "")
        return ClassificationReport(
            classes=classes,
            probabilities=probabilities,
            labels=matrix,
            several=self.several,
            threshold=THRESHOLD if threshold is None else threshold,
            baselines=counted.figures(rows, matrix, several=self.several) if counted else {},
            majority=counted.majority(self.classes, several=self.several) if counted else "",
            seen=self._seen(data.texts.texts),
            remarks=[*remarks, *([why] if why else [])],
            signature_fields=self._signature_fields(data),
        )

    def _baselines(self) -> tuple[Baselines | None, str]:
        """What counting teaches, or why it cannot be said."""
        if self.run is None:
            return None, ""
        return self.run.baselines(self.inputs, self.labels)

    def _notes_on_long(self, rows: Sequence[Rows]) -> list[str]:
        """What becomes of long texts, said once where models say the same."""
        notes = [
            one.inputs.notes(its, "texts of the test")
            for one, its in zip(self.members, rows, strict=True)
        ]
        return list(dict.fromkeys(note for some in notes for note in some))

    def _seen(self, texts: Sequence[str]) -> list[Seen]:
        """Which texts were trained on, by any of the models; said once if by several."""
        runs = [one.run for one in self.members if one.run]
        return list(dict.fromkeys(seen for run in runs for seen in run.seen(texts)))

    def _signature_fields(self, data: TestTexts) -> dict[str, str]:
        tokens = dict.fromkeys(one.inputs.name for one in self.members)
        return {
            "data": data.name,
            "texts": f"{len(data)}",
            "content": data.digest()[:_DIGITS],
            "model": " + ".join(f"{one.name} {one.digest}" for one in self.members),
            "tokens": " + ".join(tokens),
            "compute": "float32",
        }


def _until_error(texts: Iterator[str]) -> tuple[list[str], Exception | None]:
    """The next texts of a stream, and the error that came after them."""
    group: list[str] = []
    try:
        for text in islice(texts, _AT_ONCE):
            group.append(text)
    except SeqkitError as error:
        return group, error
    return group, None
