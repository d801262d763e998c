"""The batches of each update, dealt out to the processes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice

import torch

from .processes import Processes
from .state import State
from .task import Batch, Task
from .together import Together


def update_groups(
    task: Task, state: State, size: int, together: Together, processes: Processes
) -> Iterator[list[Batch]]:
    """This process's batches, at most `size`, of each update left in the epoch.

    All processes get the same number of groups; the last ones may be empty in some of them.
    """
    batches = _train_batches(task, state, processes)
    while True:
        group: list[Batch] = []
        error = None
        try:
            group = list(islice(batches, size))
        except Exception as failure:
            error = failure

        in_all = torch.tensor([len(group), error is not None], device=processes.device)
        processes.sum([in_all])
        batches_in_all, failures = in_all.tolist()
        processes.fail_together(error, failures)
        if not batches_in_all:
            return

        largest = math.ceil(batches_in_all / processes.world)
        yield together.complete(group, largest)


def _train_batches(task: Task, state: State, processes: Processes) -> Iterator[Batch]:
    """What is left of the epoch; lazily, so that an error comes when a batch is asked for."""
    yield from task.train_batches(
        state.epoch, start=state.batch, rank=processes.rank, world=processes.world
    )
