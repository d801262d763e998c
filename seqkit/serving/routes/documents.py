"""/v1/documents: a file in, and the same file in another language out, when it is ready."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response, StreamingResponse

from ...parsing import NoPlainData, json_of
from ..errors import Refused
from ..jobs import KEPT_SECONDS, Job, Jobs, types
from ..kernel import Kernel
from ..pairs import Hop
from ..served import Pair, Wish
from ..streaming import END, event, event_stream
from ..uploads import Form, read_form

_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "model": {"type": "string"},
                        "to": {"type": "string"},
                        "fields": {
                            "type": "string",
                            "description": "Keys or columns that are text: title,body or *.",
                        },
                        "glossary": {
                            "type": "string",
                            "description": 'JSON: pairs of a term and what it becomes, or "-".',
                        },
                    },
                }
            }
        },
    }
}


def router(kernel: Kernel, jobs: Jobs) -> APIRouter:
    routes = APIRouter(prefix="/v1/documents", tags=["documents"])

    @routes.get("")
    async def about() -> dict[str, Any]:
        """What can be translated: endings of names, bytes at most, seconds that it is kept."""
        limit = kernel.settings.upload_bytes
        return {"types": types(), "limit": limit, "kept": KEPT_SECONDS}

    @routes.post("", status_code=202, openapi_extra=_FORM)
    async def begin(request: Request) -> dict[str, Any]:
        """Take a document, and say where its translation will be."""
        async with read_form(request) as form:
            wish = _wish(kernel, form)
            fields = [name.strip() for name in form.get("fields").split(",") if name.strip()]
            file = form.file()
            data = await file.read()
            job = await jobs.add(file.filename or "", data, lambda texts: wish, fields=fields)
        return job.record()

    @routes.get("/{id}")
    async def state(id: str) -> dict[str, Any]:
        """How far it is: state is waiting, running, done or failed, done and total are segments."""
        return jobs.get(id).record()

    @routes.get("/{id}/events", response_class=StreamingResponse)
    async def events(id: str) -> Response:
        """The same as server-sent events, until it has ended."""
        return event_stream(_events(jobs, jobs.get(id)))

    @routes.get("/{id}/file", response_class=FileResponse)
    async def file(id: str) -> Response:
        """The translated document."""
        return file_response(jobs, jobs.get(id))

    @routes.delete("/{id}", status_code=204)
    async def remove(id: str) -> None:
        """Stop it, and forget it."""
        jobs.remove(jobs.get(id))

    return routes


def file_response(jobs: Jobs, job: Job) -> FileResponse:
    """The translation as a file to be saved: never as a page of this service."""
    return FileResponse(jobs.file_of(job), media_type="application/octet-stream", filename=job.name)


async def _events(jobs: Jobs, job: Job) -> AsyncIterator[str]:
    async for record in jobs.events(job):
        yield event(record)
    yield END


def _wish(kernel: Kernel, form: Form) -> Wish:
    entry = kernel.catalogue.choose(form.get("model"), "translate")
    return Wish([Hop(entry.name, form.get("to"))], _glossary(form.get("glossary")))


def _glossary(text: str) -> list[Pair]:
    """The pairs in a field of a form; raises `Refused`."""
    if not text.strip():
        return []
    wrong = Refused(422, "invalid", 'glossary is JSON: [["term", "translation"], …]')
    try:
        pairs = json_of(text)
    except NoPlainData:
        raise wrong from None
    if not isinstance(pairs, list):
        raise wrong
    found: list[Pair] = []
    for pair in pairs:
        is_pair = isinstance(pair, list) and len(pair) == 2
        if not is_pair or not all(isinstance(term, str) for term in pair):
            raise wrong
        found.append((pair[0], pair[1]))
    return found
