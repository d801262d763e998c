"""Ray: a cluster on this machine that lasts as long as the command, or one at an address."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import Any

from .. import __version__
from ..errors import ConfigError, SeqkitError
from ..threads import choose_threads, cores
from .formats import Answer, Failure, Texts
from .pieces import Died
from .verbs import Request, open_request

_SECONDS = 10.0  # for an address to answer
_START_SECONDS = 600.0  # for the first worker: a cluster may have to free or fetch a machine
_STARTS = 2  # of Ray on this machine: it gives up after 30 seconds, too early for a busy one
_MOMENT = 1.0
_STORE = 256 << 20  # bytes that Ray shares between processes: rows on their way
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DISABLE_FAILURE_SIGNAL_HANDLER": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_LOG_TO_DRIVER_EVENT_LEVEL": "FATAL",
    "RAY_DEDUP_LOGS": "1",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",  # the deaths of workers, which are ours to report
}
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"  # RFC 9113, section 3.4
_SETTINGS = 4  # type of the frame that answers it; the type is the fourth byte
_FRAME = 9  # bytes of its head
_LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # listen on 127.0.0.1 only


class Worker:
    """A process with the model open, once for all rows that it is given."""

    def __init__(self, request: Request, version: str, *, reads_pairs: bool) -> None:
        choose_threads(1)
        self._error: SeqkitError | None = None
        try:
            _check_version(version)
            self._opened = open_request(request, reads_pairs=reads_pairs)
        except SeqkitError as error:  # Ray would make a death of it
            self._error = SeqkitError(f"the worker on {socket.gethostname()}: {error}")

    def ready(self) -> None:
        """Answers once the process is there."""

    def answer(self, rows: list[Texts]) -> list[Answer | Failure]:
        """Raises `SeqkitError` if the model did not open here."""
        if self._error is not None:
            raise self._error
        return self._opened.answer_all(rows)


def _check_version(version: str) -> None:
    if version != __version__:
        raise ConfigError(
            f"it has seqkit {__version__}, and the command {version}: install the same everywhere"
        )


def check_ray() -> None:
    """Raise `ConfigError` where Ray is not installed.

    Ray is not imported, since it reads then where it may listen; see `connected`.
    """
    if find_spec("ray") is None:
        raise ConfigError("seqkit bulk runs on Ray: pip install 'seqkit[bulk]'")


def _ray() -> Any:
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    import ray

    return ray


@contextmanager
def connected(address: str | None, workers: int | None) -> Iterator[int]:
    """Ray running, and the number of workers: those asked for, or one a CPU.

    Raises `ConfigError` for an address where no cluster answers.
    """
    if address is None:
        os.environ.update(_LOOPBACK)
    else:
        _check_answers(address)
    ray = _ray()
    if ray.is_initialized():  # by a program that calls this one
        yield workers or int(ray.cluster_resources().get("CPU", 1))
        return

    folder = ""
    try:
        if address is None:
            workers = workers or cores()
            folder = tempfile.mkdtemp(prefix="seqkit-")  # /tmp/ray may be another user's
            _start(ray, workers, folder)
        else:
            _join(ray, address)
            workers = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        yield workers
    finally:
        with suppress(Exception):  # it is gone, or going
            ray.shutdown()
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


def _start(ray: Any, workers: int, folder: str) -> None:
    """Start Ray on this machine, and once more if it was too slow."""
    said = ""
    for _ in range(_STARTS):
        try:
            ray.init(
                address="local",
                num_cpus=workers,
                include_dashboard=False,
                log_to_driver=False,
                logging_level="CRITICAL",
                object_store_memory=_STORE,
                _temp_dir=folder,
            )
            return
        except Exception as error:  # Ray raises many kinds
            said = " ".join(str(error).split())
            with suppress(Exception):  # what has started of it
                ray.shutdown()
    raise ConfigError(f"Ray does not start on this machine: {said}")


def _join(ray: Any, address: str) -> None:
    try:
        ray.init(address=address, log_to_driver=False, logging_level="CRITICAL")
    except Exception as error:
        said = " ".join(str(error).split())
        raise ConfigError(
            f"no Ray cluster to join at {address}: {said} (run this on a machine of the cluster, "
            f"after `ray start --address {address}`)"
        ) from None


def _check_answers(address: str) -> None:
    """Raise `ConfigError` if no cluster can be there, where Ray itself would wait for minutes."""
    if address == "auto":
        return
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or "/" in host:
        raise ConfigError(f"--address {address}: give HOST:PORT of the cluster's head, or auto")
    advice = f"Start a cluster there by `ray start --head --port {port}`, or leave --address out"
    try:
        with socket.create_connection((host, int(port)), timeout=_SECONDS) as connection:
            speaks = os.environ.get("RAY_USE_TLS") == "1" or _speaks_grpc(connection)
    except TimeoutError:
        raise ConfigError(
            f"--address {address} does not answer within {_SECONDS:.0f} seconds. {advice}"
        ) from None
    except (OSError, OverflowError) as error:
        raise ConfigError(f"--address {address} does not answer: {error}. {advice}") from None
    if not speaks:
        raise ConfigError(f"--address {address} is of something else than Ray. {advice}")


def _speaks_grpc(connection: socket.socket) -> bool:
    """Whether the other side greets as gRPC does, by which Ray talks. Raises OSError."""
    connection.sendall(_HELLO)
    head = connection.recv(_FRAME, socket.MSG_WAITALL)
    return len(head) == _FRAME and head[3] == _SETTINGS


class RayPool:
    """Workers as actors of Ray; see `pieces.Pool`."""

    def __init__(self, request: Request, *, reads_pairs: bool) -> None:
        ray = _ray()
        self._ray = ray
        self._began = time.monotonic()
        self._has_started = False
        self._starts: list[Any] = []

        there = ray.cluster_resources()
        gpus = int(there.get("GPU", 0))
        needs_gpu = request.device.startswith("cuda") or (request.device == "auto" and gpus > 0)
        room = min(int(there.get("CPU", 1)), gpus) if needs_gpu else int(there.get("CPU", 1))
        self.most = max(1, room)  # workers that the cluster can hold; one more would wait for ever

        self._actor = ray.remote(Worker).options(
            num_cpus=1, num_gpus=1 if needs_gpu else 0, max_restarts=0
        )
        self._request = ray.put(request)
        self._reads_pairs = reads_pairs

    def start(self) -> Any:
        handle = self._actor.remote(self._request, __version__, reads_pairs=self._reads_pairs)
        if not self._has_started:
            self._starts.append(handle.ready.remote())
        return handle

    def ask(self, handle: Any, rows: Sequence[Texts]) -> Any:
        return handle.answer.remote(list(rows))

    def wait(self, tickets: Sequence[Any]) -> Sequence[Any]:
        """Raises `ConfigError` if no worker ever starts: the cluster has no room for one."""
        ready: list[Any]
        ready, _ = self._ray.wait(list(tickets), num_returns=1, timeout=_MOMENT)
        if not self._has_started:
            self._has_started = bool(ready or self._ray.wait(self._starts, timeout=0)[0])
        if not self._has_started and time.monotonic() - self._began > _START_SECONDS:
            free = self._ray.available_resources().get("CPU", 0)
            raise ConfigError(
                f"no worker has started within {_START_SECONDS:.0f} seconds: the cluster has "
                f"{free:g} CPUs free"
            )
        return ready

    def answers(self, ticket: Any) -> Sequence[Answer | Failure]:
        errors = self._ray.exceptions
        try:
            found: list[Answer | Failure] = self._ray.get(ticket)
        except errors.RayTaskError as error:
            if isinstance(error.cause, SeqkitError):
                raise error.cause from None
            raise
        except errors.RayError as error:
            raise Died(_how(error)) from None
        return found

    def end(self, handle: Any) -> None:
        with suppress(Exception):  # it is gone already
            self._ray.kill(handle)


def _how(error: Exception) -> str:
    """How a worker died, in a few words."""
    said = " ".join(str(error).split())
    if "memory" in type(error).__name__.lower() or "low memory" in said:
        return "memory ran out"
    return "its process or its machine was ended from outside, or crashed"
