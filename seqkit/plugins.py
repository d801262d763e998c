"""Find components: the built-in ones and those of installed plugins.

A plugin is a distribution with an entry point in the group "seqkit.plugins" that names a function
taking a `Plugin`. The built-in names are registered by the very same kind of function
(`seqkit.builtin:register`), so the plugin door is the only door and every test goes through it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from importlib.metadata import entry_points

from . import builtin
from .registry import Entry, Registry

GROUP = "seqkit.plugins"


@dataclass(frozen=True)
class Components:
    """Every registered name, one registry a kind; and the plugins that failed, with their error."""

    models: Registry = field(default_factory=lambda: Registry("model"))
    tasks: Registry = field(default_factory=lambda: Registry("task"))
    tokenizers: Registry = field(default_factory=lambda: Registry("tokenizer"))
    corpora: Registry = field(default_factory=lambda: Registry("corpus"))
    recipes: Registry = field(default_factory=lambda: Registry("recipes"))
    commands: Registry = field(default_factory=lambda: Registry("command"))
    checks: Registry = field(default_factory=lambda: Registry("check"))
    broken: dict[str, Exception] = field(default_factory=dict)

    def registries(self) -> list[Registry]:
        return [value for f in fields(self) if isinstance(value := getattr(self, f.name), Registry)]


@dataclass(frozen=True)
class Plugin:
    """What a plugin's register function is handed. `target` is always "package.module:attribute"."""

    provider: str
    into: Components

    def model(self, name: str, target: str, help: str) -> None:
        """A torch module class with a `Config` dataclass and `presets`, made as `Model(config, **dims)`.

        `dims` are the sizes that the data decides, which tell the tasks apart. Its last layer is called `output`, for
        `optim.output_rate` and `optim.freeze`. What else its task asks of it, the task says. `help` names its paper.
        """
        self.into.models.add(Entry(name, target, self.provider, help))

    def task(self, name: str, target: str, help: str) -> None:
        """A class that follows `seqkit.tasks.Task`."""
        self.into.tasks.add(Entry(name, target, self.provider, help))

    def tokenizer(self, name: str, target: str, help: str) -> None:
        """A class that follows `seqkit.text.Splitter` and is made without arguments, or `TrainedSplitter`."""
        self.into.tokenizers.add(Entry(name, target, self.provider, help))

    def corpus(self, name: str, target: str, help: str) -> None:
        """A function without arguments that returns a `seqkit.data.corpora.Card`."""
        self.into.corpora.add(Entry(name, target, self.provider, help))

    def recipes(self, name: str, target: str, help: str) -> None:
        """A function without arguments that returns a folder (`Path`) of recipes, CORPUS/NAME.toml."""
        self.into.recipes.add(Entry(name, target, self.provider, help))

    def command(self, name: str, target: str, help: str) -> None:
        """A click command, shown as `seqkit NAME`."""
        self.into.commands.add(Entry(name, target, self.provider, help))

    def check(self, name: str, target: str, help: str) -> None:
        """A function without arguments that returns a line for `seqkit doctor` or raises."""
        self.into.checks.add(Entry(name, target, self.provider, help))


@cache
def components() -> Components:
    """All names, found once a process. A plugin that fails is recorded in `broken` and adds nothing."""
    found = Components()
    builtin.register(Plugin("seqkit", found))
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        provider = point.dist.name if point.dist else point.name
        trial = Components()
        try:
            point.load()(Plugin(provider, trial))
            _merge(trial, found)
        except Exception as error:
            found.broken[provider] = error
    return found


def _merge(new: Components, found: Components) -> None:
    """Add all names of `new`, or, if one of them is taken, none."""
    pairs = list(zip(new.registries(), found.registries(), strict=True))
    for registry, known in pairs:
        for entry in registry:
            if entry.name in known:
                known.add(entry)  # raises, naming both
    for registry, known in pairs:
        for entry in registry:
            known.add(entry)
