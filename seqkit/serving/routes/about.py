"""What the service has, and how it is: GET /v1/models, /health, /metrics, /docs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from ..description import CONTENT_SECURITY, page
from ..kernel import Kernel


def router(kernel: Kernel) -> APIRouter:
    routes = APIRouter(tags=["about"])

    @routes.get("/v1/models")
    async def models() -> dict[str, Any]:
        """The models that can be asked, and what each can do."""
        return {"models": kernel.catalogue.records()}

    @routes.head("/health", include_in_schema=False)  # as some probes ask
    @routes.get("/health")
    async def health() -> JSONResponse:
        """200 while requests are taken, 503 once the service is stopping."""
        if kernel.is_stopping:
            return JSONResponse({"status": "stopping"}, 503)
        return JSONResponse({"status": "ok"})

    @routes.get("/metrics")
    async def metrics() -> Response:
        """The figures of the service for Prometheus."""
        return Response(kernel.measures.text(), media_type="text/plain; version=0.0.4")

    @routes.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        """What can be asked, for people."""
        headers = {"Content-Security-Policy": CONTENT_SECURITY}
        return HTMLResponse(page(request.app.openapi()), headers=headers)

    return routes
