"""Run folders on disk: always whole, because files are written aside, renamed, then pointed to.

    runs/de-en/
      config.toml
      log.jsonl
      step-000500/   model.safetensors  trainer.safetensors  meta.json  and what the task saves
      best, last     each a small file that names a step folder

Loading reads safetensors and JSON; nothing that can run code is ever loaded.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..data.files import open_up
from ..errors import CheckpointError, reason

FORMAT = 1
MODEL = "model.safetensors"
TRAINER = "trainer.safetensors"
META = "meta.json"
_POINTERS = ("best", "last")
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
    model: nn.Module,
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
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _save(part / MODEL, unique_tensors(model))
        _save(part / TRAINER, trainer)
        save_task(part)
        text = json.dumps({"format": FORMAT, **meta}, indent=2)
        (part / META).write_text(text + "\n", encoding="utf-8")

        _flush_all(part)
        if folder.exists():  # complete, but nothing points to it: the process was killed in between
            shutil.rmtree(folder)
        part.rename(folder)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(part, ignore_errors=True)
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


def replace(path: Path, text: str) -> None:
    """Make `text` a file's content in one move: a full disk or a kill leaves the old content."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8", newline="\n")
    _flush(part)
    part.replace(path)


def prune(run: Path, keep: int) -> None:
    """Delete step folders except the newest `keep` and those that "best" and "last" name."""
    pointed_to = _pointed_to(run)
    others = [folder for folder in run.glob("step-*") if folder not in pointed_to]
    others.sort(key=_age)
    surplus = max(0, len(others) - keep)
    for folder in others[:surplus]:
        shutil.rmtree(folder, ignore_errors=True)


def _age(folder: Path) -> tuple[int, str]:
    """Sorts step folders from old to new: by number, "step-000500-evaluated" after its namesake."""
    number = re.match(r"step-(\d+)", folder.name)
    return (int(number[1]) if number else -1, folder.name)


def _pointed_to(run: Path) -> set[Path | None]:
    return {target(run, name) for name in _POINTERS}


def newest(run: Path) -> Path | None:
    """The step folder to resume from: what "last" names, or "best" if that is newer.

    It is newer if the process was killed after it had moved "best" and before "last".
    """
    last = target(run, "last")
    best = target(run, "best")
    if best is None or not (best / META).exists():
        return last
    return best if last is None or _age(best) > _age(last) else last


def target(run: Path, name: str) -> Path | None:
    """The step folder that `run`/`name` names, or None if there is no such file."""
    try:
        text = (run / name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    is_plain_name = text and Path(text).name == text
    return run / text if is_plain_name else None


def resolve(path: Path, prefer: str = "best") -> Path:
    """The step folder that `path` means: itself, or a run's "best" or "last".

    Raises `CheckpointError`.
    """
    _check_is_folder(path)
    if (path / META).exists():
        return path

    for name in (prefer, *reversed(_POINTERS)):
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
    if any(path.glob("step-*")) or (path / "config.toml").exists():
        return f"{path} has no finished checkpoint yet: train on, or give another folder"
    return f"{path} is not a run folder: it has no {META} and no step folders"


def read_meta(folder: Path) -> dict[str, Any]:
    """The readable part of a checkpoint.

    Raises `CheckpointError` if it is damaged or of a newer format.
    """
    path = folder / META
    try:
        meta: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found = meta["format"]
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {reason(error)}") from None
    except (ValueError, KeyError, TypeError):
        raise CheckpointError(f"{path} is damaged: not a JSON object with a format") from None

    if not isinstance(found, int) or found > FORMAT:
        raise CheckpointError(
            f"{folder} has format {found}, this seqkit reads up to {FORMAT}: install a newer seqkit"
        )
    return meta


def load_model(folder: Path, model: nn.Module) -> None:
    """Fill `model` with the weights in `folder`.

    Raises `CheckpointError` if they are damaged or do not fit.
    """
    tensors = load_tensors(folder / MODEL)
    wanted = unique_tensors(model)

    wrong = sorted(tensors.keys() ^ wanted.keys())
    if not wrong:
        wrong = [name for name, value in tensors.items() if value.shape != wanted[name].shape]
    if wrong:
        more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise CheckpointError(
            f"{folder / MODEL} does not fit the model in {META}: tensor {wrong[0]!r}{more}"
        )

    for name, tensor in tensors.items():
        wanted[name].copy_(tensor)


def load_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file, on the CPU."""
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {reason(error)}") from None
    except SafetensorError:
        raise CheckpointError(
            f"{path} is damaged: not a whole safetensors file "
            "(a pickle under that name is never loaded)"
        ) from None
    return tensors


def _save(path: Path, tensors: Mapping[str, Tensor]) -> None:
    plain = {name: tensor.detach().contiguous().cpu() for name, tensor in tensors.items()}
    save_file(plain, path)
    open_up(path)


def _flush_all(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            _flush(file)


def _flush(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def _cannot_save(path: Path, error: OSError | SafetensorError) -> CheckpointError:
    why = reason(error) if isinstance(error, OSError) else str(error)
    return CheckpointError(
        f"cannot save {path}: {why}; earlier checkpoints are untouched, continue with --resume"
    )
