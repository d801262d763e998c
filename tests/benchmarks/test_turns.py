"""Contestants take turns; results are compared before speed."""

import sys

import pytest
import toy_rows

from benchmarks import machine, peers, report
from benchmarks.core import Disagreement, close
from benchmarks.durations import Durations
from benchmarks.turns import TurnFailed, measure_case
from seqkit.errors import DataError, SeqkitError


@pytest.fixture(autouse=True)
def _places(tmp_path, monkeypatch):
    """Environments and data in a folder of the test; processes find the toys."""
    monkeypatch.setenv("SEQKIT_BENCHMARKS", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(machine.ROOT / "tests"))


def measured(*contestants, rounds=1, say=print, **options):
    return measure_case("toy", toy_rows.row(*contestants, **options), "one", rounds=rounds, say=say)


def test_the_one_that_does_twenty_times_as_much_for_the_same_is_slower():
    found = measured(toy_rows.quick_one, toy_rows.slow_one, rounds=3)
    assert found["quick_one"]["median"] > 4 * found["slow_one"]["median"]
    assert len(found["slow_one"]["speeds"]) == 3
    assert found["slow_one"]["agreement"] == "1 of 1 outputs are the same"
    assert 1 < found["quick_one"]["peak"] < 500


def test_results_that_differ_are_said_and_have_no_ratio():
    found = measured(toy_rows.quick_one, toy_rows.wrong_one)
    assert found["wrong_one"]["disagreement"] == "0 of 1 outputs are the same"

    _, line = report.lines_of(found)
    assert "not compared: results differ" in line
    assert "x as fast" not in line
    assert report.disagreements({"toy": {"one": found}}) == [
        "toy, one: wrong_one: 0 of 1 outputs are the same"
    ]


def test_what_a_contestant_prints_is_no_result():
    found = measured(toy_rows.talkative_one, toy_rows.quick_one)
    assert found["quick_one"]["agreement"] == "1 of 1 outputs are the same"


def test_what_prepare_wrote_is_there_for_the_contestants():
    found = measured(toy_rows.prepared_one, prepare=toy_rows.prepare)
    assert found["prepared_one"]["median"] > 0


def test_a_process_that_fails_is_one_line_and_the_others_go_on():
    found = measured(toy_rows.quick_one, toy_rows.broken_one, toy_rows.wrong_one, rounds=2)
    failed = "toy_rows.broken_one failed (1): ValueError: no such model"
    assert found["broken_one"] == {"failed": failed}
    assert found["wrong_one"]["disagreement"]

    rows = {"toy": {"one": found}}
    assert report.lines_of(found)[1] == f"  broken_one  failed: {failed}"
    assert report.failures(rows) == [f"toy, one: broken_one: {failed}"]
    assert report.regressions(rows, rows) == []


def test_what_a_contestant_lacks_is_said_where_it_takes_no_part():
    said = []
    found = measured(toy_rows.quick_one, toy_rows.absent_one, needs="a program", say=said.append)
    assert found.keys() == {"quick_one"}
    assert said[-1] == "  absent_one is left out: it needs a program"


def test_nothing_is_compared_with_ours_that_has_failed(tmp_path):
    found = measured(toy_rows.broken_one, toy_rows.quick_one)
    assert found["quick_one"].keys().isdisjoint({"agreement", "disagreement"})
    assert "ours is" not in report.lines_of(found)[1]

    path = tmp_path / "now.json"
    report.save(path, "a CPU", {"toy": {"one": found}})
    kept = report.read(path)["rows"]
    assert "failed" in kept["toy"]["one"]["broken_one"]
    assert report.regressions(kept, figures(1.0)) == []


def test_what_cannot_be_prepared_is_an_error():
    with pytest.raises(TurnFailed, match=r"toy_rows\.broken_preparation failed \(1\): OSError: no"):
        measured(toy_rows.quick_one, prepare=toy_rows.broken_preparation)


def test_what_a_contestant_says_of_itself_stands_on_its_line():
    found = measured(toy_rows.prepared_one, prepare=toy_rows.prepare)
    assert report.lines_of(found)[0].endswith(" MB  read in a moment")


def test_how_long_a_turn_should_take_is_known_from_the_last_one():
    said = []
    measured(toy_rows.prepared_one, prepare=toy_rows.prepare, say=said.append)
    assert said == ["  preparation …", "  prepared_one …"]

    noted = Durations(quick=False)
    assert 0.02 < noted.of("toy", "one", "prepared_one") < 10
    noted.note(250.0, "toy", "one", "prepared_one")
    measured(toy_rows.prepared_one, prepare=toy_rows.prepare, rounds=2, say=said.append)
    assert said[3].startswith("  prepared_one, round 1 of 2, about 4 min …")


