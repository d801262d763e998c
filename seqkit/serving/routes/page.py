"""The page for people: GET / and the files it is made of, /page/NAME."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from ..errors import Refused
from ..kernel import Kernel

_FOLDER = Path(__file__).parent.parent / "page"
_START = "index.html"
_MEDIA = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
}


def router(kernel: Kernel) -> APIRouter:
    """Files are found among those that the page has, never by a path that a client makes up."""
    routes = APIRouter(include_in_schema=False)
    files = {path.name: path for path in _FOLDER.glob("*.*") if path.suffix in _MEDIA}

    def file_of(name: str) -> FileResponse:
        path = files.get(name)
        if path is None:
            raise Refused(404, "not_found", "no such page")
        return FileResponse(path, media_type=_MEDIA[path.suffix], headers=_HEADERS)

    @routes.get("/")
    async def start() -> FileResponse:
        return file_of(_START)

    @routes.get("/page/{name}")
    async def file(name: str) -> FileResponse:
        return file_of(name)

    return routes
