"""Run folders on disk: always whole, because files are written aside, renamed, then pointed to.

    runs/de-en/
      config.toml
      log.jsonl
      step-000500/   model.safetensors  trainer.safetensors  meta.json  and what the task saves
      best, last     each a small file that names a step folder

Loading reads safetensors and JSON; nothing that can run code is ever loaded. Importing this module
imports no torch, so that finding a run and reading what it says of itself does without.
"""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from ..data.files import open_up
from ..errors import CheckpointError, reason
from ..parsing import json_of, to_json
from .disk import flush_all, move, remove, replace

if TYPE_CHECKING:
    from torch import Tensor, nn

FORMAT = 1
MODEL = "model.safetensors"
TRAINER = "trainer.safetensors"
META = "meta.json"
POINTERS = ("best", "last")
_STEP = re.compile(r"step-([0-9]{6,19})(-evaluated)?")
PART = re.compile(r"\.(step-.*|best|last|config\.toml|log\.jsonl)\.part")  # what a kill leaves
_PICKLES = (".pt", ".pth", ".bin", ".pkl", ".ckpt")


def unique_tensors(model: nn.Module) -> dict[str, Tensor]:
    """The state of `model`; a tensor with several names (tied weights) under the first one only."""
    seen: set[tuple[int, tuple[int, ...]]] = set()
    unique: dict[str, Tensor] = {}
    for name, tensor in model.state_dict().items():
        key = (tensor.data_ptr(), tuple(tensor.shape))
        if key not in seen or not tensor.numel():
            unique[name] = tensor
        seen.add(key)
    return unique


def write(
    run: Path,
    step: int,
    weights: Mapping[str, Tensor],
    trainer: Mapping[str, Tensor],
    meta: Mapping[str, Any],
    save_task: Callable[[Path], None],
) -> Path:
    """Write a step folder of `run` and return it.

    Raises `CheckpointError`, leaving all older ones as they were.
    """
    folder = _new_folder(run, step)
    part = run / f".{folder.name}.part"
    try:
        remove(part)
        part.mkdir(parents=True)
        _save(part / MODEL, weights)
        _save(part / TRAINER, trainer)
        save_task(part)
        text = to_json({"format": FORMAT, **meta}, indent=2, ascii_only=True)
        (part / META).write_text(text + "\n", encoding="utf-8")

        flush_all(part)
        remove(folder)  # complete, but nothing points to it: the process was killed in between
        move(part, folder)
    except (OSError, SafetensorError) as error:
        _try_to_remove([part])
        raise _cannot_save(folder, error) from None
    return folder


def _new_folder(run: Path, step: int) -> Path:
    """A name of its own for a step that was saved when training stopped, and is now evaluated."""
    folder = run / f"step-{step:06}"
    if folder in _pointed_to(run):
        return run / f"{folder.name}-evaluated"
    return folder


def point(run: Path, name: str, folder: Path) -> None:
    """Make the small file `name` ("best" or "last") name `folder`, in one move."""
    try:
        replace(run / name, folder.name + "\n")
    except OSError as error:
        raise _cannot_save(run / name, error) from None


def prune(run: Path, keep: int) -> None:
    """Delete step folders except the newest `keep` and those that "best" and "last" name.

    What was saved only because training stopped there is not kept: a run that never stopped has
    none of it.
    """
    pointed_to = _pointed_to(run)
    others = [folder for folder in step_folders(run) if folder not in pointed_to]
    passing = [folder for folder in others if not _was_evaluated(folder)]
    others = [folder for folder in others if folder not in passing]
    surplus = max(0, len(others) - keep)

    parts = [path for path in run.iterdir() if PART.fullmatch(path.name)]
    for folder in passing + others[:surplus]:
        parts.append(_set_aside(folder))
    _try_to_remove(parts)


def _set_aside(folder: Path) -> Path:
    """Rename a step folder to one that is not whole: deleting it takes a while."""
    part = folder.with_name(f".{folder.name}.part")
    try:
        remove(part)
        return folder.rename(part)
    except OSError:
        return folder


def _try_to_remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            remove(path)


def step_folders(run: Path) -> list[Path]:
    """The step folders of a run, or links to them, from old to new."""
    if not run.is_dir():
        return []
    folders = [path for path in run.iterdir() if _STEP.fullmatch(path.name)]
    folders = [path for path in folders if path.is_symlink() or path.is_dir()]
    return sorted(folders, key=age)


def age(folder: Path) -> tuple[int, str]:
    """Sorts step folders from old to new: by number, "step-000500-evaluated" after its namesake."""
    number = _STEP.fullmatch(folder.name)
    return (int(number[1]) if number else -1, folder.name)


def _was_evaluated(folder: Path) -> bool:
    """Whether its weights were evaluated before it was saved; True if that cannot be found out."""
    try:
        state = _parse_meta(folder)["state"]
        return bool(state["evaluated"] == state["step"])
    except (CheckpointError, LookupError, TypeError):
        return True


def _pointed_to(run: Path) -> set[Path | None]:
    return {target(run, name) for name in POINTERS}


def newest(run: Path) -> Path | None:
    """The step folder to resume from: what "last" names, or "best" if that is newer.

    It is newer if the process was killed after it had moved "best" and before "last". If "last"
    leads nowhere, the newest whole one.
    """
    last = target(run, "last")
    best = target(run, "best")
    if last is None or not (last / META).exists():
        whole = filter(is_whole, reversed(step_folders(run)))
        return next(whole, None)
    if best is None or not (best / META).exists():
        return last
    return best if age(best) > age(last) else last


