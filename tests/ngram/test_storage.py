"""Arrays in memory and in files: the same content."""

import numpy as np
import pytest

from seqkit.ngram.storage import Growing, Storage


@pytest.mark.parametrize("memory", [0, 600, 6000, 1 << 20])
def test_an_array_that_moves_to_a_file_while_it_grows_keeps_what_it_holds(memory):
    parts = [np.arange(start, start + 40) for start in range(0, 400, 40)]
    growing = Growing(Storage(memory), np.int64)
    for part in parts:
        growing.append(part)

    assert growing.length == 400
    assert growing.finish().tolist() == list(range(400))


def test_an_array_is_in_memory_as_long_as_there_is_some_left():
    storage = Storage(6000)  # a sixth of it is for arrays
    assert storage.takes(800)
    assert not storage.takes(201)
    assert storage.takes(200)
