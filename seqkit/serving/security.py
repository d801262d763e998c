"""Who may ask: by token, by the name that the service was called by, from which page.

A page of another site can make the browser of somebody on this machine call the service, under a
name of its own that it lets point here (DNS rebinding), or openly. The first shows in `Host`, the
second in `Origin`. Both are refused; and as no CORS header is sent, browsers show such pages
nothing.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from .errors import Refused
from .settings import Settings, is_loopback

OPEN = ("/health", "/", "/favicon.ico")
"""Paths that need no token: they tell nothing of the models. So does all below `OPEN_BELOW`."""
OPEN_BELOW = ("/page/", "/download_file/")  # the second: by ids that nobody guesses
OWN_TOKEN: set[str] = set()
"""Paths whose routes look for the token themselves, by `Gate.accepts`: it comes in the body."""

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}
"""Of every answer that has none of its own."""

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Gate:
    """Raises `Refused` for requests that may not be answered."""

    def __init__(self, settings: Settings) -> None:
        self._token = settings.token.encode()
        self._named = {name.lower() for name in settings.hosts} - _LOOPBACK
        """The names that were given, which a proxy may have replaced in `Host`."""
        self._hosts: set[str] | None = {*_LOOPBACK, *self._named, settings.host.lower()}
        if not settings.hosts and not is_loopback(settings.host):
            self._hosts = None

    def accepts(self, token: str) -> bool:
        """Whether a token is the right one, or none is needed; takes as long for any."""
        return not self._token or hmac.compare_digest(token.encode("utf-8", "replace"), self._token)

    def check(self, path: str, headers: Headers) -> None:
        """Raise `Refused` unless the request may be answered."""
        host = headers.get("host", "")
        self._check_host(host)
        self._check_origin(headers.get("origin"), host)

        is_open = path in OPEN or path in OWN_TOKEN or path.startswith(OPEN_BELOW)
        if self._token and not is_open:
            scheme, _, token = headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not self.accepts(token.strip()):
                raise wrong_token()

    def _check_host(self, host: str) -> None:
        """Whether the service may be called so; a service with a token may be called anything."""
        if self._hosts is not None and _name(host) not in self._hosts:
            raise Refused(
                403, "wrong_host", "not answered under this name; see --allow-host of seqkit serve"
            )

    def _check_origin(self, origin: str | None, host: str) -> None:
        """Whether a page may ask: the service's own, under any name that it may be called by."""
        if origin is None:
            return
        of_page = _place(origin)
        is_own = of_page == host.lower() or _name(of_page) in self._named
        if not of_page or not is_own:
            raise Refused(403, "wrong_origin", "pages of other sites may not ask")


def wrong_token() -> Refused:
    return Refused(
        401,
        "unauthorized",
        "a token is needed: send the header Authorization: Bearer TOKEN",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _place(origin: str) -> str:
    """The "name:port" of "http://name:port", in lower case; "" if there is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _name(host: str) -> str:
    """The name in "name:port" or "[::1]:port", in lower case; "" if there is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""
