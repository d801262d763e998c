"""Conformance of models."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .. import recipes
from ..config import build
from ..plugins import components
from ..runs.build import make_model
from ..training.task import Step, Task
from .sections import check_section

_CPU = torch.device("cpu")


def check_model(
    model: str,
    task: str | Task,
    *,
    sizes: Mapping[str, Any] | None = None,
    recipe: str | Path | None = None,
) -> None:
    """Check a registered model on a few batches of data of its task.

    It has what the task's contract asks for; its presets are valid; it can be made; every parameter
    gets a gradient; evaluation is deterministic; a row of a batch does not see the others; and its
    state can be saved and restored. `sizes` are values for its `Config`: small ones keep the check
    fast. With the name of a task, the data is that of `recipe`, or of a shipped recipe for it.
    """
    name = task if isinstance(task, str) else _name_of(type(task))
    _check_model_class(model, name)
    own = _task_with_data(task, model, recipe) if isinstance(task, str) else task

    section = recipes.plain_model({"name": model, **(sizes or {})}, f"model {model!r}", name)
    torch.manual_seed(0)
    made = make_model(section, own.dims(), name)
    batches = list(islice(own.train_batches(0, start=0, rank=0, world=1), 3))
    assert batches, f"the task {name!r} gives no training batches"

    _check_gradients(made, own, batches)
    _check_evaluation(made, own, batches[0])
    _check_state(made, own, section, name, batches[0])


def _check_model_class(name: str, task: str) -> None:
    cls = components().models.load(name, task)
    assert issubclass(cls, nn.Module), f"model {name!r} is not a torch.nn.Module"
    for attribute in ("Config", "presets"):
        assert hasattr(cls, attribute), f"model {name!r} has no class attribute {attribute}"

    check_section(cls.Config, f"model {name!r}: Config")
    for preset, values in cls.presets.items():
        build(cls.Config, values, f"model {name!r}, preset {preset!r}")


def _task_with_data(task: str, model: str, recipe: str | Path | None) -> Task:
    """A task with the data of a recipe, or of the first shipped one for it."""
    if recipe is None:
        fitting = [name for name in _demo_recipes() if recipes.load(name).task == task]
        assert fitting, f"no shipped recipe for the task {task!r}: give recipe=…"
        recipe = fitting[0]

    config = recipes.load(recipe, {"model": {"name": model}})
    made: Task = components().tasks.load(task)(config)
    return made


def _demo_recipes() -> list[str]:
    return [name for name in recipes.names() if name.startswith("demo/")]


def _name_of(task_class: type) -> str:
    for entry in components().tasks:
        if entry.load() is task_class:
            return entry.name
    raise AssertionError(f"{task_class.__name__} is not registered as a task")


def _check_gradients(model: nn.Module, task: Task, batches: Sequence[Any]) -> None:
    model.train()
    carry: Any = None
    for batch in batches:
        step = _step(task, model, batch.to(_CPU), carry)
        carry = step.carry
        step.loss.backward()

    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    without = [name for name, parameter in trained.items() if _is_still(parameter)]
    assert not without, f"no gradient reaches {', '.join(without)}"


def _is_still(parameter: nn.Parameter) -> bool:
    return parameter.grad is None or bool((parameter.grad == 0).all())


def _step(task: Task, model: nn.Module, batch: Any, carry: Any = None) -> Step:
    """A step on a batch as `Batch.to` gives it; its loss is a finite scalar."""
    step = task.step(model, batch, carry)
    assert step.loss.dim() == 0, f"a loss is a scalar, this one has shape {tuple(step.loss.shape)}"
    assert bool(step.loss.isfinite()), f"the loss is {float(step.loss)}"
    return step


@torch.no_grad()
def _check_evaluation(model: nn.Module, task: Task, batch: Any) -> None:
    """Twice the same, and a batch gives what its rows give alone."""
    model.eval()
    given = batch.to(_CPU)
    loss = float(_step(task, model, given).loss)
    again = float(_step(task, model, given).loss)
    assert loss == again, f"evaluation is random: the loss of one batch is {loss}, then {again}"

    losses = [float(_step(task, model, row).loss) for row in _rows_of(given)]
    if not losses:
        return
    alone = sum(losses)
    tolerance = 1e-3 * max(1.0, abs(loss))
    assert abs(alone - loss) <= tolerance, (
        f"rows of a batch depend on each other: the batch has loss {loss}, its rows {alone} in all"
    )


def _rows_of(batch: Any) -> list[Any]:
    """A batch of each row alone, if the batch is a dataclass of tensors with the rows first.

    Another batch may have a method `rows` that gives them.
    """
    if hasattr(batch, "rows"):
        return list(batch.rows())
    if not dataclasses.is_dataclass(batch) or isinstance(batch, type):
        return []
    values = {field.name: getattr(batch, field.name) for field in dataclasses.fields(batch)}
    tensors = {name: value for name, value in values.items() if isinstance(value, Tensor)}
    sizes = {len(tensor) for tensor in tensors.values() if tensor.dim()}
    if len(sizes) != 1:
        return []

    rows: list[Any] = []
    for row in range(sizes.pop()):
        parts = {name: tensor[row : row + 1] for name, tensor in tensors.items()}
        rows.append(dataclasses.replace(batch, **parts))
    return rows


@torch.no_grad()
def _check_state(
    model: nn.Module, task: Task, section: Mapping[str, Any], name: str, batch: Any
) -> None:
    """A new model with the state of this one gives the same loss."""
    torch.manual_seed(1)
    other = make_model(section, task.dims(), name).eval()
    other.load_state_dict(model.state_dict())

    given = batch.to(_CPU)
    before = float(_step(task, model.eval(), given).loss)
    after = float(_step(task, other, given).loss)
    assert before == after, (
        f"state_dict does not hold everything: the loss is {before}, {after} when restored"
    )
