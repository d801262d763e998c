"""The options of `train` and `folds`, as config keys."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from seqkit import recipes
from seqkit.cli.by_task import task_of
from seqkit.cli.options import PATH, RunOptions, as_one, together, training_options
from seqkit.errors import ConfigError

DEFAULT = "tabular"  # its recipe is the task's: tabular/regression or tabular/classification
TASKS = ("regression", "classification")


@dataclass(frozen=True)
class Asked:
    """What is to be trained, by the options of `train` and `folds`."""

    config: str
    data: Path | None
    target: str | None
    task: str | None
    model: str | None
    log: bool
    ignore: tuple[str, ...]

    def chosen(self, options: RunOptions) -> tuple[str, dict[str, Any]]:
        """The recipe to train by, and the settings that the options stand for."""
        settings = self._settings() | options.settings()
        if self.config != DEFAULT:
            found = _task_of(self.config)
            if self.task not in (None, found):
                raise ConfigError(
                    f"{self.config} is a recipe for {found}: leave --task {self.task} out"
                )
            return self.config, settings

        if not settings.get("data.train"):
            raise ConfigError("give a table with --data, or a recipe: `seqkit config` lists them")
        task, why = (self.task, "") if self.task else _guessed(settings)
        if self.model is not None:
            _check_model(self.model, task)
        if why:
            click.echo(why, err=True)
        return f"{DEFAULT}/{task}", settings

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {}
        if self.data is not None:
            train = {"data.train": str(self.data)}
            settings |= {"data.corpus": "", **train, "data.valid": "", "data.test": ""}
        if self.target is not None:
            settings["data.target"] = self.target
        if self.model is not None:
            settings["model.name"] = self.model
        if self.log:
            settings["data.log"] = True
        if self.ignore:
            settings["data.ignore"] = list(self.ignore)
        return settings

    @property
    def folder(self) -> Path:
        """Where the run goes without --out: a name made of the recipe, the table and the model."""
        parts = [self.config.replace("/", "-").removesuffix(".toml")]
        if self.data is not None:
            parts.append(self.data.name.partition(".")[0])
        if self.model is not None:
            parts.append(self.model)
        return Path("runs") / "-".join(parts)


table_options = together(
    click.argument("config", default=DEFAULT),
    click.option("--data", type=PATH, help="The table: a CSV or Parquet file."),
    click.option("--target", metavar="COLUMN", help="What to predict; else the last column."),
    click.option(
        "--task",
        type=click.Choice(TASKS),
        help="Numbers or classes; else what the target looks like.",
    ),
    click.option("--model", help="mlp, linear-regression, logistic- or softmax-regression."),
    click.option("--log", is_flag=True, help="Learn the logarithm of the target."),
    click.option(
        "--ignore", multiple=True, metavar="COLUMN", help="Leave a column out; may be repeated."
    ),
    as_one("asked", Asked),
    training_options,
)


def _check_model(model: str, task: str) -> None:
    """Raise `ConfigError` for a model of the other task, naming the way to have it."""
    other = _other(task)
    if model in recipes.models_for(other) and model not in recipes.models_for(task):
        known = ", ".join(recipes.models_for(task))
        raise ConfigError(
            f"{model} is a model for {other}, and this is {task}: take {known}, or --task {other}"
        )


def _other(task: str) -> str:
    return next(name for name in TASKS if name != task)


def _task_of(config: str) -> str:
    from seqkit.config import from_plain, read

    path = recipes.find(config)
    return from_plain(read(path), str(path)).task


def _guessed(settings: dict[str, Any]) -> tuple[str, str]:
    """The task that the target of a table looks made for, and why."""
    from ..data_config import MISSING
    from ..reading import read_table
    from ..targets import looks_like

    table = read_table(Path(settings["data.train"]))
    target = settings.get("data.target") or str(table.frame.columns[-1])
    task, why = looks_like(table, target, settings.get("data.missing", MISSING))
    return task, f"{task}: {target!r} {why} (--task {_other(task)} for the other)"


def open_model(model: Path, device: str) -> Any:
    """The predictor of a run folder; raises `ConfigError` for a model of another domain."""
    import seqkit

    from ..predictor import ClassPredictor, NumberPredictor

    predictor = seqkit.load(model, device=device)
    if not isinstance(predictor, NumberPredictor | ClassPredictor):
        raise ConfigError(
            f"{model} is a model for {task_of(str(model))!r}: this command needs one for tables, "
            f"{' or '.join(TASKS)}"
        )
    return predictor
