"""`python -m benchmarks`: what is wrong is said before any work."""

from dataclasses import replace

import pytest
import toy_rows
from click.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks import growth, machine, planning, report, rows, table
from benchmarks.durations import Durations
from benchmarks.turns import TurnFailed
from seqkit.errors import SeqkitError
from seqkit.native import library


@pytest.fixture(autouse=True)
def _toys(tmp_path, monkeypatch):
    """Two rows of toys, one of which has a peer; whoever works fails the test."""
    monkeypatch.setenv("SEQKIT_BENCHMARKS", str(tmp_path / "cache"))
    monkeypatch.setattr(command, "LATEST", tmp_path / "latest.json")
    monkeypatch.setattr(command, "RESULTS", tmp_path / "RESULTS.md")
    (tmp_path / "RESULTS.md").write_text(f"{table.BEGIN}\n{table.END}\n")
    toys = {
        "first": toy_rows.row(toy_rows.quick_one, toy_rows.slow_one),
        "second": toy_rows.row(toy_rows.quick_one),
    }
    monkeypatch.setattr(rows, "names", lambda: list(toys))
    monkeypatch.setattr(rows, "load", toys.__getitem__)
    monkeypatch.setattr(command, "measure_case", no_work)
    monkeypatch.setattr(growth, "show", no_work)


def no_work(*_, **__):
    raise AssertionError("work has begun")


def called(*arguments):
    return CliRunner().invoke(command.main, arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["first", "third"], "no row third: there are first, second, growth"),
        (["first", "--case", "two"], "no case 'two' in first: there are one"),
        (["--all", "--case", "two"], "no case 'two' in first, second: there are one"),
        (["second", "--only", "slow_one"], "no contestant 'slow_one' in second: there are quick_"),
        (["--case", "one"], "no case 'one' in no row: name a row, or --all"),
        (["first", "--compare", "nowhere.json"], "cannot read nowhere.json"),
        (["first", "growth"], "growth runs by itself"),
        (["growth", "--limit"], "growth runs by itself"),
        (["--all", "first"], "--all measures every row: leave out first"),
    ],
)
def test_what_there_is_not_is_one_line_before_any_work(arguments, said):
    result = called(*arguments)
    assert isinstance(result.exception, SeqkitError)
    assert str(result.exception).startswith(said)


def test_no_rounds_at_all_are_refused():
    result = called("first", "--rounds", "0")
    assert result.exit_code == 2
    assert "0 is not in the range x>=1" in result.output


def test_figures_of_another_cpu_are_not_compared(tmp_path):
    path = tmp_path / "before.json"
    report.save(path, "a CPU that is not this one", {})
    result = called("first", "--compare", str(path))
    assert "is of another CPU, a CPU that is not this one" in str(result.exception)


def test_figures_without_the_compiled_library_are_of_another_machine(monkeypatch):
    monkeypatch.setattr(library, "status", lambda: "used")
    whole = machine.cpu()
    monkeypatch.setattr(library, "status", lambda: "not used: SEQKIT_NATIVE=off")
    assert machine.cpu() == f"{whole}, without the compiled library"


def test_all_rows_with_one_contestant_are_those_that_have_it():
    (only,) = planning.planned(("first", "second"), (), ("slow_one",))
    assert (only.name, only.case, only.only) == ("first", "one", ("slow_one",))
    assert len(planning.planned(("first", "second"), ("one",), ())) == 2


@pytest.mark.parametrize("more", [["--limit"], ["--case", "one"], ["--only", "quick_one"]])
def test_a_part_of_all_draws_no_growth(more, monkeypatch):
    monkeypatch.setattr(command, "measure_case", lambda *_, **__: {})
    monkeypatch.setattr(command.limits, "show", lambda *_, **__: None)
    assert called("--all", *more).exit_code == 0

    assert str(called("--all").exception) == "work has begun"


