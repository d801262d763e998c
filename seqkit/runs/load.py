"""`seqkit.load`: open whatever seqkit can open, by what is found at the path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..ngram.recognition import is_model_file
from ..parsing import path_of
from ..plugins import components
from .ensembles import PLUS, joined, members_of
from .finding import find, place_of
from .imported import importer_of
from .zipped import is_zipped_run

_ENGINE, _COMPUTE = "auto", "float32"  # where none is asked for


def load(
    model: str | Path | None = None,
    *,
    device: str = "auto",
    task: str | None = None,
    engine: str = _ENGINE,
    compute: str = _COMPUTE,
) -> Any:
    """Open a run folder or a zip of one, a step folder, an n-gram model, a shipped model by name.

    Translators of other programs are opened, too: a CTranslate2 folder, an Argos package, a Hugging
    Face folder of a Marian model, or one of the hub as "hf:OWNER/NAME". `seqkit import` makes run
    folders of them once for all. Without `model`, the shipped translator. A run folder gives its
    task's predictor: a `Translator`, a `LanguageModel`, or what a plugin makes of it. An ARPA file
    or seqkit's binary gives an `ngram.Model`, which needs no torch and takes "auto" for the CPU;
    the `.toml` of a mixture, one model of those that it names.
    With `task`, a model for another task is refused. "A+B" is an ensemble of translators or text
    classifiers, by the mean of their probabilities.

    `engine` is for translators: "auto" searches by CTranslate2, if it is installed, wherever that
    gives what our own search gives, unless there is so much text at once that ours is quicker
    although it begins later, and by ours elsewhere; "torch" and "ctranslate2" ask for one of them.
    `compute` is the type of numbers that the search computes with: "float32", "int8", which is our
    own search's, too, on a CPU with AVX-512 VNNI, and of CTranslate2 "int16", "bfloat16", or "auto"
    for the fastest on this CPU that loses no BLEU.

    Raises `CheckpointError` or `DataError` if a model cannot be opened, `ConfigError` for an engine
    or a type of numbers that it cannot have.
    """
    if members := members_of(model):
        return load_ensemble(members, device=device, task=task, engine=engine, compute=compute)

    may_be_counted = task in (None, "language-modelling")
    if model is not None and may_be_counted and _is_counted(path_of(model, "model")):
        _check_no_engine(engine, compute)
        return _load_counted(path_of(model, "model"), device)

    opened = _open_light(model, device, task, engine, compute)
    if opened is not None:
        return opened

    from .open import open_run  # imports torch, which the others do without

    return open_run(model, device=device, task=task)


def load_ensemble(
    models: Sequence[str | Path],
    *,
    device: str = "auto",
    task: str | None = None,
    engine: str = _ENGINE,
    compute: str = _COMPUTE,
) -> Any:
    """Open several models as one, by the mean of their probabilities; raises as `load` does."""
    if engine == "ctranslate2" or compute not in (_COMPUTE, "auto"):
        asked = f"compute = {compute!r}" if engine != "ctranslate2" else f"engine = {engine!r}"
        raise ConfigError(
            f"{PLUS.join(map(str, models))}: several models decode together by our own search, in "
            f"float32: leave out {asked}"
        )
    if engine == _ENGINE:
        engine = "torch"
    opened = [load(model, device=device, task=task, engine=engine) for model in models]
    return joined(opened, [str(model) for model in models])


def task_of(model: str | Path | None = None) -> str:
    """The name of the task of whatever `load` opens; nothing is opened. Raises as `load` does."""
    if members := members_of(model):
        model = members[0]
    path = place_of(model).path
    if model is not None and _is_counted(path):
        return "language-modelling"
    importer = importer_of(path)
    return str(importer.task if importer is not None else find(model).task)


def _load_counted(path: Path, device: str) -> Any:
    """The n-gram model in a file, or the mixture, of which some models may be run folders."""
    from ..ngram.files import load_any

    def open_network(run: Path) -> Any:
        return load(run, device=device, task="language-modelling")

    def find_tokenizer(name: str) -> Any:
        return components().tokenizers.load(name)  # most models need none, and so no plugins

    place = "cpu" if device == "auto" else device
    return load_any(path, device=place, tokenizers=find_tokenizer, open_network=open_network)


def _open_light(
    model: str | Path | None, device: str, task: str | None, engine: str, compute: str
) -> Any:
    """The predictor that the task of a model has without torch, or None."""
    opened = _open_foreign(model, device, task, engine, compute)
    if opened is not None:
        return opened

    found = find(model, task)
    if task not in (None, found.task) or found.task not in components().tasks:
        return None  # and `open_run` says what is wrong

    opener = components().tasks[found.task].load_opener()
    if opener is None:
        _check_no_engine(engine, compute)
        return None
    return opener(found.folder, found.meta, device=device, engine=engine, compute=compute)


def _open_foreign(
    model: str | Path | None, device: str, task: str | None, engine: str, compute: str
) -> Any:
    """The predictor that an importer makes of another program's model without torch, or None."""
    path = place_of(model, task).path
    importer = importer_of(path)
    opener = getattr(importer, "open_light", None)
    if importer is None or opener is None or task not in (None, importer.task):
        return None
    return opener(path, device=device, engine=engine, compute=compute)


def _check_no_engine(engine: str, compute: str) -> None:
    """Raise `ConfigError` if a model that is no translator is asked to use another engine."""
    if engine not in (_ENGINE, "torch") or compute not in (_COMPUTE, "auto"):
        raise ConfigError(
            f"engine = {engine!r}, compute = {compute!r}: only translators have other engines than "
            "torch, so leave it out"
        )


def _is_counted(path: Path) -> bool:
    """Whether a path can only be an n-gram model: files of other programs have their importers."""
    if not path.is_file():
        return False
    if is_model_file(path):
        return True  # without importing the importers
    return importer_of(path) is None and not is_zipped_run(path)
