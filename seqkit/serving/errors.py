"""What a client is told that cannot be answered: a status, a code for programs, a sentence."""

from __future__ import annotations

import traceback
from typing import Any

from ..errors import CheckpointError, SeqkitError, TooLarge


class Refused(SeqkitError):
    """A request that gets no answer; `status` is that of HTTP, `code` a word for programs."""

    def __init__(
        self, status: int, code: str, message: str, *, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers or {}


class Overloaded(Refused):
    """Too much is waiting: try again after `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            429,
            "overloaded",
            f"too many requests are waiting; try again in {seconds} s",
            headers={"Retry-After": str(seconds)},
        )


class Stopping(Refused):
    def __init__(self) -> None:
        super().__init__(
            503,
            "stopping",
            "the service is stopping; try again in a moment",
            headers={"Retry-After": "5"},
        )


def refusal(error: SeqkitError) -> Refused:
    """What the client of a request that raised `error` is told."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, CheckpointError):  # it names files of this machine
        return Refused(503, "model_unavailable", "the model cannot be opened; the log says why")
    said = " ".join(str(error).split())
    if isinstance(error, TooLarge):
        return Refused(413, "too_large", said)
    return Refused(400, "bad_request", said)


def body_of(code: str, message: str) -> dict[str, dict[str, str]]:
    """`{"error": {"code": …, "message": …}}`"""
    return {"error": {"code": code, "message": message}}


PLAIN: set[str] = set()
"""Paths whose clients know errors as `{"error": "a sentence"}`."""


def body_for(path: str, code: str, message: str) -> dict[str, Any]:
    """What the clients of a path take for an error."""
    return {"error": message} if path in PLAIN else body_of(code, message)


def where(error: BaseException) -> str:
    """The kind of an error and the lines of code it came through, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames[-12:]]
    return f"{type(error).__name__} at {' < '.join(reversed(lines))}"
