"""Config → task, model, trainer → run folder; run folder → what a person uses. The one file that knows all layers."""

from __future__ import annotations

import dataclasses
import json
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from types import FrameType
from typing import Any

import tomli_w
import torch
from torch import nn

from .. import __version__, recipes
from ..config import RunConfig, build, plain
from ..errors import CheckpointError, ConfigError, Interrupted, hint, reason
from ..plugins import components
from ..training import checkpoint
from ..training.devices import keep_freed_memory, pick_device
from ..training.trainer import Evaluated, Trainer, Updated

_MAY_CHANGE = {"steps", "epochs", "eval_every", "patience", "keep"}  # of [train], when a run goes on
LOG = "log.jsonl"


@dataclass(frozen=True)
class Started:
    """Training is about to begin, or to go on."""

    folder: Path
    step: int
    config: RunConfig
    parameters: int
    device: str
    precision: str
    about: list[str]  # on the data


@dataclass(frozen=True)
class Saved:
    """A checkpoint was written."""

    step: int
    folder: Path


Listener = Callable[[Started | Updated | Evaluated | Saved], None]


@dataclass(frozen=True)
class Run:
    """A finished training run; `seqkit.load(run.folder)` opens its best model."""

    folder: Path
    step: int
    metrics: dict[str, float]  # of the best checkpoint


def train(
    config: str | Path,
    *,
    out: str | Path,
    overrides: Mapping[str, Any] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    init: str | Path | None = None,
    device: str = "auto",
    task: str | None = None,
    listener: Listener = lambda event: None,
) -> Run:
    """Train by a TOML file or a shipped recipe into the folder `out`.

    `overrides` maps "section.key" to a value. `resume` goes on where `out` stopped, bit for bit on the CPU with as
    many threads; `overwrite` replaces it; `init` starts from the weights and tokenizers of another run, or of a shipped
    model by name. With `task`, a recipe for another task is refused. `listener` is told of every event. Raises
    `SeqkitError` for whatever a person can mend.

    What it does to the process: in the main thread, SIGINT and SIGTERM save and raise `Interrupted` while it trains;
    on the CPU, the C library keeps freed memory from then on (`seqkit.training.devices.keep_freed_memory`).
    """
    settings = recipes.load(config, overrides)
    if task is not None and settings.task != task:
        raise ConfigError(
            f"{config} is for {settings.task!r}; this command trains for {task!r}, `seqkit train` for any task"
        )
    folder = Path(out)
    past = _prepare(folder, settings, resume=resume, overwrite=overwrite)
    start = past or (config_of(init)[1] if init else None)
    trainer = make_trainer(settings, device=device, folder=start)
    if past:
        checkpoint.load_model(past, trainer.averaged)
        _restore(trainer, past)
    elif start:
        checkpoint.load_model(start, trainer.model)
        trainer.averaged.load_state_dict(trainer.model.state_dict())
    with _stop_requests(trainer.processes.world) as stop:
        if trainer.processes.first:
            with _opened_log(folder, settings, trainer.state.step, overwrite) as write:
                if start and not past:  # what it starts from may be gone, or another, when it is resumed
                    _save(trainer, settings, folder, {}, best=False)
                _run(trainer, settings, folder, write, listener, stop)
        else:
            for _ in trainer.run():
                _stop_together(trainer, folder, stop)
    trainer.processes.wait()  # for the first one to write the last checkpoint
    best = checkpoint.read_meta(checkpoint.resolve(folder))
    return Run(folder, trainer.state.step, best["metrics"])


def _restore(trainer: Trainer, past: Path) -> None:
    tensors, meta = checkpoint.load_tensors(past / checkpoint.TRAINER), checkpoint.read_meta(past)
    about = trainer.task.about()
    if meta.get("about", about) != about:
        raise CheckpointError(
            f"cannot resume {past.parent}: the data has changed; it was {'; '.join(meta['about'])}; "
            f"it is {'; '.join(about)}: train into another --out, with --init {past.parent}"
        )
    try:
        trainer.restore(tensors, meta["state"])
    except (LookupError, TypeError, ValueError, RuntimeError):
        raise CheckpointError(
            f"cannot resume {past}: {checkpoint.TRAINER} or the state in {checkpoint.META} is damaged"
        ) from None


def make_trainer(config: RunConfig, *, device: str = "auto", folder: Path | None = None) -> Trainer:
    """Task, model and trainer of a complete config; tokenizers come from the checkpoint `folder` if there is one."""
    where = pick_device(device)
    if where.type == "cpu":
        keep_freed_memory()
    torch.manual_seed(config.train.seed)
    task = components().tasks.load(config.task)(config, folder)
    return Trainer(task, make_model(config.model, task.dims()), config.train, config.optim, where)


