"""Kill trainings at random moments, resume them, and compare with those that were never killed:

    python -m benchmarks.trials.kill --trials 200 [--seed 1] [--only vision] [--only KILL]

Each trial starts one of the small trainings of runs.py, ends it in one of several ways (a
quarter of them once or twice more, while it is resumed), and resumes it to its end. Then weights
and optimizer states bit for bit, the log, the config, `best` and `last` and the step folders that
are kept are those of the run that was never killed. After a signal that can be answered, nothing
may be lost: a step folder holds the last update of the log. Linux only.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: forks and commands compute the same

import argparse
import importlib
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .processes import (
    PRUNING,
    SAVING,
    Running,
    Trap,
    changes,
    is_resumable,
    log_of,
    logged_lines,
    our_traceback,
    start,
)
from .runs import SETUPS, Setup, differences, lost_updates, write_setup

STARTING = 0.15  # the share of kills that come at any time, most of them before the first update
AGAIN = 0.25  # the share of trials that are killed again while they resume


@dataclass(frozen=True)
class Kind:
    """A way to end a training."""

    number: int = 0
    to: str = "process"  # or group, itself, worker, rank, output
    events: tuple[str, ...] = ()  # for "itself"
    answered: bool = True  # whether it can save before it ends


KINDS = {
    "TERM": Kind(signal.SIGTERM),
    "INT": Kind(signal.SIGINT),
    "HUP": Kind(signal.SIGHUP),
    "KILL": Kind(signal.SIGKILL, answered=False),
    "group TERM": Kind(signal.SIGTERM, "group"),
    "group INT": Kind(signal.SIGINT, "group"),
    "group KILL": Kind(signal.SIGKILL, "group", answered=False),
    "KILL while saving": Kind(signal.SIGKILL, "itself", SAVING, answered=False),
    "KILL while pruning": Kind(signal.SIGKILL, "itself", PRUNING, answered=False),
    "TERM while saving": Kind(signal.SIGTERM, "itself", SAVING),
    "TERM while pruning": Kind(signal.SIGTERM, "itself", PRUNING),
    "output closed": Kind(0, "output"),
    "worker killed": Kind(signal.SIGKILL, "worker"),
    "one of two killed": Kind(signal.SIGKILL, "rank", answered=False),
}
OF_WORKERS = ("worker killed",)
OF_TWO = ("one of two killed",)


@dataclass(frozen=True)
class Whole:
    """A setup's uninterrupted run, and what is known of it."""

    setup: Setup
    config: Path
    run: Path
    seconds: float
    lines: int  # of its log
    changes: Counter[str]  # of the file system

    def command(self, run: Path, *, resume: bool) -> list[str]:
        more = ["--resume"] if resume else []
        return ["train", str(self.config), "--out", str(run), "--device", "cpu", *more]


