"""The models that a service has, by name: opened when they are asked for, closed to make room."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..errors import ConfigError, SeqkitError, hint
from ..plugins import components
from ..runs.load import task_of
from ..services import Operation, Service
from .batching import Batcher, Bounds
from .errors import Overloaded, Refused
from .memory import memory_in_use, memory_of_machine

LOG = logging.getLogger("seqkit.serving")
_PREPARED = 4  # requests at once: a book takes a second to be cut, for which nobody else waits
_MOST_PREPARED = 64  # requests that wait for that, or are at it
_TOLD = 2  # streams whose events are made at once
CLOSE_SECONDS = 2.0  # for what is computed when the service ends
_SHARE = 0.7  # of the machine's memory that models may take

_MADE_OF = {"documents": "translate"}  # what routes of the service make of an operation

Open = Callable[[str | None], Any]
"""From a path, a shipped name or None to a predictor: `seqkit.load`."""

Find = Callable[[str | None], tuple[str, Service]]
"""From the same to the name of the model's task and what that offers."""

Observe = Callable[[str, int, int, float], None]
"""(name of the model, items, tokens, seconds) of each batch."""


@dataclass
class Model:
    """A model while it is open."""

    predictor: Any
    service: Service
    batcher: Batcher
    prepare: ThreadPoolExecutor  # makes work of requests
    tell: ThreadPoolExecutor  # makes events of results
    being_prepared: int = 0

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """While a request is prepared, or waits for it; raises `Overloaded` for too many."""
        if self.being_prepared >= _MOST_PREPARED:
            raise Overloaded(seconds=1)
        self.being_prepared += 1
        try:
            yield
        finally:
            self.being_prepared -= 1

    def close(self, seconds: float | None = None) -> None:
        """End what works for this model: what is queued is answered, for so many seconds."""
        self.batcher.close(seconds)
        for threads in (self.prepare, self.tell):
            threads.shutdown(wait=seconds is None, cancel_futures=True)


@dataclass
class Entry:
    """A model by its name, open or not."""

    name: str
    path: str | None  # as `seqkit.load` takes it
    task: str
    service: Service
    operations: tuple[Operation, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)
    model: Model | None = None
    users: int = 0
    used: float = 0.0  # when it was last
    bytes: int = 0  # of memory, as it seemed when it was opened

    def operation(self, name: str) -> Operation | None:
        found = [operation for operation in self.operations if operation.name == name]
        return found[0] if found else None

    def close(self, seconds: float) -> None:
        """Answer what is queued, for so many seconds, and forget the model."""
        model, self.model = self.model, None
        if model is not None:
            model.close(seconds)

    def record(self, *, default: bool) -> dict[str, Any]:
        names = [operation.name for operation in self.operations]
        return {
            "name": self.name,
            "task": self.task,
            "loaded": self.model is not None,
            "default": default,
            "operations": [*names, *(name for name, of in _MADE_OF.items() if of in names)],
            **self.about,
        }


