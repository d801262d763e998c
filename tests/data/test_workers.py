"""Worker processes that read data: signals are for their parent, and their deaths one line."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from seqkit.data import workers
from seqkit.data.workers import from_workers, leave_signals_to_parent, made_by_workers
from seqkit.errors import DataError


class Numbers(Dataset):
    """0, 1, 2, …; reading `killed` ends the worker, reading `wrong` is an error."""

    def __init__(self, count=40, *, killed=None, wrong=None):
        self.count, self.killed, self.wrong = count, killed, wrong

    def __len__(self):
        return self.count

    def __getitem__(self, row):
        if row == self.killed:
            os.kill(os.getpid(), signal.SIGKILL)
        if row == self.wrong:
            raise OSError("a damaged disk")
        return row


class Handlers(Numbers):
    def __getitem__(self, row):
        names = ("SIGINT", "SIGTERM", "SIGHUP")
        ignored = [signal.getsignal(getattr(signal, name)) == signal.SIG_IGN for name in names]
        return int(all(ignored))


def loader(data, workers=2):
    return DataLoader(
        data,
        batch_size=4,
        num_workers=workers,
        worker_init_fn=leave_signals_to_parent,
        generator=torch.Generator(),
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_everything_comes_in_order_and_the_workers_end(workers):
    found = [batch.tolist() for batch in from_workers(loader(Numbers(), workers))]
    assert found == [list(range(start, start + 4)) for start in range(0, 40, 4)]
    assert not children()


def test_workers_leave_signals_to_their_parent():
    for batch in from_workers(loader(Handlers())):
        assert batch.tolist() == [1] * 4


def test_workers_of_a_reading_that_is_not_finished_end_too():
    reading = from_workers(loader(Numbers(4000)))
    next(reading)
    assert len(children()) == 2
    reading.close()
    assert not children()


def test_no_handler_is_left_that_raises_when_a_child_ends():
    before = signal.getsignal(signal.SIGCHLD)
    reading = from_workers(loader(Numbers()))
    next(reading)
    assert signal.getsignal(signal.SIGCHLD) is before
    reading.close()


def test_an_error_in_a_worker_is_that_error():
    with pytest.raises(OSError, match="a damaged disk"):
        list(from_workers(loader(Numbers(wrong=21))))


@pytest.mark.slow
def test_a_worker_that_is_killed_is_one_clear_line():
    reading = from_workers(loader(Numbers(killed=21)))
    with pytest.raises(DataError, match=r"one of the 2 processes that read data .*workers = 0"):
        list(reading)
    assert not children()


@pytest.mark.slow
def test_a_killed_maker_is_one_clear_line_with_advice_that_works(monkeypatch):
    monkeypatch.setattr(workers, "_FEW", 1)
    monkeypatch.setattr(workers, "cores", lambda: 2)
    says = r"the process that reads data has .* ran out: on one core \(taskset -c 0 seqkit …\)"
    with pytest.raises(DataError, match=says):
        list(made_by_workers(Numbers(killed=5).__getitem__, range(20)))

    monkeypatch.setattr(workers, "cores", lambda: 1)
    reading = made_by_workers(Numbers().__getitem__, range(20))
    assert next(reading) == 0
    assert not children()
    reading.close()


@pytest.mark.parametrize(
    ("cores", "trainers", "expected"),
    [(8, None, 4), (8, 2, 3), (8, 4, 1), (8, 8, 0), (2, 4, 0), (1, 1, 0)],
)
def test_processes_that_train_together_share_the_cores(monkeypatch, cores, trainers, expected):
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    if trainers:
        monkeypatch.setenv("LOCAL_WORLD_SIZE", str(trainers))
    monkeypatch.setattr(workers, "_FEW", 1)
    monkeypatch.setattr(workers, "cores", lambda: cores)
    counts = []
    monkeypatch.setattr(workers, "DataLoader", lambda _, **how: counts.append(how["num_workers"]))
    made_by_workers(str, range(9))
    assert counts == [expected]


def children():
    import multiprocessing

    return multiprocessing.active_children()


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from test_workers import *
reading = from_workers(loader(Numbers(4000)))
next(reading)
print(*[child.pid for child in children()], flush=True)
time.sleep(600)
"""


def test_a_worker_whose_parent_has_ended_before_it_began_ends(monkeypatch):
    ended = []
    monkeypatch.setattr(workers.multiprocessing, "parent_process", Parent)
    monkeypatch.setattr(workers.os, "_exit", ended.append)
    monkeypatch.setattr(workers.signal, "signal", lambda number, handler: None)
    monkeypatch.setattr(workers.ctypes, "CDLL", _no_library)
    leave_signals_to_parent(0)
    assert ended == [1]


def _no_library(name):
    raise OSError


class Parent:
    """A process that is not the one which started this one."""

    pid = 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it takes torch some seconds")
def test_workers_end_with_a_parent_that_is_killed():
    folder = os.path.dirname(__file__)
    parent = subprocess.Popen([sys.executable, "-c", SCRIPT, folder], stdout=subprocess.PIPE)
    pids = list(map(int, parent.stdout.readline().split()))
    parent.kill()
    parent.communicate()
    assert len(pids) == 2
    for _ in range(1000):
        if not any(os.path.exists(f"/proc/{worker}/exe") for worker in pids):
            return
        time.sleep(0.01)
    raise AssertionError("workers are still there")
