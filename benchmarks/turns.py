"""Contestants take turns, each turn in a process of its own: A B A B."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seqkit.errors import SeqkitError
from seqkit.parsing import json_of, to_json

from . import machine
from .core import Contestant, Disagreement, Row, Settings, Turns, cpu_seconds
from .durations import PREPARATION, Durations, told
from .peers import PeerMissing, python_of

Figures = dict[str, Any]


class TurnFailed(SeqkitError):
    """A contestant's process has failed."""


def measure_case(
    name: str,
    row: Row,
    case: str,
    *,
    rounds: int,
    quick: bool = False,
    only: Sequence[str] = (),
    settings: Settings | None = None,
    say: Callable[[str], None] = print,
) -> dict[str, Figures]:
    """Figures of each contestant, by name; `say` is told of every turn before it is taken.

    A peer that cannot be installed is said, and left out; of one whose process fails, the figures
    are {"failed": why}. Raises `TurnFailed` if what they need cannot be prepared.
    """
    chosen = settings_of(name, row, case, quick=quick, settings=settings)
    durations = Durations(quick=quick) if not settings else None  # theirs would be of other work
    turn = _Turn(durations, (name, case), row, say)
    if row.prepare is not None:
        with turn.of(PREPARATION):
            run(row.prepare, chosen)

    present = _present(row, only, say)
    turns = {contestant.name: Turns() for contestant in present}
    for number in range(rounds):
        for contestant in present:
            if turns[contestant.name].failed:
                continue
            with turn.of(contestant.name, f"round {number + 1} of {rounds}" if rounds > 1 else ""):
                _take_turn(row, contestant, chosen, turns[contestant.name])

    for contestant in present:
        taken = turns[contestant.name]
        if contestant.needs and not (taken.speeds or taken.failed):
            say(f"  {contestant.name} is left out: it needs {contestant.needs}")
    return _figures(row, turns)


class _Turn:
    """Says what is next and how long it should take, and notes how long it took."""

    def __init__(
        self,
        durations: Durations | None,
        case: tuple[str, str],
        row: Row,
        say: Callable[[str], None],
    ) -> None:
        self._durations = durations
        self._case = case
        self._row = row
        self._say = say

    @contextmanager
    def of(self, name: str, more: str = "") -> Iterator[None]:
        known = self._durations.of(*self._case, name) if self._durations else None
        expected = f"about {told(known)}" if known is not None else ""
        self._say(f"  {', '.join(part for part in (name, more, expected) if part)} …")

        before = self._now()
        yield
        if self._durations:
            self._durations.note(self._now() - before, *self._case, name)

    def _now(self) -> float:
        """CPU seconds, shared by the cores; or the clock, where processes go on by themselves."""
        if self._row.by == "wall":
            return time.perf_counter()
        return cpu_seconds() / len(machine.cores(self._row.cores))


def settings_of(
    name: str, row: Row, case: str, *, quick: bool, settings: Settings | None = None
) -> Settings:
    """The settings of a case, with "quick" and "folder"."""
    folder = machine.cache() / "data" / (f"{name}-quick" if quick else name)
    folder.mkdir(parents=True, exist_ok=True)
    return {**row.cases[case], "quick": quick, "folder": str(folder), **(settings or {})}


def run(
    function: Callable[..., Any],
    settings: Settings,
    *,
    python: Path | None = None,
    cores: int = 1,
) -> Figures:
    """What a function of a module says, called with settings and a clock by another process.

    `prepare` and others that return nothing say nothing: {}.
    """
    chosen = ",".join(str(core) for core in machine.cores(cores))
    command = [str(python or python_of(None)), "-m", "benchmarks.worker"]
    command += [function.__module__, function.__qualname__, chosen]

    paths = [str(machine.ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # or a program is compiled at each start

    done = subprocess.run(
        command, input=to_json(settings), env=environment, capture_output=True, text=True
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no message"]
        name = f"{function.__module__}.{function.__qualname__}"
        raise TurnFailed(f"{name} failed ({done.returncode}): {said[-1]}")

    answer: Figures = json_of(done.stdout) if done.stdout else {}
    return answer


def _present(row: Row, only: Sequence[str], say: Callable[[str], None]) -> list[Contestant]:
    """The contestants that take part, once their environments are there."""
    unknown = set(only) - {contestant.name for contestant in row.contestants}
    if unknown:
        known = ", ".join(contestant.name for contestant in row.contestants)
        raise SeqkitError(f"no {', '.join(sorted(unknown))} in this row: it has {known}")

    present = []
    for contestant in row.contestants:
        if only and contestant.name not in only:
            continue
        try:
            python_of(contestant.peer)
        except PeerMissing as error:
            say(f"  {contestant.name} is left out: {error}")
            continue
        present.append(contestant)
    return present


def _take_turn(row: Row, contestant: Contestant, settings: Settings, turns: Turns) -> None:
    python = python_of(contestant.peer)
    try:
        found = run(contestant.run, settings, python=python, cores=row.cores)
    except TurnFailed as error:
        turns.failed = str(error)
        return
    if not found:
        return
    turns.speeds.append(found["work"] / found[row.by])
    turns.peaks.append(found["peak"])
    turns.result = found["result"]
    turns.said = found["said"]


def _figures(row: Row, turns: dict[str, Turns]) -> dict[str, Figures]:
    """Results are compared with those of the first, then speeds are stated."""
    figures: dict[str, Figures] = {}
    took_part = {name: taken for name, taken in turns.items() if taken.speeds or taken.failed}
    first = next(iter(took_part), None)
    for name, taken in took_part.items():
        if taken.failed:
            figures[name] = {"failed": taken.failed}
            continue

        median = statistics.median(taken.speeds)
        figures[name] = {
            "speeds": taken.speeds,
            "median": median,
            "spread": (max(taken.speeds) - min(taken.speeds)) / 2 / median,
            "peak": max(taken.peaks),
        }
        if taken.said:
            figures[name]["said"] = taken.said
        if name != first and not turns[str(first)].failed:
            figures[name] |= _compared(row, turns[str(first)].result, taken.result)
    return figures


def _compared(row: Row, ours: Any, theirs: Any) -> dict[str, str]:
    try:
        return {"agreement": row.agree(ours, theirs)}
    except Disagreement as error:
        return {"disagreement": str(error)}
