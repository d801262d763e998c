"""What a service is started with."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError, DataError, reason

_SHORTEST_TOKEN = 16  # characters: one that nobody guesses


@dataclass(frozen=True)
class Settings:
    """Limits, and who may ask."""

    host: str = "127.0.0.1"
    port: int = 8000
    hosts: tuple[str, ...] = ()  # further names by which clients may call it
    token: str = ""  # that clients must show; "" for none
    timeout: float = 120.0  # seconds for an answer
    body_bytes: int = 1 << 20  # of a request in JSON
    upload_bytes: int = 64 << 20  # of a request with files

    def __post_init__(self) -> None:
        if not self.token and not is_loopback(self.host):
            raise ConfigError(
                f"--host {self.host} lets other machines ask: give them a token with --token-file, "
                "or leave --host out"
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a service that listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_token(path: Path) -> str:
    """The token in a file: its only line. Raises `DataError`, `ConfigError`."""
    try:
        token = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: a token has letters, digits and marks of ASCII only") from None
    if len(token.split()) != 1 or not token.isprintable() or len(token) < _SHORTEST_TOKEN:
        raise ConfigError(
            f"{path}: a token is one line of at least {_SHORTEST_TOKEN} characters without blanks; "
            f"make one with `openssl rand -hex 32 > {path}`"
        )
    return token
