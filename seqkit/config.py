"""A TOML file and `section.key=value` overrides become frozen dataclasses, strictly.

No unknown keys, no coercion of types, every default in one place: the dataclass. Validation is
pydantic's; each of its complaints becomes one line that names the file, the key and the way out.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, dataclass_transform

from pydantic import ConfigDict, Field, JsonValue, TypeAdapter, ValidationError
from pydantic import dataclasses as pydantic_dataclasses
from pydantic.fields import FieldInfo

from . import config_file
from .complaints import fields_of, sentence
from .errors import ConfigError, RenamedWarning, WrongType, WrongValue, hint
from .parsing import NoPlainData, check_plain

T = TypeVar("T")

COMMON = ("task", "model", "optim", "train")  # of every config file; other sections are the task's


def setting(
    doc: str,
    *,
    default: Any,
    was: str = "",
    on_resume: Literal["", "any", "place"] = "",
    with_init: Literal["", "own", "inherited"] = "",
    **bounds: Any,
) -> Any:
    """A config key: one line on it, its default, and pydantic bounds such as `ge=0`.

    `was` is the name the key had in an earlier version, which still works with a warning.
    `on_resume` says what may happen to it when a run is resumed: "any" change, as to how long and
    how often; "place" is where data is, which may move if it stays the same; else no change.
    `with_init` says what becomes of it in a run that starts from a trained model. [text] and
    [model] are kept of that model, but for keys that are the run's "own", since they matter only
    while training. In other sections, a key is "inherited" if that model's value is taken where
    none is given.
    """
    extra: dict[str, JsonValue] = {"was": was, "on_resume": on_resume, "with_init": with_init}
    return Field(default, description=doc, json_schema_extra=extra, **bounds)


def dropout_rate(doc: str, *, default: float) -> Any:
    """A config key for what is left out while training: a share below 1, and each run's own."""
    return setting(doc, default=default, with_init="own", ge=0, lt=1)


def required(doc: str, **bounds: Any) -> Any:
    """A config key that has no default."""
    return Field(..., description=doc, **bounds)


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(setting, dropout_rate, required)
)
def section(cls: type[T]) -> type[T]:
    """Make `cls` a strict, frozen config dataclass.

    Made in Python, as `TextConfig(vocab_size=100)`, it raises `WrongValue` for a mistake.
    """
    config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    make = pydantic_dataclasses.dataclass(frozen=True, kw_only=True, config=config)
    made: Any = make(cls)
    made.__init__ = _in_our_words(made, made.__init__)
    return cast(type[T], made)


def _in_our_words(cls: Any, init: Callable[..., None]) -> Callable[..., None]:
    """The constructor of a section, with one line for pydantic's list of complaints."""

    @functools.wraps(init)
    def __init__(self: Any, *positional: Any, **values: Any) -> None:
        if positional:
            first = next(iter(fields_of(cls)))
            raise WrongType(f"{cls.__name__} takes its keys by name, such as {first}=…")
        try:
            check_plain(values)
            init(self, **values)
        except NoPlainData as error:
            raise WrongValue(f"{cls.__name__}: {error}") from None
        except ValidationError as error:
            raise WrongValue(f"{cls.__name__}: {sentence(cls, error)}") from None

    return __init__


@section
class OptimConfig:
    name: Literal["adamw", "muon", "sgd"] = setting(
        "adamw; muon (needs fewer updates: orthogonal ones for hidden matrices, adamw for the "
        "rest); sgd",
        default="adamw",
    )
    lr: float = setting("peak learning rate", default=1e-3, gt=0)
    warmup: int = setting("updates over which the rate rises linearly to its peak", default=0, ge=0)
    decay: Literal["none", "linear", "cosine", "rsqrt", "plateau"] = setting(
        "after warm-up: none, linear or cosine (to 0 at train.steps), rsqrt (inverse square root), "
        "plateau (times optim.factor after each evaluation that is not the best)",
        default="none",
    )
    factor: float = setting("what plateau multiplies the rate by", default=0.25, gt=0, lt=1)
    beta1: float = setting("first decay rate of adamw; momentum of sgd", default=0.9, ge=0, lt=1)
    beta2: float = setting("second decay rate of adamw", default=0.98, ge=0, lt=1)
    weight_decay: float = setting(
        "weight decay of matrices, decoupled except for sgd; biases and norms have none",
        default=0.0,
        ge=0,
    )
    freeze: list[str] = setting(
        "beginnings of names of parameters that are not trained, for fine-tuning; "
        "all = everything but the last layer",
        default=[],
    )
    output_rate: float = setting(
        "factor on the learning rate of the model's last layer", default=1.0, gt=0
    )
    label_smoothing: float = setting(
        "share of each target's weight spread over all targets while training",
        default=0.0,
        ge=0,
        lt=1,
    )
    clip: float = setting("largest norm of the gradient; 0 = no clipping", default=1.0, ge=0)


