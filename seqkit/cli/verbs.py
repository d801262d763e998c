"""`seqkit explain` and `seqkit compare`: what only some tasks can do.

Each task that can registers "TASK/explain" or "TASK/compare"; the model decides which one runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, takewhile
from pathlib import Path

import click

from ..errors import ConfigError
from ..plugins import components
from .by_task import CommandByTask, model_in, task_of


def first_run(args: Sequence[str]) -> str | None:
    """The first argument that is a run folder, or several; None if there is none.

    Raises `CheckpointError` for models that are not there, before their task is guessed.
    """
    from ..runs.ensembles import first_of

    folders = (name for name in args if not name.startswith("-") and Path(first_of(name)).is_dir())
    found = next(folders, None)
    if found is None:
        _check_models(args)
    return found


def _check_models(args: Sequence[str]) -> None:
    from ..runs.ensembles import members_of
    from ..runs.finding import find
    from ..runs.hub import is_hub_name

    names = list(takewhile(lambda argument: not argument.startswith("-"), args))
    if len(names) < 2:
        return  # which is a usage error
    for name in chain.from_iterable(members_of(name) or [name] for name in names):
        if not Path(name).exists() and not is_hub_name(name):
            find(name)


def _refused(
    verb: str, help: str, model_of: Callable[[Sequence[str]], str | None]
) -> click.Command:
    """What runs for a task without that verb: one clear line."""

    @click.command(
        verb,
        help=help,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        add_help_option=False,
    )
    @click.pass_context
    def refuse(context: click.Context) -> None:
        suffix = f"/{verb}"
        names = [entry.name for entry in components().commands]
        tasks = [name.removesuffix(suffix) for name in names if name.endswith(suffix)]

        model = model_of(context.args)
        task = f"{model} is a model for {task_of(model)!r}: " if model else ""
        raise ConfigError(f"{task}seqkit {verb} is for models for {', '.join(sorted(tasks))}")

    return refuse


explain = CommandByTask(
    "explain", _refused("explain", "Explain what a model's answer rests on.", model_in)
)
compare = CommandByTask(
    "compare",
    _refused("compare", "Compare two models on a test set.", first_run),
    model_of=first_run,
)
