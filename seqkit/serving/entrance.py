"""What every request passes: who asks, how much, how long it took, and what went wrong."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import Any

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import Overloaded, Refused, Stopping, body_for, where
from .kernel import Kernel
from .limits import BodyLimit
from .security import HEADERS

LOG = logging.getLogger("seqkit.serving")
_ALWAYS = ("/health", "/metrics")  # while the service is stopping, or has too much to do, too
_MOST_RUNNING = 1000  # requests at once, for all models; most of them wait


class Entrance:
    """Refuses what may not be answered, counts and logs what was. The log has no texts.

    So a request is logged by the route that answered it, not by its path, and an error by where it
    was raised, not by its message.
    """

    def __init__(self, app: ASGIApp, kernel: Kernel) -> None:
        self._app = app
        self._kernel = kernel

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        began = time.perf_counter()
        try:
            await self._guarded(scope, receive, answer)
        finally:
            seconds = time.perf_counter() - began
            route = getattr(scope.get("route"), "path", "-")
            self._kernel.measures.request(route, answer.status, seconds)
            LOG.info("%s %s %d %.0f ms", scope["method"], route, answer.status, 1000 * seconds)

    async def _guarded(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        headers = Headers(scope=scope)
        path = scope["path"]
        try:
            self._kernel.gate.check(path, headers)
            if self._kernel.is_stopping and path not in _ALWAYS:
                raise Stopping
            if self._kernel.running >= _MOST_RUNNING and path not in _ALWAYS:
                raise Overloaded(seconds=1)
            limited = BodyLimit(receive, headers, self._kernel.settings)
            with self._kernel.counted():
                await self._app(scope, limited, answer)
        except Refused as refused:
            await answer.refuse(scope, refused)
        except ClientDisconnect:
            answer.status = 499
        except asyncio.CancelledError:  # by the server, which ends
            await answer.refuse(scope, Stopping())
        except Exception as error:
            LOG.error("%s failed: %s", path_of(scope), where(error))
            await answer.refuse(scope, Refused(500, "internal", _INTERNAL))


_INTERNAL = "the service failed; its log says where"


class _Answer:
    """The `send` of a request: adds headers, remembers the status."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0  # of HTTP, once there is one
        self._has_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._has_begun = True
            self.status = message["status"]
            headers = MutableHeaders(raw=message["headers"])
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            message = {**message, "headers": headers.raw}
        await self._send(message)

    async def refuse(self, scope: Scope, refused: Refused) -> None:
        """Answer with an error, unless the answer has begun."""
        if self._has_begun:
            return
        content: Any = body_for(scope["path"], refused.code, str(refused))
        response = JSONResponse(content, refused.status, refused.headers)
        with suppress(OSError):
            await response(scope, _nothing, self)


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def path_of(scope: Scope) -> str:
    """The route of a request, which holds none of its texts."""
    return str(getattr(scope.get("route"), "path", "a request"))
