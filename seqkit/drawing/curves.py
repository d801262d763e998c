"""Learning curves of a run, from its log.jsonl."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import ConfigError, DataError, reason
from .canvas import figures, save

_OF = {
    "gradient": "gradient norm",
    "dead": "share of ReLU units that never fire",
}  # figures of a layer
_SMOOTH = 50  # points of the training loss that are left, each a mean


class Log(NamedTuple):
    """The events of a run."""

    updates: list[dict[str, Any]]
    evaluations: list[dict[str, Any]]


def read(path: Path) -> Log:
    """The events in a log; a last line that a crash has torn is left out. Raises `DataError` naming file and line."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}: give a run folder") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is damaged: not UTF-8") from None
    log = Log([], [])
    for number, line in enumerate(lines[:-1], 1):
        try:
            event = json.loads(line)
            {"updated": log.updates, "evaluated": log.evaluations}[event["event"]].append(event)
        except (ValueError, KeyError, TypeError):
            raise DataError(f"{path}:{number}: no event of a training run") from None
    if not log.updates:
        raise DataError(f"{path} holds no update yet: there is nothing to draw")
    return log


def smoothed(updates: list[dict[str, Any]], key: str) -> tuple[list[float], list[float]]:
    """Steps and means of `key` over runs of updates, so that a curve can be seen through the noise."""
    size = max(1, len(updates) // _SMOOTH)
    parts = [updates[i : i + size] for i in range(0, len(updates) - size + 1, size)]
    steps = [sum(event["step"] for event in part) / len(part) for part in parts]
    return steps, [sum(event[key] for event in part) / len(part) for part in parts]


def draw(log: Log, path: Path, *, title: str) -> None:
    """Training loss, every validation figure, learning rate and gradient norm against the step."""
    names = list(dict.fromkeys(name for event in log.evaluations for name in event["metrics"]))
    picture, axes = figures(2, 2, title=title)
    axes[0].plot(*smoothed(log.updates, "loss"), label="training loss, nats per target")
    for name in names:
        points = [
            (event["step"], event["metrics"][name])
            for event in log.evaluations
            if name in event["metrics"]
        ]
        axes[1].plot(*zip(*points, strict=True), marker="o", markersize=3, label=f"valid {name}")
    best = [event["step"] for event in log.evaluations if event["best"]]
    if best:
        axes[1].axvline(
            best[-1], color="grey", linewidth=0.8, linestyle=":", label=f"best, step {best[-1]}"
        )
    axes[2].plot(
        [event["step"] for event in log.updates],
        [event["lr"] for event in log.updates],
        label="learning rate",
    )
    axes[3].plot(*smoothed(log.updates, "grad_norm"), label="gradient norm")
    for part in axes:
        part.set_xlabel("step")
        if part.get_legend_handles_labels()[0]:
            part.legend()
    values = [value for event in log.evaluations for value in event["metrics"].values()]
    if values and min(values) > 0 and max(values) > 20 * min(values):
        axes[1].set_yscale("log")
    save(picture, path)


def draw_layers(log: Log, path: Path, *, title: str) -> None:
    """Every layer's gradient norm, and its share of dead ReLU units if it has any, against the step; dark to light
    from the first layer to the last.

    Raises `ConfigError` if the run did not watch its layers.
    """
    from matplotlib import colormaps

    watched = [event for event in log.evaluations if event.get("layers")]
    layers = {
        figure: dict.fromkeys(n for e in watched for n, of in e["layers"].items() if figure in of)
        for figure in _OF
    }
    shown = [figure for figure, names in layers.items() if names]
    if not shown:
        raise ConfigError("this run did not watch its layers: train it with --set train.watch=true")
    picture, axes = figures(1, len(shown), title=title)
    for part, figure in zip(axes, shown, strict=True):
        names = list(layers[figure])
        for i, name in enumerate(names):
            points = [
                (e["step"], e["layers"][name][figure])
                for e in watched
                if figure in e["layers"].get(name, {})
            ]
            colour = colormaps["viridis"](i / len(names))
            part.plot(
                *zip(*points, strict=True), marker="o", markersize=3, label=name, color=colour
            )
        part.set_xlabel("step")
        part.set_ylabel(_OF[figure])
        part.legend(fontsize=max(3, 9 - len(names) // 6), ncols=1 + len(names) // 20)
        part.set_yscale("log" if figure == "gradient" else "linear")
    save(picture, path)
