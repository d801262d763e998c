"""A translator of another program, written as a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from ... import __version__, recipes
from ...config import to_plain
from ...data.aside import new_folder
from ...data.files import open_up
from ...errors import DataError
from ...parsing import to_json
from ...training import checkpoint
from ..languages import check_language
from ..tokenizers import save_tokenizers
from .foreign import Dtype, Foreign

CARD = "README.md"


def write_run(
    foreign: Foreign, folder: Path, *, source: str, dtype: Dtype = "float32", to: str = ""
) -> None:
    """Write a run folder with the model, its tokenizers and its card; `source` is where it is from.

    A name that ends in ".zip" makes it a zip file. `to` is the language that it translates into, of
    those of a multilingual model. Raises `ConfigError` for one that the model has not, `DataError`
    if vocabulary and weights do not fit, or for weights that are no numbers or that `dtype` cannot
    hold, `CheckpointError` if `folder` exists or cannot be written; then nothing is left of it.
    """
    foreign.check()
    check_language(to, foreign.tokenizers.source)
    with new_folder(folder) as part:
        _write(foreign, part, source, dtype, to)


def _write(foreign: Foreign, folder: Path, source: str, dtype: Dtype, to: str) -> None:
    state = _in_type(foreign, dtype)
    save_file(state, folder / checkpoint.MODEL)
    open_up(folder / checkpoint.MODEL)
    parameters = sum(array.size for array in state.values())
    save_tokenizers(folder, foreign.tokenizers)

    meta = to_json(_meta(foreign, source, to), indent=2)
    (folder / checkpoint.META).write_text(meta + "\n", encoding="utf-8")
    (folder / CARD).write_text(_card(foreign, source, parameters, to), encoding="utf-8")


def _in_type(foreign: Foreign, dtype: Dtype) -> dict[str, NDArray[Any]]:
    """The state in `dtype`."""
    largest = np.finfo(dtype).max
    state: dict[str, NDArray[Any]] = {}
    for name, array in foreign.state().items():
        if np.abs(array).max() > largest:
            raise DataError(
                f"{name} has numbers that {dtype} cannot hold (up to {largest:.0f}): take --dtype "
                "float32"
            )
        state[name] = array.astype(dtype, copy=False)
    return state


def _meta(foreign: Foreign, source: str, to: str) -> dict[str, Any]:
    config = recipes.complete({**foreign.config(), "search": {"to": to}}, source)
    return {
        "format": checkpoint.FORMAT,
        "seqkit": __version__,
        "imported": {"format": foreign.format, "source": source},
        "config": to_plain(config),
        "dims": foreign.dims(),
        "metrics": {},
    }


def _card(foreign: Foreign, source: str, parameters: int, to: str) -> str:
    weights = foreign.weights
    lines = [
        f"# {Path(source).name}",
        "",
        "| | |",
        "|---|---|",
        f"| from | {source} ({foreign.format}) |",
        f"| languages | {_languages(foreign, to)} |",
        f"| model | Transformer, {len(weights.encoder)} + {len(weights.decoder)} layers of "
        f"{weights.width}, {parameters:,} parameters |",
        f"| vocabulary | {len(foreign.source.tokens):,} source tokens, "
        f"{len(foreign.target.tokens):,} target tokens |",
    ]
    own = foreign.card.strip() or "The model says nothing of its licence: ask where it is from."
    return "\n".join([*lines, "", "## What it says of itself", "", own, ""])


def _languages(foreign: Foreign, to: str) -> str:
    said = " to ".join(foreign.languages) if foreign.languages else "not said"
    choices = sorted(foreign.tokenizers.source.language_tags)
    if len(choices) < 2:
        return said
    chosen = f", {to} unless another is chosen" if to else ""
    return f"{said}; --to {', '.join(choices)}{chosen}"
