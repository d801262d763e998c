"""A request from its JSON to its answer, for whatever route asks."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
    Sequence,
)
from concurrent.futures import Future
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request

from ..complaints import sentence
from ..errors import SeqkitError
from ..services import Asked, Operation, Pieces, Upload, Work
from ..wanted import while_wanted
from .catalogue import Catalogue, Entry, Model
from .errors import Refused, body_of, refusal, where
from .measures import Measures
from .security import Gate, wrong_token
from .settings import Settings
from .streaming import ALIVE, ALIVE_SECONDS, END, event
from .tickets import Ticket

LOG = logging.getLogger("seqkit.serving")
_TOLD_AT_ONCE = 64  # results of a stream: whoever leaves does not have all of them described

Body = Mapping[str, Any]


class Kernel:
    """What the routes of a service share: its models, and how they are asked."""

    def __init__(self, catalogue: Catalogue, settings: Settings) -> None:
        self.catalogue = catalogue
        self.settings = settings
        self.gate = Gate(settings)
        self.measures = Measures(catalogue)
        catalogue.observe = self.measures.batch
        self.is_stopping = False
        self.running = 0  # requests
        self.at_close: list[Callable[[], Awaitable[None]]] = []  # what routes must put away
        self._loop: asyncio.AbstractEventLoop | None = None

    def check_token(self, token: str) -> None:
        """Raise `Refused` for a wrong token; for routes that `security.OWN_TOKEN` names."""
        if not self.gate.accepts(token):
            raise wrong_token()

    async def open(self) -> None:
        """Open the models, once; raises `SeqkitError` for the first that cannot be opened."""
        if self._loop is None:
            await self.catalogue.open_all()
            self._loop = asyncio.get_running_loop()

    @contextmanager
    def counted(self) -> Iterator[None]:
        """While a request runs: the service does not stop before it is answered."""
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1

    async def close(self) -> None:
        for put_away in self.at_close:
            await put_away()
        await asyncio.to_thread(self.catalogue.close)

    def ask_from_thread(self, operation: str, body: Body) -> Future[Any]:
        """`answer` for a thread that works for nobody in particular, as long as it takes."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(self.answer(operation, body, None), self._loop)

    async def answer(
        self, operation: str, body: Body, request: Request | None, uploads: Sequence[Upload] = ()
    ) -> Any:
        """What `operation` answers; raises `SeqkitError`.

        If the client of `request` leaves, what is queued for it is dropped and `Refused` is raised.
        """
        entry = self._choose(operation, body)
        async with self.catalogue.use(entry) as model:

            async def answered() -> Any:
                work = await self._begun(entry, model, operation, body, uploads)
                ticket = model.batcher.submit(work)
                try:
                    return await ticket.wait()
                finally:
                    ticket.leave()

            return await self._in_time(answered(), request)

    async def events(
        self,
        operation: str,
        body: Body,
        request: Request | None,
        uploads: Sequence[Upload] = (),
    ) -> AsyncGenerator[str, None]:
        """The answer as server-sent events while it grows.

        The first item is empty: what is refused is raised before it, as by `answer`. What goes
        wrong later is an event "error". Close it if the client leaves.
        """
        entry = self._choose(operation, body)
        async with self.catalogue.use(entry) as model:
            beginning = self._begun(entry, model, operation, body, uploads)
            work = await self._in_time(beginning, request)
            ticket = model.batcher.submit(replace(work, answer=_not_asked))
            try:
                yield ""
                async with aclosing(_of_ticket(ticket, model)) as events:
                    async for one in events:
                        yield one
            finally:
                ticket.leave()

    async def _in_time(self, waiting: Coroutine[Any, Any, Any], request: Request | None) -> Any:
        """What is waited for; raises `Refused` if that is too long, or the client leaves."""
        if request is None:
            return await waiting
        try:
            async with asyncio.timeout(self.settings.timeout):
                return await unless_gone(waiting, request)
        except TimeoutError:
            raise Refused(503, "timeout", _TIMEOUT) from None

    def _choose(self, operation: str, body: Body) -> Entry:
        name = body.get("model", "")
        if not isinstance(name, str):
            raise Refused(422, "invalid", "model is the name of a model, as /v1/models lists them")
        return self.catalogue.choose(name, operation)

    async def _begun(
        self,
        entry: Entry,
        model: Model,
        operation: str,
        body: Body,
        uploads: Sequence[Upload],
    ) -> Work | Pieces:
        """What there is to do for a request: found in a thread, since that may take a while.

        The thread gives it up once nobody waits here any longer.
        """
        offered = entry.operation(operation)
        assert offered is not None
        _check_files(offered, uploads)
        with model.preparing():
            loop = asyncio.get_running_loop()
            is_over = threading.Event()

            def begin() -> Work | Pieces:
                with while_wanted(lambda: not is_over.is_set()):
                    return _begin(offered, model.predictor, body, uploads)

            try:
                return await loop.run_in_executor(model.prepare, begin)
            finally:
                is_over.set()


