"""Processes that train together, as torchrun starts them; one is the normal case."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from safetensors.torch import load as tensors_of
from safetensors.torch import save as bytes_of
from torch import Tensor, distributed

from ..errors import TrainingError
from .joining import join_group
from .one_machine import OneMachine, found_machine

_CPU = torch.device("cpu")

_FAILED_ELSEWHERE = "another of the processes stopped with an error, which it names"


class LostTouch(TrainingError):
    """Another process has ended, and this one cannot know what of."""


@dataclass(frozen=True)
class Processes:
    """This process among those that train together.

    What they tell each other is numbers, JSON and safetensors. When one of them is gone, the others
    raise `LostTouch`.
    """

    rank: int = 0
    world: int = 1
    device: torch.device = _CPU  # where messages are: NCCL takes only those on its device
    _known: list[Exception] = field(default_factory=list)  # errors that all of them know of
    machine: ClassVar[OneMachine | None] = None
    """What the joined processes share, if they all train on the CPU of one machine."""

    @classmethod
    def join(cls, device: torch.device) -> Processes:
        """Join the group that torchrun started, if any (NCCL on CUDA, gloo elsewhere)."""
        world = int(os.environ.get("WORLD_SIZE", "1"))
        if world == 1:
            return cls()

        if device.type == "cuda":
            torch.cuda.set_device(device)
        if not distributed.is_initialized():
            backend = "nccl" if device.type == "cuda" else "gloo"
            rank = int(os.environ.get("RANK", "0"))
            group = cls(rank, world)
            with group.in_touch():
                join_group(backend)
                if device.type == "cpu":
                    cls.machine = found_machine(rank, world, group.gather_records)
        return cls.joined(device)

    @classmethod
    def joined(cls, device: torch.device) -> Processes:
        """The group that this process has joined before, if any."""
        if not distributed.is_available() or not distributed.is_initialized():
            return cls()
        place = device if device.type == "cuda" else _CPU
        return cls(distributed.get_rank(), distributed.get_world_size(), place)

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and talks."""
        return self.rank == 0

    def wait(self) -> None:
        """Wait until all processes are here."""
        self.largest(0)

    def largest(self, value: int) -> int:
        """The largest of the processes' values."""
        if self.world == 1:
            return value
        box = torch.tensor([value], device=self.device)
        with self.in_touch():
            distributed.all_reduce(box, distributed.ReduceOp.MAX)
        return int(box.item())

    def sum(self, tensors: list[Tensor]) -> None:
        """Add `tensors` up over all processes, in place: one message for each type of number."""
        if self.world == 1:
            return
        dtypes = dict.fromkeys(tensor.dtype for tensor in tensors)  # in the same order everywhere
        with self.in_touch():
            for dtype in dtypes:
                of_dtype = [tensor for tensor in tensors if tensor.dtype == dtype]
                if self.machine is not None:
                    self.machine.add_up(of_dtype)
                else:
                    _sum_as_one(of_dtype)

    def gather(self, tensors: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
        """The named tensors of every process, in order of rank, on the CPU."""
        plain = {name: value.detach().contiguous().cpu() for name, value in tensors.items()}
        if self.world == 1:
            return [plain]
        return [tensors_of(data) for data in self._gather_bytes(bytes_of(plain))]

    def gather_records(self, record: Any) -> list[Any]:
        """The plain data of every process, in order of rank."""
        if self.world == 1:
            return [record]
        data = json.dumps(record).encode()
        return [json.loads(found) for found in self._gather_bytes(data)]

    def fail_together(self, error: Exception | None, failures: float) -> None:
        """Raise in every process if there was an error in one of them; `error` is this one's.

        They are all at the same point then, where the first can save.
        """
        if failures:
            shown = error or TrainingError(_FAILED_ELSEWHERE)
            self._known.append(shown)
            raise shown

    def all_know(self, error: BaseException) -> bool:
        """Whether every process has raised because of this error."""
        return self.world == 1 or any(error is known for known in self._known)

    def share(self, texts: Sequence[str], work: Callable[[list[str]], list[str]]) -> list[str]:
        """`work(texts)`, each process doing a part of it; the whole result in all of them.

        `work` gives a text for each that it is given. If it fails in one, all raise.
        """
        mine: list[str] | None = None
        error: Exception | None = None
        try:
            mine = work(list(texts[self.rank :: self.world]))
        except Exception as failure:
            error = failure

        parts = self.gather_records(mine)
        self.fail_together(error, parts.count(None))

        found = [""] * len(texts)
        for rank, part in enumerate(parts):
            found[rank :: self.world] = part
        return found

    def _gather_bytes(self, data: bytes) -> list[bytes]:
        mine = torch.frombuffer(bytearray(data), dtype=torch.uint8).to(self.device)
        size = torch.tensor([len(data)], device=self.device)
        sizes = [torch.zeros_like(size) for _ in range(self.world)]
        with self.in_touch():
            distributed.all_gather(sizes, size)
            longest = max(int(each.item()) for each in sizes)

            padded = mine.new_zeros(longest)
            padded[: len(data)] = mine
            found = [torch.empty_like(padded) for _ in range(self.world)]
            distributed.all_gather(found, padded)

        parts = zip(found, sizes, strict=True)
        return [part[: int(each.item())].cpu().numpy().tobytes() for part, each in parts]

    @contextmanager
    def in_touch(self, *, computing: bool = False) -> Iterator[None]:
        """Within the context: a message that does not come through is one clear line.

        While also `computing`, other errors stay as they are.
        """
        try:
            yield
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, OSError) as error:
            if computing and not _is_of_a_message(error):
                raise
            raise LostTouch(
                f"process {self.rank} of {self.world} has lost touch with another one, which has "
                "ended: nothing is saved since the last checkpoint. Go on from there with "
                "--resume; `torchrun --max-restarts 1` does so by itself"
            ) from None


def _is_of_a_message(error: Exception) -> bool:
    """Whether it comes from gloo or NCCL, which have no class of errors in common."""
    text = str(error)
    return isinstance(error, distributed.DistError) or "gloo" in text or "NCCL" in text


def _sum_as_one(tensors: list[Tensor]) -> None:
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    distributed.all_reduce(flat)

    parts = flat.split([tensor.numel() for tensor in tensors])
    pairs = zip(parts, tensors, strict=True)
    torch._foreach_copy_(tensors, [part.view_as(tensor) for part, tensor in pairs])
