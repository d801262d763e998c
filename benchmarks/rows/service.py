"""`seqkit serve` under load, beside `seqkit translate -i` without its start, and LibreTranslate.

Clients ask for sentences of 15 words, one after the other, as fast as they are answered. An error
is a failure, and so is an answer to another sentence. CPU seconds are those of what serves, alone;
clients and service share the cores. The client with 200 sentences a request has as many on their
way as 200 clients: its latencies are those of the same throughput without a queue.

    python -m benchmarks service --set seconds=120 --set threads=1
    python -m benchmarks service --set model="zh-en=FILE.argosmodel" --set text=FILE \\
        --set source=zh --set target=en --set beside=http://127.0.0.1:5000 --set beside_pid=PID

`beside` is a LibreTranslate that runs already.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core import Clock, Contestant, Disagreement, Outcome, Row, Settings
from ..machine import SEQKIT, said_by

QUICK, FEW = 3.0, 40  # seconds, and sentences
WARM = 3.0  # seconds
SAME = 0.99  # of the translations: numbers are added in another order in larger batches


def by_seqkit(settings: Settings, clock: Clock) -> Outcome:
    from ..served import served
    from ..service_client import native, press, read_native

    sentences = _sentences(settings)
    with served(settings["model"], options=_options(settings)) as (address, pid):
        ask = native(settings["beam"])
        press(address, sentences[:50], 4, 1.0 if settings["quick"] else WARM, ask, read_native)
        return _under_load(settings, clock, address, pid, ask, read_native)


def by_libretranslate(settings: Settings, clock: Clock) -> Outcome | None:
    from ..service_client import libretranslate, read_libretranslate

    if not settings["beside"]:
        return None
    ask = libretranslate(settings["source"], settings["target"])
    pid = int(settings["beside_pid"])
    found = _under_load(settings, clock, settings["beside"], pid, ask, read_libretranslate)
    return found._replace(result={**found.result, "is ours": False})


def by_translate(settings: Settings, clock: Clock) -> Outcome:
    """The command on the same sentences; without its start, as one of one sentence has it."""
    sentences = _sentences(settings)
    start, whole = Clock(), Clock()
    with start:
        _translated(settings, sentences[:1])
    with whole:
        lines = _translated(settings, sentences)

    clock.cpu, clock.wall = whole.cpu - start.cpu, whole.wall - start.wall
    translations = dict(zip(sentences, ([line] for line in lines), strict=True))
    said = f"{len(sentences) / clock.wall:.1f} sentences/s"
    return Outcome(len(sentences), {"translations": translations, "is ours": True}, said)


def _under_load(
    settings: Settings, clock: Clock, address: str, pid: int, ask: Any, read: Any
) -> Outcome:
    from ..served import cpu_seconds, memory
    from ..service_client import press

    seconds = QUICK if settings["quick"] else float(settings["seconds"])
    before = cpu_seconds(pid)
    load = press(
        address, _sentences(settings), settings["clients"], seconds, ask, read,
        together=settings["together"],
    )  # fmt: skip
    clock.cpu, clock.wall = cpu_seconds(pid) - before, load.seconds
    if load.errors:
        raise RuntimeError(f"{len(load.errors)} answers are lost, the first: {load.errors[0]}")

    said = (
        f"{load.rate:.1f} sentences/s, p50 {1000 * load.quantile(0.5):,.0f} ms, "
        f"p95 {1000 * load.quantile(0.95):,.0f} ms, {len(load.latencies):,} requests, "
        f"{load.refused} refused, {memory(pid) / 1e6:,.0f} MB"
    )
    translations = {one: sorted(found) for one, found in load.translations.items()}
    return Outcome(load.sentences, {"translations": translations, "is ours": True}, said)


def _translated(settings: Settings, sentences: list[str]) -> list[str]:
    source = Path(settings["folder"]) / "source.txt"
    target = source.with_name("target.txt")
    source.write_text("".join(f"{one}\n" for one in sentences), encoding="utf-8")
    model = settings["model"].partition("=")[2] or settings["model"]
    options = _options(settings)
    if settings["beam"]:
        options += ["--beam", str(settings["beam"])]
    said_by([*SEQKIT, "translate", "-m", model, "-i", source, "-o", target, *options])
    return target.read_text(encoding="utf-8").splitlines()


def _options(settings: Settings) -> list[str]:
    threads = settings["threads"] or len(os.sched_getaffinity(0))
    return ["--threads", str(threads), "--compute", str(settings["compute"])]


def _sentences(settings: Settings) -> list[str]:
    from ..served import sentences_of

    found = sentences_of(settings["text"])
    return found[:FEW] if settings["quick"] else found


def same_translations(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    """Of the sentences that both have: nearly all are the same, unless the other is not seqkit."""
    a, b = ours["translations"], theirs["translations"]
    both = [one for one in a if one in b]
    same = sum(a[one] == b[one] for one in both)
    said = f"{same:,} of {len(both):,} translations are the same"
    if theirs["is ours"] and (not both or same < SAME * len(both)):
        raise Disagreement(said)
    return said


ROW = Row(
    title="a service under load: CPU seconds are those of what serves",
    unit="sentences",
    cases={
        name: {
            "clients": clients,
            "together": together,  # sentences of a request
            "seconds": 20,
            "model": "en-de",
            "threads": 0,  # as many as cores
            "compute": "float32",
            "beam": 0,  # that of the model
            "text": "",
            "source": "en",
            "target": "de",
            "beside": "",
            "beside_pid": 0,
        }
        for name, clients, together in (
            ("1 client", 1, 1),
            ("16 clients", 16, 1),
            ("200 clients", 200, 1),
            ("1 client, 200 sentences a request", 1, 200),
        )
    },
    contestants=[
        Contestant("seqkit serve", by_seqkit),
        Contestant("seqkit translate -i", by_translate),
        Contestant("LibreTranslate", by_libretranslate),
    ],
    agree=same_translations,
    cores=2,
    targets={"200 clients": {"seqkit translate -i": 0.8}},
)
