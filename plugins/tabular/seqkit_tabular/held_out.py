"""The rows that a model is measured on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqkit.config import RunConfig
from seqkit.errors import ConfigError

from .reading import Table, read_table


@dataclass(frozen=True)
class RunData:
    """The tables of a run, as its config names them; "" = none."""

    corpus: str = ""
    train: str = ""
    test: str = ""

    @classmethod
    def of(cls, config: RunConfig) -> RunData:
        data: dict[str, Any] = dict(config.sections["data"])
        return cls(*(str(data.get(name, "")) for name in ("corpus", "train", "test")))


def read_test_table(paths: Sequence[Path], run: RunData, task: str) -> Table:
    """The table at the one of `paths`, or the test table of the run.

    Raises `ConfigError` if there is none, or several.
    """
    from seqkit import recipes

    if len(paths) > 1:
        raise ConfigError("a table is one file: give one name")
    if paths:
        return read_table(Path(paths[0]))
    if not run.test:
        raise ConfigError("the run has no test table: name a file, or train with data.test")

    (path,) = recipes.corpora(task).locate(run.corpus, [run.test])
    return read_table(path)
