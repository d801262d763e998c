"""Config sections of models and tasks."""

from __future__ import annotations

import dataclasses
from typing import Any

from ..config import describe


def check_section(config: Any, where: str) -> None:
    assert dataclasses.is_dataclass(config), f"{where} is not made by seqkit.config.section"
    for key, _, line in describe(config):
        assert line, f"{where}: the key {key!r} has no description"
        assert "\n" not in line, f"{where}: the description of {key!r} is more than one line"
