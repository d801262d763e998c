"""`python -m benchmarks`: what is wrong is said before any work."""

import pytest
import toy_rows
from click.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks import growth, machine, report, rows
from benchmarks.turns import TurnFailed
from seqkit.errors import SeqkitError
from seqkit.native import library


@pytest.fixture(autouse=True)
def _toys(monkeypatch):
    """Two rows of toys, one of which has a peer; whoever works fails the test."""
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
    (only,) = command.planned(("first", "second"), (), ("slow_one",))
    assert (only.name, only.case, only.only) == ("first", "one", ("slow_one",))
    assert len(command.planned(("first", "second"), ("one",), ())) == 2


@pytest.mark.parametrize("more", [["--limit"], ["--case", "one"], ["--only", "quick_one"]])
def test_a_part_of_all_draws_no_growth(more, monkeypatch):
    monkeypatch.setattr(command, "measure_case", lambda *_, **__: {})
    monkeypatch.setattr(command, "write", lambda *_: None)
    monkeypatch.setattr(command.limits, "show", lambda *_, **__: None)
    assert called("--all", *more).exit_code == 0

    assert str(called("--all").exception) == "work has begun"


def test_a_row_that_fails_does_not_end_the_others(monkeypatch):
    monkeypatch.setattr(command, "measure_case", fails_first)
    monkeypatch.setattr(growth, "show", lambda *_, **__: ["words: no memory"])
    result = called("--all", "--quick")
    assert result.exit_code == 1
    assert "  failed: no room\nsecond, one: " in result.output
    assert result.stderr.splitlines() == ["failed: words: no memory", "failed: first, one: no room"]


def fails_first(name, *_, **__):
    if name == "first":
        raise TurnFailed("no room")
    return {}


def test_what_is_not_complete_is_not_there(tmp_path):
    """A run that was stopped leaves a part, which the next one writes anew."""
    (tmp_path / "model.part").mkdir()
    (tmp_path / "model.part/old").touch()

    def write(*, stops):
        with machine.whole(tmp_path / "model") as part:
            part.mkdir()
            if stops:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(stops=True)
    assert not (tmp_path / "model").exists()

    write(stops=False)
    assert [path.name for path in tmp_path.rglob("*")] == ["model"]
