"""Who may read what we write."""

from __future__ import annotations

import os
from pathlib import Path


def open_up(path: Path) -> None:
    """Give a file that only its owner may read (as safetensors writes them) the permissions of any new file."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)
