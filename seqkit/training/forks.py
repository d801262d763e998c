"""What a process that was forked may do with torch.

OpenMP's threads do not survive a fork, and a child that asks for them waits for ever. One thread
needs nobody, so that is what a child gets: `multiprocessing` with "fork", gunicorn's --preload and
plain `os.fork` then work as anybody expects.
"""

from __future__ import annotations

import logging
import os
import sys
from functools import cache

_LOG = logging.getLogger("seqkit")


@cache
def survive_forks() -> None:
    """From now on, let every child that is forked compute with one thread. Safe to call again.

    Imports no torch: a process that has not imported it has no threads of it.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_use_one_thread)


def _use_one_thread() -> None:
    torch = sys.modules.get("torch")
    if torch is None:
        return
    was_several = torch.get_num_threads() > 1
    torch.set_num_threads(1)  # in any case: MKL has a number of its own, which can be another
    if was_several:
        _LOG.info("this process was forked: torch computes with one thread here")
