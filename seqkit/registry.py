"""Names for what plugins may add, and the door through which they add them.

A registry maps a name to an import path, not to an object: listing the names imports nothing, and
registering one can never close an import cycle.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from .errors import SeqkitError, UnknownName, hint


@dataclass(frozen=True)
class Entry:
    name: str
    target: str  # "package.module:attribute"
    provider: str  # who registered it: "seqkit", or a plugin's distribution
    help: str
    opener: str = ""  # of a task, in the same form: what opens its runs without torch

    def load(self) -> Any:
        """Import the target; raises `SeqkitError` naming the plugin whose target does not load."""
        return self._load(self.target)

    def load_opener(self) -> Any:
        """Import the opener, or return None if there is none; raises as `load`."""
        return self._load(self.opener) if self.opener else None

    def _load(self, target: str) -> Any:
        path, _, attribute = target.partition(":")
        try:
            module = importlib.import_module(path)
            return getattr(module, attribute)
        except SeqkitError:
            raise
        except (Exception, SystemExit) as error:
            if self.provider == _OWN:
                raise  # a bug: let it show
            raise SeqkitError(
                f"plugin {self.provider}: {self.name!r} ({target}) does not load: {told(error)}"
            ) from error


_OWN = "seqkit"
_LONGEST = 200  # characters of another program's error


def told(error: BaseException) -> str:
    """The kind of an error of another program and its first line, whatever the error is."""
    kind = type(error).__name__
    try:
        text = str(error)
    except Exception:  # it cannot even say what it is
        return kind

    line = text.strip().partition("\n")[0]
    if len(line) > _LONGEST:
        line = f"{line[:_LONGEST]}…"
    return f"{kind}: {line}" if line else kind


class Registry:
    """The known names of one kind, for example all models."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Entry] = {}

    def add(self, entry: Entry) -> None:
        """Register `entry`.

        Raises `SeqkitError` for what is no name or no target, and naming both providers if the name
        is taken.
        """
        _check_entry(self.kind, entry)
        old = self._entries.get(entry.name)
        if old is not None:
            first = f"by {old.provider} ({old.target})"
            second = f"by {entry.provider} ({entry.target})"
            raise SeqkitError(
                f"{self.kind} {entry.name!r} is registered twice: {first} and {second}"
            )

        self._entries[entry.name] = entry

    def __getitem__(self, name: str) -> Entry:
        try:
            return self._entries[name]
        except KeyError:
            suggestion = hint(name, self._entries)
            raise UnknownName(f"no {self.kind} {name!r}.{suggestion}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[Entry]:
        names = sorted(self._entries)
        return iter([self._entries[name] for name in names])

    def load(self, name: str, task: str | None = None) -> Any:
        """Import the object registered under `name`; raises `UnknownName` with a suggestion.

        With `task`, "TASK/NAME" comes before NAME.
        """
        return self[self.full_name(name, task)].load()

    def full_name(self, name: str, task: str | None = None) -> str:
        """The name that `name` stands for in a config of `task`: "TASK/NAME" if there is one."""
        own = f"{task}/{name}"
        return own if own in self._entries else name


def _check_entry(kind: str, entry: Entry) -> None:
    """Raise `SeqkitError` for what listings cannot show and nobody could ask for."""
    name: Any = entry.name
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise SeqkitError(f"{kind} {name!r} has no name that can be asked for: give a short word")
    if kind == "command" and (name.startswith("-") or len(name.split()) > 1):
        raise SeqkitError(f"command {name!r} cannot be called: give one word")

    target: Any = entry.target
    path, _, attribute = target.partition(":") if isinstance(target, str) else ("", "", "")
    if not path or not attribute:
        raise SeqkitError(
            f"{kind} {name!r}: its target is {type(target).__name__} {target!r}, and must be an "
            'import path such as "package.module:Name"'
        )
    if not isinstance(entry.help, str):
        raise SeqkitError(f"{kind} {name!r}: its help is not a string")


@dataclass(frozen=True)
class Components:
    """Every registered name, one registry per kind, and the plugins that failed to load."""

    models: Registry = field(default_factory=lambda: Registry("model"))
    tasks: Registry = field(default_factory=lambda: Registry("task"))
    services: Registry = field(default_factory=lambda: Registry("service"))
    tokenizers: Registry = field(default_factory=lambda: Registry("tokenizer"))
    metrics: Registry = field(default_factory=lambda: Registry("metric"))
    rules: Registry = field(default_factory=lambda: Registry("rule"))
    importers: Registry = field(default_factory=lambda: Registry("importer"))
    corpora: Registry = field(default_factory=lambda: Registry("corpus"))
    recipes: Registry = field(default_factory=lambda: Registry("recipes"))
    commands: Registry = field(default_factory=lambda: Registry("command"))
    checks: Registry = field(default_factory=lambda: Registry("check"))
    broken: dict[str, BaseException] = field(default_factory=dict)

    def registries(self) -> list[Registry]:
        values = [getattr(self, field.name) for field in fields(self)]
        return [value for value in values if isinstance(value, Registry)]


@dataclass(frozen=True)
class Plugin:
    """What a plugin's register function receives: one method for each kind of thing it can add.

    Every method takes `name`, by which people ask for it; `target`, the import path
    "package.module:attribute", which is imported when the name is first used; and `help`, one line
    that listings show. Test a whole plugin with `seqkit.testing.check_plugin`.
    """

    provider: str
    into: Components

    def model(self, name: str, target: str, help: str) -> None:
        """Add a model for `model.name` in a config.

        A `torch.nn.Module` class with two class attributes: `Config`, a dataclass made by
        `seqkit.config.section`, and `presets`, a dict from a preset's name to values for `Config`.
        It is made as `Model(config, **dims)`; the keyword arguments are the sizes that the task
        derives from its data, such as `vocab`. Name its last layer `output`, so that
        `optim.output_rate` and `optim.freeze` find it; an attribute `fast_bf16 = True` says
        that bf16 is faster on CPUs that have it. What else a task asks of its models is a
        Protocol, `contract` of the task class: `seqkit.translation.models.contract`,
        `seqkit.language.models.contract`. `help` should name the paper. Test the model with
        `seqkit.testing.check_model`. A name of the form "TASK/NAME" is `NAME` in configs of that
        task only, so that two domains can each have a model of that name.
        """
        entry = Entry(name, target, self.provider, help)
        self.into.models.add(entry)

    def task(self, name: str, target: str, help: str, *, opener: str = "") -> None:
        """Add a task for `task` in a config: a class that follows `seqkit.training.Task`.

        Its `open` returns a `seqkit.runs.predictor.Predictor`, which is what `seqkit.load`,
        `seqkit predict` and `seqkit evaluate` work with. Test it with `seqkit.testing.check_task`.

        `opener` is the import path of a function that `seqkit.load` asks first, so that runs which
        need no torch are opened without: `opener(step_folder, meta, device=…, engine=…, compute=…)`
        returns a predictor, or None to leave it to `open`. Without one, a task has no engine but
        torch.
        """
        entry = Entry(name, target, self.provider, help, opener)
        self.into.tasks.add(entry)

    def service(self, name: str, target: str, help: str) -> None:
        """Add what `seqkit serve` offers of models of the task `name`: a `seqkit.services.Service`.

        Without one, models of a task cannot be served.
        """
        entry = Entry(name, target, self.provider, help)
        self.into.services.add(entry)

    def tokenizer(self, name: str, target: str, help: str) -> None:
        """Add a tokenizer for `text.tokenizer` in a config, and for `--tokenizer`.

        A class that follows `seqkit.text.TokenizerModel` and is made without arguments, or one that
        follows `seqkit.text.TrainedTokenizerModel`. Test it with `seqkit.testing.check_tokenizer`.
        """
        entry = Entry(name, target, self.provider, help)
        self.into.tokenizers.add(entry)

    def metric(self, name: str, target: str, help: str) -> None:
        """Add a metric of output texts against references.

        It serves `--metric` and `data.goal` of translators: an object that follows
        `seqkit.metrics.TextMetric`. Test it with `seqkit.testing.check_metric`.
        """
        entry = Entry(name, target, self.provider, help)
        self.into.metrics.add(entry)

    def rule(self, name: str, target: str, help: str) -> None:
        """Add a rule of the search.

        `--search rules.NAME=VALUE` and `rules = {NAME = VALUE}` in [search] switch it on. A
        callable that takes the target `seqkit.text.Tokenizer` and VALUE and returns a
        `seqkit.search.Rule`. It raises `seqkit.errors.ConfigError` for a value it cannot use.
        """
        entry = Entry(name, target, self.provider, help)
        self.into.rules.add(entry)

    def importer(self, name: str, target: str, help: str) -> None:
        """Add a reader of another program's models: a `seqkit.runs.imported.Importer`.

        `seqkit import`, and whatever opens a model, ask each importer whether a path is its kind.
        """
        entry = Entry(name, target, self.provider, help)
        self.into.importers.add(entry)

    def corpus(self, name: str, target: str, help: str) -> None:
        """Add a corpus: a function without arguments that returns a `seqkit.data.corpora.Card`."""
        entry = Entry(name, target, self.provider, help)
        self.into.corpora.add(entry)

    def recipes(self, name: str, target: str, help: str) -> None:
        """Add recipes: a function without arguments that returns their folder as a `Path`.

        The recipe CORPUS/NAME is the file CORPUS/NAME.toml in it.
        """
        entry = Entry(name, target, self.provider, help)
        self.into.recipes.add(entry)

    def command(self, name: str, target: str, help: str) -> None:
        """Add a click command, shown as `seqkit NAME`.

        A name of the form "TASK/evaluate" or "TASK/predict" is not shown: `seqkit evaluate -m RUN`
        and `seqkit predict -m RUN` run it for models of that task, with all arguments, so that a
        domain can have options of its own there. So do `seqkit explain -m RUN` and `seqkit compare
        RUN RUN`, which are only for tasks that have "TASK/explain" and "TASK/compare".
        """
        entry = Entry(name, target, self.provider, help)
        self.into.commands.add(entry)

    def check(self, name: str, target: str, help: str) -> None:
        """Add a check for `seqkit doctor`: a function without arguments that returns a line.

        It raises if something is wrong.
        """
        entry = Entry(name, target, self.provider, help)
        self.into.checks.add(entry)
