"""Much text through several processes: whole commands, by the clock.

With the model's beam of 5, 200,000 lines take some ten minutes of two cores and as many of one, so
measure them with `--rounds 1`. Ray's start is in what is measured, though not its first from the
disk; how long it takes is said beside. In another turn a worker is killed when a part is done:
each line must be there, and once.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from itertools import cycle, islice
from pathlib import Path

from ..core import Clock, Contestant, Outcome, Row, Settings, same_lines
from ..machine import SEQKIT, said_by

QUICK = 400
FEW = 2  # lines, of the commands that show what a start costs
OPTIONS = ["--engine", "ctranslate2"]


def prepare(settings: Settings) -> None:
    """The English of Tatoeba's training text, its lines as they come, without repeats."""
    from ..machine import whole
    from ..texts import TATOEBA, lines_of

    if _text(settings).exists():
        return
    lines = list(dict.fromkeys(lines_of(*TATOEBA, 0)))
    with whole(_text(settings)) as part:
        chosen = islice(cycle(lines), _lines(settings))
        part.write_text("".join(f"{line}\n" for line in chosen), encoding="utf-8")


def by_bulk(settings: Settings, clock: Clock) -> Outcome:
    """`seqkit bulk translate`: Ray, which it starts and ends, and workers that load the model."""
    few, out = _few(settings), _fresh(settings, "bulk")
    start = Clock()
    said_by(_bulk(settings, few, _fresh(settings, "bulk-few")))  # reads Ray from the disk
    with start:
        said_by(_bulk(settings, few, _fresh(settings, "bulk-few")))

    with clock:
        said_by(_bulk(settings, _text(settings), out))
    return _outcome(_parts(out), f"{start.wall:.1f} s of it with {FEW} lines")


def by_bulk_with_a_kill(settings: Settings, clock: Clock) -> Outcome:
    """The same, but a worker dies when the first part is done."""
    out = _fresh(settings, "bulk-killed")
    with clock:
        command = _bulk(settings, _text(settings), out)
        working = subprocess.Popen([*map(str, command)], stderr=subprocess.DEVNULL)
        while not _parts(out) and working.poll() is None:
            time.sleep(0.05)
        workers = _workers_of(working.pid)
        if not workers:
            raise RuntimeError("there was no worker to be killed: give more lines")
        os.kill(workers[0], signal.SIGKILL)
        if working.wait():
            raise RuntimeError(f"seqkit bulk translate failed ({working.returncode})")
    return _outcome(_parts(out), f"one of {len(workers)} workers killed")


def by_translate(settings: Settings, clock: Clock) -> Outcome:
    """`seqkit translate -i` with one thread."""
    out = Path(settings["folder"]) / "translate.txt"
    command = [*SEQKIT, "translate", *OPTIONS, "--threads", "1"]
    start = Clock()
    with start:
        said_by([*command, "-i", _few(settings), "-o", out])
    with clock:
        said_by([*command, "-i", _text(settings), "-o", out])
    return _outcome([out], f"{start.wall:.1f} s of it with {FEW} lines")


def _bulk(settings: Settings, source: Path, out: Path) -> list[str | Path]:
    command = [*SEQKIT, "bulk", "translate", *OPTIONS, "--workers", str(settings["workers"])]
    return [*command, "--rows", str(_rows(settings)), source, out]


def _rows(settings: Settings) -> int:
    """Of a part: what seqkit does by itself, or less where that would be all of the text."""
    return min(5_000, _lines(settings) // 10)


def _fresh(settings: Settings, name: str) -> Path:
    """A folder that is not there: what is, would be gone on with."""
    out = Path(settings["folder"]) / name
    shutil.rmtree(out, ignore_errors=True)
    return out


def _parts(out: Path) -> list[Path]:
    return sorted(path for path in out.glob("*.txt") if path.name[0] not in "._")


def _workers_of(command: int) -> list[int]:
    """The processes of Ray's workers among those that a command has started."""
    parents: dict[int, int] = {}
    workers = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text().rpartition(")")[2].split()
            name = (folder / "cmdline").read_bytes()
        except OSError:  # it has just ended
            continue
        parents[int(folder.name)] = int(status[1])
        if name.startswith(b"ray::Worker"):
            workers.append(int(folder.name))
    return sorted(one for one in workers if _is_under(command, one, parents))


def _is_under(ancestor: int, process: int, parents: dict[int, int]) -> bool:
    while process in parents and process != ancestor:
        process = parents[process]
    return process == ancestor


def _outcome(paths: list[Path], said: str) -> Outcome:
    lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    return Outcome(len(lines), lines, said)


def _lines(settings: Settings) -> int:
    return QUICK if settings["quick"] else int(settings["lines"])


def _text(settings: Settings) -> Path:
    return Path(settings["folder"]) / f"{_lines(settings)}.txt"


def _few(settings: Settings) -> Path:
    """The first lines of the text."""
    few = Path(settings["folder"]) / "few.txt"
    with _text(settings).open(encoding="utf-8") as lines:
        few.write_text("".join(islice(lines, FEW)), encoding="utf-8")
    return few


ROW = Row(
    title="a file translated by workers on Ray beside one process",
    unit="lines",
    cases={
        "10,000 lines, 2 workers": {"lines": 10_000, "workers": 2},
        "200,000 lines, 2 workers": {"lines": 200_000, "workers": 2},
    },
    contestants=[
        Contestant("seqkit bulk translate", by_bulk),
        Contestant("seqkit translate -i", by_translate),
        Contestant("bulk, a worker killed", by_bulk_with_a_kill, is_variant=True),
    ],
    agree=same_lines(),
    prepare=prepare,
    by="wall",
    cores=2,
    long=["200,000 lines, 2 workers"],
    targets={"200,000 lines, 2 workers": {"seqkit translate -i": 1.8}},
)
