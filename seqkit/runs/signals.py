"""SIGINT and SIGTERM while training: finish the update, save, stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_STOPPING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_requests(processes: int) -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set instead of stopping at once; a second signal does stop.

    With several processes, a terminal and torchrun signal each of them twice; there, torchrun kills
    what takes too long. Outside the main thread, where Python allows no handlers, signals keep
    their meaning.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    previous: dict[int, Any] = {}

    def request(number: int, frame: FrameType | None) -> None:
        stop.set()
        if processes == 1:
            signal.signal(number, previous[number])

    previous = {number: signal.signal(number, request) for number in _STOPPING}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
