"""Training by two processes on two cores beside one process, by the clock."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from ..core import Clock, Contestant, Outcome, Row, Settings, close
from .train import ADAMW, WARM_UP, trainer_of, updates_of


def by_one(settings: Settings, clock: Clock) -> Outcome:
    return _by(1, settings, clock)


def by_two(settings: Settings, clock: Clock) -> Outcome:
    return _by(2, settings, clock)


def by_two_divided(settings: Settings, clock: Clock) -> Outcome:
    override = {**settings["override"], "train.shard": True}
    return _by(2, {**settings, "override": override}, clock)


def _by(world: int, settings: Settings, clock: Clock) -> Outcome:
    """Updates of the same batches, dealt out to `world` processes with one thread each."""
    override = {**settings["override"], "train.accumulate": settings["batches"] // world}
    chosen = {**settings, "override": override}
    launch = {"WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": _free_port()}

    with ProcessPoolExecutor(world, mp_context=get_context("spawn")) as pool:
        told = [pool.submit(_train, chosen, launch, rank) for rank in range(world)]
        seconds, targets, figures = told[0].result()
        for other in told[1:]:
            other.result()

    clock.wall = seconds  # of the updates alone, as the first process took them
    return Outcome(targets, figures)


def _train(
    settings: Settings, launch: dict[str, str], rank: int
) -> tuple[float, int, dict[str, Any]]:
    """Seconds and target tokens of the updates, and the first losses, in one of the processes."""
    os.environ.update({**launch, "RANK": str(rank)})
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[rank % len(cores)]})

    trainer, _ = trainer_of(settings)
    events = trainer.run()
    done = [next(events) for _ in range(WARM_UP)]
    clock = Clock()
    with clock:
        measured = [next(events) for _ in range(updates_of(settings))]

    figures = {f"loss {number}": event.loss for number, event in enumerate(done, 1)}
    return clock.wall, sum(event.targets for event in measured), figures


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
        Contestant("2 processes, DDP", by_two),
        Contestant("2 processes, FSDP2", by_two_divided),
        Contestant("1 process", by_one),
    ],
    agree=close(0.01),
    by="wall",
    cores=2,
)
