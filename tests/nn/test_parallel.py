"""Parts of a call in several threads."""

import os
import subprocess
import sys
import threading
import time

import pytest

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
