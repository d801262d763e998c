"""Attention of a translation as a picture, or as shades in a terminal.

Shapes: T tokens of the translation, S of the source.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..drawing.canvas import save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from rich.table import Table
    from torch import Tensor

    from .explain import Explanation

_COLUMNS = 4
_INCH = 0.32  # a token's
_LARGEST = 60.0  # inches; more tokens share it


def draw(look: Explanation, path: Path) -> None:
    """Source against output: the mean of all heads, and each head where there are several."""
    from matplotlib.figure import Figure

    assert look.attention is not None
    width, height = (
        min(_LARGEST, max(2.5, _INCH * len(tokens) + 1.5)) for tokens in (look.source, look.target)
    )
    heads = look.attention.flatten(0, 1)  # (layers * heads, T, S)
    rows = 0 if len(heads) == 1 else math.ceil(len(heads) / _COLUMNS)
    picture = Figure(
        figsize=(max(width, 6.0) if not rows else max(width, 9.0), height + 2.0 * rows),
        layout="constrained",
    )
    parts = (
        picture.subfigures(2, 1, height_ratios=[height, 2.0 * rows], squeeze=False)[:, 0]
        if rows
        else [picture]
    )
    axes = parts[0].add_subplot()
    _map(axes, look.mean_attention)
    axes.set_xticks(range(len(look.source)), look.source, rotation=60, ha="right", parse_math=False)
    axes.set_yticks(range(len(look.target)), look.target, parse_math=False)
    axes.set_title("mean of all heads" if rows else "attention", fontsize=10)
    parts[0].colorbar(axes.images[0], ax=axes, shrink=0.8)
    for part in parts[1:]:
        for i, (name, head) in enumerate(_named(look.attention)):
            small = part.add_subplot(rows, _COLUMNS, i + 1)
            _map(small, head)
            small.set_xticks([])
            small.set_yticks([])
            small.set_title(name, fontsize=8)
    save(picture, path)


def _named(attention: Tensor) -> Iterator[tuple[str, Tensor]]:
    for number, layer in enumerate(attention, 1):
        for head, weights in enumerate(layer, 1):
            yield f"layer {number}, head {head}", weights


def _map(axes: Axes, weights: Tensor) -> None:
    axes.imshow(
        weights.tolist(), cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest"
    )


def shaded(look: Explanation) -> Table:
    """A table for the terminal: a row for each output token, with its probability, what else it might have been,
    and how much it looks at each source token.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1), header_style="bold")
    table.add_column("output", no_wrap=True)
    table.add_column("p", justify="right", no_wrap=True)
    looks: Sequence[Sequence[float]] = [[] for _ in look.target]
    if look.attention is not None:
        looks = look.mean_attention.tolist()
        for token in look.source:
            table.add_column(Text(token), justify="center", no_wrap=True)
    table.add_column("or", no_wrap=True)
    rows = zip(look.target, look.probabilities, look.runners_up, looks, strict=True)
    for token, probability, others, weights in rows:
        also = "  ".join(f"{other} {value:.2f}" for other, value in others)
        table.add_row(
            Text(token), f"{probability:.2f}", *(_shade(weight) for weight in weights), Text(also)
        )
    return table


def _shade(weight: float) -> str:
    """A percentage on a ground that is the darker the higher it is."""
    grey = round(255 - 175 * min(1.0, weight))
    return (
        f"[{'white' if weight > 0.6 else 'black'} on rgb({grey},{grey},255)]{100 * weight:3.0f} [/]"
    )
