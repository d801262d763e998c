"""Server-sent events: the answer while it grows.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fastapi.responses import StreamingResponse

from ..parsing import to_json

END = "event: end\ndata: {}\n\n"
ALIVE = ": still at it\n\n"  # a comment, which keeps proxies from closing a quiet connection
ALIVE_SECONDS = 15.0


def event(data: Any, name: str = "") -> str:
    """An event of plain data; without a name, a message."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {to_json(data)}\n\n"


def event_stream(events: AsyncIterator[str]) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)
