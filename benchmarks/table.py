"""The table of RESULTS.md: a line for each case, ours and the best of the others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqkit.errors import DataError

from .core import Row
from .planning import speed_unit
from .report import Rows, disagreements, failures, number
from .turns import Figures

BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
_HEADS = ("row", "case", "ours", "best of the others", "ratio", "target", "results", "memory, MB")


def write(path: Path, found: dict[str, Any], rows: Mapping[str, Row]) -> None:
    """Put the table of all rows between the two marks of a Markdown file."""
    text = path.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise DataError(f"{path} needs the lines {BEGIN} and {END}, once each, in this order")

    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    table = "\n".join(lines_of(found, rows))
    path.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


def lines_of(found: dict[str, Any], rows: Mapping[str, Row]) -> list[str]:
    """The CPU, the table, and what has failed or has other results than ours.

    Rows and cases that are no more are left out.
    """
    measured: Rows = {}
    lines = [f"Measured on: {found['cpu']}.", "", _line(*_HEADS), "|" + "---|" * len(_HEADS)]
    for name, row in rows.items():
        cases = found["rows"].get(name, {})
        measured[name] = {case: cases[case] for case in row.cases if cases.get(case)}
        head = f"`{name}`, {speed_unit(row)}"
        for case, figures in measured[name].items():
            lines.append(_line(head, case, *_cells(row, case, figures)))
            head = ""

    wrong = [f"- failed: {line}" for line in failures(measured)]
    wrong += [f"- results differ: {line}" for line in disagreements(measured)]
    return [*lines, "", *wrong] if wrong else lines


def _line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _cells(row: Row, case: str, figures: dict[str, Figures]) -> list[str]:
    """Of one case, what stands below `_HEADS` from "ours" on."""
    first = next(iter(figures))
    ours = figures[first]
    best = _best_of_others(row, figures)
    if "failed" in ours:
        return ["failed", _speed(best, figures), "", "", "", ""]

    theirs = figures.get(best, {})
    peaks = [f"{one['peak']:,.0f}" for one in (ours, theirs) if one]
    return [
        _number(ours),
        _speed(best, figures),
        f"{ours['median'] / theirs['median']:.2f}" if theirs else "",
        "; ".join(_targets(row, case, ours, figures)),
        "; ".join(_results(ours, best, theirs)),
        " / ".join(peaks),
    ]


def _results(ours: Figures, best: str, theirs: Figures) -> list[str]:
    """What both say of themselves, and how far they agree."""
    said = [str(one.get("said", "")) for one in (ours, theirs)]
    if said[1]:
        said[1] = "" if said[1] == said[0] else f"{best}: {said[1]}"
    return [part for part in (*said, theirs.get("agreement", "")) if part]


def _best_of_others(row: Row, figures: dict[str, Figures]) -> str:
    """The fastest of those that have our result; none: an empty name."""
    ours, variants = next(iter(figures)), [one.name for one in row.contestants if one.is_variant]
    others = {
        name: one["median"]
        for name, one in figures.items()
        if name != ours and name not in variants and _is_compared(one)
    }
    return max(others, key=others.__getitem__, default="")


def _is_compared(one: Figures) -> bool:
    """Whether it has a speed, and our result."""
    return "median" in one and "disagreement" not in one


def _targets(row: Row, case: str, ours: Figures, figures: dict[str, Figures]) -> list[str]:
    """How many times as fast ours was to be, and whether it is."""
    lines = []
    for name, target in row.targets.get(case, {}).items():
        if not _is_compared(figures.get(name, {})):
            continue
        ratio = ours["median"] / figures[name]["median"]
        verdict = "reached" if ratio >= target else f"**not reached: {ratio:.2f}**"
        lines.append(f"{target:.3g} × {name}: {verdict}")
    return lines


def _speed(name: str, figures: dict[str, Figures]) -> str:
    return f"{name}: {_number(figures[name])}" if name else ""


def _number(one: Figures) -> str:
    spread = f" ± {one['spread']:.0%}" if len(one["speeds"]) > 1 else ""
    return f"{number(one['median'])}{spread}"