@section
class TrainConfig:
    steps: int = setting(
        "updates in all; 0 = until train.epochs are done", default=0, on_resume="any", ge=0
    )
    epochs: int = setting(
        "passes over the data; 0 = until train.steps are done", default=0, on_resume="any", ge=0
    )
    minutes: float = setting(
        "minutes of training after which a run is finished; one that is resumed with more goes on; "
        "0 = no limit",
        default=0.0,
        on_resume="any",
        ge=0,
    )
    seed: int = setting(
        "fixes initial weights, order, dropout and subword sampling", default=1, ge=0
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = setting(
        "auto: bf16 on CUDA devices that have it, and on CPUs that have it for models that gain by "
        "it; else fp32. fp16, with loss scaling, is for CUDA devices without bf16",
        default="auto",
    )
    accumulate: int = setting("batches per update", default=1, ge=1)
    shard: bool = setting(
        "divide weights, gradients and optimizer state among the processes of torchrun (PyTorch's "
        "FSDP2), for models that do not fit into each; checkpoints are the same as without",
        default=False,
        on_resume="any",
    )
    activation_checkpointing: bool = setting(
        "compute the activations of each layer again in the backward pass instead of keeping them: "
        "less memory, a third more time, the same numbers",
        default=False,
        on_resume="any",
    )
    eval_every: int = setting(
        "updates between evaluations, each followed by a checkpoint",
        default=500,
        on_resume="any",
        ge=1,
    )
    patience: int = setting(
        "evaluations without improvement before training stops; 0 = never",
        default=0,
        on_resume="any",
        ge=0,
    )
    average: float = setting(
        "decay of the moving average of weights that is evaluated and kept; 0 = off, 1 = their "
        "mean since the first evaluation that is not the best (averaged SGD, arXiv:1708.02182)",
        default=0.0,
        ge=0,
        le=1,
    )
    average_last: int = setting(
        "evaluate and keep the mean of the weights at the last N evaluations, this one included "
        "(fewer at the beginning); 0 = off. Checkpoints hold these weights, too",
        default=0,
        ge=0,
    )
    keep: int = setting(
        "checkpoints kept beside the best and the last", default=1, on_resume="any", ge=0
    )
    watch: bool = setting(
        "record at each evaluation every layer's gradient norm and its share of ReLU units that "
        "never fire (`seqkit plot --layers`)",
        default=False,
        on_resume="any",
    )
    tensorboard: bool = setting(
        "write TensorBoard event files into the run's folder `tensorboard`, with the extra "
        "seqkit[tensorboard]",
        default=False,
        on_resume="any",
    )

    def __post_init__(self) -> None:
        if not self.steps and not self.epochs and not self.minutes:
            raise ValueError("set steps, epochs or minutes, or training never ends")
        if self.average and self.average_last:
            raise ValueError("choose one of average and average_last")


@section
class RunConfig:
    """One experiment. The model defines the keys of [model]; the task names the other sections."""

    task: str = required("what is learned; `seqkit plugins` lists them")
    sections: Mapping[str, Mapping[str, Any]] = setting(
        "the task's own sections by name, such as [data]", default={}
    )
    model: Mapping[str, Any] = setting(
        "name, preset and sizes of the model; without this section, a recipe goes on from a "
        "trained one",
        default={},
    )
    optim: OptimConfig = setting("optimizer and learning rate", default=OptimConfig())
    train: TrainConfig = required("how long, how often, with which seed")

    def __post_init__(self) -> None:
        if self.optim.decay in ("linear", "cosine") and not self.train.steps:
            raise ValueError(
                f"optim.decay = {self.optim.decay!r} needs train.steps: the rate falls to 0 there"
            )
        if self.train.shard and self.optim.name == "muon":
            raise ValueError(
                "train.shard: muon works on whole matrices, which it divides: optim.name = 'adamw'"
            )

    def __repr__(self) -> str:
        model = self.model.get("name", "?")
        return f"RunConfig(task={self.task!r}, model={model!r}, sections={list(self.sections)})"


def from_plain(raw: Mapping[str, Any], where: str) -> RunConfig:
    """The `RunConfig` of a config file's plain data; raises `ConfigError` naming `where`."""
    own = {key: value for key, value in raw.items() if key in COMMON}
    sections = {key: value for key, value in raw.items() if key not in COMMON}
    for name, value in sections.items():
        if not isinstance(value, Mapping):
            raise ConfigError(f"{where}: unknown key {name!r}.{hint(name, COMMON)}")
    return build(RunConfig, {**own, "sections": sections}, where)


def to_plain(config: RunConfig) -> dict[str, Any]:
    """The plain data of a config as a file holds it: the task's sections beside the common ones."""
    values = plain(config)
    task = values.pop("task")
    sections = values.pop("sections")
    return {"task": task, **sections, **values}


def read(path: Path, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The plain data of a TOML file after `overrides`, {"section.key": value}.

    Raises `ConfigError` naming file and line.
    """
    raw = config_file.read(path)
    override(raw, overrides or {})
    return raw


def override(raw: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Change plain data in place: {"section.key": value} sets one key of a section.

    Raises `ConfigError` where a key goes into something that is not a section.
    """
    if not isinstance(changes, Mapping):
        raise WrongType(f'give overrides as {{"train.steps": 500}}, not {type(changes).__name__}')

    for key, value in changes.items():
        if not isinstance(key, str):
            raise WrongType(f"override {key!r}: give a key as a string, such as 'train.steps'")
        *parents, leaf = key.split(".")
        values = raw
        for name in parents:
            values = values.setdefault(name, {})
            if not isinstance(values, dict):
                raise ConfigError(f"override {key!r}: {name!r} is a value, not a section")
        values[leaf] = value


def build(cls: type[T], raw: Mapping[str, Any], where: str) -> T:
    """Make a `cls` from plain data; raises `ConfigError` naming `where`, the key and what to do."""
    current = _with_current_names(cls, raw, where)
    try:
        check_plain(current)
        # As JSON: pydantic's strict mode makes dataclasses of JSON objects but not of dicts.
        return TypeAdapter(cls).validate_json(json.dumps(current, default=str))
    except (NoPlainData, TypeError) as error:
        raise ConfigError(f"{where}: {error}") from None
    except ValidationError as error:
        raise ConfigError(f"{where}: {sentence(cls, error)}") from None


def _with_current_names(cls: Any, raw: Mapping[str, Any], where: str) -> dict[str, Any]:
    """`raw` with keys under their current names; warns of each old one.

    If both names are there, the later one wins: overrides come after what the file says.
    """
    current = dict(raw)
    order = list(raw)
    for name, field in fields_of(cls).items():
        old = _old_name(field)
        if not old or old not in current:
            continue
        value = current.pop(old)
        if name not in current or order.index(old) > order.index(name):
            current[name] = value
        warnings.warn(f"{where}: {old!r} is now called {name!r}", RenamedWarning, stacklevel=3)
    return current


def _old_name(field: FieldInfo) -> str:
    return _extra(field, "was")


def keys_of(cls: Any) -> set[str]:
    """The keys of a config dataclass, under their earlier names, too."""
    fields = fields_of(cls)
    earlier = {_old_name(field) for field in fields.values()}
    return {*fields, *earlier} - {""}


def on_resume(cls: Any, key: str) -> str:
    """What may happen to a key of a config dataclass when a run is resumed; see `setting`."""
    fields = fields_of(cls)
    return _extra(fields[key], "on_resume") if key in fields else ""


def with_init(cls: Any, key: str) -> str:
    """What becomes of a key of a config dataclass in a run that starts from a trained model."""
    fields = fields_of(cls)
    return _extra(fields[key], "with_init") if key in fields else ""


def _extra(field: FieldInfo, name: str) -> str:
    extra = field.json_schema_extra
    return str(extra.get(name, "")) if isinstance(extra, dict) else ""


@contextmanager
def quiet_renames() -> Iterator[None]:
    """No warnings of renamed keys: seqkit itself wrote this file, in an earlier version."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RenamedWarning)
        yield


def describe(cls: Any) -> list[tuple[str, Any, str]]:
    """(key, default, one line on it) for every key of a config dataclass, in order.

    The default is `...` where there is none.
    """
    described: list[tuple[str, Any, str]] = []
    for name, field in fields_of(cls).items():
        default = ... if field.is_required() else field.get_default()
        described.append((name, default, field.description or ""))
    return described


def plain(config: Any) -> dict[str, Any]:
    """The plain data of a config dataclass, as TOML can hold it: without keys that are None."""
    return dataclasses.asdict(config, dict_factory=_without_none)


def _without_none(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key: value for key, value in items if value is not None}
