"""Which engine `auto` is: whether our own search is the quicker one, beside CTranslate2.

It takes a half to four fifths of CTranslate2's time, and 1.5 seconds more to begin, mostly for
torch (benchmarks/RESULTS.md). So it is worth it for much text.
"""

from __future__ import annotations

import math

from ..native import layers
from ..native.library import library

WORTH_BEGINNING = 15_000  # source tokens times the beam, for each thread: 220 captions, beam 5
MOST_THREADS = 4  # two were measured; Python's part of a step is for one thread at a time


def is_quicker(compute: str, threads: int, work: float = math.inf) -> bool:
    """Whether to choose our own search, in these numbers, for so many tokens times the beam.

    Without `work`, what is opened is for long, as in a service.
    """
    compiled = library()
    if compiled is None or threads > MOST_THREADS or work < WORTH_BEGINNING * threads:
        return False

    instructions = {
        "float32": compiled.seqkit_instructions,
        "int8": compiled.seqkit_instructions_of_eight_bits,
    }
    return compute in instructions and instructions[compute]() != layers.NOTHING
