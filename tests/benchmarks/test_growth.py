"""Curves of cost: measured, drawn, and how steep they are."""

import importlib

import pytest
import toy_rows

from benchmarks import curves, growth
from benchmarks.rows import data
from benchmarks.turns import TurnFailed
from seqkit.errors import SeqkitError


def test_a_cost_that_grows_with_the_square_has_the_exponent_two():
    square = [growth.Point(size, size * size / 100, 1.0) for size in (10, 20, 40)]
    assert growth.exponent(square) == pytest.approx(2)

    bent = [growth.Point(10, 1, 1), growth.Point(20, 2, 1), growth.Point(40, 8, 1)]
    assert growth.exponent(bent) == pytest.approx(2)
    assert growth.lines_of(curve(), {"toy": square})[0].endswith("exponent 2.00")


def test_of_work_that_is_dealt_out_is_said_where_it_gains_most():
    shared = [growth.Point(1, 6.0, 1), growth.Point(2, 3.2, 1), growth.Point(3, 3.3, 1)]
    (line,) = growth.lines_of(curve(is_dealt_out=True), {"toy": shared})
    assert line.endswith("3: 3.3 s, 1 MB; 1.88 times as fast by 2")


@pytest.mark.parametrize("given", [5, [10], [20, 10], ["a", "b"], [0, 10]])
def test_other_sizes_of_a_curve_that_do_not_grow_are_one_line(given):
    with pytest.raises(SeqkitError, match=r"--set words: .* are no sizes that grow"):
        growth.show(["words"], rounds=1, quick=True, sizes={"words": given})


def curve(**options):
    return growth.Curve("a toy", "size", (1, 2, 4), toy_rows.quick_one, {"toy": {}}, **options)


@pytest.fixture
def told(monkeypatch):
    """What is measured, instead of measuring it: seconds equal to the size, or a hundredth."""
    asked = []

    def run(work, given, **options):
        asked.append((work, given["size"], options))
        return {"cpu": given["size"], "wall": given["size"] / 100, "peak": 1.0}

    monkeypatch.setattr(growth, "run", run)
    return asked


def test_a_curve_takes_the_sizes_that_are_given(capsys, monkeypatch, told):
    monkeypatch.setattr(growth, "CURVES", {"toy": curve()})
    assert growth.show(["toy"], rounds=1, quick=True, sizes={"toy": [30, 60, 90]}) == []
    assert "toy: 30: 30 s, 1 MB, 60: 60 s, 1 MB; exponent 1.00" in capsys.readouterr().out


def test_work_that_is_dealt_out_is_timed_by_the_clock_on_as_many_cores(told):
    points = growth.measured(curve(is_dealt_out=True), rounds=1, quick=False)
    assert points == {"toy": [(1, 0.01, 1.0), (2, 0.02, 1.0), (4, 0.04, 1.0)]}
    assert told == [(toy_rows.quick_one, size, {"cores": size}) for size in (1, 2, 4)]


def test_what_a_point_needs_is_prepared_in_a_process_of_its_own(told):
    growth.measured(curve(prepare=toy_rows.prepare), rounds=2, quick=True)
    turns = [(toy_rows.prepare, {}), *[(toy_rows.quick_one, {"cores": 1})] * 2]
    assert [(work, options) for work, _, options in told] == turns * 2


def test_a_curve_that_fails_is_a_line_and_the_others_are_measured(capsys, monkeypatch, told):
    bad = growth.Curve("bad", "size", (1, 2), toy_rows.broken_one, {"toy": {}})
    run = growth.run
    monkeypatch.setattr(growth, "CURVES", {"bad": bad, "toy": curve()})
    monkeypatch.setattr(growth, "run", lambda work, *rest, **how: fail_or(run, work, *rest, **how))
    assert growth.show([], rounds=1, quick=True) == ["bad: no memory"]
    assert "  failed: no memory\ntoy: a toy" in capsys.readouterr().out


def fail_or(run, work, *rest, **how):
    if work is toy_rows.broken_one:
        raise TurnFailed("no memory")
    return run(work, *rest, **how)


@pytest.mark.parametrize("is_dealt_out", [False, True])
def test_a_picture_is_drawn_of_points(tmp_path, is_dealt_out):
    points = {"toy": [growth.Point(size, size, 10.0) for size in (1, 2, 4)]}
    growth.draw(curve(is_dealt_out=is_dealt_out), points, tmp_path / "toy.png")
    assert (tmp_path / "toy.png").stat().st_size > 1000


def test_the_curve_of_pairs_reads_the_text_of_the_row(tmp_path, monkeypatch):
    """Which the row would write if it were not there."""
    monkeypatch.setenv("SEQKIT_BENCHMARKS", str(tmp_path))
    settings = curves._of_data({"size": 30})
    assert data._files(settings, "train")[0].parent == tmp_path / "data/data"
    assert data._size(settings) == 30
    assert settings["kind"] in data.CONFIGS


@pytest.mark.parametrize("name", growth.CURVES)
def test_the_work_of_every_curve_is_found_by_name(name):
    own = growth.CURVES[name]
    for function in filter(None, (own.work, own.prepare)):
        module = importlib.import_module(function.__module__)
        assert getattr(module, function.__qualname__) is function
