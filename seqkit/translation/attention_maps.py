"""An explanation as a heat map, or as a table in a terminal.

Shapes: T tokens of the translation, S of the source.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..drawing.heatmaps import HeatMap, draw_heat_maps

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text
    from torch import Tensor

    from .explain import Explanation

_DARK = 0.6  # weights above it are written in white


def draw(explanation: Explanation, path: Path) -> None:
    """Draw source against translation: the mean of all heads, and each head if there are several.

    Raises ValueError without attention.
    """
    mean = explanation.mean_attention.tolist()
    heads = _heads(explanation.attention)
    several = len(heads) > 1

    draw_heat_maps(
        path,
        HeatMap("mean of all heads" if several else "attention", mean),
        row_labels=explanation.target,
        column_labels=explanation.source,
        parts=heads if several else [],
    )


def _heads(attention: Tensor | None) -> list[HeatMap]:
    """Every head of (layers, heads, T, S), with its name."""
    maps: list[HeatMap] = []
    layers = [] if attention is None else attention.tolist()
    for number, layer in enumerate(layers, 1):
        for head, weights in enumerate(layer, 1):
            maps.append(HeatMap(f"layer {number}, head {head}", weights))
    return maps


def table_of(explanation: Explanation) -> Table:
    """A table for the terminal with a row for each output token.

    It shows the token's probability, how much it attends to each source token, and the runners-up.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1), header_style="bold")
    table.add_column("output", no_wrap=True)
    table.add_column("p", justify="right", no_wrap=True)
    attended = explanation.source if explanation.attention is not None else []
    for token in attended:
        table.add_column(Text(token), justify="center", no_wrap=True)
    table.add_column("or", no_wrap=True)

    weights = _weights(explanation)
    for place, token in enumerate(explanation.target):
        probability = f"{explanation.probabilities[place]:.2f}"
        shades = [_shade(weight) for weight in weights[place]]
        others = _runners_up(explanation.runners_up[place])
        table.add_row(Text(token), probability, *shades, others)
    return table


def _weights(explanation: Explanation) -> Sequence[Sequence[float]]:
    """Mean attention, a row for each output token; empty rows without attention."""
    if explanation.attention is None:
        return [[] for _ in explanation.target]
    rows: list[list[float]] = explanation.mean_attention.tolist()
    return rows


def _runners_up(candidates: Sequence[tuple[str, float]]) -> Text:
    from rich.text import Text

    return Text("  ".join(f"{token} {probability:.2f}" for token, probability in candidates))


def _shade(weight: float) -> str:
    """A percentage in rich's markup, on a ground that is the darker the higher it is."""
    grey = round(255 - 175 * min(1.0, weight))
    colour = "white" if weight > _DARK else "black"
    return f"[{colour} on rgb({grey},{grey},255)]{100 * weight:3.0f} [/]"
