"""Training by one thread and by two that wait for each other in several ways, by the clock.

On a busy machine, two other processes do nothing but count on the same cores. OpenMP reads how to
wait when torch is imported, so it is set in each contestant's own process before.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from ..core import Clock, Contestant, Outcome, Row, Settings, close

WARM_UP, QUICK = 3, 2
BUSY = 2  # other processes


def as_seqkit(settings: Settings, clock: Clock) -> Outcome:
    """As the command line sets it, see `seqkit.cli.openmp`."""
    from seqkit.cli.openmp import set_wait_policy

    set_wait_policy()
    return _trained(2, settings, clock)


def as_torch(settings: Settings, clock: Clock) -> Outcome:
    return _trained(2, settings, clock)


def passive(settings: Settings, clock: Clock) -> Outcome:
    os.environ["OMP_WAIT_POLICY"] = "passive"
    return _trained(2, settings, clock)


def by_one_thread(settings: Settings, clock: Clock) -> Outcome:
    return _trained(1, settings, clock)


def _trained(threads: int, settings: Settings, clock: Clock) -> Outcome:
    import torch

    from seqkit import recipes
    from seqkit.runs.build import make_trainer

    torch.set_num_threads(threads)
    config = recipes.load(settings["recipe"], settings.get("override", {}))
    events = make_trainer(config, device="cpu").run()
    *_, last = islice(events, WARM_UP)
    updates = QUICK if settings["quick"] else settings["updates"]
    with _others(BUSY if settings["busy"] else 0), clock:
        list(islice(events, updates))
    return Outcome(updates, {f"loss {WARM_UP}": last.loss})


@contextmanager
def _others(processes: int) -> Iterator[None]:
    command = [sys.executable, "-c", "while True: pass"]
    busy = [subprocess.Popen(command) for _ in range(processes)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


WORK: dict[str, dict[str, Any]] = {
    "LeNet": {"recipe": "fashion-mnist/lenet", "updates": 400},
    "Transformer": {"recipe": "multi30k/de-en", "updates": 6},
    "LSTM 2x200": {
        "recipe": "tatoeba-deu-eng/english-lstm-200",
        "override": {"data.baseline_order": 0, "data.sampled_softmax": 0},
        "updates": 12,
    },
}
CASES = {
    f"{name}, {machine}": {**work, "busy": machine == "busy"}
    for name, work in WORK.items()
    for machine in ("quiet", "busy")
}
ROW = Row(
    title="training by two threads on two cores, quiet and busy",
    unit="updates",
    cases=CASES,
    contestants=[
        Contestant("seqkit", as_seqkit),
        Contestant("torch's default", as_torch),
        Contestant("passive", passive),
        Contestant("one thread", by_one_thread),
    ],
    agree=close(0.01),
    by="wall",
    cores=2,
    long=list(CASES),
)
