"""Learning curves of a run, from its log.jsonl."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ConfigError, DataError, reason
from ..parsing import json_of
from .canvas import figures, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Event = dict[str, Any]

_FIGURES_OF_LAYERS = {
    "gradient": "gradient norm",
    "dead": "share of ReLU units that never fire",
}
_NUMBERS = {"updated": ("step", "loss", "lr", "grad_norm"), "evaluated": ("step",)}
OF_TRAINING = "train_"  # before the name of a figure: the same on the training data
_POINTS = 50  # that are left of the training loss, each a mean


class Log(NamedTuple):
    """The events of a run."""

    updates: list[Event]
    evaluations: list[Event]

    def __repr__(self) -> str:
        return f"Log({len(self.updates)} updates, {len(self.evaluations)} evaluations)"


def read(path: Path) -> Log:
    """The events in a log, without a last line that a crash has torn.

    Raises `DataError` naming file and line.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}: give a run folder") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is damaged: not UTF-8") from None

    log = Log([], [])
    lists = {"updated": log.updates, "evaluated": log.evaluations}
    for number, line in enumerate(lines[:-1], 1):
        try:
            event = _event(line)
            lists[event["event"]].append(event)
        except (ValueError, LookupError, TypeError, AttributeError):
            raise DataError(f"{path}:{number}: not an event of a training run") from None

    if not log.updates:
        raise DataError(f"{path} has no updates yet: there is nothing to draw")
    return log


def _event(line: str) -> Event:
    """An event of a log with the numbers that are drawn; raises if they are no numbers."""
    event: Event = json_of(line)
    for key in _NUMBERS[event["event"]]:
        event[key] = _number(event[key])
    if event["event"] == "updated":
        return event

    event["best"] = bool(event["best"])
    if "loss" in event:
        event["loss"] = _number(event["loss"])
    event["metrics"] = _all_numbers(event["metrics"])
    if "layers" in event:
        layers = event["layers"].items()
        event["layers"] = {layer: _all_numbers(values) for layer, values in layers}
    return event


def _all_numbers(values: dict[str, Any]) -> dict[str, float]:
    return {name: _number(value) for name, value in values.items()}


def _number(value: Any) -> float:
    """A number of a log, in which null stands for infinity and for what is no number."""
    if value is None:
        return math.nan
    if not isinstance(value, int | float):
        raise TypeError
    return value


