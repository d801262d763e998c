"""How many CPU threads to compute with, decided without importing torch."""

from __future__ import annotations

import os
import sys

_VARIABLE = "OMP_NUM_THREADS"  # which OpenMP reads when torch is imported


def choose_threads(threads: int) -> None:
    """Compute with so many threads, in torch and elsewhere."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    else:
        os.environ[_VARIABLE] = str(threads)


def threads() -> int:
    """The threads that torch has, or would have if it were imported."""
    if "torch" in sys.modules:
        number: int = sys.modules["torch"].get_num_threads()
        return number

    first = os.environ.get(_VARIABLE, "").partition(",")[0].strip()
    if first.isdecimal() and int(first):
        return int(first)
    return cores()


def cores() -> int:
    """The processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
