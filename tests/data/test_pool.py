"""Work by several processes comes in the order of its parts."""

import os
import signal

import pytest

from seqkit.data import pool
from seqkit.data.pool import map_in_order
from seqkit.errors import DataError


def double(number):
    return 2 * number, os.getpid()


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_order_however_many_processes(processes):
    found = list(map_in_order(double, iter(range(30)), processes=processes))
    assert [number for number, _ in found] == list(range(0, 60, 2))
    are_others = os.getpid() not in {process for _, process in found}
    assert are_others == (processes > 1)


def test_a_single_part_needs_no_other_process():
    assert list(map_in_order(double, [3], processes=2)) == [(6, os.getpid())]
    assert list(map_in_order(double, [], processes=2)) == []


def test_there_are_no_more_processes_than_parts(monkeypatch):
    counts = []
    executor = pool._executor
    monkeypatch.setattr(pool, "_executor", lambda f, n: counts.append(n) or executor(f, n))
    for parts in (2, 3, 9):
        found = list(map_in_order(double, range(parts), processes=4))
        assert [number for number, _ in found] == list(range(0, 2 * parts, 2))
    assert counts == [2, 3, 4]


def test_a_process_that_is_killed_before_the_first_parts_are_handed_out_is_a_clear_line(
    monkeypatch,
):
    class Broken(pool.ProcessPoolExecutor):
        def submit(self, *_):
            raise pool.BrokenProcessPool

    monkeypatch.setattr(pool, "ProcessPoolExecutor", Broken)
    with pytest.raises(
        DataError, match="one of the 2 processes that prepare the data has been ended"
    ):
        list(map_in_order(double, range(9), processes=2))


def test_parts_are_asked_for_only_when_there_is_room():
    asked = []

    def parts():
        for number in range(1000):
            asked.append(number)
            yield number

    results = map_in_order(double, parts(), processes=2)
    next(results)
    assert len(asked) < 10
    results.close()


def test_an_error_in_a_process_is_raised_here():
    with pytest.raises(DataError, match="line 3"):
        list(map_in_order(_refuse_three, range(9), processes=2))


def _refuse_three(number):
    if number == 3:
        raise DataError("line 3")
    return number


def test_a_process_that_is_killed_is_one_clear_line():
    with pytest.raises(
        DataError, match="one of the 2 processes that prepare the data has been ended"
    ):
        list(map_in_order(_be_killed, range(9), processes=2))


def _be_killed(number):
    os.kill(os.getpid(), signal.SIGKILL)
