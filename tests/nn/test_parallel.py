"""Parts of a call in several threads."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from seqkit.nn import parallel
from seqkit.nn.parallel import in_threads

PARTS = [(number, number + 1) for number in range(5)]


def test_results_are_in_the_order_of_the_parts():
    def late(start, end):
        time.sleep(0.01 * (5 - start))
        return start, end

    assert in_threads(late, PARTS) == PARTS


def test_a_process_has_no_more_threads_than_the_machine_can_run():
    for count in range(2, 17):
        in_threads(lambda start, end: time.sleep(0.001), [(0, 1)] * count)
    own = [each for each in threading.enumerate() if each.name.startswith("seqkit-layers")]
    assert 1 <= len(own) <= os.cpu_count()


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_nothing_is_left_running_when_this_thread_stops(error):
    """As by Ctrl-C: what the others write to is freed as soon as the call is left."""
    here = threading.current_thread()
    has_begun = threading.Event()
    running = []

    def stop_here(start, end):
        if threading.current_thread() is here:
            has_begun.wait(10)
            raise error
        running.append(start)
        has_begun.set()
        time.sleep(0.2)
        running.remove(start)

    with pytest.raises(error):
        in_threads(stop_here, PARTS)
    assert running == []
    time.sleep(0.1)
    assert running == [], "nor begins afterwards"


def test_what_another_thread_meets_is_raised_here():
    here = threading.current_thread()
    has_failed = threading.Event()

    def fail_there(start, end):
        if threading.current_thread() is here:
            has_failed.wait(10)
        else:
            has_failed.set()
            raise MemoryError(f"part {start}")

    with pytest.raises(MemoryError, match="part"):
        in_threads(fail_there, PARTS)


def test_a_call_at_exit_does_all_parts_itself():
    code = """
import atexit
from seqkit.nn.parallel import in_threads

parts = [(0, 1), (1, 2), (2, 3)]
in_threads(lambda start, end: start, parts)
atexit.register(lambda: print(in_threads(lambda start, end: start, parts)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[0, 1, 2]", done.stderr


def test_it_is_there_on_systems_that_do_not_fork():
    """As Windows."""
    code = "import os, torch; del os.register_at_fork; import seqkit.nn.parallel"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@pytest.fixture
def three_of_torch(monkeypatch):
    """Threads of torch, on as many cores."""
    before = torch.get_num_threads()
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def of_a_new_thread():
    """The threads that torch has in it."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(torch.get_num_threads).result()


def test_torch_keeps_its_threads_for_those_who_begin_meanwhile(three_of_torch, monkeypatch):
    """As the threads of a server that all answer their first request."""
    found = []

    class Meeting(threading.Barrier):
        def wait(self, timeout=None):
            found.append(of_a_new_thread())
            return super().wait(timeout)

    monkeypatch.setattr(parallel, "Barrier", Meeting)
    parallel.helpers.__wrapped__().shutdown()
    assert found == [3, 3, 3]


def test_torch_keeps_its_threads_where_no_others_can_be_had(three_of_torch, monkeypatch):
    start = threading.Thread.start
    begun = []

    def start_two(thread):
        if len(begun) == 2:
            raise RuntimeError("can't start new thread")
        begun.append(thread)
        start(thread)

    with monkeypatch.context() as limited:
        limited.setattr(threading.Thread, "start", start_two)
        with pytest.raises(RuntimeError, match="new thread"):
            parallel.helpers.__wrapped__()
    for thread in begun:
        thread.join(10)
    assert of_a_new_thread() == torch.get_num_threads() == 3
