"""Documents as jobs: taken, translated while others are served, fetched, forgotten.

Translations are in a folder of the process that goes with it, under names of ours: no name that a
client gave is ever a path. A job is known by an id that nobody guesses, and there is no list.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from starlette.requests import Request

from ..errors import SeqkitError
from ..translation.documents.document import Document
from ..translation.documents.kinds import has_fields, kind_of, known_kinds, read_document
from ..translation.documents.translating import translated
from ..wanted import Unwanted, while_wanted
from .catalogue import CLOSE_SECONDS
from .errors import Overloaded, Refused, body_of, refusal, where
from .kernel import Kernel, unless_gone
from .served import Wish, lines_of

LOG = logging.getLogger("seqkit.serving")

KEPT_SECONDS = 3600.0  # after which a finished job is forgotten
_AT_ONCE = 2  # documents that are translated
_MOST = 100  # jobs that are not finished, and
_MOST_BYTES = 64 << 20  # the size of their documents together; HTML takes 30 times that in memory
_MOST_FINISHED_BYTES = 1 << 30  # of translations; the oldest are forgotten first
_RETRY_SECONDS = 10
_LONGEST_NAME = 120
_EVENT_SECONDS = 0.25
_ENDED = ("done", "failed")

Choose = Callable[[Sequence[str]], Wish]
"""From the texts of a document, how they are translated; raises `SeqkitError`."""


@dataclass
class Job:
    """A document, what becomes of it, and how far that is."""

    id: str
    name: str  # the client's, for the client; never a path here
    kind: str
    size: int
    document: Document | None
    wish: Wish
    state: str = "waiting"
    done: int = 0
    total: int = 0
    unplaced: list[str] = field(default_factory=list)  # terms that some segment lacks: "a → b"
    error: SeqkitError | None = None
    is_wanted: bool = True
    result: Path | None = None
    result_size: int = 0
    ended: float = 0.0
    at_end: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def has_ended(self) -> bool:
        return self.state in _ENDED

    def record(self) -> dict[str, Any]:
        record: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "done": self.done,
            "total": self.total,
            "url": f"/v1/documents/{self.id}",
        }
        if self.unplaced:
            record["unplaced_terms"] = self.unplaced
        if self.error is not None:
            refused = refusal(self.error)
            record |= body_of(refused.code, str(refused))
        return record


class Jobs:
    """All documents of a service; its methods are for the loop of the server."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._jobs: dict[str, Job] = {}
        self._folder: TemporaryDirectory[str] | None = None
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="seqkit reads")
        self._workers = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="seqkit documents")
        self._running: set[asyncio.Task[None]] = set()
        kernel.at_close.append(self.close)

    async def add(
        self, name: str, data: bytes, choose: Choose, *, fields: Sequence[str] = ()
    ) -> Job:
        """Begin with a document; raises `SeqkitError` for one that cannot be translated."""
        self._forget_old()
        self._check_room(len(data))
        name = shown_name(name)
        kind = _kind(name)
        loop = asyncio.get_running_loop()
        document = await loop.run_in_executor(self._readers, _read, data, name, kind, fields)
        wish = choose([segment.text for segment in document.segments])

        job = Job(secrets.token_urlsafe(18), name, kind, len(data), document, wish)
        self._jobs[job.id] = job
        task = asyncio.create_task(self._run(job))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return job

    def get(self, id: str) -> Job:
        """Raises `Refused` if there is no such job, or no longer."""
        self._forget_old()
        job = self._jobs.get(id)
        if job is None:
            raise Refused(404, "no_document", "there is no such document, or no longer")
        return job

    def file_of(self, job: Job) -> Path:
        """The translation; raises `Refused` if there is none."""
        if job.error is not None:
            raise job.error
        if job.result is None:
            raise Refused(409, "not_ready", "the document has not been translated yet")
        return job.result

    def remove(self, job: Job) -> None:
        """Stop a job and forget it."""
        job.is_wanted = False
        job.at_end.set()
        self._jobs.pop(job.id, None)
        if job.result is not None:
            job.result.unlink(missing_ok=True)

    async def ended(self, job: Job, request: Request) -> None:
        """Return when a job is done; raises `Refused` if it fails, or if the client leaves."""
        try:
            await unless_gone(job.at_end.wait(), request)
        except Refused:
            self.remove(job)
            raise
        self.file_of(job)

    async def events(self, job: Job) -> AsyncIterator[dict[str, Any]]:
        """The record of a job whenever it changes, until it ends or is forgotten."""
        last: dict[str, Any] = {}
        while job.is_wanted:
            record = job.record()
            if record != last:
                yield record
            last = record
            if job.has_ended:
                return
            try:
                await asyncio.wait_for(job.at_end.wait(), _EVENT_SECONDS)
            except TimeoutError:
                continue

    async def close(self) -> None:
        """Stop what runs, and delete all files."""
        for job in list(self._jobs.values()):
            self.remove(job)
        if self._running:
            await asyncio.wait(self._running, timeout=CLOSE_SECONDS)
        for threads in (self._readers, self._workers):
            threads.shutdown(wait=False, cancel_futures=True)
        if self._folder is not None:
            self._folder.cleanup()

    # A job

    async def _run(self, job: Job) -> None:
        loop = asyncio.get_running_loop()
        try:
            data = await loop.run_in_executor(self._workers, self._work, job)
            self._keep(job, data)
        except Unwanted:
            pass
        except SeqkitError as error:
            self._end(job, "failed", error)
        except Exception as error:
            LOG.error("a document (%s) failed: %s", job.kind, where(error))
            self._end(job, "failed", Refused(500, "internal", _INTERNAL))

    def _work(self, job: Job) -> bytes:
        """In a thread: the translated file."""
        if not job.is_wanted or job.document is None:
            raise Unwanted

        def progress(done: int, total: int) -> None:
            job.done, job.total = done, total

        job.state = "running"
        lines = lines_of(self._kernel, job.wish)
        with while_wanted(lambda: job.is_wanted):
            data, done = translated(lines, job.document, progress=progress)
        job.unplaced = list(dict.fromkeys(chain.from_iterable(done.unplaced.values())))
        return data

    def _keep(self, job: Job, data: bytes) -> None:
        if not job.is_wanted:
            return
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="seqkit-documents-")
        path = Path(self._folder.name) / job.id
        try:
            path.write_bytes(data)
        except OSError as error:
            LOG.error("a document cannot be kept: %s", error.strerror)
            self._end(job, "failed", Refused(507, "no_room", "the service has no room for it"))
            return
        job.result, job.result_size = path, len(data)
        self._end(job, "done")

    def _end(self, job: Job, state: str, error: SeqkitError | None = None) -> None:
        job.document = None
        job.state, job.error = state, error
        job.ended = time.monotonic()
        job.at_end.set()

    # Room

    def _check_room(self, size: int) -> None:
        unfinished = [job for job in self._jobs.values() if not job.has_ended]
        together = sum(job.size for job in unfinished)
        if len(unfinished) >= _MOST or (unfinished and together + size > _MOST_BYTES):
            raise Overloaded(_RETRY_SECONDS)

    def _forget_old(self) -> None:
        """Forget finished jobs: those of long ago, and the oldest of too many bytes."""
        now = time.monotonic()
        ended = sorted(
            (job for job in self._jobs.values() if job.has_ended), key=lambda job: -job.ended
        )
        together = 0
        for job in ended:
            together += job.result_size
            if now - job.ended > KEPT_SECONDS or together > _MOST_FINISHED_BYTES:
                self.remove(job)


_INTERNAL = "the service failed; its log says where"


def shown_name(name: str) -> str:
    """A client's name of a file, without folders, controls and excess."""
    last = re.split(r"[/\\]", name)[-1]
    clean = "".join(c for c in last if c.isprintable()).strip().lstrip(".")
    stem, suffix = PurePosixPath(clean).stem, PurePosixPath(clean).suffix
    return f"{stem[:_LONGEST_NAME]}{suffix[:_LONGEST_NAME]}" or "document"


def types() -> list[str]:
    """The endings of what can be translated."""
    return known_kinds().split(", ")


def _kind(name: str) -> str:
    kind = kind_of(Path(name))
    if kind is None:
        raise Refused(
            415,
            "unknown_type",
            f"{name}: documents of this kind cannot be translated. Known: {known_kinds()}",
        )
    return kind


def _read(data: bytes, name: str, kind: str, fields: Sequence[str]) -> Document:
    """In a thread: the document, if it is one."""
    try:
        return read_document(data, name, kind, fields if has_fields(Path(name)) else ())
    except SeqkitError as error:
        raise Refused(422, "broken_document", " ".join(str(error).split())) from None
