"""Batches that are searched at the same time."""

import os
import threading
import time

import pytest
import torch

from seqkit.nn.parallel import helpers
from seqkit.search.batches import batches
from seqkit.search.settings import SearchConfig
from seqkit.search.side_by_side import side_by_side
from seqkit.wanted import Unwanted, check_wanted, while_wanted

ITEMS = list(range(7))


def wait_for(event):
    assert event.wait(10)


def work_until_unwanted():
    until = time.monotonic() + 10
    while time.monotonic() < until:
        check_wanted()
        time.sleep(0.001)


def test_results_are_in_the_order_of_the_batches():
    def late(number):
        time.sleep(0.002 * (7 - number))
        return number

    assert side_by_side(late, ITEMS, 2) == ITEMS


def test_two_are_searched_at_the_same_time_and_torch_is_not_divided_once_more():
    together = threading.Barrier(2)

    def meet(number):
        together.wait(10)
        return torch.get_num_threads()

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    helpers.cache_clear()  # those of other tests may have begun when torch had one thread
    try:
        assert side_by_side(meet, [0, 1], 2) == [1, 1]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_no_more_than_are_asked_for_are_searched_at_the_same_time():
    running = []
    most = []

    def count(number):
        running.append(number)
        time.sleep(0.005)
        most.append(len(running))
        running.remove(number)

    side_by_side(count, ITEMS, 2)
    assert max(most) <= 2


@pytest.mark.parametrize(("threads", "batches"), [(1, ITEMS), (2, ITEMS[:1]), (2, [])])
def test_what_needs_no_thread_stays_in_this_one(threads, batches):
    found = side_by_side(lambda number: threading.current_thread(), batches, threads)
    assert found == [threading.current_thread()] * len(batches)


def test_an_error_is_raised_here_and_stops_the_others():
    others = threading.Event()
    stopped = []

    def fail(number):
        if number:
            wait_for(others)
            raise MemoryError(f"batch {number}")
        others.set()
        try:
            work_until_unwanted()
        except Unwanted:
            stopped.append(number)
            raise

    with pytest.raises(MemoryError, match="batch 1"):
        side_by_side(fail, [0, 1], 2)
    assert stopped == [0]


def test_what_nobody_waits_for_is_given_up():
    """As a request to a service whose client has left."""
    begun = threading.Event()

    def search(number):
        begun.set()
        work_until_unwanted()

    with while_wanted(lambda: not begun.is_set()), pytest.raises(Unwanted):
        side_by_side(search, ITEMS, 2)


def test_those_who_call_at_the_same_time_take_turns():
    """A request for one line does not wait until a book is done."""
    threads = max(2, os.cpu_count() or 2)
    has_begun = threading.Event()
    ended = []

    def search(name):
        has_begun.set()
        time.sleep(0.02)
        ended.append(name)

    book = threading.Thread(target=side_by_side, args=(search, ["book"] * 10 * threads, threads))
    book.start()
    wait_for(has_begun)
    side_by_side(search, ["line", "line"], 2)
    before = len(ended)
    book.join()
    assert before < len(ended) / 2


def test_an_interrupt_stops_all(monkeypatch):
    """As by Ctrl+C, which the thread that waits gets."""
    from seqkit.search import side_by_side as module

    waited = module.wait
    stopped = []

    def interrupted(helpers, **options):
        if options:
            raise KeyboardInterrupt
        return waited(helpers)

    def search(number):
        try:
            work_until_unwanted()
        except Unwanted:
            stopped.append(number)

    monkeypatch.setattr(module, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        side_by_side(search, ITEMS, 2)
    assert len(stopped) <= 2


def test_what_is_wanted_within_is_wanted_outside_too():
    with while_wanted(lambda: False), while_wanted(lambda: True), pytest.raises(Unwanted):
        check_wanted()


def sizes(lengths, batch_tokens, at_once, **settings):
    found = batches(lengths, SearchConfig(**settings), batch_tokens, at_once=at_once)
    assert sorted(i for batch in found for i in batch) == list(range(len(lengths)))
    return [sum(lengths[i] for i in batch) for batch in found]


@pytest.mark.parametrize(
    ("lines", "at_once", "expected"),
    [
        (100, 1, [1000]),
        (100, 2, [500, 500]),
        (150, 1, [1500]),
        (300, 2, [750] * 4),
        (220, 2, [550] * 4),  # not 750, 750, 700, of which one thread would have two
        (100, 4, [250] * 4),
        (600, 4, [500] * 12),  # each has a budget of 500: 375 would be slower
        (12, 4, [100, 20]),  # too few for four
        (1, 4, [10]),
        (0, 4, []),
    ],
)
def test_batches_that_are_searched_at_once_share_what_there_is(lines, at_once, expected):
    assert sizes([10] * lines, 1500, at_once) == expected


def test_a_small_batch_is_not_made_larger_to_be_shared():
    assert sizes([10] * 20, 50, 2) == [50] * 4
    assert sizes([10] * 20, 1, 2) == [10] * 20
    assert sizes([10] * 64, 1500, 2, sample=True, nbest=100) == [10] * 64


def test_wide_beams_share_what_there_is_too():
    """Of 640 hypotheses a sentence, 150 tokens are as many rows as 1,500 of 64."""
    assert sizes([10] * 60, 1500, 1, beam=640) == [150] * 4
    assert sizes([10] * 60, 1500, 2, beam=640) == [70] * 8 + [40]
