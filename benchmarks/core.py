"""What a row is made of. Peers' environments import this too: the standard library only."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

Settings = dict[str, Any]
SEED = 1


class Outcome(NamedTuple):
    """What a contestant did: work in the row's unit, and a result that JSON can hold.

    `said` is shown beside its speed, such as how long answers took.
    """

    work: float
    result: Any
    said: str = ""


class Disagreement(Exception):
    """Two results that should be equal are not: their speeds are not compared."""


class Clock:
    """CPU and wall seconds of what runs inside `with`; it can be entered several times.

    CPU seconds are those of all threads, and of the child processes that have ended.
    """

    def __init__(self) -> None:
        self.cpu = 0.0
        self.wall = 0.0

    def __enter__(self) -> Clock:
        self._began = (cpu_seconds(), time.perf_counter())
        return self

    def __exit__(self, *_: object) -> None:
        cpu, wall = self._began
        self.cpu += cpu_seconds() - cpu
        self.wall += time.perf_counter() - wall


@dataclass(frozen=True)
class Contestant:
    """A name, what it does, and the environment of `peers.toml` that it needs, if any."""

    name: str
    run: Callable[[Settings, Clock], Outcome | None]  # None: not in this case
    peer: str | None = None
    needs: str = ""  # what else it needs, which is said where it takes no part
    is_variant: bool = False  # another way of ours: not what we are compared with in the table


@dataclass(frozen=True)
class Row:
    """One benchmark: its cases, and who takes part. The first contestant is ours."""

    title: str
    unit: str
    cases: Mapping[str, Settings]
    contestants: Sequence[Contestant]
    agree: Callable[[Any, Any], str]
    prepare: Callable[[Settings], None] | None = None
    by: Literal["cpu", "wall"] = "cpu"
    cores: int = 1
    long: Collection[str] = ()  # cases that take many minutes: `--all` leaves them out
    # How many times as fast as others ours should be, by case and contestant.
    targets: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    # Our work as a step that says how many units it did: `--limit` counts and profiles it.
    limit: Callable[[Settings], Callable[[], float]] | None = None


@dataclass
class Turns:
    """What one contestant reached in a case: a figure for each round, or how it failed."""

    speeds: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)  # MB
    result: Any = None
    said: str = ""
    failed: str = ""


def cpu_seconds() -> float:
    """User and system seconds of this process and of its children that have ended."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def peak_memory() -> float:
    """Largest resident memory in MB that this process, or one child of it, has had."""
    own = 0.0
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            own = int(line.split()[1]) / 1024
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)


def parameters_of(model: Any) -> int:
    """How many parameters a network of torch has."""
    return sum(parameter.numel() for parameter in model.parameters())


# What rows agree by


def same_lines(share: float = 1.0) -> Callable[[Sequence[Any], Sequence[Any]], str]:
    """Agreement if at least this share of the outputs are identical."""

    def agree(ours: Sequence[Any], theirs: Sequence[Any]) -> str:
        if len(ours) != len(theirs):
            raise Disagreement(f"{len(ours):,} outputs beside {len(theirs):,}")

        same = sum(a == b for a, b in zip(ours, theirs, strict=True))
        said = f"{same:,} of {len(ours):,} outputs are the same"
        if same < share * len(ours):
            raise Disagreement(said)
        return said

    return agree


def close(tolerance: float) -> Callable[[Mapping[str, float], Mapping[str, float]], str]:
    """Agreement if all figures that both name differ by at most this share."""

    def agree(ours: Mapping[str, float], theirs: Mapping[str, float]) -> str:
        both = [name for name in ours if name in theirs]
        if not both:
            raise Disagreement("no figure in common")

        said = ", ".join(f"{name} {_both(ours[name], theirs[name])}" for name in both)
        for name in both:
            if abs(ours[name] - theirs[name]) > tolerance * abs(theirs[name]):
                raise Disagreement(said)
        return said

    return agree


def _both(one: float, other: float) -> str:
    """Two figures, or the one that they are as far as it is written."""
    written = [f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}" for value in (one, other)]
    return " / ".join(dict.fromkeys(written))
