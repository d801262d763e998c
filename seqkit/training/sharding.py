"""Weights, gradients and optimizer state divided among processes by PyTorch's FSDP2.

Each layer's weights are gathered when it runs, and its gradients are added and divided again as the
backward pass leaves it (Rajbhandari et al. 2020, arXiv:1910.02054, stage 3; Zhao et al. 2023,
arXiv:2304.11277). What is outside the stacks of layers is gathered once an update.

A model is evaluated and saved whole: tasks call any method of theirs then, and checkpoints are the
same as without. So the weights alone must fit into each process while it evaluates.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from ..errors import ConfigError, TrainingError
from .checkpoint import unique_tensors
from .divided import part_of, whole
from .processes import Processes
from .recomputing import layers_of
from .task import Batch, Step, Task
from .together import Stepping


class Sharded:
    """Processes that hold a part of the model each; made of a model that holds its weights.

    `replica` is a copy of it, for evaluations: it takes memory within `filled` only.
    """

    def __init__(
        self,
        task: Task,
        model: nn.Module,
        replica: nn.Module,
        processes: Processes,
        device: torch.device,
    ) -> None:
        _check_divisible(model)
        self.parts = processes.world
        self.replica = replica.to(device)
        self._task = task
        self._processes = processes
        self._model = model
        self._names = list(unique_tensors(model))  # afterwards, parts have no address to go by
        state = replica.state_dict()
        self._replica_tensors = {name: state[name] for name in self._names}
        self._storages = _storages(self.replica)
        self._spare: Batch | None = None

        mesh = init_device_mesh(device.type, (processes.world,))
        # DTensor's caches keep the mesh, and it would keep the group beyond its end.
        atexit.register(getattr(mesh, "_pg_registry", {}).clear)
        self._root = Stepping(task, model.to(device))
        with processes.in_touch():
            for layer in layers_of(model):
                fully_shard(layer, mesh=mesh)
            self._engine: Any = fully_shard(self._root, mesh=mesh)
        if hasattr(self._engine, "set_reduce_scatter_unused_params"):  # of torch 2.13
            self._engine.set_reduce_scatter_unused_params(True)

    # an update:

    def complete(self, group: list[Batch], size: int) -> list[Batch]:
        """`group` with as many batches as those of the other processes: they gather together."""
        if group:
            self._spare = group[0]
        elif self._spare is None:  # a run goes on where an epoch ends, or has very little data
            self._spare = next(iter(self._task.train_batches(0, start=0, rank=0, world=1)))
        return [*group, *[_Again(self._spare)] * (size - len(group))]

    @contextmanager
    def part(self, *, is_last: bool) -> Iterator[None]:
        self._engine.set_requires_gradient_sync(is_last)
        yield

    def step(self, batch: Any, carry: Any) -> Step:
        again = isinstance(batch, _Again)
        with self._processes.in_touch(computing=True):
            loss = self._run(batch.batch, None) if again else self._run(batch, carry)
        if again:
            return Step(loss * 0, carry)
        return self._root.done._replace(loss=loss)

    def _run(self, batch: Batch, carry: Any) -> Tensor:
        try:
            loss: Tensor = self._engine(batch, carry)
        except RuntimeError as error:
            if "mixed torch.Tensor and DTensor" not in str(error):
                raise
            raise TrainingError(
                "train.shard: the loss of this model uses a layer of a stack in another way than "
                "by calling it, so that its weights are not gathered: train it without"
            ) from None
        return loss

    def backward(self, loss: Tensor) -> None:
        with self._processes.in_touch(computing=True):
            loss.backward()

    def without_batches(self) -> None:
        raise AssertionError("every group has been completed")

    def after_error(self, error: Exception) -> None:
        raise error  # the others wait for this process's weights, and cannot be told

    def norm(self, gradients: Sequence[Tensor]) -> float:
        """The norm of the whole gradient, of which `gradients` are this process's parts."""
        if not gradients:
            return 0.0
        squares = torch.nn.utils.get_total_norm(gradients).double().square()
        self._processes.sum([squares])
        return float(squares.sqrt())

    # weights, by the names under which checkpoints hold them:

    def tensors(self) -> dict[str, Tensor]:
        """Those that are trained, each as the whole that it is a part of."""
        state = self._model.state_dict()
        return {name: state[name] for name in self._names}

    def parts_of(self, whole: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """This process's parts of tensors that all of them have."""
        like = self.tensors()
        return {name: part_of(value, like[name]) for name, value in whole.items()}

    def whole(self, parts: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
        """One after the other, the tensors of which all processes give their parts."""
        like = self.tensors()
        with self._processes.in_touch(computing=True):
            for name, part in parts.items():
                yield name, whole(_as_part(part, like[name]))

    @contextmanager
    def filled(self, parts: Mapping[str, Tensor]) -> Iterator[None]:
        """Within the context, the replica holds what the processes give parts of."""
        for storage, size in self._storages:
            storage.resize_(size)
        for name, value in self.whole(parts):
            self._replica_tensors[name].copy_(value)
        try:
            yield
        finally:
            self.empty()

    def empty(self) -> None:
        """Free the memory of the replica's weights, and of what a search has arranged of them."""
        self.replica.eval()
        for storage, _ in self._storages:
            storage.resize_(0)


@dataclass(frozen=True)
class _Again:
    """A batch that takes part in an update without counting."""

    batch: Any
    count: int = 0

    def to(self, device: torch.device) -> _Again:
        return _Again(self.batch.to(device))


def _check_divisible(model: nn.Module) -> None:
    for name, parameter in model.named_parameters():
        if not parameter.dim():
            raise ConfigError(
                f"train.shard: the parameter {name!r} is a single number, which FSDP2 does not "
                "divide: train this model without"
            )


def _storages(model: nn.Module) -> list[tuple[torch.UntypedStorage, int]]:
    """The memory of all parameters, and its size in bytes; several may share one."""
    found: dict[int, tuple[torch.UntypedStorage, int]] = {}
    for parameter in model.parameters():
        storage = parameter.untyped_storage()
        found[storage.data_ptr()] = (storage, storage.size())
    return list(found.values())


def _as_part(part: Tensor, like: Tensor) -> Tensor:
    if not isinstance(like, DTensor):
        return part
    return DTensor.from_local(
        part.to(like.device),
        like.device_mesh,
        like.placements,
        run_check=False,
        shape=like.shape,
        stride=like.stride(),
    )