def make_model(section: Mapping[str, Any], dims: Mapping[str, int]) -> nn.Module:
    """The model of a complete [model] section and the sizes that the data decided.

    Raises `ConfigError` if the model wants other sizes, which is to say that it is for another task.
    """
    settings = {key: value for key, value in section.items() if key != "name"}
    cls = components().models.load(section["name"])
    call = signature(cls)
    try:
        call.bind(None, **dims)
    except TypeError:
        raise ConfigError(
            f"[model] {section['name']} is not for this task: it needs {', '.join([*call.parameters][1:])}, "
            f"the data gives {', '.join(dims)}; `seqkit models` says what each is for"
        ) from None
    model: nn.Module = cls(build(cls.Config, settings, f"[model] {section['name']}"), **dims)
    return model


def _run(
    trainer: Trainer,
    config: RunConfig,
    folder: Path,
    write: Callable[[dict[str, Any]], None],
    listener: Listener,
    stop: threading.Event,
) -> None:
    """Consume the trainer's events: log, save, tell."""
    size = sum(p.numel() for p in trainer.parameters)
    about = trainer.task.about()
    listener(Started(folder, trainer.state.step, config, size, str(trainer.device), trainer.precision, about))
    metrics: dict[str, float] = {}

    def save() -> None:
        _save(trainer, config, folder, metrics, best=False)

    for event in trainer.run():
        write({"event": type(event).__name__.lower(), **dataclasses.asdict(event)})
        listener(event)
        if isinstance(event, Evaluated):
            metrics = event.metrics
            listener(Saved(event.step, _save(trainer, config, folder, metrics, best=event.best)))
        _stop_together(trainer, folder, stop, None if isinstance(event, Evaluated) else save)


def _stop_together(
    trainer: Trainer, folder: Path, stop: threading.Event, save: Callable[[], None] | None = None
) -> None:
    """Raise `Interrupted` in every process once one of them was told to stop; the first one saves before."""
    if trainer.processes.any(stop.is_set()) and not trainer.finished:
        if save:
            save()
        trainer.processes.wait()
        raise Interrupted(
            f"stopped at step {trainer.state.step}, saved in {folder}: the same command with --resume goes on"
        )


def _save(trainer: Trainer, config: RunConfig, run: Path, metrics: dict[str, float], *, best: bool) -> Path:
    meta = {
        "seqkit": __version__,
        "torch": torch.__version__,
        "device": str(trainer.device),
        "precision": trainer.precision,
        "config": plain(config),
        "dims": trainer.task.dims(),
        "about": trainer.task.about(),
        "state": trainer.facts(),
        "metrics": metrics,
    }
    step = trainer.state.step
    folder = checkpoint.write(run, step, trainer.averaged, trainer.tensors(), meta, trainer.task.save)
    if best:
        checkpoint.point(run, "best", folder)
    checkpoint.point(run, "last", folder)
    checkpoint.prune(run, config.train.keep)
    return folder


def _prepare(folder: Path, config: RunConfig, *, resume: bool, overwrite: bool) -> Path | None:
    """Check `folder` against what is asked; the step folder to go on from, or None."""
    if resume and overwrite:
        raise ConfigError("choose one of resume and overwrite")
    used = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    if used and not (folder / "config.toml").exists() and (resume or overwrite):
        raise CheckpointError(f"{folder} is no run folder (it has no config.toml): it is left as it is")
    if used and not resume and not overwrite:
        raise CheckpointError(
            f"{folder} exists: go on with --resume, replace it with --overwrite, or choose another --out"
        )
    if not resume:
        return None
    if not used:
        raise CheckpointError(f"nothing to resume at {folder}: train without --resume")
    last = checkpoint.target(folder, "last")
    if last is None:
        return None  # stopped before its first checkpoint: begin again
    old = recipes.load(folder / "config.toml")
    _same(plain(old), plain(config), folder)
    return checkpoint.resolve(last)


def _same(old: dict[str, Any], new: dict[str, Any], folder: Path) -> None:
    """Refuse to resume under another config, but for how long and how often."""
    for name in old.keys() | new.keys():
        before, after = old.get(name), new.get(name)
        pairs = [(name, before, after)]
        if isinstance(before, dict) and isinstance(after, dict):
            pairs = [(f"{name}.{k}", before.get(k), after.get(k)) for k in sorted(before.keys() | after.keys())]
        for key, was, now in pairs:
            if was != now and key not in {f"train.{k}" for k in _MAY_CHANGE}:
                raise ConfigError(
                    f"cannot resume {folder}: {key} was {was!r} and is now {now!r}; "
                    "set it back, or train into another --out"
                )


