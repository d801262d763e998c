"""The figures of a model on the validation data; several processes share the work."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import asdict

import torch
from torch import nn

from .processes import Processes
from .task import Batch, Task, Totals, sum_of


def validation_totals(
    task: Task, model: nn.Module, device: torch.device, processes: Processes, *, whole: bool
) -> Totals:
    """The totals over the validation data; with `whole`, the first process reads all of it."""
    totals = Totals()
    carry = None
    error = None
    try:
        for batch in _share(task, processes, whole=whole):
            step = task.step(model, batch.to(device), carry)
            totals.add(step, batch.count)
            carry = step.carry
    except Exception as failure:
        error = failure

    parts = processes.gather_records(None if error else asdict(totals))
    processes.fail_together(error, parts.count(None))
    return sum_of(parts)


def _share(task: Task, processes: Processes, *, whole: bool) -> Iterable[Batch]:
    """What this process reads; all is for the first, if `whole` or the task must have it so."""
    if processes.world == 1:
        return task.valid_batches()
    takes_shares = "world" in inspect.signature(task.valid_batches).parameters
    if takes_shares and not whole:
        return task.valid_batches(rank=processes.rank, world=processes.world)
    return task.valid_batches() if processes.first else ()


def figures(task: Task, model: nn.Module, totals: Totals, processes: Processes) -> dict[str, float]:
    """The task's figures; those of the first process, so that all decide the same."""
    metrics = None
    error = None
    try:
        metrics = task.metrics(model, totals)
    except Exception as failure:
        error = failure

    found: list[dict[str, float] | None] = processes.gather_records(metrics)
    processes.fail_together(error, found.count(None))
    return found[0] or {}
