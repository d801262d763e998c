"""What a command measures: which cases of which rows, with which contestants, for how long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from seqkit.errors import SeqkitError

from . import machine, rows
from .core import Row
from .curves import CURVES
from .durations import PREPARATION, Durations, told


class Planned(NamedTuple):
    """A case that is to be measured."""

    name: str
    row: Row
    case: str
    only: tuple[str, ...]  # contestants; all if there are none

    def turns(self) -> list[str]:
        """What takes time in it: contestants, and the preparation if there is one."""
        names = [one.name for one in self.row.contestants if not self.only or one.name in self.only]
        return names if self.row.prepare is None else [PREPARATION, *names]


def planned(names: tuple[str, ...], cases: tuple[str, ...], only: tuple[str, ...]) -> list[Planned]:
    """What is measured, in order: the rows that have these cases and contestants.

    Raises `SeqkitError` for a name, case or contestant that there is not.
    """
    loaded = {name: load(name) for name in names}
    known = {case for row in loaded.values() for case in row.cases}
    _check("case", cases, known, loaded)
    taking_part = {one.name for row in loaded.values() for one in row.contestants}
    _check("contestant", only, taking_part, loaded)

    plan = []
    for name, row in loaded.items():
        chosen = tuple(one.name for one in row.contestants if one.name in only)
        if only and not chosen:
            continue
        plan += [
            Planned(name, row, case, chosen) for case in row.cases if not cases or case in cases
        ]
    if loaded and not plan:
        raise SeqkitError(f"no row has both: {'; '.join((*cases, *only))}")
    return plan


def load(name: str) -> Row:
    if name not in rows.names():
        raise SeqkitError(f"no row {name}: there are {', '.join([*rows.names(), 'growth'])}")
    return rows.load(name)


def _check(what: str, wanted: tuple[str, ...], known: set[str], among: Iterable[str]) -> None:
    unknown = [each for each in wanted if each not in known]
    if unknown:
        there = f"there are {'; '.join(sorted(known))}" if known else "name a row, or --all"
        raise SeqkitError(f"no {what} {unknown[0]!r} in {', '.join(among) or 'no row'}: {there}")


def too_long(one: Planned) -> bool:
    return one.case in one.row.long


def too_wide(one: Planned) -> bool:
    """Whether there are fewer cores than a row needs that is measured by the clock."""
    return one.row.by == "wall" and len(machine.cores(one.row.cores)) < one.row.cores


def expected(plan: Sequence[Planned], rounds: int, durations: Durations) -> str:
    """How long that takes by what is known: "about 12 min and 3 turns never taken here"."""
    seconds, unknown = 0.0, 0
    for one in plan:
        for turn in one.turns():
            known = durations.of(one.name, one.case, turn)
            if known is None:
                unknown += 1
            else:
                seconds += known * (1 if turn == PREPARATION else rounds)

    parts = [f"about {told(seconds)}"] if seconds or not unknown else []
    if unknown:
        parts.append(f"{unknown} turns never taken here")
    return " and ".join(parts)


def speed_unit(row: Row) -> str:
    return f"{row.unit} a CPU second" if row.by == "cpu" else f"{row.unit} a second by the clock"


def lines_of_rows() -> list[str]:
    """The rows and their cases, for who gives no name."""
    width = max(len(name) for name in rows.names())
    lines = []
    for name in rows.names():
        row = rows.load(name)
        lines.append(f"{name.ljust(width)}  {row.title}")
        lines.append(f"{' ' * width}  cases: {'; '.join(row.cases)}")

    lines.append(f"{'growth'.ljust(width)}  how cost grows, with pictures")
    return [*lines, f"{' ' * width}  cases: {'; '.join(CURVES)}"]
