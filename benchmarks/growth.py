"""How cost grows: `python -m benchmarks growth [--case CURVE]` measures and draws.

`--set lines=[10000,100000]` gives a curve other sizes than its own.

A curve is the CPU seconds (and the peak of memory) of the same work in growing sizes, each point in
a process of its own. The exponent is that of the steepest of the last steps: 1 is linear, 2
quadratic; fixed costs make it too low at first. Of work that is dealt out to processes or workers,
seconds are by the clock, and how many times as fast it became is said instead. Pictures and points
go to `benchmarks/figures/`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import click

from seqkit.drawing.canvas import figures as drawn
from seqkit.drawing.canvas import save
from seqkit.errors import SeqkitError
from seqkit.parsing import to_json

from . import machine
from .curves import CURVES, Curve
from .turns import TurnFailed, run

FOLDER = Path(__file__).with_name("figures")


class Point(NamedTuple):
    size: float
    seconds: float  # of CPU time, or by the clock where the work is dealt out
    peak: float  # MB


def show(
    names: Sequence[str],
    *,
    rounds: int,
    quick: bool,
    sizes: Mapping[str, Any] | None = None,
    folder: Path = FOLDER,
) -> list[str]:
    """Measure curves, print and draw them, and write their points; return what has failed.

    `sizes` are other sizes of a curve than its own.
    """
    others = sizes or {}
    unknown = [name for name in (*names, *others) if name not in CURVES]
    if unknown:
        raise SeqkitError(f"no curve {unknown[0]!r}: there are {', '.join(CURVES)}")

    failed = []
    for name in names or CURVES:
        curve = CURVES[name]
        if name in others:
            curve = replace(curve, sizes=_sizes(name, others[name]))
        click.echo(f"{name}: {curve.title}, {machine.cpu()}")
        try:
            points = measured(curve, rounds=rounds, quick=quick)
        except TurnFailed as error:
            failed.append(f"{name}: {error}")
            click.echo(f"  failed: {error}")
            continue
        for line in lines_of(curve, points):
            click.echo(line)
        if quick:
            continue

        draw(curve, points, folder / f"growth-{name}.png")
        told = {"cpu": machine.cpu(), "axis": curve.axis, "points": points}
        (folder / f"growth-{name}.json").write_text(to_json(told) + "\n", encoding="utf-8")
    return failed


def drawn_with_all() -> list[str]:
    """The curves of `--all`: not those that are long, or dealt out where there is one core."""
    alone = len(machine.cores(2)) < 2
    return [
        name
        for name, curve in CURVES.items()
        if not curve.is_long and not (curve.is_dealt_out and alone)
    ]


def _sizes(name: str, given: Any) -> Sequence[int]:
    """At least two whole numbers that grow."""
    fine = isinstance(given, list) and len(given) > 1 and all(type(one) is int for one in given)
    if not fine or given[0] < 1 or any(a >= b for a, b in pairwise(given)):
        raise SeqkitError(f"--set {name}: {given!r} are no sizes that grow, as [1000,10000]")
    sizes: list[int] = given
    return sizes


def measured(curve: Curve, *, rounds: int, quick: bool) -> dict[str, list[Point]]:
    """The points of each series: the least seconds of the rounds."""
    data = machine.cache() / "data/growth"
    data.mkdir(parents=True, exist_ok=True)
    sizes = curve.sizes[:2] if quick else curve.sizes

    found: dict[str, list[Point]] = {}
    for series, settings in curve.series.items():
        found[series] = []
        for size in sizes:
            chosen = {**settings, "size": size, "folder": str(data), "quick": quick}
            if curve.prepare is not None:
                run(curve.prepare, chosen)
            cores = size if curve.is_dealt_out else 1
            told = [run(curve.work, chosen, cores=cores) for _ in range(rounds)]
            seconds = min(one["wall" if curve.is_dealt_out else "cpu"] for one in told)
            found[series].append(Point(size, seconds, max(one["peak"] for one in told)))
            click.echo(f"  {series}, {size:,}: {seconds:.3g} s", err=True)
    return found


def exponent(points: Sequence[Point]) -> float:
    """The power of the size by which the seconds grow: the largest of the last two steps."""
    steps = list(pairwise(points))[-2:]
    return max(math.log(b.seconds / a.seconds) / math.log(b.size / a.size) for a, b in steps)


def said_of(curve: Curve, points: Sequence[Point]) -> str:
    """The exponent, or how much faster the work is where most share it with gain."""
    if not curve.is_dealt_out:
        return f"exponent {exponent(points):.2f}"
    best = min(points, key=lambda point: point.seconds)
    return f"{points[0].seconds / best.seconds:.2f} times as fast by {best.size}"


def lines_of(curve: Curve, points: Mapping[str, Sequence[Point]]) -> list[str]:
    lines = []
    for series, row in points.items():
        told = ", ".join(f"{p.size:,}: {p.seconds:.3g} s, {p.peak:,.0f} MB" for p in row)
        lines.append(f"  {series}: {told}; {said_of(curve, row)}")
    return lines


def draw(curve: Curve, points: Mapping[str, Sequence[Point]], path: Path) -> None:
    """Seconds and memory against the size; the axes of size and seconds are logarithmic."""
    from matplotlib.ticker import LogLocator

    picture, (seconds, memory) = drawn(1, 2, title=curve.title)
    for series, row in points.items():
        sizes = [point.size for point in row]
        label = f"{series}: {said_of(curve, row)}"
        seconds.plot(sizes, [point.seconds for point in row], marker="o", markersize=4, label=label)
        memory.plot(sizes, [point.peak for point in row], marker="o", markersize=4)

    first = next(iter(points.values()))
    sizes = [point.size for point in first]
    line = [first[-1].seconds * size / sizes[-1] for size in sizes]
    best = "linear"
    if curve.is_dealt_out:
        line = [first[0].seconds * sizes[0] / size for size in sizes]
        best = "equal shares"
    seconds.plot(sizes, line, linestyle=":", color="grey", label=best)

    kind = "seconds" if curve.is_dealt_out else "CPU seconds"
    for axes, name in ((seconds, kind), (memory, "peak memory, MB")):
        axes.set_xscale("log")
        axes.set_xticks(sizes, labels=[f"{size:,}" for size in sizes])
        axes.minorticks_off()
        axes.set_xlabel(curve.axis)
        axes.set_ylabel(name)
    seconds.set_yscale("log")
    seconds.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    seconds.yaxis.set_major_formatter("{x:g}")
    seconds.yaxis.set_minor_formatter("")
    memory.yaxis.set_major_formatter("{x:,.0f}")
    highest = max(point.peak for row in points.values() for point in row)
    memory.set_ylim(0, 1.08 * highest)
    seconds.legend(loc="lower left" if curve.is_dealt_out else "upper left")
    save(picture, path)