def test_a_row_that_fails_does_not_end_the_others(monkeypatch):
    monkeypatch.setattr(command, "measure_case", fails_first)
    monkeypatch.setattr(growth, "drawn_with_all", lambda: ["words"])
    monkeypatch.setattr(growth, "show", lambda *_, **__: ["words: no memory"])
    result = called("--all")
    assert result.exit_code == 1
    assert "failed: no room\nsecond, one: " in result.stdout
    assert result.stderr.splitlines()[-2:] == [
        "failed: words: no memory", "failed: first, one: quick_one: no room"
    ]  # fmt: skip
    text = command.RESULTS.read_text()
    assert "| one | failed |" in text
    assert "- failed: first, one: quick_one: no room" in text


def fails_first(name, *_, **__):
    if name == "first":
        raise TurnFailed("no room")
    return FIGURES


FIGURES = {"quick_one": {"speeds": [1.0], "median": 1.0, "spread": 0.0, "peak": 1.0}}


def test_all_goes_on_where_it_was_stopped_and_then_begins_anew(monkeypatch):
    asked = []
    monkeypatch.setattr(command, "measure_case", lambda name, *_, **__: stops(name, asked))
    monkeypatch.setattr(growth, "drawn_with_all", lambda: ["words"])
    monkeypatch.setattr(growth, "show", lambda names, **_: asked.extend(names) or [])

    assert called("--all").exit_code == 1  # stopped in the second row
    assert "`first`" in command.RESULTS.read_text()
    result = called("--all")
    assert result.exit_code == 0
    assert "going on with " in result.stdout
    assert asked == ["first", "second", "second", "words"]
    assert "`second`" in command.RESULTS.read_text()

    assert called("--all").exit_code == 0
    assert asked[4:] == ["first", "second", "words"]


def stops(name, asked):
    asked.append(name)
    if asked == ["first", "second"]:
        raise KeyboardInterrupt
    return FIGURES


def test_all_leaves_out_what_is_long_or_needs_more_cores(monkeypatch):
    first, second = rows.load("first"), rows.load("second")
    toys = {"first": replace(first, long=["one"]), "second": replace(second, by="wall", cores=2)}
    monkeypatch.setattr(rows, "load", toys.__getitem__)
    monkeypatch.setattr(machine, "cores", lambda count: [0])
    monkeypatch.setattr(growth, "drawn_with_all", list)
    result = called("--all")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "left out (long): first, one", "left out (too few cores): second, one"
    ]  # fmt: skip


def test_a_row_of_the_table_is_measured_anew_by_itself(monkeypatch):
    monkeypatch.setattr(command, "measure_case", lambda *_, **__: FIGURES)
    assert called("second", "--table").exit_code == 0
    text = command.RESULTS.read_text()
    assert "`second`" in text
    assert "`first`" not in text


def test_a_quick_run_of_all_shows_the_table_and_writes_none(monkeypatch):
    monkeypatch.setattr(command, "measure_case", lambda *_, **__: FIGURES)
    monkeypatch.setattr(growth, "show", lambda *_, **__: [])
    result = called("--all", "--quick")
    assert "| `first`, things a CPU second | one | 1 |" in result.stdout
    assert not command.LATEST.exists()


def test_what_is_still_to_come_is_told_by_what_is_known():
    plan = planning.planned(("first", "second"), (), ())
    durations = Durations(quick=False)
    assert planning.expected(plan, 2, durations) == "3 turns never taken here"
    durations.note(100.0, "first", "one", "slow_one")
    told = planning.expected(plan, 2, durations)
    assert told == "about 3 min and 2 turns never taken here"


def test_what_is_not_complete_is_not_there(tmp_path):
    """A run that was stopped leaves a part, which the next one writes anew."""
    place = tmp_path / "place"
    (place / "model.part").mkdir(parents=True)
    (place / "model.part/old").touch()

    def write(*, stops):
        with machine.whole(place / "model") as part:
            part.mkdir()
            if stops:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(stops=True)
    assert not (place / "model").exists()

    write(stops=False)
    assert [path.name for path in place.rglob("*")] == ["model"]
