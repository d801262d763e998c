"""Processes agree on a name for their attempt, whatever is left of earlier ones."""

import threading
import time
from datetime import timedelta

import pytest
from torch.distributed import HashStore

from seqkit.errors import TrainingError
from seqkit.training.joining import agreed_name


def attempt(store, world, *, late=None):
    """The name that each rank gets; the one that is `late` comes when the others have waited."""
    names = {}

    def join(rank):
        names[rank] = agreed_name(store, rank, world)

    threads = {
        rank: threading.Thread(target=join, args=(rank,), daemon=True) for rank in range(world)
    }
    for rank in threads:
        if rank != late:
            threads[rank].start()
    if late is not None:
        time.sleep(0.2)
        assert threads[0].is_alive()
        threads[late].start()

    for thread in threads.values():
        thread.join(20)
    return names


@pytest.fixture
def store():
    return HashStore()


@pytest.mark.parametrize("world", [1, 2, 4])
def test_all_processes_get_one_name(store, world):
    names = attempt(store, world)
    assert sorted(names) == list(range(world))
    assert len(set(names.values())) == 1


def test_every_attempt_has_a_name_of_its_own_in_the_same_store(store):
    """The store that torchrun keeps when it starts processes again."""
    found = [attempt(store, 3)[0] for _ in range(3)]
    assert len(set(found)) == 3


def test_who_comes_late_is_not_taken_for_who_was_there_before(store):
    before = attempt(store, 3)
    names = attempt(store, 3, late=2)
    assert len(set(names.values())) == 1
    assert names[2] != before[2]


def test_the_first_does_not_go_on_with_those_of_an_attempt_that_was_broken_off(store):
    """Both others had come, and were ended before the first one was there."""
    store.set_timeout(timedelta(seconds=0.1))
    for rank in (1, 2):
        with pytest.raises(RuntimeError):
            agreed_name(store, rank, 3)

    with pytest.raises(TrainingError, match="of 3 processes, these have not come: 1, 2"):
        agreed_name(store, 0, 3, seconds=0.1)
