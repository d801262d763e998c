"""SIGINT, SIGTERM and SIGHUP while training: finish the update, save, stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

_STOPPING = ("SIGINT", "SIGTERM", "SIGHUP")  # not every system has the last


@dataclass
class StopRequest:
    """The signal that asked this process to stop; 0 as long as none has."""

    signal: int = 0

    def __bool__(self) -> bool:
        return self.signal != 0


@contextmanager
def stop_requests(processes: int) -> Iterator[StopRequest]:
    """A request that signals make instead of stopping at once; a second signal does stop.

    With several processes, a terminal and torchrun signal each of them twice; there, torchrun kills
    what takes too long. Outside the main thread, where Python allows no handlers, signals keep
    their meaning, and so does a SIGHUP that `nohup` has told this process to ignore.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    previous: dict[int, Any] = {}

    def note(number: int, frame: FrameType | None) -> None:
        request.signal = number
        if processes == 1:
            signal.signal(number, previous[number])

    for number in _caught():
        previous[number] = signal.signal(number, note)
    try:
        yield request
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _caught() -> Iterator[int]:
    for name in _STOPPING:
        number = getattr(signal, name, None)
        if number is None:
            continue
        if name == "SIGHUP" and signal.getsignal(number) == signal.SIG_IGN:
            continue
        yield number
