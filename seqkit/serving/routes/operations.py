"""POST /v1/OPERATION: what the domains offer of their models."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from ...parsing import NoPlainData, json_of, to_json
from ...plugins import components
from ...services import Operation, Service
from ..errors import Refused
from ..kernel import Kernel
from ..streaming import event_stream


def router(kernel: Kernel) -> APIRouter:
    routes = APIRouter(tags=["models"])
    for name, operations in offered().items():
        routes.add_api_route(
            f"/v1/{name}",
            _endpoint(kernel, name),
            methods=["POST"],
            name=name,
            summary=operations[0].help,
            response_class=Response,
        )
    return routes


def offered() -> dict[str, list[Operation]]:
    """All operations by name; several tasks may each have one of a name."""
    found: dict[str, list[Operation]] = {}
    for entry in components().services:
        service: Service = entry.load()
        for operation in service.operations:
            found.setdefault(operation.name, []).append(operation)
    return found


def _endpoint(kernel: Kernel, name: str) -> Any:
    async def answer(request: Request) -> Response:
        body = json_body(await request.body())
        if body.get("stream") is True:
            events = kernel.events(name, body)
            await anext(events)  # what is refused is raised here
            return event_stream(events)
        found = await kernel.answer(name, body, request)
        return Response(to_json(found), media_type="application/json")

    return answer


def json_body(data: bytes) -> dict[str, Any]:
    """The object that a body is; raises `Refused`."""
    try:
        body = json_of(data)
    except NoPlainData as error:
        raise Refused(400, "bad_json", f"the body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise Refused(400, "bad_json", "the body is not a JSON object")
    return body