def smoothed(updates: Sequence[Event], key: str) -> tuple[list[float], list[float]]:
    """Steps and means of `key` over groups of updates: the curve without most of its noise."""
    count = len(updates)
    size = max(1, count // _POINTS)
    steps: list[float] = []
    means: list[float] = []

    for start in range(0, count - size + 1, size):
        group = updates[start : start + size]
        step = sum(event["step"] for event in group)
        value = sum(event[key] for event in group)
        steps.append(step / size)
        means.append(value / size)

    return steps, means


def draw(log: Log, path: Path, *, title: str) -> None:
    """Both losses, every validation figure, learning rate and gradient norm against the step."""
    picture, (loss, valid, rate, norm) = figures(2, 2, title=title)

    _draw_losses(loss, log)

    _draw_evaluations(valid, log.evaluations)

    steps = [event["step"] for event in log.updates]
    rates = [event["lr"] for event in log.updates]
    rate.plot(steps, rates, label="learning rate")

    steps, norms = smoothed(log.updates, "grad_norm")
    norm.plot(steps, norms, label="gradient norm")

    for axes in (loss, valid, rate, norm):
        axes.set_xlabel("step")
        handles, _ = axes.get_legend_handles_labels()
        if handles:
            axes.legend()

    save(picture, path)


def _draw_losses(axes: Axes, log: Log) -> None:
    """Training and validation loss on one axis.

    While both fall, the model still underfits; where the second rises, it overfits.
    """
    steps, losses = smoothed(log.updates, "loss")
    axes.plot(steps, losses, label="training loss per target")

    # Logs of earlier versions do not have it.
    having = [event for event in log.evaluations if "loss" in event]
    if having:
        steps = [event["step"] for event in having]
        losses = [event["loss"] for event in having]
        axes.plot(steps, losses, marker="o", markersize=3, label="validation loss per target")


def figures_of(evaluations: Sequence[Event]) -> list[str]:
    """The names of the figures in these evaluations, in their order."""
    names: dict[str, None] = {}
    for event in evaluations:
        names |= dict.fromkeys(event["metrics"])
    return list(names)


def with_twins(names: Sequence[str]) -> list[str]:
    """The figures that have a twin on the training data, and the twins; all if none has one.

    Others, perhaps of quite another size, would hide how far the two are apart.
    """
    twins = [name for name in names if OF_TRAINING + name in names]
    chosen = [name for name in names if name.removeprefix(OF_TRAINING) in twins]
    return chosen or list(names)


def _draw_evaluations(axes: Axes, evaluations: Sequence[Event]) -> None:
    """Every validation figure, and a line at the step of the best checkpoint.

    Beside a figure, its twin on the training data is dashed: `train_rmse` is that of `rmse`.
    """
    values: list[float] = []
    names = with_twins(figures_of(evaluations))
    colours = {name: f"C{place % 10}" for place, name in enumerate(names)}

    for name in names:
        having = [event for event in evaluations if name in event["metrics"]]
        steps = [event["step"] for event in having]
        figures = [event["metrics"][name] for event in having]

        twin = name.removeprefix(OF_TRAINING)
        is_twin = name != twin and twin in names
        label = f"training {twin}" if is_twin else f"validation {name}"
        colour = colours[twin] if is_twin else colours[name]
        style = "--" if is_twin else "-"
        axes.plot(steps, figures, style, marker="o", markersize=3, label=label, color=colour)
        values += figures

    best = [event["step"] for event in evaluations if event["best"]]
    if best:
        last = best[-1]
        label = f"best, step {last:,}"
        axes.axvline(last, color="grey", linewidth=0.8, linestyle=":", label=label)

    finite = [value for value in values if math.isfinite(value)]
    lowest = min(finite, default=0.0)
    highest = max(finite, default=0.0)
    if lowest > 0 and highest > 20 * lowest:
        axes.set_yscale("log")


def draw_layers(log: Log, path: Path, *, title: str) -> None:
    """Every layer's gradient norm and share of dead ReLU units, if it has any, against the step.

    Colours go from dark to light from the first layer to the last. Raises `ConfigError` if the run
    did not watch its layers.
    """
    watched = [event for event in log.evaluations if event.get("layers")]

    shown: dict[str, list[str]] = {}
    for figure in _FIGURES_OF_LAYERS:
        layers = _layers_with(watched, figure)
        if layers:
            shown[figure] = layers

    if not shown:
        raise ConfigError("this run did not watch its layers: train it with --set train.watch=true")

    count = len(shown)
    picture, all_axes = figures(1, count, title=title)
    picture.set_size_inches(9.0 * count, 5.0)  # with room for the names of layers

    for axes, (figure, layers) in zip(all_axes, shown.items(), strict=True):
        _draw_figure_of_layers(axes, watched, figure, layers)
    save(picture, path)


def _layers_with(watched: Sequence[Event], figure: str) -> list[str]:
    """The layers that have this figure, in their order."""
    names: dict[str, None] = {}
    for event in watched:
        having = [name for name, values in event["layers"].items() if figure in values]
        names |= dict.fromkeys(having)

    return list(names)


def _draw_figure_of_layers(
    axes: Axes, watched: Sequence[Event], figure: str, layers: list[str]
) -> None:
    from matplotlib import colormaps

    colours = colormaps["viridis"]
    for place, layer in enumerate(layers):
        having = [event for event in watched if figure in event["layers"].get(layer, {})]
        steps = [event["step"] for event in having]
        values = [event["layers"][layer][figure] for event in having]

        colour = colours(place / len(layers))
        axes.plot(steps, values, marker="o", markersize=3, label=layer, color=colour)

    axes.set_xlabel("step")
    axes.set_ylabel(_FIGURES_OF_LAYERS[figure])
    axes.set_yscale("log" if figure == "gradient" else "linear")
    # Beside the axes; more layers need a smaller font and more columns.
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(1, 1),
        fontsize=max(3, 9 - len(layers) // 8),
        ncols=1 + len(layers) // 30,
    )
