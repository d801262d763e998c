"""How large a request may be, and how long its body may take."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import Message, Receive

from .errors import Refused
from .settings import Settings

BODY_SECONDS = 20.0  # for any body,
_SLOWEST = 20_000  # and a second more for so many bytes


class BodyLimit:
    """The `receive` of a request that raises `Refused` for a body too large or too slow.

    What is too large by its own account is refused before any of it is read.
    """

    def __init__(self, receive: Receive, headers: Headers, settings: Settings) -> None:
        self._receive = receive
        self._most = _most(headers, settings)
        self._got = 0
        self._is_read = False
        self._until = 0.0
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self._most:
            raise self._too_large()

    async def __call__(self) -> Message:
        if self._is_read:  # what comes now is that the client has left, whenever that is
            return await self._receive()

        now = asyncio.get_running_loop().time()
        self._until = self._until or now + BODY_SECONDS
        try:
            async with asyncio.timeout_at(self._until + self._got / _SLOWEST):
                message = await self._receive()
        except TimeoutError:
            raise Refused(408, "slow_body", "the body of the request came too slowly") from None

        self._got += len(message.get("body", b""))
        self._is_read = not message.get("more_body", False)
        if self._got > self._most:
            raise self._too_large()
        return message

    def _too_large(self) -> Refused:
        most = f"{self._most / (1 << 20):g} MB"
        return Refused(413, "too_large", f"a request has at most {most}; send less at once")


def _most(headers: Headers, settings: Settings) -> int:
    """How many bytes a body of this kind may have."""
    is_form = headers.get("content-type", "").lower().startswith("multipart/form-data")
    return settings.upload_bytes if is_form else settings.body_bytes
