"""Training on examples in memory, by the recipe and the files that a command would have."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import tomli_w

from ..data.cache import caching_in
from ..errors import DataError
from ..runs.open import open_run
from ..runs.start import train


class Examples(NamedTuple):
    """Training examples as a file would have them."""

    text: str
    name: str  # of the file, whose ending says its format
    what: str  # they are called in errors


def train_on(
    examples: Examples,
    recipe: Callable[[Path], dict[str, Any]],
    *,
    task: str,
    out: str | Path | None,
    overrides: Mapping[str, Any] | None,
    device: str,
) -> Any:
    """Train by the recipe for a file of the examples, and return the predictor.

    Without `out`, the run folder is gone when this returns. Raises as `seqkit.train`.
    """
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / examples.name
        data.write_text(examples.text, encoding="utf-8", newline="\n")
        path = Path(folder) / "recipe.toml"
        path.write_text(tomli_w.dumps(recipe(data)), encoding="utf-8")

        run = Path(folder) / "run" if out is None else Path(out)
        with _naming(data, examples.what), caching_in(Path(folder) / "cache"):
            train(path, out=run, overrides=dict(overrides or {}), device=device, task=task)
        return open_run(run, device=device, task=task)


@contextmanager
def _naming(path: Path, what: str) -> Iterator[None]:
    """Errors name the examples in place of a file that nobody has seen."""
    try:
        yield
    except DataError as error:
        raise DataError(str(error).replace(str(path), what)) from None
