"""The service as one ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from .. import __version__
from ..errors import SeqkitError
from .catalogue import Catalogue
from .description import describe
from .entrance import Entrance
from .errors import body_for, refusal
from .jobs import Jobs
from .kernel import Kernel
from .libretranslate import routes as libretranslate
from .routes import about, documents, operations, page
from .settings import Settings


def make_app(catalogue: Catalogue, settings: Settings | None = None) -> FastAPI:
    """The application: routes, limits, errors. `app.state.kernel` is its `Kernel`."""
    kernel = Kernel(catalogue, settings or Settings())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await kernel.open()
        yield
        await kernel.close()

    app = FastAPI(
        title="seqkit",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.kernel = kernel
    app.add_middleware(Entrance, kernel=kernel)
    app.add_exception_handler(SeqkitError, _on_seqkit_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    for router in _routers(kernel):
        app.include_router(router)
    describe(app, catalogue.offered())
    return app


def _routers(kernel: Kernel) -> Iterator[APIRouter]:
    """All routes; the page, which answers for "/", comes last."""
    jobs = Jobs(kernel)
    yield about.router(kernel)
    yield operations.router(kernel)
    yield documents.router(kernel, jobs)
    yield libretranslate.router(kernel, jobs)
    yield page.router(kernel)


async def _on_seqkit_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SeqkitError)
    refused = refusal(error)
    content = body_for(request.url.path, refused.code, str(refused))
    return JSONResponse(content, refused.status, refused.headers)


async def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "wrong_method"}.get(error.status_code, "refused")
    content = body_for(request.url.path, code, error.detail)
    return JSONResponse(content, error.status_code, error.headers)
