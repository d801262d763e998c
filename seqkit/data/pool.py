"""Work on many parts of the data by several processes, in the order of the parts."""

from __future__ import annotations

import multiprocessing
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from typing import Any, TypeVar

from ..errors import DataError
from ..threads import cores
from .workers import leave_signals_to_parent

In = TypeVar("In")
Out = TypeVar("Out")

_AHEAD = 2  # parts a process that wait for their turn, so that memory stays bounded

_function: Callable[[Any], Any]  # of a worker


def map_in_order(
    function: Callable[[In], Out], parts: Iterable[In], *, processes: int = 0
) -> Iterator[Out]:
    """`function` of each part, in order, computed by as many processes as there are cores.

    There are no more processes than parts; a single part, or a single core, needs none. Raises
    what `function` raises, and `DataError` if the system ends a process.
    """
    rest = iter(parts)
    most = processes or cores()
    first = list(islice(rest, most))
    count = len(first)
    if count < 2:
        yield from map(function, chain(first, rest))
        return

    with _executor(function, count) as executor:
        waiting: deque[Future[Any]] = deque()
        try:
            for part in chain(first, rest):
                waiting.append(executor.submit(_call, part))
                if len(waiting) > _AHEAD * count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool:
            raise DataError(
                f"one of the {count} processes that prepare the data has been ended from outside, "
                "perhaps since memory ran out; on fewer cores (taskset -c 0 seqkit …) it needs less"
            ) from None
        finally:
            executor.shutdown(wait=True, cancel_futures=True)


def _executor(function: Callable[[In], Out], count: int) -> ProcessPoolExecutor:
    # A forked process has the parent's tokenizers at once; macOS and Windows cannot rely on it.
    method = "fork" if sys.platform == "linux" else "spawn"
    context = multiprocessing.get_context(method)
    return ProcessPoolExecutor(count, context, initializer=_begin, initargs=(function,))


def _begin(function: Callable[[Any], Any]) -> None:
    global _function
    leave_signals_to_parent(0)
    _function = function


def _call(part: Any) -> Any:
    return _function(part)