class Catalogue:
    """The models by name; the first is the default."""

    def __init__(
        self,
        models: Mapping[str, str | None],
        open: Open,
        *,
        service_of: Find | None = None,
        bounds: Bounds | None = None,
        memory: int | None = None,
        memory_in_use: Callable[[], int] = memory_in_use,
    ) -> None:
        """`memory` is how many bytes all open models may take; else most of the machine's.

        What a model takes is how `memory_in_use` grows when it is opened. Raises `SeqkitError` for
        what is no model, or one that cannot be served.
        """
        self._open = open
        self._memory = memory if memory is not None else int(_SHARE * memory_of_machine())
        self._memory_in_use = memory_in_use
        self._opening = asyncio.Lock()  # one at a time: its memory is measured
        self._bounds = bounds
        self.observe: Observe | None = None
        find = service_of or registered_service
        self.entries = {name: Entry(name, path, *find(path)) for name, path in models.items()}

    async def open_all(self) -> None:
        """Open each model once: what is wrong is said at the start. Raises `SeqkitError`."""
        for entry in self.entries.values():
            async with self.use(entry):
                pass

    def records(self) -> list[dict[str, Any]]:
        names = list(self.entries)
        return [entry.record(default=name == names[0]) for name, entry in self.entries.items()]

    def offered(self) -> dict[str, list[Operation]]:
        """All operations by name: those of several tasks may have one name."""
        found: dict[str, list[Operation]] = {}
        services = {entry.task: entry.service for entry in self.entries.values()}
        for service in services.values():
            for operation in service.operations:
                found.setdefault(operation.name, []).append(operation)
        return found

    def choose(self, name: str, operation: str) -> Entry:
        """The model of a name, or the first that can do `operation`; raises `Refused`."""
        if name:
            entry = self.entries.get(name)
            if entry is None:
                raise Refused(404, "unknown_model", f"no model {name!r}.{hint(name, self.entries)}")
            if entry.operation(operation) is None:
                able = ", ".join(one.name for one in entry.operations) or "nothing"
                raise Refused(
                    400, "not_offered", f"model {name!r} does not {operation}; it can: {able}"
                )
            return entry
        for entry in self.entries.values():
            if entry.operation(operation) is not None:
                return entry
        raise Refused(400, "not_offered", f"no model here can {operation}; see /v1/models")

    @asynccontextmanager
    async def use(self, entry: Entry) -> AsyncIterator[Model]:
        """The model, open as long as the context is; raises `SeqkitError` if it does not open."""
        entry.users += 1
        try:
            yield entry.model or await self._opened(entry)
        finally:
            entry.users -= 1
            entry.used = time.monotonic()

    async def _opened(self, entry: Entry) -> Model:
        """Open a model and close others, as far as nobody uses them, that memory lacks room for."""
        async with self._opening:
            if entry.model is None:
                await self._make_room(entry.bytes)
                before = self._memory_in_use()
                try:
                    entry.model = await asyncio.to_thread(self._load, entry)
                except SeqkitError as error:
                    if entry.operations:  # it did before; at the start, the command says so
                        LOG.error("model %s does not open: %s", entry.name, error)
                    raise
                entry.bytes = max(entry.bytes, self._memory_in_use() - before)
                await self._make_room(0)
            return entry.model

    async def _make_room(self, needed: int) -> None:
        """Close the models that were used longest ago until `needed` more bytes have room."""
        while True:
            is_open = [entry for entry in self.entries.values() if entry.model is not None]
            idle = [entry for entry in is_open if not entry.users]
            taken = sum(entry.bytes for entry in is_open)
            if not idle or taken + needed <= self._memory:
                return
            oldest = min(idle, key=lambda entry: entry.used)
            closing, oldest.model = oldest.model, None  # at once: nobody may begin to use it
            if closing is not None:
                await asyncio.to_thread(closing.close)
            LOG.info("closed %s to make room", oldest.name)
            gc.collect()

    def _load(self, entry: Entry) -> Model:
        service = entry.service
        predictor = self._open(entry.path)
        entry.operations = tuple(one for one in service.operations if one.offered(predictor))
        entry.about = {"reads": predictor.reads, **service.describe(predictor)}
        batcher = Batcher(
            threads=service.at_once(predictor),
            batch_tokens=service.batch_tokens(predictor),
            bounds=self._bounds,
            observe=partial(self.observe, entry.name) if self.observe else None,
            name=entry.name,
        )
        prepare = ThreadPoolExecutor(_PREPARED, thread_name_prefix=f"seqkit {entry.name}")
        tell = ThreadPoolExecutor(_TOLD, thread_name_prefix=f"seqkit {entry.name}")
        return Model(predictor, service, batcher, prepare, tell)

    def close(self) -> None:
        """Close all models; what is still computed in a moment is left to itself."""
        until = time.monotonic() + CLOSE_SECONDS
        for entry in self.entries.values():
            entry.close(max(0.0, until - time.monotonic()))


def registered_service(path: str | None) -> tuple[str, Service]:
    """The task of a model and what it offers; raises `ConfigError` if that is nothing."""
    task = task_of(path)
    services = components().services
    if task not in services:
        known = ", ".join(service.name for service in services)
        raise ConfigError(
            f"{path} is a model for {task!r}, which cannot be served; those for {known} can"
        )
    return task, services.load(task)