def test_durations_in_a_damaged_file_are_taken_anew(tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/durations.json").write_text('{"toy, one": [')
    noted = Durations(quick=False)
    assert noted.of("toy", "one") is None
    noted.note(2.0, "toy", "one")
    assert Durations(quick=False).of("toy", "one") == 2.0


def test_a_peer_that_cannot_be_installed_is_one_line_and_left_out(tmp_path, monkeypatch):
    pins = tmp_path / "peers.toml"
    pins.write_text('nowhere = ["--no-index nowhere==1.0"]')
    monkeypatch.setattr(peers, "_pins", lambda: pins)
    monkeypatch.setattr(peers, "_checked", with_our_pip(peers._checked))
    said = []

    found = measured(toy_rows.quick_one, toy_rows.slow_one, peer="nowhere", say=said.append)
    assert list(found) == ["quick_one"]
    line, _ = said
    assert line.startswith("  slow_one is left out: nowhere cannot be installed: ")
    assert "nowhere==1.0" in line


def with_our_pip(checked):
    """`_checked` with the pip that we have: making an environment takes seconds."""

    def check(peer, command):
        if "venv" not in command:
            checked(peer, [sys.executable, *command[1:]])

    return check


def test_the_environment_of_a_peer_is_made_once_and_anew_for_other_versions(tmp_path, monkeypatch):
    pins = tmp_path / "peers.toml"
    monkeypatch.setattr(peers, "_pins", lambda: pins)
    commands = []
    monkeypatch.setattr(peers, "_checked", lambda _, command: commands.append(command[1:]))
    monkeypatch.setattr(peers.shutil, "rmtree", lambda path, **_: path.mkdir(parents=True))

    for version in ("1.0", "1.0", "2.0"):
        pins.write_text(f'some = ["some=={version} other"]')
        python = peers.python_of("some")
    installed = [command[-2:] for command in commands if "install" in command]
    assert installed == [["some==1.0", "other"], ["some==2.0", "other"]]
    assert python.parent.parent.parent == tmp_path / "cache/peers"


def test_a_contestant_that_is_not_in_the_row_is_an_error():
    row = toy_rows.row(toy_rows.quick_one)
    with pytest.raises(SeqkitError, match="no fast_one in this row: it has quick_one"):
        measure_case("toy", row, "one", rounds=1, only=["fast_one"])


def test_figures_agree_within_their_tolerance():
    assert close(0.1)({"loss": 1.0, "own": 3}, {"loss": 1.09}) == "loss 1 / 1.09"
    words = {"words": 14819, "loss": 2.5}
    assert close(0.1)(words, words) == "words 14,819, loss 2.5"
    with pytest.raises(Disagreement, match=r"loss 1 / 1\.2"):
        close(0.1)({"loss": 1.0}, {"loss": 1.2})
    with pytest.raises(Disagreement, match="no figure in common"):
        close(0.1)({"loss": 1.0}, {"bleu": 1.2})


# Reports


def figures(median, spread=0.02):
    one = {"speeds": [median], "median": median, "spread": spread, "peak": 10.0}
    return {"toy": {"one": {"seqkit": one, "peer": {**one, "agreement": "equal"}}}}


def test_slower_than_both_spreads_and_five_per_cent_is_a_regression():
    before = figures(100.0)
    assert report.regressions(before, figures(92.0)) == []
    (line,) = report.regressions(before, figures(90.0))
    assert line == "toy, one: 100 before, 90 now: 10% slower (allowed: 9%)"
    assert report.regressions(before, figures(90.0, spread=0.05)) == []
    assert report.regressions({}, figures(90.0)) == []
    assert report.regressions(before, {"toy": {"one": {}}}) == []


def test_a_case_in_which_nobody_takes_part_is_a_line():
    assert report.lines_of({}) == ["  nobody took part"]


def test_figures_survive_their_file_and_rows_not_measured_now_stay(tmp_path):
    path = tmp_path / "now.json"
    report.save(path, "a CPU", {**figures(100.0), "old": figures(1.0)["toy"]})
    report.save(path, "a CPU", figures(50.0))
    found = report.read(path)
    assert found["rows"]["toy"]["one"]["seqkit"]["median"] == 50.0
    assert found["rows"]["old"]["one"]["seqkit"]["median"] == 1.0


def test_figures_of_another_cpu_are_not_kept_as_of_this_one(tmp_path):
    path = tmp_path / "now.json"
    report.save(path, "another CPU", {"old": figures(1.0)["toy"]})
    report.save(path, "a CPU", figures(50.0))
    found = report.read(path)
    assert found["cpu"] == "a CPU"
    assert list(found["rows"]) == ["toy"]


@pytest.mark.parametrize("text", ["", "[]", '{"cpu": "x"}', '{"cpu": "x", "rows": {"a": 1}}'])
def test_a_file_that_is_not_of_benchmarks_is_one_line(tmp_path, text):
    path = tmp_path / "old.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"old\.json is not a file of benchmarks"):
        report.read(path)
