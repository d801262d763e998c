"""A model whose work the tests of batches watch, and hold up."""

import threading
from itertools import chain

from seqkit.services import Work


class Model:
    """Doubles numbers once its gate is open; remembers what it has computed together."""

    def __init__(self):
        self.gate = threading.Event()
        self.began = threading.Event()
        self.batches = []

    def compute(self, numbers):
        self.batches.append(list(numbers))
        self.began.set()
        self.gate.wait()
        if -1 in numbers:
            raise ValueError("no")
        return [2 * number for number in numbers]

    @property
    def computed(self):
        return set(chain.from_iterable(self.batches))

    def work(self, numbers, costs=None, kind="double"):
        costs = costs or [1] * len(numbers)
        return Work(kind, numbers, costs, self.compute, list)
