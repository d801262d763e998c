"""Conformance of tasks and of predictors, what `Task.open` returns."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from .. import recipes
from ..config import COMMON, RunConfig
from ..plugins import components
from ..runs.changes import digests_of
from ..runs.load import load
from ..runs.start import train
from ..training import checkpoint
from ..training.task import Task
from .sections import check_section
from .texts import TEXTS


def check_task(
    recipe: str | Path,
    overrides: Mapping[str, Any] | None = None,
    *,
    inputs: Sequence[Any] = TEXTS,
    test_files: Sequence[Path] = (),
) -> None:
    """Check the task of a recipe: its data, a short training run, and the predictor of the run.

    `overrides` should make training short, such as {"train.steps": 4, "train.eval_every": 2}.
    `inputs` are what the predictor is tried on: texts, or files if it reads files. Without
    `test_files`, `evaluate` uses the test data of the run, if it has any.
    """
    config = recipes.load(recipe, overrides)
    cls = components().tasks.load(config.task)
    _check_task_class(cls, config.task)

    task: Task = cls(config)
    _check_batches(task)
    assert task.dims(), "dims() is empty: a model needs at least one size of the data"
    assert all(isinstance(size, int) for size in task.dims().values()), "dims() gives integers"
    assert all(isinstance(line, str) for line in task.describe()), "describe() gives lines of text"

    with tempfile.TemporaryDirectory() as folder:
        run = train(recipe, out=Path(folder) / "run", overrides=overrides, device="cpu")
        assert task.goal.metric in run.metrics, (
            f"the goal is {task.goal.metric!r}, which metrics() does not give: {list(run.metrics)}"
        )
        _check_reopened(cls, config, task, run.folder)

        predictor = load(run.folder, device="cpu")
        check_predictor(predictor, inputs, test_files=test_files)


def _check_task_class(cls: Any, name: str) -> None:
    for attribute in ("sections", "contract", "own_data", "open"):
        assert hasattr(cls, attribute), f"task {name!r} has no class attribute {attribute}"
    for section, config in cls.sections.items():
        assert section not in COMMON, f"task {name!r}: [{section}] is not the task's own section"
        check_section(config, f"task {name!r}, [{section}]")


def _check_batches(task: Task) -> None:
    """Batches are a function of epoch, start, rank and world, and nothing else."""

    def counts(start: int, rank: int, world: int) -> list[int]:
        batches = task.train_batches(0, start=start, rank=rank, world=world)
        return [batch.count for batch in islice(batches, 6)]

    whole = counts(start=0, rank=0, world=1)
    assert whole, "train_batches gives none"
    assert whole == counts(start=0, rank=0, world=1), "train_batches differs from call to call"
    assert whole[1:] == counts(start=1, rank=0, world=1)[: len(whole) - 1], (
        "train_batches with start=1 does not skip just the first batch"
    )
    assert any(True for _ in task.valid_batches()), "valid_batches gives none"


def _check_reopened(cls: Any, config: RunConfig, task: Task, run: Path) -> None:
    """With a checkpoint's folder, tokenizers and the like come from there."""
    again: Task = cls(config, checkpoint.resolve(run))
    assert again.dims() == task.dims(), (
        f"with the folder of a checkpoint, dims() are {again.dims()}; they were {task.dims()}"
    )
    if hasattr(cls, "digests"):  # it is a `HasDigests`
        _check_digests(digests_of(task), digests_of(again))


def _check_digests(found: Mapping[str, str], again: Mapping[str, str]) -> None:
    assert found, "digests() is empty: leave it out if the data is not known by content"
    assert all(isinstance(text, str) for text in (*found, *found.values())), "digests() are texts"
    assert found == again, f"digests() of the same data are {found} and then {again}"


def check_predictor(
    predictor: Any, inputs: Sequence[Any] = TEXTS, *, test_files: Sequence[Path] = ()
) -> None:
    """Check a `seqkit.runs.predictor.Predictor` on a few inputs.

    Predictions come lazily and in order, one for each input; a batch gives what its inputs give
    alone; records are JSON. Evaluation is checked if there is test data.
    """
    assert predictor.reads in ("lines", "files"), f"reads is {predictor.reads!r}"

    together = [prediction.record() for prediction in predictor.predict(inputs)]
    assert len(together) == len(inputs), f"{len(inputs)} inputs gave {len(together)} predictions"
    for given, record in zip(inputs, together, strict=True):
        _check_json(record)
        (prediction,) = predictor.predict([given])
        assert "\n" not in str(prediction), f"str of a prediction is one line: {prediction}"
        check_close(record, prediction.record(), f"{given!r} among others and alone")

    first = next(iter(predictor.predict(_endless(inputs))), None)
    assert first is not None, "predict gives nothing for a stream"

    if test_files:
        report = predictor.evaluate(predictor.read_test_data(test_files))
        _check_json(report.record())
        assert report.signature, "a report has no signature"
        assert report.signature in str(report), "str of a report lacks its signature"


def _endless(inputs: Sequence[Any]) -> Iterator[Any]:
    """The inputs again and again: what is not lazy meets the error, and needs no memory for it."""
    for _ in range(10_000 // max(1, len(inputs))):
        yield from inputs
    raise AssertionError("predict read 10,000 inputs before its first prediction: it is not lazy")


def _check_json(record: Any) -> None:
    try:
        json.dumps(record, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise AssertionError(
            f"a record is plain JSON data without NaN; {error}: {record}"
        ) from None


def check_close(one: Any, other: Any, where: str) -> None:
    """Equal plain data, but for rounding in its numbers."""
    if isinstance(one, Mapping):
        assert one.keys() == other.keys(), f"{where}: {sorted(one)} and {sorted(other)}"
        for key in one:
            check_close(one[key], other[key], f"{where}, {key!r}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), f"{where}: {one} and {other}"
        for mine, its in zip(one, other, strict=True):
            check_close(mine, its, where)
    elif isinstance(one, float):
        assert abs(one - other) <= 1e-3 * max(1.0, abs(one)), f"{where}: {one} and {other}"
    else:
        assert one == other, f"{where}: {one!r} and {other!r}"
