"""`python -m benchmarks`: what the package's docstring says."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

import benchmarks
from seqkit.cli.options import key_values
from seqkit.errors import SeqkitError

from . import growth, machine, planning, report, rows, table
from . import limit as limits
from .core import Settings
from .durations import Durations
from .planning import Planned
from .turns import Figures, TurnFailed, measure_case

RESULTS = Path(__file__).with_name("RESULTS.md")
LATEST = Path(__file__).with_name("latest.json")
ROUNDS = 3


@click.command(help=(benchmarks.__doc__ or "").splitlines()[0])
@click.argument("names", nargs=-1, metavar="[ROW]…")
@click.option("--all", "every", is_flag=True, help="every row and curve that is not long; --table")
@click.option("--table", "is_tabled", is_flag=True, help="write the table of RESULTS.md")
@click.option("--case", "cases", multiple=True, help="only this case; may be repeated")
@click.option("--only", multiple=True, help="only this contestant; may be repeated")
@click.option(
    "--rounds",
    type=click.IntRange(min=1),
    help=f"turns of each contestant  [default: {ROUNDS}, of --all 1]",
)
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="a setting of the case")
@click.option("--quick", is_flag=True, help="a few seconds of work, to try a row")
@click.option("--limit", is_flag=True, help="the limit of this CPU, and where the time goes")
@click.option("--json", "json", type=click.Path(path_type=Path), help="where figures are written")
@click.option("--compare", type=click.Path(path_type=Path), help="exit 1 if slower than these")
def main(
    names: tuple[str, ...],
    every: bool,
    is_tabled: bool,
    cases: tuple[str, ...],
    only: tuple[str, ...],
    rounds: int | None,
    pairs: tuple[str, ...],
    quick: bool,
    limit: bool,
    json: Path | None,
    compare: Path | None,
) -> None:
    rounds = rounds or (1 if every else ROUNDS)
    if "growth" in names:
        others = (every, is_tabled, only, limit, json, compare)
        conclude({}, None, show_growth(names, cases, rounds, pairs, quick, others=others))
        return
    if every and names:
        raise SeqkitError(f"--all measures every row: leave out {names[0]}")

    plan = planning.planned(tuple(rows.names()) if every else names, cases, only)
    if not plan:
        click.echo("\n".join(planning.lines_of_rows()))
        return

    cpu = machine.cpu()
    before = compared_with(compare, cpu)
    settings = key_values(pairs, "--set")
    if limit:
        conclude({}, before, show_limits(plan, quick, settings))
        return

    run = Run(cpu, rounds=rounds, quick=quick, settings=settings)
    run.json = json
    run.is_tabled = (every or is_tabled) and not quick
    is_whole = every and not (cases or only or pairs)
    if not is_whole:
        run.measure(plan)
        conclude(run.found, before, [])
        return

    run.go_on()
    run.measure(without_some(plan))
    failed = run.draw_curves()
    run.end()
    conclude(run.found, before, failed)


def without_some(plan: Sequence[Planned]) -> list[Planned]:
    """What `--all` measures; says what it leaves out."""
    for reason, leaves_out in (("long", planning.too_long), ("too few cores", planning.too_wide)):
        left_out = "; ".join(f"{one.name}, {one.case}" for one in plan if leaves_out(one))
        if left_out:
            click.echo(f"left out ({reason}): {left_out}")
    return [one for one in plan if not planning.too_long(one) and not planning.too_wide(one)]


class Run:
    """Measures cases one after the other, and keeps what is found after each."""

    def __init__(self, cpu: str, *, rounds: int, quick: bool, settings: Settings) -> None:
        self.found: report.Rows = {}
        self.json: Path | None = None
        self.is_tabled = False
        self._cpu = cpu
        self._rounds = rounds
        self._quick = quick
        self._settings = settings
        self._curves: list[str] = []  # that are drawn
        self._progress: Path | None = None

    def go_on(self) -> None:
        """Where a run of all that was stopped has left off; from the start if there was none."""
        self._progress = machine.cache() / ("all-quick.json" if self._quick else "all.json")
        if self._progress.exists():
            kept = report.read(self._progress)
            if kept["cpu"] == self._cpu:
                self._curves = list(kept["rows"].pop("growth", {}))
                self.found = kept["rows"]
                click.echo(f"going on with {self._progress}: remove it to begin anew")

    def measure(self, plan: Sequence[Planned]) -> None:
        left = [one for one in plan if one.case not in self.found.get(one.name, {})]
        durations = Durations(quick=self._quick)
        for place, one in enumerate(left):
            time = planning.expected(left[place:], self._rounds, durations)
            click.echo(f"{len(left) - place} cases to go, {time}", err=True)
            click.echo(f"{one.name}, {one.case}: {planning.speed_unit(one.row)}, {self._cpu}")
            figures = self._measured(one)
            self.found.setdefault(one.name, {})[one.case] = figures
            click.echo("\n".join(report.lines_of(figures)))
            self._keep()

    def _measured(self, one: Planned) -> dict[str, Figures]:
        try:
            return measure_case(
                one.name, one.row, one.case, rounds=self._rounds, quick=self._quick,
                only=one.only, settings=self._settings, say=say,
            )  # fmt: skip
        except TurnFailed as error:  # the others go on
            return {one.row.contestants[0].name: {"failed": str(error)}}

    def _keep(self) -> None:
        for path in (self.json, self._progress):
            if path is not None:
                report.save(path, self._cpu, self.found)
        if self.is_tabled:
            report.save(LATEST, self._cpu, self.found)
            table.write(RESULTS, report.read(LATEST), loaded())

    def draw_curves(self) -> list[str]:
        """Those that are not drawn yet and not long; returns what has failed."""
        failed = []
        for name in growth.drawn_with_all():
            if name in self._curves:
                continue
            failed += growth.show((name,), rounds=self._rounds, quick=self._quick)
            if self._progress is not None:
                report.save(self._progress, self._cpu, {"growth": {name: {}}})
        return failed

    def end(self) -> None:
        """All is measured: the next run begins anew."""
        if self._progress is not None:
            self._progress.unlink(missing_ok=True)
        if self._quick:
            click.echo("\n".join(table.lines_of({"cpu": self._cpu, "rows": self.found}, loaded())))


def say(line: str) -> None:
    click.echo(line, err=True)


def loaded() -> dict[str, Any]:
    return {name: rows.load(name) for name in rows.names()}


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


def show_limits(plan: Sequence[Planned], quick: bool, settings: Settings) -> list[str]:
    """Print the limit of each case; return what has failed."""
    failed = []
    for one in plan:
        click.echo(f"{one.name}, {one.case}: {planning.speed_unit(one.row)}, {machine.cpu()}")
        try:
            limits.show(one.name, one.row, one.case, quick=quick, settings=settings)
        except TurnFailed as error:
            failed.append(f"{one.name}, {one.case}: {error}")
            click.echo(f"  failed: {error}")
    return failed


def compared_with(path: Path | None, cpu: str) -> Settings | None:
    """The figures of `--compare`, which must be of this CPU."""
    if path is None:
        return None
    before = report.read(path)
    if before["cpu"] != cpu:
        raise SeqkitError(f"{path} is of another CPU, {before['cpu']}: this one is {cpu}")
    return before


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
