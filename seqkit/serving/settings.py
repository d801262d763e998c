"""What a service is started with."""

from __future__ import annotations

from dataclasses import dataclass


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
