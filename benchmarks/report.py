"""What was measured: as lines, as JSON, and beside an older file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqkit.errors import DataError, reason
from seqkit.parsing import NoPlainData, json_of, to_json

from .turns import Figures

TOLERANCE = 0.05  # of slowness that the spread does not explain: less is no regression
Rows = dict[str, dict[str, dict[str, Figures]]]  # row, case, contestant


def lines_of(figures: dict[str, Figures]) -> list[str]:
    """A line for each contestant."""
    if not figures:
        return ["  nobody took part"]

    width = max(len(name) for name in figures)
    ours = next(iter(figures.values()))
    return [_line(name.ljust(width), one, ours) for name, one in figures.items()]


def _line(name: str, one: Figures, ours: Figures) -> str:
    if "failed" in one:
        return f"  {name}  failed: {one['failed']}"
    spread = f"± {one['spread']:.0%}" if len(one["speeds"]) > 1 else ""
    line = f"  {name}  {number(one['median']):>9} {spread:6}  {one['peak']:7,.0f} MB"
    if "said" in one:
        line = f"{line}  {one['said']}"
    if "disagreement" in one:
        return f"{line}  not compared: results differ: {one['disagreement']}"
    if one is ours or "failed" in ours:
        return line
    return f"{line}  ours is {ours['median'] / one['median']:.2f} x as fast; {one['agreement']}"


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def disagreements(rows: Rows) -> list[str]:
    """Every contestant whose result is not ours."""
    return [
        f"{row}, {case}: {name}: {one['disagreement']}"
        for row, case, name, one in _each(rows)
        if "disagreement" in one
    ]


def failures(rows: Rows) -> list[str]:
    """Every contestant whose process has failed."""
    return [
        f"{row}, {case}: {name}: {one['failed']}"
        for row, case, name, one in _each(rows)
        if "failed" in one
    ]


def _each(rows: Rows) -> list[tuple[str, str, str, Figures]]:
    found = []
    for row, cases in rows.items():
        for case, figures in cases.items():
            found += [(row, case, name, one) for name, one in figures.items()]
    return found


# Files


def save(path: Path, cpu: str, rows: Rows) -> None:
    """Write what was measured; what was not measured now stays, if it is of the same CPU."""
    before: dict[str, Any] = read(path) if path.exists() else {"cpu": cpu, "rows": {}}
    kept = before["rows"] if before["cpu"] == cpu else {}
    for row, cases in rows.items():
        kept.setdefault(row, {}).update(cases)
    path.write_text(to_json({"cpu": cpu, "rows": kept}, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    """What `save` wrote; raises `DataError` naming the file."""
    try:
        found = json_of(path.read_bytes())
        _check(found)
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}") from None
    except (NoPlainData, KeyError, TypeError, AttributeError):
        raise DataError(f"{path} is not a file of benchmarks: write one with --json") from None
    return dict(found)


def _check(found: Any) -> None:
    """Raise an error unless each row has what `regressions` reads."""
    str(found["cpu"])
    for _, _, _, one in _each(found["rows"]):
        if "failed" not in one:
            float(one["median"]), float(one["spread"])


def regressions(before: Rows, now: Rows) -> list[str]:
    """Our figures that are slower than before by more than both spreads and five per cent."""
    slower = []
    for row, cases in now.items():
        for case, figures in cases.items():
            name = next(iter(figures), "")
            old = before.get(row, {}).get(case, {}).get(name, {})
            if "median" not in old or "failed" in figures[name]:
                continue
            allowed = TOLERANCE + old["spread"] + figures[name]["spread"]
            new, was = figures[name]["median"], old["median"]
            if new < was * (1 - allowed):
                said = f"{number(was)} before, {number(new)} now: {1 - new / was:.0%} slower"
                slower.append(f"{row}, {case}: {said} (allowed: {allowed:.0%})")
    return slower