def main() -> None:
    """Print a table of the trials; exit with 1 if any of them differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--only", action="append", default=[], help="a setup or a kind; may be repeated"
    )
    parser.add_argument("--folder", type=Path, help="where to work; trials that differ stay there")
    options = parser.parse_args()

    plan = list(_plan(options.trials, options.seed, options.only))
    folder = options.folder or Path(tempfile.mkdtemp(prefix="kill-trials-"))
    _import_all()

    wholes: dict[str, Whole] = {}
    table: dict[tuple[str, str], list[int]] = {}
    for number, (name, kind) in enumerate(plan, 1):
        if name not in wholes:
            wholes[name] = _train_whole(SETUPS[name], folder / name)
        trial = Trial(wholes[name], folder / f"trial-{number:04}", f"{options.seed} {number}")
        found = trial.run(kind)
        _report(number, name, trial, found)
        row = table.setdefault((name, kind), [0, 0, 0])
        row[0] += 1
        row[1] += trial.kills
        row[2] += bool(found)

    _print_table(table)
    differing = sum(row[2] for row in table.values())
    if not differing and options.folder is None:
        shutil.rmtree(folder)
    sys.exit(1 if differing else 0)


def _plan(trials: int, seed: int, only: list[str]) -> Iterator[tuple[str, str]]:
    """Setups and kinds in a random order, all pairs before any comes again."""
    pairs = [
        (name, kind)
        for name, setup in SETUPS.items()
        for kind in KINDS
        if (setup.workers or kind not in OF_WORKERS)
        and (setup.processes == 2 or kind not in OF_TWO)
        and _is_wanted(name, kind, only)
    ]
    if not pairs:
        sys.exit(f"no such setup or kind. Setups: {', '.join(SETUPS)}. Kinds: {', '.join(KINDS)}")

    draw = random.Random(seed)
    left: list[tuple[str, str]] = []
    for _ in range(trials):
        if not left:
            left = draw.sample(pairs, len(pairs))
        yield left.pop()


def _is_wanted(name: str, kind: str, only: list[str]) -> bool:
    names = [word for word in only if word in SETUPS]
    kinds = [word for word in only if word not in SETUPS]
    return (not names or name in names) and (not kinds or kind in kinds)


def _import_all() -> None:
    """Import what a training imports, once, for all forks."""
    for name in (
        "rich.progress",
        "seqkit.cli.progress",
        "seqkit.cli.train",
        "seqkit.language.models.recurrent",
        "seqkit.language.task",
        "seqkit.runs.start",
        "seqkit.translation.models.transformer",
        "seqkit.translation.task",
        "seqkit_vision.task",
        "torch._dynamo",  # by the first optimizer; it takes longer than these trainings
        "torch.distributed",
        "torch.utils.data",
    ):
        importlib.import_module(name)


def _train_whole(setup: Setup, folder: Path) -> Whole:
    config = write_setup(setup, folder)
    run = folder / "run"
    whole = Whole(setup, config, run, 0.0, 0, Counter())
    trap = Trap(run, counts=folder / "changes")
    how = "pair" if setup.processes == 2 else "fork"

    began = time.monotonic()
    running = start(how, whole.command(run, resume=False), folder / "said", trap=trap)
    code = running.wait()
    seconds = time.monotonic() - began
    running.end()
    if code != 0:
        sys.exit(f"the uninterrupted training ends with {code}:\n{running.said()}")
    return Whole(setup, config, run, seconds, logged_lines(run), changes(folder / "changes"))


class Trial:
    """One training that is killed and resumed."""

    def __init__(self, whole: Whole, folder: Path, seed: str) -> None:
        self.whole = whole
        self.folder = folder
        self.run_folder = folder / "run"
        self.draw = random.Random(seed)
        self.kills = 0
        self.story: list[str] = []
        self.found: list[str] = []
        self.started: list[Running] = []

    def run(self, kind: str) -> list[str]:
        """Kill, resume, compare; returns what differs. What is equal is deleted."""
        self.folder.mkdir(parents=True)
        self._kill(kind)
        while self.draw.random() < AGAIN and self.kills < 3:
            self._kill(self._another_kind())

        code, said = self._go_on()
        self._check(code == 0, f"the resumed training ends with {code}: {said[-500:]}")
        if code == 0:
            self.found += differences(self.whole.run, self.run_folder)
        for running in self.started:
            running.end()
        if not self.found:
            shutil.rmtree(self.folder)
        return self.found

    def _another_kind(self) -> str:
        """How to kill while resuming: nobody knows how many files are still to be written."""
        kinds = [name for name, kind in KINDS.items() if kind.to in ("process", "group")]
        return self.draw.choice(kinds)

    def _kill(self, name: str) -> None:
        kind = KINDS[name]
        self.kills += 1
        how = self._how(kind)
        before = log_of(self.run_folder)
        running = start(
            how,
            self._command(),
            self.folder / f"said-{self.kills}",
            piped=kind.to == "output",
            trap=self._trap(kind),
        )
        self.started.append(running)
        if kind.to != "itself" and self._wait_for_moment(running):
            self._send(kind, running, how)
        code = running.wait()
        lines = logged_lines(self.run_folder)
        self._check(code is not None, f"{name} ({how}): hangs")
        trained = log_of(self.run_folder) != before  # or it ended before it had begun
        if kind.answered and code is not None and trained:
            lost = lost_updates(self.run_folder)
            self._check(lost <= 0, f"{name} ({how}): {lost} updates are lost, exit {code}")
        if lines:  # before, Python itself may be interrupted while it imports
            traced = our_traceback(running.said())
            self._check(not traced, f"{name} ({how}): {traced[-1500:]}")
        if how in ("torchrun", "pair") or code is None:
            running.end()  # torchrun's processes do not notice that it was killed
        self.story.append(f"{name} ({how}) at line {lines}, exit {code}")

    def _how(self, kind: Kind) -> str:
        """A fork, or one time in five the real command."""
        real = self.draw.random() < 0.2 and kind.to != "itself"
        if self.whole.setup.processes == 2:
            return "torchrun" if real else "pair"
        return "command" if real else "fork"

    def _command(self) -> list[str]:
        return self.whole.command(self.run_folder, resume=is_resumable(self.run_folder))

    def _trap(self, kind: Kind) -> Trap | None:
        if kind.to != "itself":
            return None
        possible = sum(self.whole.changes[event] for event in kind.events)
        at = self.draw.randint(1, max(1, possible))
        return Trap(self.run_folder, kind.events, at, kind.number)

    def _wait_for_moment(self, running: Running) -> bool:
        if self.draw.random() < STARTING:
            end = time.monotonic() + self.draw.uniform(0, self.whole.seconds)
            return running.wait_until(lambda: time.monotonic() >= end)

        line = self.draw.randint(1, self.whole.lines - 1)
        came = running.wait_until(lambda: logged_lines(self.run_folder) >= line)
        time.sleep(self.draw.uniform(0, 0.02))
        return came

    def _send(self, kind: Kind, running: Running, how: str) -> None:
        if kind.to == "output":
            running.close_output()
        elif kind.to == "group" or (how == "pair" and kind.number == signal.SIGKILL):
            running.send_group(kind.number)
        elif kind.to == "process" and how != "pair":
            running.send(kind.number)
        else:
            # To a process that loads data, or to one of the two that train.
            pids = running.descendants()[: self.whole.setup.processes if how == "pair" else None]
            if pids:
                running.send(kind.number, self.draw.choice(pids))

    def _go_on(self) -> tuple[int | None, str]:
        how = "pair" if self.whole.setup.processes == 2 else "fork"
        running = start(how, self._command(), self.folder / "said-at-last", trap=None)
        code = running.wait()
        running.end()
        return code, running.said()

    def _check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.found.append(otherwise)


def _report(number: int, name: str, trial: Trial, found: list[str]) -> None:
    result = "differs" if found else "the same"
    print(f"{number:4} {name}: {'; '.join(trial.story)}: {result}", file=sys.stderr, flush=True)
    for line in found:
        print(f"     {trial.folder}: {line}", file=sys.stderr, flush=True)


def _print_table(table: dict[tuple[str, str], list[int]]) -> None:
    """As Markdown: a row for each setup and kind, and one for all."""
    print("| training | ended by | trials | kills | differences |")
    print("|---|---|---|---|---|")
    for (name, kind), (trials, kills, differing) in sorted(table.items()):
        print(f"| {name} | {kind} | {trials} | {kills} | {differing} |")
    trials, kills, differing = (sum(column) for column in zip(*table.values(), strict=True))
    print(f"| all | | {trials} | {kills} | {differing} |")


if __name__ == "__main__":
    main()
