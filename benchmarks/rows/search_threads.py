"""Our own search by one thread and by two, by the clock."""

from __future__ import annotations

from typing import Any

from ..core import Clock, Contestant, Outcome, Row, Settings, same_lines
from .decode import prepare, sentences_of


def by_two_threads(settings: Settings, clock: Clock) -> Outcome:
    return _by_threads(2, settings, clock)


def by_one_thread(settings: Settings, clock: Clock) -> Outcome:
    return _by_threads(1, settings, clock)


def _by_threads(threads: int, settings: Settings, clock: Clock) -> Outcome:
    import torch

    import seqkit

    torch.set_num_threads(threads)
    translator = seqkit.load(device="cpu", engine="torch", compute=settings["compute"])
    options: dict[str, Any] = {"beam": settings["beam"], "split": False}
    size = settings["batch"]
    lines = sentences_of(settings)
    batches = [lines[first : first + size] for first in range(0, len(lines), size)]

    translator.translate(batches[0], **options)
    with clock:
        texts = [text for batch in batches for text in translator.translate(batch, **options)]
    return Outcome(len(texts), texts)


ROW = Row(
    title="our own search by two threads and by one, on two cores",
    unit="sentences",
    cases={
        f"beam {beam}, batch {batch}, {compute}": {"beam": beam, "batch": batch, "compute": compute}
        for compute in ("float32", "int8")
        for beam, batch in ((5, 64), (5, 8), (5, 1), (1, 64))
    },
    contestants=[
        Contestant("two threads", by_two_threads),
        Contestant("one thread", by_one_thread),
    ],
    agree=same_lines(0.9),
    prepare=prepare,
    by="wall",
    cores=2,
)
