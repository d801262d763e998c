"""Environments of peers, made from PyPI when a row needs one; `peers.toml` has the versions."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from .machine import cache

_READY = "seqkit-ready"


class PeerMissing(Exception):
    """The environment of a peer cannot be made: one line that says why."""


def python_of(peer: str | None) -> Path:
    """The interpreter that has a peer's packages; ours without a peer.

    Raises `PeerMissing`.
    """
    if peer is None:
        return Path(sys.executable)

    packages = _packages(peer)
    digest = hashlib.sha256("\n".join(packages).encode()).hexdigest()[:8]
    folder = cache() / "peers" / f"{peer}-{digest}"
    python = folder / "bin/python"
    if not (folder / _READY).exists():
        _install(peer, packages, folder)
    return python


def _pins() -> Path:
    return Path(__file__).with_name("peers.toml")


def _packages(peer: str) -> list[str]:
    pins = _pins()
    known: dict[str, list[str]] = tomllib.loads(pins.read_text(encoding="utf-8"))
    if peer not in known:
        raise PeerMissing(f"{pins.name} has no {peer}; it has {', '.join(sorted(known))}")
    return known[peer]


def _install(peer: str, packages: list[str], folder: Path) -> None:
    print(f"installing {peer} into {folder}", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    _checked(peer, [sys.executable, "-m", "venv", str(folder)])

    pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet"]
    for package in packages:  # in order: one may need another to be built
        _checked(peer, [*pip, *package.split()])
    (folder / _READY).touch()


def _checked(peer: str, command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        wrong = [line for line in said if line.startswith("ERROR")] or said or ["no reason given"]
        raise PeerMissing(f"{peer} cannot be installed: {wrong[-1].removeprefix('ERROR: ')}")
