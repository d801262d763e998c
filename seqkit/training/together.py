"""How the processes of a run share an update: each computes its part, and the gradients are added.

`Alone` is the normal case and costs nothing. `Replicated` is PyTorch's DDP: every process holds the
whole model, and gradients are added bucket by bucket while the backward pass still computes others
(Li et al. 2020, arXiv:2006.15704). `Beside` is for the CPU of one machine, whose cores cannot
add meanwhile: all gradients are added at the end, in memory that the processes share. The
fourth, for models that do not fit, is in `sharding`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..errors import TrainingError
from .processes import LostTouch, Processes
from .task import Batch, Step, Task


class Together(Protocol):
    """What the trainer asks of the way in which processes share an update."""

    parts: int
    """Gradients come as the mean of the sums of so many processes."""

    def complete(self, group: list[Batch], size: int) -> list[Batch]:
        """This process's batches of an update in which the largest part has `size`."""

    def part(self, *, is_last: bool) -> AbstractContextManager[None]:
        """The context of one batch's forward and backward pass; gradients go out with the last."""

    def step(self, batch: Any, carry: Any) -> Step:
        """The task's step."""

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of `loss` up, and those of the other processes within the last part."""

    def without_batches(self) -> None:
        """Take part in an update for which this process has no batch."""

    def after_error(self, error: Exception) -> None:
        """Take part in an update in spite of `error`, or raise it where that cannot be done."""

    def norm(self, gradients: Sequence[Tensor]) -> float:
        """The norm of the whole gradient."""


def joined(task: Task, model: nn.Module, processes: Processes) -> Together:
    """The way for processes with a whole model each.

    Raises `TrainingError` in all of them if their models differ in more than values.
    """
    if processes.world == 1:
        return Alone(task, model)
    _check_alike(model, processes)
    if processes.machine is not None:
        return Beside(task, model, processes)
    return Replicated(task, model, processes)


def _check_alike(model: nn.Module, processes: Processes) -> None:
    tensors = (*model.named_parameters(), *model.named_buffers())
    mine = [[name, str(tensor.dtype), list(tensor.shape)] for name, tensor in tensors]
    first, *others = processes.gather_records(mine)
    for rank, other in enumerate(others, 1):
        if other != first:
            raise TrainingError(
                f"process {rank} has made another model than process 0: start all processes with "
                "the same config and the same data"
            )


class Alone:
    """One process."""

    parts = 1

    def __init__(self, task: Task, model: nn.Module) -> None:
        self._task = task
        self._model = model

    def complete(self, group: list[Batch], size: int) -> list[Batch]:
        return group

    def part(self, *, is_last: bool) -> AbstractContextManager[None]:
        return nullcontext()

    def step(self, batch: Any, carry: Any) -> Step:
        return self._task.step(self._model, batch, carry)

    def backward(self, loss: Tensor) -> None:
        loss.backward()

    def without_batches(self) -> None:
        return

    def after_error(self, error: Exception) -> None:
        return

    def norm(self, gradients: Sequence[Tensor]) -> float:
        return float(torch.nn.utils.get_total_norm(gradients))


class Beside(Alone):
    """Processes with a whole model each on the CPU of one machine, who add up whole gradients.

    Parameters that no process has used keep their gradient None, as in one process.
    """

    def __init__(self, task: Task, model: nn.Module, processes: Processes) -> None:
        super().__init__(task, model)
        self._processes = processes
        self._parameters = [p for p in model.parameters() if p.requires_grad]
        self._begin_as_the_first(model)

    def _begin_as_the_first(self, model: nn.Module) -> None:
        """Give all processes the first one's weights, as DDP does: others add nothing to them."""
        tensors = [tensor.detach() for tensor in (*model.parameters(), *model.buffers())]
        if self._processes.first:
            self._processes.sum(tensors)
            return

        # In tensors of their own: of two that share memory, one would bring what the other has got.
        nothing = [torch.zeros_like(tensor) for tensor in tensors]
        self._processes.sum(nothing)
        torch._foreach_copy_(tensors, nothing)

    @contextmanager
    def part(self, *, is_last: bool) -> Iterator[None]:
        yield
        if is_last:
            self._add_up()

    def without_batches(self) -> None:
        self._add_up()

    def after_error(self, error: Exception) -> None:
        if isinstance(error, LostTouch):
            raise error
        self._add_up()

    def _add_up(self) -> None:
        """The gradients of all processes."""
        used = torch.tensor([parameter.grad is not None for parameter in self._parameters]).long()
        self._processes.sum([used])
        of_any = [p for p, count in zip(self._parameters, used.tolist(), strict=True) if count]

        for parameter in of_any:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        self._processes.sum([p.grad for p in of_any if p.grad is not None])


class Replicated:
    """Processes with a whole model each, whose gradients DDP adds up.

    Parameters that no process has used keep their gradient None, as in one process.
    """

    def __init__(self, task: Task, model: nn.Module, processes: Processes) -> None:
        from torch.nn.parallel import DistributedDataParallel

        self.parts = processes.world
        self._processes = processes
        self._stepping = Stepping(task, model)
        self._is_exchanging = False

        with warnings.catch_warnings(), processes.in_touch():
            # The new name for it still sends buffers at the start; older versions do not know it.
            warnings.simplefilter("ignore", FutureWarning)
            self._exchange = DistributedDataParallel(
                self._stepping,
                find_unused_parameters=True,
                gradient_as_bucket_view=True,
                broadcast_buffers=False,
            )

    def complete(self, group: list[Batch], size: int) -> list[Batch]:
        return group

    @contextmanager
    def part(self, *, is_last: bool) -> Iterator[None]:
        with nullcontext() if is_last else self._exchange.no_sync():
            yield

    def step(self, batch: Any, carry: Any) -> Step:
        loss = self._exchange(batch, carry)
        return self._stepping.done._replace(loss=loss)

    def backward(self, loss: Tensor) -> None:
        self._is_exchanging = self._exchange.require_backward_grad_sync
        with self._processes.in_touch(computing=True):
            loss.backward()
        self._is_exchanging = False

    def without_batches(self) -> None:
        self.backward(self._exchange(None, None))

    def after_error(self, error: Exception) -> None:
        if self._is_exchanging:  # half of the gradients are out: the others cannot be told
            raise error
        self.without_batches()

    def norm(self, gradients: Sequence[Tensor]) -> float:
        return float(torch.nn.utils.get_total_norm(gradients))


class Stepping(nn.Module):
    """A task's step as the forward pass of a module, which is what PyTorch's engines wrap."""

    done: Step

    def __init__(self, task: Task, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self._step = task.step

        # The loss of a process without a batch. It is also what DDP never finds used elsewhere, and
        # so does not complain that it looks for unused parameters in vain.
        like = next(model.parameters())
        self.nothing = nn.Parameter(like.new_zeros(1))

    def forward(self, batch: Batch | None, carry: Any) -> Tensor:
        if batch is None:
            return self.nothing.sum() * 0
        done = self._step(self.model, batch, carry)
        self.done = done._replace(loss=done.loss.detach())  # the graph would keep the engine
        return done.loss
