"""POST /v1/OPERATION: what the domains offer of their models."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from ...parsing import NoPlainData, json_of, to_json
from ...services import Upload
from ..errors import Refused
from ..kernel import Kernel
from ..streaming import event_stream

_JSON = ("application/json", "")
_MOST_FILES, _MOST_FIELDS = 64, 64
_MOST_LISTED = 10_000  # in a list of a request


def router(kernel: Kernel) -> APIRouter:
    routes = APIRouter(tags=["models"])
    for name, operations in kernel.catalogue.offered().items():
        routes.add_api_route(
            f"/v1/{name}",
            _endpoint(kernel, name),
            methods=["POST"],
            name=name,
            summary=operations[0].help,
            response_class=Response,
        )
    return routes


def _endpoint(kernel: Kernel, name: str) -> Any:
    async def answer(request: Request) -> Response:
        body, uploads = await _read(request)
        if body.get("stream") is True:
            events = kernel.events(name, body, request, uploads)
            await anext(events)  # what is refused is raised here
            return event_stream(events)
        found = await kernel.answer(name, body, request, uploads)
        return Response(to_json(found), media_type="application/json")

    return answer


async def _read(request: Request) -> tuple[dict[str, Any], list[Upload]]:
    """What a request asks, in JSON or as a form, and the files that came with it."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Refused(415, "unknown_encoding", "send the body as it is, not compressed")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _form(request)
    if kind not in _JSON:
        raise Refused(
            415,
            "unknown_type",
            "send application/json (curl --json), or files as multipart/form-data",
        )
    return json_body(await request.body()), []


async def _form(request: Request) -> tuple[dict[str, Any], list[Upload]]:
    """The fields and files of a form; raises `Refused` for one that is broken."""
    body: dict[str, Any] = {}
    uploads: list[Upload] = []
    try:
        async with request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS) as form:
            for name, value in form.multi_items():
                if isinstance(value, str):
                    body[name] = value
                else:
                    uploads.append(Upload(value.filename or name, await value.read()))
    except HTTPException as error:
        raise Refused(400, "bad_form", f"the form cannot be read: {error.detail}") from None
    return body, uploads


def json_body(data: bytes) -> dict[str, Any]:
    """The object that a body is; raises `Refused`."""
    try:
        body = json_of(data)
    except NoPlainData as error:
        raise Refused(400, "bad_json", f"the body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise Refused(400, "bad_json", "the body is not a JSON object")
    for value in body.values():
        if isinstance(value, list) and len(value) > _MOST_LISTED:
            most = f"{_MOST_LISTED:,}"
            raise Refused(413, "too_many", f"a list has at most {most} entries; send less at once")
    return body
