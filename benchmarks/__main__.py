"""`python -m benchmarks`: what the package's docstring says."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import click

import benchmarks
from seqkit.cli.options import key_values
from seqkit.errors import SeqkitError

from . import growth, machine, report, rows
from . import limit as limits
from .core import Row, Settings
from .turns import TurnFailed, measure_case

RESULTS = Path(__file__).with_name("RESULTS.md")
LATEST = Path(__file__).with_name("latest.json")


@click.command(help=(benchmarks.__doc__ or "").splitlines()[0])
@click.argument("names", nargs=-1, metavar="[ROW]…")
@click.option("--all", "every", is_flag=True, help="every row; writes the table of RESULTS.md")
@click.option("--case", "cases", multiple=True, help="only this case; may be repeated")
@click.option("--only", multiple=True, help="only this contestant; may be repeated")
@click.option(
    "--rounds",
    default=3,
    type=click.IntRange(min=1),
    show_default=True,
    help="turns of each contestant",
)
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="a setting of the case")
@click.option("--quick", is_flag=True, help="a few seconds of work, to try a row")
@click.option("--limit", is_flag=True, help="the limit of this CPU, and where the time goes")
@click.option("--json", "json", type=click.Path(path_type=Path), help="where figures are written")
@click.option("--compare", type=click.Path(path_type=Path), help="exit 1 if slower than these")
def main(
    names: tuple[str, ...],
    every: bool,
    cases: tuple[str, ...],
    only: tuple[str, ...],
    rounds: int,
    pairs: tuple[str, ...],
    quick: bool,
    limit: bool,
    json: Path | None,
    compare: Path | None,
) -> None:
    if "growth" in names:
        failed = show_growth(
            names, cases, rounds, pairs, quick, others=(every, only, limit, json, compare)
        )
        conclude({}, None, failed)
        return
    if every and names:
        raise SeqkitError(f"--all measures every row: leave out {names[0]}")

    plan = planned(tuple(rows.names()) if every else names, cases, only)
    if not plan:
        list_rows()
        return

    cpu = machine.cpu()
    before = compared_with(compare, cpu)
    settings = key_values(pairs, "--set")
    failed: list[str] = []
    if every and not (limit or cases or only or pairs):
        failed += growth.show((), rounds=rounds, quick=quick)

    found: report.Rows = {}
    for name, row, case, chosen in plan:
        click.echo(f"{name}, {case}: {speed_unit(row)}, {cpu}")
        try:
            if limit:
                limits.show(name, row, case, quick=quick, settings=settings)
                continue
            figures = measure_case(
                name, row, case, rounds=rounds, quick=quick, only=chosen, settings=settings,
                say=click.echo,
            )  # fmt: skip
        except TurnFailed as error:  # the others go on
            failed.append(f"{name}, {case}: {error}")
            click.echo(f"  failed: {error}")
            continue

        found.setdefault(name, {})[case] = figures
        click.echo("\n".join(report.lines_of(figures)))
        write(found, cpu, json, every and not quick)

    conclude(found, before, failed)


def show_growth(
    names: tuple[str, ...],
    cases: tuple[str, ...],
    rounds: int,
    pairs: tuple[str, ...],
    quick: bool,
    *,
    others: tuple[Any, ...],
) -> list[str]:
    """Measure and draw curves; return what has failed.

    `others` are values of options that say nothing of curves.
    """
    if len(names) > 1 or any(others):
        raise SeqkitError("growth runs by itself, with --case, --rounds, --set and --quick alone")
    return growth.show(cases, rounds=rounds, quick=quick, sizes=key_values(pairs, "--set"))


def list_rows() -> None:
    width = max(len(name) for name in rows.names())
    for name in rows.names():
        row = rows.load(name)
        click.echo(f"{name.ljust(width)}  {row.title}")
        click.echo(f"{' ' * width}  cases: {'; '.join(row.cases)}")
    click.echo(f"{'growth'.ljust(width)}  how cost grows, with pictures")
    click.echo(f"{' ' * width}  cases: {'; '.join(growth.CURVES)}")


class Planned(NamedTuple):
    """A case that is to be measured."""

    name: str
    row: Row
    case: str
    only: tuple[str, ...]  # contestants; all if there are none


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


def compared_with(path: Path | None, cpu: str) -> Settings | None:
    """The figures of `--compare`, which must be of this CPU."""
    if path is None:
        return None
    before = report.read(path)
    if before["cpu"] != cpu:
        raise SeqkitError(f"{path} is of another CPU, {before['cpu']}: this one is {cpu}")
    return before


def speed_unit(row: Row) -> str:
    return f"{row.unit} a CPU second" if row.by == "cpu" else f"{row.unit} a second by the clock"


def write(found: report.Rows, cpu: str, path: Path | None, table: bool) -> None:
    """Figures are written after each case: a long run that is stopped has lost nothing."""
    if path is not None:
        report.save(path, cpu, found)
    if table:
        report.save(LATEST, cpu, found)
        units = {name: speed_unit(rows.load(name)) for name in rows.names()}
        report.write_table(RESULTS, report.read(LATEST), units)


def conclude(found: report.Rows, before: Settings | None, failed: list[str]) -> None:
    """Say what is wrong, and exit with 1 if anything is."""
    wrong = [f"failed: {line}" for line in [*failed, *report.failures(found)]]
    wrong += [f"results differ: {line}" for line in report.disagreements(found)]
    if before is not None:
        wrong += [f"slower: {line}" for line in report.regressions(before["rows"], found)]
    for line in wrong:
        click.echo(line, err=True)
    if wrong:
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except SeqkitError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(1)
