"""What `torchrun` has launched and launches again after a failure: it goes on by itself.

The file `.launch` in a run folder says which launch trains there.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

LAUNCH = ".launch"


def is_of_this_launch(folder: Path) -> bool:
    """Whether an earlier attempt of the same `torchrun` command trained into `folder`."""
    name = _this_launch()
    if not name:
        return False
    try:
        return (folder / LAUNCH).read_text(encoding="utf-8") == name
    except (OSError, UnicodeDecodeError):
        return False


def mark(folder: Path) -> None:
    """Have `folder` say which launch trains there."""
    name = _this_launch()
    with suppress(OSError):  # a full disk is noticed by what matters
        if name:
            (folder / LAUNCH).write_text(name, encoding="utf-8", newline="\n")
        else:
            (folder / LAUNCH).unlink(missing_ok=True)


def _this_launch() -> str:
    """The name of what launched this process; empty if that was not torchrun."""
    run = os.environ.get("TORCHELASTIC_RUN_ID", "")
    if not run:
        return ""
    if run != "none":  # torchrun's default
        return f"{run}\n"
    agent = os.getppid()
    return f"process {agent} on {socket.gethostname()}, started at {_start_of(agent)}\n"


def _start_of(process: int) -> str:
    """When a process started, in the system's own count: numbers of processes are used again."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "?"
    _, _, fields = text.rpartition(")")
    return fields.split()[19]