def is_whole(folder: Path) -> bool:
    """Whether a step folder can be resumed, as far as can be seen without reading tensors."""
    try:
        _parse_meta(folder)
        for name in (MODEL, TRAINER):
            with safe_open(folder / name, "np"):  # reads the header only
                pass
    except (CheckpointError, OSError, SafetensorError):
        return False
    return True


def best_so_far(run: Path, last: Path) -> Path | None:
    """The best step folder up to `last`, by what the folders record; None if it is not there."""
    best = _value_of_best(last)
    for folder in reversed(step_folders(run)):
        if age(folder) <= age(last) and _is_best(folder) and is_whole(folder):
            return folder if _value_of_best(folder) == best else None
    return None


def _is_best(folder: Path) -> bool:
    try:
        state = _parse_meta(folder)["state"]
        return bool(state["evaluated"] == state["step"] and state["evaluations_since_best"] == 0)
    except (CheckpointError, LookupError, TypeError):
        return False


def _value_of_best(folder: Path) -> Any:
    try:
        return _parse_meta(folder)["state"]["best"]
    except (CheckpointError, LookupError, TypeError):
        return None


def run_of(step: Path) -> Path | None:
    """The run folder that a step folder stands in; None for one that stands alone."""
    run = step.parent
    return run if any(target(run, name) is not None for name in POINTERS) else None


def beside(step: Path) -> list[Path]:
    """What tasks keep in the run folder for all of its steps."""
    run = run_of(step)
    return [] if run is None else sorted(run.glob("*.safetensors"))


def copy_step(step: Path, folder: Path, *, leaving_out: Collection[str]) -> None:
    """Copy a step folder, with what links in it lead to, but for files of some names.

    Raises the first `OSError`, where `shutil.copytree` would go on and raise a list of all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(step.iterdir()):
        copy = folder / path.name
        if path.is_dir():
            copy_step(path, copy, leaving_out=leaving_out)
        elif path.name not in leaving_out:
            shutil.copy(path, copy)


def target(run: Path, name: str) -> Path | None:
    """The step folder that `run`/`name` names, or None if it names none."""
    try:
        text = (run / name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return run / text if _STEP.fullmatch(text) else None


def resolve(path: Path, prefer: str = "best") -> Path:
    """The step folder that `path` means: itself, or a run's "best" or "last".

    Raises `CheckpointError`.
    """
    _check_is_folder(path)
    if (path / META).exists():
        return path

    for name in (prefer, *reversed(POINTERS)):
        folder = target(path, name)
        if folder is not None and (folder / META).exists():
            return folder
    raise CheckpointError(_why_no_model(path))


def _check_is_folder(path: Path) -> None:
    if path.suffix in _PICKLES:
        raise CheckpointError(
            f"{path} is a pickle, which can run code when loaded: "
            "seqkit reads run folders with safetensors"
        )
    if not path.exists():
        raise CheckpointError(
            f"no model at {path}: give a run folder, or `seqkit train … --out {path}` first"
        )
    if not path.is_dir():
        raise CheckpointError(f"{path} is a file: a model is a run folder")


def _why_no_model(path: Path) -> str:
    """What is wrong with a folder that has no checkpoint."""
    pickles = [file.name for file in sorted(path.iterdir()) if file.suffix in _PICKLES]
    if pickles:
        return (
            f"{path} holds a pickle ({pickles[0]}), which can run code when loaded: "
            "seqkit reads safetensors only"
        )
    whole = [folder for folder in step_folders(path) if is_whole(folder)]
    if whole:
        return f"`best` and `last` of {path} lead nowhere: give a step folder, such as {whole[-1]}"
    if any(path.glob("step-*")) or (path / "config.toml").exists():
        return f"{path} has no finished checkpoint yet: train on, or give another folder"
    return f"{path} is not a run folder: it has no {META} and no step folders"


def read_meta(folder: Path) -> dict[str, Any]:
    """The readable part of a checkpoint.

    Raises `CheckpointError` if it is damaged or of a newer format.
    """
    meta = _parse_meta(folder)
    found = meta["format"]
    if not isinstance(found, int) or found > FORMAT:
        raise CheckpointError(
            f"{folder} has format {found}, this seqkit reads up to {FORMAT}: install a newer seqkit"
        )
    return meta


def metrics(folder: Path) -> dict[str, float]:
    """The figures of a checkpoint; nan where one was not finite, which is null in JSON."""
    found = read_meta(folder)["metrics"]
    return {name: math.nan if value is None else value for name, value in found.items()}


def _parse_meta(folder: Path) -> dict[str, Any]:
    path = folder / META
    try:
        meta: dict[str, Any] = json_of(path.read_text(encoding="utf-8"))
        meta["format"]
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {reason(error)}") from None
    except (ValueError, KeyError, TypeError):
        raise CheckpointError(f"{path} is damaged: not a JSON object with a format") from None
    return meta


def load_model(folder: Path, model: nn.Module) -> None:
    """Fill `model` with the weights in `folder`.

    Raises `CheckpointError` if they are damaged, do not fit, or are no numbers.
    """
    from .weights import fill

    fill(model, unique_tensors(model), folder / MODEL, META)


def load_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file, on the CPU; raises `CheckpointError` for a damaged one."""
    from . import weights

    return weights.load_tensors(path)


def _save(path: Path, tensors: Mapping[str, Tensor]) -> None:
    from safetensors.torch import save_file

    plain = {name: tensor.detach().contiguous().cpu() for name, tensor in tensors.items()}
    save_file(plain, path)
    open_up(path)


def _cannot_save(path: Path, error: OSError | SafetensorError) -> CheckpointError:
    why = reason(error) if isinstance(error, OSError) else str(error)
    return CheckpointError(
        f"cannot save {path}: {why}; earlier checkpoints are untouched, continue with --resume"
    )