async def _of_ticket(ticket: Ticket, model: Model) -> AsyncGenerator[str, None]:
    """The events of a request while it is computed, some at a time."""
    loop = asyncio.get_running_loop()
    told = 0
    while True:
        is_done = ticket.is_done  # before `ready`, which may grow until it is done
        ready = min(ticket.ready, told + _TOLD_AT_ONCE)
        if ready > told and ticket.error is None:
            try:
                events = await loop.run_in_executor(model.tell, _events, ticket, told, ready)
            except Exception as error:
                yield event(*_told(error))
                return
            for one in events:
                yield one
            told = ready
            continue

        if ticket.error is not None:
            yield event(*_told(ticket.error))
            return
        if is_done:
            yield END
            return
        try:
            async with asyncio.timeout(ALIVE_SECONDS):
                await ticket.change()
        except TimeoutError:
            yield ALIVE


_TIMEOUT = "this takes longer than the service allows; ask for less at once, or stream"


def _check_files(operation: Operation, uploads: Sequence[Upload]) -> None:
    """Raise `Refused` unless files came for an operation that reads them, and for no other."""
    if operation.reads == "files" and not uploads:
        raise Refused(
            400, "no_file", "this model reads files: send multipart/form-data with a field file"
        )
    if uploads and operation.reads != "files":
        raise Refused(400, "not_a_file", "this model reads texts in JSON, not files")


def parsed(operation: Operation, body: Body) -> Asked:
    """The request that a body is; raises `Refused` naming the key that is wrong."""
    try:
        return operation.request.model_validate(body)
    except ValidationError as error:
        raise Refused(422, "invalid", sentence(operation.request, error)) from None


def _begin(
    operation: Operation, predictor: Any, body: Body, uploads: Sequence[Upload]
) -> Work | Pieces:
    """In a thread: what there is to do. Where that is nothing, it is answered here, too."""
    work = operation.begin(predictor, parsed(operation, body), uploads)
    if isinstance(work, Work) and not work.items:
        answer = work.answer([])
        return replace(work, answer=lambda results: answer)
    return work


def _not_asked(results: Sequence[Any]) -> None:
    """The answer of what is streamed: nobody reads it."""


def _events(ticket: Ticket, told: int, ready: int) -> list[str]:
    """In a thread: the events of `ready` results, of which `told` were reported before."""
    results = ticket.results[:ready]
    if isinstance(ticket.work, Pieces):
        return [event(one) for one in results[told:]]
    make = ticket.work.events
    return [event(one) for one in make(told, results)] if make else []


def _told(error: Exception) -> tuple[Any, str]:
    if isinstance(error, SeqkitError):
        refused = refusal(error)
        return body_of(refused.code, str(refused)), "error"
    LOG.error("a stream failed: %s", where(error))
    return body_of("internal", "the service failed; its log says where"), "error"


async def unless_gone(waiting: Any, request: Request) -> Any:
    """The result, unless the client leaves first."""
    result = asyncio.ensure_future(waiting)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({result, gone}, return_when=asyncio.FIRST_COMPLETED)
        if result.done():
            return result.result()
        raise Refused(499, "client_left", "the client has left")
    finally:
        result.cancel()
        gone.cancel()
        await asyncio.gather(result, gone, return_exceptions=True)  # until what they hold is free


async def _gone(request: Request) -> None:
    """Return when the client has left; its body has been read before."""
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            return