@contextmanager
def _opened_log(
    folder: Path, config: RunConfig, step: int, overwrite: bool
) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Write config.toml, then hand out what appends a line to the log. Lines after `step` are of a lost past."""
    try:
        if overwrite:
            _clear(folder)
        folder.mkdir(parents=True, exist_ok=True)
        checkpoint.replace(folder / "config.toml", tomli_w.dumps(plain(config)))
        checkpoint.replace(folder / LOG, "".join(_logged(folder / LOG, step) if step else []))
        log = (folder / LOG).open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise _unwritable(folder, error) from None

    def write(event: dict[str, Any]) -> None:
        try:
            log.write(json.dumps(event) + "\n")
        except OSError as error:
            raise _unwritable(folder, error) from None

    with log:
        yield write


def _unwritable(folder: Path, error: OSError) -> CheckpointError:
    return CheckpointError(f"cannot write to {folder}: {reason(error)}")


def _logged(log: Path, step: int) -> list[str]:
    """The lines of `log` up to `step`, without those that a crash has torn."""
    kept = []
    for line in log.read_bytes().splitlines(keepends=True) if log.exists() else ():
        try:
            if line.endswith(b"\n") and json.loads(line)["step"] <= step:
                kept.append(line.decode("utf-8"))
        except (ValueError, KeyError, TypeError):
            continue
    return kept


def _clear(folder: Path) -> None:
    """Delete what a run wrote, and nothing else."""
    import shutil

    for name in ("best", "last", "config.toml", LOG):
        (folder / name).unlink(missing_ok=True)
    for step in [*folder.glob("step-*"), *folder.glob(".step-*.part")]:
        shutil.rmtree(step)


@contextmanager
def _stop_requests(processes: int) -> Iterator[threading.Event]:
    """SIGINT and SIGTERM set the event instead of stopping at once; a second one does stop at once.

    Of several processes, a terminal and torchrun tell each twice: there, torchrun kills what takes too long.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    old: dict[int, Any] = {}

    def request(number: int, frame: FrameType | None) -> None:
        stop.set()
        if processes == 1:
            signal.signal(number, old[number])

    old = {number: signal.signal(number, request) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def pretrained() -> Path:
    """The folder of the models that ship with seqkit."""
    return Path(__file__).parent.parent / "pretrained"


def config_of(model: str | Path) -> tuple[RunConfig, Path]:
    """The config and the step folder of a run folder, a step folder or a shipped model."""
    _, folder, config, _ = _opened(model)
    return config, folder


def _opened(model: str | Path | None) -> tuple[Path, Path, RunConfig, dict[str, int]]:
    """The path meant by `model`, its step folder, and what is said of the model there."""
    shipped = sorted(folder.name for folder in pretrained().glob("*") if (folder / checkpoint.META).exists())
    path = Path(model) if model is not None else pretrained() / "en-de"
    if not path.exists() and str(model) in shipped:
        path = pretrained() / str(model)
    if model is not None and not path.exists() and len(path.parts) == 1 and not path.suffix:
        raise CheckpointError(f"no folder and no shipped model {str(model)!r}.{hint(str(model), shipped)}")
    folder = checkpoint.resolve(path)
    meta = checkpoint.read_meta(folder)
    try:
        config = recipes.complete(meta["config"], str(folder / checkpoint.META))
        dims = dict(meta["dims"])
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(f"{folder / checkpoint.META} is damaged: it lacks the config or the dims") from None
    return path, folder, config, dims


def open_run(model: str | Path | None = None, *, device: str = "auto", task: str | None = None) -> Any:
    """What the task makes of a run folder, a step folder, or a shipped model by name; see `seqkit.load`."""
    path, folder, config, dims = _opened(model)
    if task is not None and config.task != task:
        raise CheckpointError(f"{path} is a model for {config.task!r}; this command needs one for {task!r}")
    where = pick_device(device)
    try:
        built = make_model(config.model, dims)
    except ConfigError as error:
        raise CheckpointError(f"{folder / checkpoint.META} is damaged: {error}") from None
    checkpoint.load_model(folder, built)
    return components().tasks.load(config.task).open(built.to(where).eval(), folder, config)
