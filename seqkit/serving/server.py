"""uvicorn, signals and the log."""

from __future__ import annotations

import uvicorn
from fastapi import FastAPI


def run(app: FastAPI, *, host: str, port: int) -> None:
    """Answer requests until a signal ends the service."""
    config = uvicorn.Config(app, host=host, port=port, access_log=False, log_level="info")
    uvicorn.Server(config).run()
