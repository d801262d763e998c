"""`python -m benchmarks`: what the package's docstring says."""

from __future__ import annotations

import sys
from pathlib import Path

import click

import benchmarks
from seqkit.cli.options import key_values
from seqkit.errors import SeqkitError

from . import growth, machine, report, rows
from . import limit as limits
from .core import Row, Settings
from .turns import measure_case

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
    if "growth" in names or every:
        sizes = {} if every else key_values(pairs, "--set")
        growth.show(() if every else cases, rounds=rounds, quick=quick, sizes=sizes)
        names = tuple(name for name in names if name != "growth")
        if not names and not every:
            return

    chosen = tuple(rows.names()) if every else names
    if not chosen:
        list_rows()
        return

    before = report.read(compare) if compare else None
    cpu = machine.cpu()
    if before is not None and before["cpu"] != cpu:
        raise SeqkitError(f"{compare} is of another CPU, {before['cpu']}: this one is {cpu}")

    settings = key_values(pairs, "--set")
    found: report.Rows = {}
    for name in chosen:
        row = load(name)
        for case in chosen_cases(name, row, cases):
            click.echo(f"{name}, {case}: {speed_unit(row)}, {cpu}")
            if limit:
                limits.show(name, row, case, quick=quick, settings=settings)
                continue
            figures = measure_case(
                name, row, case, rounds=rounds, quick=quick, only=only, settings=settings,
                say=click.echo,
            )  # fmt: skip
            found.setdefault(name, {})[case] = figures
            click.echo("\n".join(report.lines_of(figures)))
            write(found, cpu, json, every and not quick)

    conclude(found, before)


def list_rows() -> None:
    width = max(len(name) for name in rows.names())
    for name in rows.names():
        row = rows.load(name)
        click.echo(f"{name.ljust(width)}  {row.title}")
        click.echo(f"{' ' * width}  cases: {'; '.join(row.cases)}")
    click.echo(f"{'growth'.ljust(width)}  how cost grows, with pictures")
    click.echo(f"{' ' * width}  cases: {'; '.join(growth.CURVES)}")


def load(name: str) -> Row:
    if name not in rows.names():
        raise SeqkitError(f"no row {name}: there are {', '.join(rows.names())}")
    return rows.load(name)


def chosen_cases(name: str, row: Row, wanted: tuple[str, ...]) -> list[str]:
    unknown = [case for case in wanted if case not in row.cases]
    if unknown:
        raise SeqkitError(f"{name} has no case {unknown[0]!r}: it has {'; '.join(row.cases)}")
    return [case for case in row.cases if not wanted or case in wanted]


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


def conclude(found: report.Rows, before: Settings | None) -> None:
    """Say what is wrong, and exit with 1 if anything is."""
    wrong = [f"results differ: {line}" for line in report.disagreements(found)]
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
