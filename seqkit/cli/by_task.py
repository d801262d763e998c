"""Commands that every task has: `seqkit evaluate -m RUN` and `seqkit predict -m RUN`.

The task of the model decides which command runs: the one registered as "TASK/evaluate" with options
of its own, or else a generic one over `seqkit.runs.predictor.Predictor`.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import click

from ..errors import ConfigError, hint
from ..plugins import components

_PICKLES = {".ckpt", ".pkl", ".pt", ".pth"}  # refused as such; *.bin may be an n-gram model
_SHIPPED = "translation"  # the task of the model that is used without -m


class CommandByTask(click.Command):
    """Passes all arguments on to the command for the task of the model that they name."""

    def __init__(
        self,
        verb: str,
        generic: click.Command,
        *,
        model_of: Callable[[Sequence[str]], str | None] | None = None,
    ) -> None:
        """`model_of` finds the model among the arguments; without it, it is the value of -m."""
        super().__init__(verb, help=generic.help)
        self.generic = generic
        self.model_of = model_of or model_in
        self.example = "RUN RUN" if model_of else "-m RUN"

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """The context of the command that is run; click then invokes that command."""
        model = self.model_of(args)
        task = _SHIPPED if model is None else task_of(model)
        command = self.command_for(task)

        if model is None:
            command = copy.copy(command)
            command.epilog = (
                f"These are the options for the task {task!r}, which the shipped model is for. "
                f"`seqkit {self.name} {self.example} --help` shows those for the task of RUN."
            )
        return command.make_context(info_name, args, parent, **extra)

    def command_for(self, task: str) -> click.Command:
        name = f"{task}/{self.name}"
        if name not in components().commands:
            return self.generic
        command: click.Command = components().commands.load(name)
        return command


def model_in(args: Sequence[str]) -> str | None:
    """The value of the first -m or --model; the command that is run reads it once more."""
    for argument, following in zip_longest(args, args[1:]):
        if argument == "--":
            return None
        if argument in ("-m", "--model"):
            return following
        for start in ("--model=", "-m"):
            if argument.startswith(start):
                return argument.removeprefix(start)
    return None


def task_of(model: str) -> str:
    """The task of a model: whatever can be opened, or an n-gram model's file."""
    from ..runs.ensembles import first_of
    from ..runs.imported import is_packed_model

    model = first_of(model)
    path = Path(model)
    is_file = path.is_file() and path.suffix not in _PICKLES
    if is_file and not is_packed_model(path):  # an n-gram model
        return "language-modelling"

    from ..runs.open import config_of

    config, _ = config_of(model)
    return config.task


def check_settings(method: Callable[..., Any], settings: Mapping[str, Any], option: str) -> None:
    """Raise `ConfigError` for a setting that a predictor's method does not take."""
    parameters = inspect.signature(method).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return  # it checks them itself

    known = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    for name in settings:
        if name not in known:
            raise ConfigError(f"{option}: unknown key {name!r}.{hint(name, known)}")
