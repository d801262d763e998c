"""Training by two processes on two cores beside one process, by the clock.

Two trainings that know nothing of each other show the limit: what the cores take from each other by
sharing a cache and the memory.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from typing import NamedTuple

from ..core import Clock, Contestant, Outcome, Row, Settings, close
from .train import ADAMW, WARM_UP, trainer_of, updates_of

START = 600.0  # seconds in which all of them must have begun


def by_one(settings: Settings, clock: Clock) -> Outcome:
    return by_processes(1, settings, clock)


def by_two(settings: Settings, clock: Clock) -> Outcome:
    return by_processes(2, settings, clock)


def by_two_divided(settings: Settings, clock: Clock) -> Outcome:
    override = {**settings["override"], "train.shard": True}
    return by_processes(2, {**settings, "override": override}, clock)


def by_two_apart(settings: Settings, clock: Clock) -> Outcome:
    """Each does all the work of one."""
    override = {**settings["override"], "train.accumulate": settings["batches"]}
    alone = [{"WORLD_SIZE": "1"}] * 2
    told = _train_at_once({**settings, "override": override}, alone)
    return _outcome(told, sum(one.targets for one in told), clock)


def by_processes(world: int, settings: Settings, clock: Clock) -> Outcome:
    """Updates of the same batches, dealt out to `world` processes with one thread each."""
    override = {**settings["override"], "train.accumulate": settings["batches"] // world}
    group = {"WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": _free_port()}
    launches = [{**group, "RANK": str(rank)} for rank in range(world)]
    told = _train_at_once({**settings, "override": override}, launches)
    return _outcome(told, told[0].targets, clock)


class Told(NamedTuple):
    """What a process says of its updates, all together."""

    seconds: float
    cpu: float  # seconds
    targets: int  # of the whole group of processes
    losses: dict[str, float]  # of the first updates


def _train_at_once(settings: Settings, launches: Sequence[dict[str, str]]) -> list[Told]:
    """A process on a core of its own for each; their measured updates begin together."""
    spawn = get_context("spawn")
    begin = spawn.Barrier(len(launches), timeout=START)
    with ProcessPoolExecutor(
        len(launches), mp_context=spawn, initializer=_wait_at, initargs=(begin,)
    ) as pool:
        jobs = [
            pool.submit(_train, settings, launch, place) for place, launch in enumerate(launches)
        ]
        return [job.result() for job in jobs]


_begin: Barrier


def _wait_at(barrier: Barrier) -> None:
    global _begin
    _begin = barrier


def _train(settings: Settings, launch: dict[str, str], place: int) -> Told:
    os.environ.update(launch)
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[place % len(cores)]})

    trainer, _ = trainer_of(settings)
    events = trainer.run()
    done = [next(events) for _ in range(WARM_UP)]
    _begin.wait()
    clock = Clock()
    with clock:
        measured = [next(events) for _ in range(updates_of(settings))]

    losses = {f"loss {number}": event.loss for number, event in enumerate(done, 1)}
    return Told(clock.wall, clock.cpu, sum(event.targets for event in measured), losses)


def _outcome(told: Sequence[Told], targets: int, clock: Clock) -> Outcome:
    """The time is that of the slowest; what is not CPU time is waiting, on a quiet machine."""
    clock.wall = max(one.seconds for one in told)
    clock.cpu = sum(one.cpu for one in told)
    busy = ", ".join(f"{one.cpu / one.seconds:.0%}" for one in told)
    said = f"{1e6 * clock.cpu / targets:,.0f} CPU µs a token; computing {busy} of the time"
    return Outcome(targets, told[0].losses, said)


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


NO_DROPOUT = {**ADAMW, "model.dropout": 0.0}
ROW = Row(
    title="training a Transformer on Multi30k: two processes on two cores beside one",
    unit="target tokens",
    cases={
        "tiny": {
            "recipe": "multi30k/de-en",
            "override": NO_DROPOUT,
            "batches": 4,
            "updates": 15,
        },
    },
    contestants=[
        Contestant("2 processes", by_two),
        Contestant("2 processes, FSDP2", by_two_divided, is_variant=True),
        Contestant("1 process", by_one),
        Contestant("2 processes that train apart", by_two_apart, is_variant=True),
    ],
    agree=close(0.01),
    by="wall",
    cores=2,
    targets={"tiny": {"1 process": 1.8}},
)
