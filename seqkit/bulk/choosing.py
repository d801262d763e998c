"""`select`: rows that are most like the text of a domain, out of more than one process scores.

All rows are read once for a survey (blank ones, duplicates, a random sample), scored by the
workers, and read once more for those that are chosen. The driver keeps two numbers of each row. The
score is that of `seqkit.language.selection`: Moore & Lewis 2010 (P10-2041).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..data.files import reading
from ..language.aligned import Chunk
from ..language.domains import Doubles
from ..language.duplicates import Sameness
from ..language.selection import (
    TOKENIZER,
    Survey,
    check_amount,
    check_settings,
    choose,
    counted_pairs,
    survey_text,
)
from ..ngram.text import PreTokenizer, text_lines
from ..plugins import components
from .cluster import check_ray
from .formats import Answer, ChosenLines, Failure, Format, Lines, Shard
from .inputs import Input
from .job import ROWS, Note, Progress, Task, description, make_task, work_off
from .output import JOB, Output, digest_of_files, owned
from .verbs import Kinds, Request, open_request

_SCORES = f"{JOB}/scores"  # below OUTPUT


@dataclass(frozen=True)
class Selection:
    """What is selected; see `seqkit.language.selection.select`."""

    in_domain: Path
    top: float | None = None
    threshold: float | None = None
    dedup: Sameness = "exact"
    order: int = 4
    seed: int = 1

    def record(self) -> dict[str, Any]:
        return {
            "in_domain": digest_of_files(self.in_domain),
            "top": self.top,
            "threshold": self.threshold,
            "dedup": self.dedup,
            "order": self.order,
            "seed": self.seed,
        }


@dataclass(frozen=True)
class Chosen:
    """What `select` did."""

    rows: int
    candidates: int  # without blank rows and duplicates
    chosen: int
    highest: float  # score among them

    def __len__(self) -> int:
        return 0  # rows that are new to a count of those scored

    def __str__(self) -> str:
        left_out = self.rows - self.candidates
        return (
            f"{self.candidates:,} rows without {left_out:,} duplicate, blank or unreadable ones; "
            "selected "
            f"{self.chosen:,}, with scores up to {self.highest:.4f}"
        )


def select(
    source: str | Path,
    output: str | Path,
    selection: Selection,
    *,
    text: str | None = None,
    prefix: str = "",
    rows: int = ROWS,
    workers: int | None = None,
    address: str | None = None,
    note: Note = lambda text: None,
) -> Iterator[Progress | Chosen]:
    """Write those rows of `source` into the folder `output` that are most like the domain's text.

    Yields shards as they are scored, and `Chosen` at the end. Otherwise as `job.run`.
    """
    check_ray()
    check_amount(selection.top, selection.threshold)
    check_settings(selection.dedup, selection.order, selection.seed)
    task = make_task(source, output, [text], as_json=False, rows=rows)
    if isinstance(task.format, Lines):
        task = replace(task, format=ChosenLines(["text"]))
    request = Request("select", prefix=prefix)
    task.format.check(task.inputs[0].path, [f"{prefix}score"])
    own = list(text_lines(selection.in_domain))

    job = description(request, [text], task) | selection.record()
    with owned(task.output, job, [*task.inputs, *_for_scores(task.inputs)]) as out:
        survey = survey_text(
            lambda: _chunks(task), [own], dedup=selection.dedup, seed=selection.seed
        )
        splitter = PreTokenizer.find(TOKENIZER, components().tokenizers.load)
        (pair,) = counted_pairs([own], survey, order=selection.order, pre_tokenizer=splitter)
        request = replace(request, pair=pair)
        opened = open_request(request)

        scoring = replace(task, inputs=_for_scores(task.inputs), format=_Scores(task.format))
        yield from work_off(scoring, out, request, opened.kinds, workers, address, note)
        chosen = _write_chosen(task, out, survey, selection, opened.kinds)
        out.finish()
    yield chosen


def _for_scores(inputs: Sequence[Input]) -> list[Input]:
    """The same files, whose parts are scores."""
    return [replace(each, stem=f"{_SCORES}/{each.stem}") for each in inputs]


def _chunks(task: Task) -> Iterator[Chunk]:
    """The text of all rows; nothing for those that no worker can score, which are as blank ones."""
    for _, shard in task.shards():
        lines = ["" if isinstance(t, Failure) or "\n" in t[0] else t[0] for t in shard.texts]
        yield Chunk([lines], [lines])


class _Scores:
    """Reads as another format does, and writes a score a line: nan for a row without one."""

    name: ClassVar[str] = "scores"
    suffix: ClassVar[str] = ".scores"

    def __init__(self, of: Format[Any]) -> None:
        self._of = of

    def check(self, path: Path, added: Sequence[str]) -> None:
        self._of.check(path, added)

    def shards(self, path: Path, rows: int) -> Iterator[Shard[Any]]:
        return self._of.shards(path, rows)

    def row(self, shard: Shard[Any], i: int) -> Any:
        return self._of.row(shard, i)

    def write(
        self,
        shard: Shard[Any],
        answers: Sequence[Answer | Failure],
        kinds: Mapping[str, str],
        to: Path,
    ) -> None:
        (name,) = kinds
        scores = [
            math.nan if isinstance(answer, Failure) else answer.fields[name] for answer in answers
        ]
        to.write_text("".join(f"{score!r}\n" for score in scores), encoding="utf-8")


def _write_chosen(
    task: Task, out: Output, survey: Survey, selection: Selection, kinds: Kinds
) -> Chosen:
    """Write the rows that are chosen; raises `DataError` if none is below the threshold."""
    scores = np.concatenate([np.empty(0), *_read(task, out)])
    missing = np.isnan(scores)
    choice = choose(
        np.where(missing, np.inf, scores), survey, top=selection.top, threshold=selection.threshold
    )
    mask = choice.mask & ~missing

    start = 0
    (name,) = kinds
    for each, shard in task.shards():
        answers: list[Answer | Failure] = []
        for i in range(start, start + len(shard)):
            score = float(scores[i])
            taken = Answer({name: score}, f"{score:.6f}")
            answers.append(taken if mask[i] else Failure("not chosen"))
        start += len(shard)
        _write_part(task, out, each, shard, answers, kinds)

    candidates = int(survey.candidates.sum())
    return Chosen(len(survey), candidates, int(mask.sum()), choice.highest)


def _read(task: Task, out: Output) -> Iterator[Doubles]:
    """The scores of all shards, in order."""
    for each in _for_scores(task.inputs):
        names = (each.part(number, _Scores.suffix) for number in itertools.count())
        for name in itertools.takewhile(out.parts.__contains__, names):
            path = out.folder / name
            with reading(path):
                text = path.read_text(encoding="utf-8")
            yield np.array([float(line) for line in text.split()])


def _write_part(
    task: Task,
    out: Output,
    each: Input,
    shard: Shard[Any],
    answers: Sequence[Answer | Failure],
    kinds: Kinds,
) -> None:
    name = each.part(shard.number, task.format.suffix)
    (of_scores,) = _for_scores([each])
    scored = of_scores.part(shard.number, _Scores.suffix)
    if out.done(name, shard.digest) is None:
        out.commit(
            name,
            shard.digest,
            lambda path: task.format.write(shard, answers, kinds, path),
            len(shard),
            out.aside(scored),
        )
