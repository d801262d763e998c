"""uvicorn: connections that may not take for ever, signals, the log."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..errors import ConfigError, SeqkitError, reason
from .kernel import Kernel

LOG = logging.getLogger("seqkit.serving")

HEAD_SECONDS = 10.0  # for the head of a request
IDLE_SECONDS = 30.0  # between two requests of a connection
WRITE_SECONDS = 60.0  # in which a client that does not read must take something
GRACE_SECONDS = 30.0  # for what runs when the service is stopped
CONNECTIONS = 900  # at once: a process often may have 1024 files
_LAST_SECONDS = 2  # for answers to be sent, after that
_MOMENT = 0.05
_HEAD_BYTES = 64 << 10
_DRAINED_BYTES = 256 << 20  # of a body that was refused, so that the client hears of it


class GuardedProtocol(HttpToolsProtocol):
    """Closes connections of clients that send no whole head, or read no answer, for too long.

    uvicorn itself only has a limit between two requests.
    """

    _head_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _last = 0.0  # when something came

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._make_room()
        super().connection_made(transport)
        self._last = self.loop.time()
        self._await_head()

    def data_received(self, data: bytes) -> None:
        self._last = self.loop.time()
        was_between = self._is_between
        super().data_received(data)
        if not self._is_between:
            self._head_came()
            return
        if not was_between:
            self._head_bytes = 0
        self._head_bytes += len(data)
        self._await_head()
        if self._head_bytes > (_DRAINED_BYTES if self._is_draining else _HEAD_BYTES):
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_write_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        self._stop_write_timer()
        super().connection_lost(exc)

    @property
    def _is_between(self) -> bool:
        """Whether no request is being answered: what comes is a head, or the rest of a body."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def _is_draining(self) -> bool:
        return self.cycle is not None and self.cycle.more_body

    def _make_room(self) -> None:
        """Close the connection that was idle longest, where there are as many as may be."""
        if len(self.connections) < CONNECTIONS:
            return
        others = [one for one in self.connections if isinstance(one, GuardedProtocol)]
        idle = [one for one in others if one._is_between and not one.transport.is_closing()]
        if idle:
            min(idle, key=lambda one: one._last).transport.abort()

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _head_came(self) -> None:
        self._stop_head_timer()
        self._head_bytes = 0

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None


class Server(uvicorn.Server):
    """A server that says when it is there, and refuses what comes while it is stopping."""

    def __init__(
        self,
        config: uvicorn.Config,
        kernel: Kernel,
        tell: Callable[[socket.socket], None] = lambda listener: None,
    ) -> None:
        """`tell` is called with each listener once it is answered there."""
        super().__init__(config)
        self._kernel = kernel
        self._tell = tell
        self.failure: SeqkitError | None = None  # why it did not start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the models before anything is answered; without them, there is no start."""
        try:
            await self._kernel.open()
        except SeqkitError as error:
            self.failure = error
            self.should_exit = True
            return
        await super().startup(sockets)
        for listener in sockets or []:
            self._tell(listener)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Finish what runs; at a second signal, end at once."""
        self._kernel.is_stopping = True
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Wait for what runs, while new requests still hear that the service is stopping."""
        loop = asyncio.get_running_loop()
        until = loop.time() + GRACE_SECONDS
        while self._kernel.running and not self.force_exit and loop.time() < until:
            await asyncio.sleep(_MOMENT)
        await super().shutdown(sockets)


def run(
    app: FastAPI, *, host: str, port: int, started: Callable[[str], None] = lambda address: None
) -> None:
    """Answer requests until a signal ends the service; `started` is told where, once it is there.

    What is not answered `GRACE_SECONDS` after the signal is given up; if a thread is still
    computing it, the process ends here.

    Raises `ConfigError` for a port that is taken, and what `seqkit.load` raises for a model that
    does not open.
    """
    with listening(host, port) as listener:
        server = Server(config_of(app), app.state.kernel, partial(_tell, started))
        server.run([listener])
    if server.failure is not None:
        raise server.failure
    _end_threads()


def _end_threads() -> None:
    """End the process, if something is still computed that nobody waits for.

    Python would wait for it, or pull the ground from under it.
    """
    if any(thread.name.startswith("seqkit ") for thread in threading.enumerate()):
        LOG.info("ended, though something was still computed")
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _tell(started: Callable[[str], None], listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    started(f"http://{shown}:{port}")


def config_of(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=GuardedProtocol,
        ws="none",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=int(IDLE_SECONDS),
        timeout_graceful_shutdown=_LAST_SECONDS,
        backlog=512,
    )


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there; raises `ConfigError` naming the way out."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        found = socket.create_server((host, port), family=family)
    except OSError as error:
        said = os.strerror(error.errno) if error.errno and error.errno > 0 else reason(error)
        raise ConfigError(
            f"cannot listen at {host} port {port}: {said}; choose another --port or --host"
        ) from None
    return found
