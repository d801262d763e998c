"""Worker processes that read data: they leave signals to their parent, and end with it."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

import torch
from torch.utils.data import DataLoader, Dataset

from ..errors import DataError
from ..threads import cores

T = TypeVar("T")
In = TypeVar("In")

_FEW = 100  # parts, which are made sooner than processes begin
_SECONDS = 5.0  # for workers to end by themselves
_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux


def from_workers(
    loader: DataLoader[T],
    advice: str = "fewer of them need less, and data.workers = 0 does without",
) -> Iterator[T]:
    """What `loader` gives; give it `worker_init_fn=leave_signals_to_parent`.

    A worker that is killed is a `DataError` where its data is asked for, and never before: torch
    would raise it anywhere, even in the midst of an update. `advice` is its end.
    """
    if not loader.num_workers:
        yield from loader
        return

    before = set(multiprocessing.active_children())
    iterator = _started(loader)
    workers = [child for child in multiprocessing.active_children() if child not in before]
    try:
        while True:
            item = _next(iterator, workers, advice)
            if item is _END:
                return
            yield item
    finally:
        _end(iterator, workers)


def made_by_workers(make: Callable[[In], T], parts: Sequence[In]) -> Iterator[T]:
    """`make` of each part, in order, by processes that are a few parts ahead.

    As many as there are cores beside the one that trains, four at most; few parts need none.
    Processes that train together on a machine share its cores.
    """
    workers = min(4, max(0, cores() // _trainers() - 1)) if len(parts) >= _FEW else 0
    loader: DataLoader[T] = DataLoader(
        _Made(make, parts),
        batch_size=None,
        num_workers=workers,
        worker_init_fn=leave_signals_to_parent,
        # Without one, it draws a seed from torch's generator: a resumed run would differ.
        generator=torch.Generator(),
    )
    return from_workers(loader, "on one core (taskset -c 0 seqkit …) it does without them")


def _trainers() -> int:
    """How many processes torchrun has started on this machine."""
    return max(1, int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


class _Made(Dataset[Any]):
    """What is made of each part."""

    def __init__(self, make: Callable[[Any], Any], parts: Sequence[Any]) -> None:
        self._make = make
        self._parts = parts

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, index: int) -> Any:
        return self._make(self._parts[index])


def leave_signals_to_parent(_: int) -> None:
    """Called in a worker: only its parent is stopped by signals, which saves its work first.

    Signals often go to all processes of a job: from a terminal, Slurm, systemd, a container.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_IGN)

    if sys.platform == "linux":  # elsewhere, torch looks for the parent every few seconds
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)

    parent = multiprocessing.parent_process()
    if parent is not None and os.getppid() != parent.pid:
        os._exit(1)  # it ended before this was called, which neither the system nor torch notices


_END: Any = object()


def _started(loader: DataLoader[T]) -> Iterator[T]:
    """The loader's iterator, without the handler by which torch raises when a child ends."""
    number = getattr(signal, "SIGCHLD", None)
    if number is None or threading.current_thread() is not threading.main_thread():
        return iter(loader)

    before = signal.getsignal(number)
    iterator = iter(loader)
    if signal.getsignal(number) is not before:
        signal.signal(number, before)
    return iterator


def _next(iterator: Iterator[T], workers: list[BaseProcess], advice: str) -> T:
    """The next item, or `_END`; raises `DataError` if a worker is gone."""
    try:
        return next(iterator, _END)
    except (RuntimeError, OSError, EOFError):
        ends = [worker.sentinel for worker in workers]
        if not wait(ends, timeout=1):  # none of them has ended: an error while reading
            raise
    many = f"one of the {len(workers)} processes that read data"
    gone = many if len(workers) > 1 else "the process that reads data"
    raise DataError(f"{gone} has been ended from outside, perhaps since memory ran out: {advice}")


def _end(iterator: Iterator[Any], workers: list[BaseProcess]) -> None:
    # It does so by itself once it is gone; the traceback of an error may keep it.
    shut_down = getattr(iterator, "_shutdown_workers", None)
    if shut_down is not None:
        shut_down()
    for worker in workers:
        worker.join(_SECONDS)
        if worker.is_alive():
            worker.kill()
