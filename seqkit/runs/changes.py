"""What may change when a run is resumed: how long, how often, and where its data is.

The data itself may not. It is known by content: a checkpoint holds a digest of each of its sources.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..config import OptimConfig, RunConfig, TrainConfig, on_resume, to_plain
from ..data.files import shown
from ..errors import CheckpointError, ConfigError
from ..plugins import components
from ..training import checkpoint
from ..training.optim import learning_rate
from ..training.task import Task
from ..training.trainer import Trainer

DIGESTS = "digests"
_ABOUT = "about"


def digests_of(task: Task) -> dict[str, str]:
    """The digest of each source of a task's data; none if the task is no `HasDigests`."""
    digests: Callable[[], Mapping[str, str]] | None = getattr(task, "digests", None)
    return dict(digests()) if digests else {}


def check_same_config(before: RunConfig, now: RunConfig, last: Path) -> list[str]:
    """Refuse to resume the step folder `last` with settings that change what is trained.

    Returns a note on each place of data that has changed.
    """
    notes: list[str] = []
    for key, old, new in _differences(to_plain(before), to_plain(now)):
        may_change = _on_resume(key, now.task)
        if may_change == "any":
            continue
        if may_change == "place" and _knows_its_data(last, now.task):
            was, is_now = (_shown(value) for value in (old, new))
            notes.append(f"{key} was {was!r} and is now {is_now!r}: the data is the same")
            continue

        unknown = ", and this run does not know its data by content" if may_change else ""
        raise ConfigError(
            f"cannot resume {last.parent}: {key} was {old!r} and is now {new!r}{unknown}. "
            "Set it back, or train into another --out."
        )
    return notes + _notes_on_rate(before, now, last)


def _notes_on_rate(before: RunConfig, now: RunConfig, last: Path) -> list[str]:
    """Say what happens to a rate that falls to 0 at `train.steps` when these have changed."""
    optim, old, new = now.optim, before.train.steps, now.train.steps
    if optim.decay not in ("linear", "cosine") or old == new:
        return []
    step, _ = checkpoint.age(last)
    would_be = learning_rate(optim, step, steps=old)
    will_be = learning_rate(optim, step, steps=new)
    shown = told_apart(will_be, would_be)
    return [
        f"train.steps was {old:,} and is now {new:,}: the learning rate ({optim.decay} decay) goes "
        f"on with {shown}, and falls to 0 at step {new:,}"
    ]


def told_apart(now: float, before: float) -> str:
    """Two rates with three digits, or as many as tell them apart."""
    for digits in range(3, 18):
        shown, other = f"{now:.{digits}g}", f"{before:.{digits}g}"
        if shown != other:
            return f"{shown} instead of {other}"
    return f"{now:.3g}, as before"


def check_same_data(trainer: Trainer, last: Path, meta: Mapping[str, Any]) -> None:
    """Refuse to resume the step folder `last` with other data than it was trained on."""
    before = meta.get(DIGESTS, {})
    if not isinstance(before, dict):
        raise _damaged(last, DIGESTS)

    now = digests_of(trainer.task)
    if not before or not now:
        _check_same_numbers(trainer.task, last, meta)
        return

    changed = [
        name for name in sorted(before.keys() | now.keys()) if before.get(name) != now.get(name)
    ]
    if changed:
        verb = "have" if len(changed) > 1 or changed[0].endswith("s") else "has"
        raise CheckpointError(
            f"cannot resume {last.parent}: the {' and the '.join(changed)} {verb} changed "
            f"({_places(meta)}). Put back what was there, or train into another --out, "
            f"with --init {last.parent}."
        )


def _check_same_numbers(task: Task, last: Path, meta: Mapping[str, Any]) -> None:
    """Without digests: refuse data that is described with other numbers.

    An earlier version may have put them in other words.
    """
    description = task.describe()
    before = meta.get(_ABOUT, description)
    if not isinstance(before, list) or not all(isinstance(line, str) for line in before):
        raise _damaged(last, _ABOUT)
    if _numbers(before) != _numbers(description):
        raise CheckpointError(
            f"cannot resume {last.parent}: the data has changed. It was {'; '.join(before)}; "
            f"it is {'; '.join(description)}. Train into another --out, with --init {last.parent}."
        )


def _numbers(description: list[str]) -> list[str]:
    """The numbers in the lines of `Task.describe`, in order."""
    return re.findall(r"\d+", " ".join(description))


def _places(meta: Mapping[str, Any]) -> str:
    """Where the data was: "data.train = ['/data/train.de', '/data/train.en']"."""
    config = meta.get("config", {})
    found: list[str] = []
    for section, values in config.items():
        if not isinstance(values, dict):
            continue
        for name, value in values.items():
            key = f"{section}.{name}"
            if value and _on_resume(key, config.get("task", "")) == "place":
                found.append(f"{key} = {_shown(value)!r}")
    return ", ".join(found)


def _shown(place: Any) -> Any:
    """Files as messages name them; of a table, such as one of several sources, only its files."""
    match place:
        case str():
            return shown(place)
        case dict():
            return [_shown(file) for part in ("train", "valid") for file in place.get(part, ())]
        case list():
            return [_shown(each) for each in place]
        case _:
            return place


def _differences(before: dict[str, Any], now: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """("section.key", old value, new value) of every key that differs."""
    for name in sorted(before.keys() | now.keys()):
        old = before.get(name)
        new = now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            for key, was, is_now in _differences(old, new):
                yield f"{name}.{key}", was, is_now
        elif old != new:
            yield name, old, new


def _on_resume(key: str, task: str) -> str:
    """What may happen to "section.key" when a run is resumed; see `config.setting`."""
    section, _, name = key.partition(".")
    sections = {
        "optim": OptimConfig,
        "train": TrainConfig,
        **components().tasks.load(task).sections,
    }
    return on_resume(sections.get(section), name)


def _knows_its_data(last: Path, task: str) -> bool:
    """Whether data in another place can be compared with that of a checkpoint."""
    task_class = components().tasks.load(task)
    return bool(checkpoint.read_meta(last).get(DIGESTS)) and hasattr(task_class, "digests")


def _damaged(last: Path, key: str) -> CheckpointError:
    return CheckpointError(f"cannot resume {last}: `{key}` in {checkpoint.META} is damaged")
