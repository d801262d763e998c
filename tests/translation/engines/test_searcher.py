"""A model that is opened when it is needed."""

import time
from concurrent.futures import ThreadPoolExecutor

from seqkit.translation.engines.searcher import Deferred, Searcher


def test_threads_that_ask_together_open_the_model_once():
    opened = []

    def open_slowly():
        opened.append(1)
        time.sleep(0.05)
        return object()

    searcher = Searcher(Deferred("Toy", attends=True, open=open_slowly))
    with ThreadPoolExecutor(4) as pool:
        models = list(pool.map(lambda _: searcher.models[0], range(4)))

    assert len(opened) == 1
    assert len(set(map(id, models))) == 1
