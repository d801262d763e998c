"""The page for people: GET / and the files it is made of, /page/NAME. No build step, no network.

Of `seqkit/serving/page`, `index.html` has the structure of each view, `strings.json` all that is
said, in each language, and `main.js` is where it starts: what `/v1/models` offers is shown.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request, Response

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
_POLICY = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",  # a chosen image, and the heat map that the service drew
    "connect-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",  # no text becomes markup, whoever wrote it
]
_HEADERS = {
    "Cache-Control": "no-cache",  # the browser asks each time whether its copy is the newest
    "Content-Security-Policy": "; ".join(_POLICY),
}


def router(kernel: Kernel) -> APIRouter:
    """Files are found among those that the page has, never by a path that a client makes up."""
    routes = APIRouter(include_in_schema=False)
    files = {path.name: _read(path) for path in _FOLDER.iterdir() if path.suffix in _MEDIA}

    @routes.api_route("/", methods=["GET", "HEAD"])
    async def start(request: Request) -> Response:
        return files[_START].answer(request)

    @routes.api_route("/page/{name}", methods=["GET", "HEAD"])
    async def file(name: str, request: Request) -> Response:
        found = files.get(name)
        if found is None:
            raise Refused(404, "not_found", "no such page")
        return found.answer(request)

    return routes


@dataclass(frozen=True)
class _File:
    content: bytes
    media: str
    tag: str

    def answer(self, request: Request) -> Response:
        """The file, or 304 if the browser's copy is the same."""
        headers = {**_HEADERS, "ETag": self.tag}
        if request.headers.get("If-None-Match") == self.tag:
            return Response(status_code=304, headers=headers)
        return Response(self.content, media_type=self.media, headers=headers)


def _read(path: Path) -> _File:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:16]
    return _File(content, _MEDIA[path.suffix], f'"{digest}"')
