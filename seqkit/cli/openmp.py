"""How OpenMP's threads wait for each other; decided before torch is imported, without importing it.

Between two parallel regions, the threads of GNU's OpenMP spin for milliseconds before they sleep.
On a busy machine they spin on cores that others need, and a second thread makes training up to
three times slower than one. With a short spin, measured on two cores for a CNN, a Transformer and
an LSTM (benchmarks/RESULTS.md), two threads are at most 3 % slower than by default on a quiet
machine, and on a busy one at most 1.11 times as slow as one thread.
So the number of threads needs no rule of its own.

Values do not depend on it. OpenMP reads its variables once, when torch is imported: library users
set them themselves, before Python starts or before they import torch.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, MutableMapping

SPINS = 1000
_POLICIES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


def set_wait_policy(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let threads spin shortly, in this process and its children, unless the user decided."""
    too_late = "torch" in sys.modules
    if too_late or any(name in environment for name in _POLICIES):
        return
    environment["GOMP_SPINCOUNT"] = str(SPINS)


def wait_policy(environment: Mapping[str, str] = os.environ) -> str:
    """The settings of OpenMP that `seqkit doctor` shows, with a warning of the one that hangs."""
    found = [f"{name}={environment[name]}" for name in _POLICIES if name in environment]
    text = " ".join(found) or "OpenMP's default"
    if environment.get("OMP_DYNAMIC", "").strip().lower() in ("true", "1"):
        text += "; WARNING: OMP_DYNAMIC is on, under which training can hang: unset it"
    return text
