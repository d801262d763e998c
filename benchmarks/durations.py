"""How long turns took on this machine, so that a run can say what is still to come."""

from __future__ import annotations

from pathlib import Path

from seqkit.parsing import NoPlainData, json_of, to_json

from . import machine

PREPARATION = "preparation"


class Durations:
    """Seconds of whole turns if nothing else runs, by row, case and contestant.

    They are CPU seconds, shared by the cores of the row, or those by the clock of rows that are
    measured by it. A file of the cache keeps them.
    """

    def __init__(self, *, quick: bool) -> None:
        self._path = machine.cache() / ("durations-quick.json" if quick else "durations.json")
        self._known = _read(self._path)

    def of(self, *turn: str) -> float | None:
        return self._known.get(", ".join(turn))

    def note(self, seconds: float, *turn: str) -> None:
        self._known[", ".join(turn)] = round(seconds, 2)
        self._path.write_text(to_json(self._known, indent=1) + "\n", encoding="utf-8")


def _read(path: Path) -> dict[str, float]:
    """Nothing of a file that is damaged: what is lost is measured again."""
    try:
        found: dict[str, float] = json_of(path.read_bytes())
        return {name: float(seconds) for name, seconds in found.items()}
    except (OSError, NoPlainData, AttributeError, TypeError, ValueError):
        return {}


def told(seconds: float) -> str:
    """As 40 s or 12 min."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
