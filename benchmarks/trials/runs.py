"""The small trainings of kill.py and soak.py, and what two of their run folders differ in."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WORDS = ["the", "cat", "dog", "man", "sees", "has", "ball", "tree", "bird", "house", "red", "a"]


@dataclass(frozen=True)
class Setup:
    """A training of a few seconds; `keys` are the config's, by section."""

    task: str
    about: str
    keys: dict[str, dict[str, Any]]
    processes: int = 1
    workers: bool = False  # whether processes of their own load the data


Keys = dict[str, dict[str, Any]]  # of a config, by section
OFTEN = {"steps": 60, "eval_every": 6, "precision": "fp32"}
TRANSFORMER = {
    "name": "transformer",
    "width": 16,
    "hidden": 32,
    "heads": 2,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "dropout": 0.1,
}
TRANSLATION: Keys = {
    "data": {
        "train": ["train.source", "train.target"],
        "valid": ["valid.source", "valid.target"],
        "batch_tokens": 400,
        "max_length": 30,
        "goal": "perplexity",
    },
    "text": {"tokenizer": "char"},
    "model": TRANSFORMER,
    "train": {**OFTEN, "average": 0.9, "accumulate": 2, "keep": 2},
}
LANGUAGE: Keys = {
    "data": {"train": ["text"], "batch": 4, "steps": 6, "baseline_order": 0},
    "text": {"tokenizer": "word", "byte_fallback": False},
    "model": {"name": "lstm", "embedding": 8, "hidden": 12, "layers": 2, "dropout": 0.2},
    "optim": {"lr": 1e-2, "decay": "plateau"},
    "train": {**OFTEN, "keep": 1},
}
VISION: Keys = {
    "data": {"source": "photos", "batch": 16, "crop": 2, "flip": True},
    "model": {"name": "lenet"},
    "train": {**OFTEN, "steps": 36, "eval_every": 4, "keep": 3},
}

SETUPS = {
    "translation": Setup("translation", "Transformer, average, accumulation", TRANSLATION),
    "subwords": Setup(
        "translation",
        "sampled subwords, plateau",
        {
            **TRANSLATION,
            "text": {
                "tokenizer": "sentencepiece",
                "vocab_size": 280,
                "subword_regularization": 0.2,
            },
            "optim": {"name": "sgd", "lr": 0.1, "decay": "plateau"},
            "train": {**OFTEN, "keep": 0},
        },
    ),
    "language": Setup("language-modelling", "LSTM, carried state, dropout", LANGUAGE),
    "vision": Setup(
        "vision",
        "worker processes, augmentation",
        {**VISION, "data": {**VISION["data"], "memory": 0, "workers": 2}},
        workers=True,
    ),
    "vision-memory": Setup(
        "vision",
        "mixup, mean of weights",
        {
            **VISION,
            "data": {**VISION["data"], "mixup": 0.2, "erase": 0.2},
            "train": {**VISION["train"], "average": 1.0},
        },
    ),
    "translation-2": Setup("translation", "two processes, dropout", TRANSLATION, processes=2),
    "language-2": Setup("language-modelling", "two processes, carry", LANGUAGE, processes=2),
}


def write_setup(setup: Setup, folder: Path) -> Path:
    """Write a setup's data and its config into `folder`; returns the config."""
    folder.mkdir(parents=True)
    draw = random.Random(7)
    if setup.task == "translation":
        _write_pairs(folder, draw)
    elif setup.task == "language-modelling":
        lines = [" ".join(draw.choices(WORDS, k=draw.randint(2, 8))) for _ in range(200)]
        _write_lines(folder / "text", lines)
    else:
        _write_photos(folder / "photos")

    parts = [f'task = "{setup.task}"']
    for name, keys in setup.keys.items():
        values = [f"{key} = {_toml(key, value, folder)}" for key, value in keys.items()]
        parts.append("\n".join([f"[{name}]", *values]))
    config = folder / "trial.toml"
    config.write_text("\n".join(parts) + "\n", encoding="utf-8")
    return config


def _toml(key: str, value: Any, folder: Path) -> str:
    """A value as TOML has it; files and folders with their place."""
    if key in ("train", "valid"):
        value = [str(folder / name) for name in value]
    if key == "source":
        value = str(folder / value)
    return json.dumps(value)


def _write_pairs(folder: Path, draw: random.Random) -> None:
    """Lines of letters and the same lines backwards; none is in both parts."""
    lines: dict[str, None] = {}
    while len(lines) < 220:
        lines[" ".join(draw.choices("abcdefghij", k=draw.randint(2, 5)))] = None
    for part, chosen in (("valid", list(lines)[:20]), ("train", list(lines)[20:])):
        _write_lines(folder / f"{part}.source", chosen)
        _write_lines(folder / f"{part}.target", [line[::-1] for line in chosen])


def _write_lines(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _write_photos(folder: Path) -> None:
    """Noise with a bright bar, at the top or at the bottom."""
    import numpy as np
    from PIL import Image

    noise = np.random.default_rng(0)
    for name, row in (("top", 0), ("bottom", 16)):
        (folder / name).mkdir(parents=True)
        for i in range(60):
            pixels = noise.integers(0, 60, (28, 28), dtype=np.uint8)
            pixels[row : row + 10] += 150
            Image.fromarray(pixels).save(folder / name / f"{i:03}.png")


@dataclass
class Findings:
    """What was found to be wrong with a trial, a line each."""

    lines: list[str] = field(default_factory=list)

    def check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.lines.append(otherwise)


def differences(whole: Path, killed: Path) -> list[str]:
    """What the run that was killed and resumed has otherwise than the uninterrupted one."""
    found = Findings()
    for name in ("best", "last"):
        same = _step_of_pointer(whole / name) == _step_of_pointer(killed / name)
        found.check(same, f"{name} names another step")

    one, other = _steps(whole), _steps(killed)
    found.check(one.keys() == other.keys(), f"kept {sorted(other)} instead of {sorted(one)}")
    for name in one.keys() & other.keys():
        found.lines += _differing_files(one[name], other[name])

    left = [path.name for path in killed.iterdir() if path.name.endswith(".part")]
    found.check(not left, f"left behind: {left}")

    configs = [(run / "config.toml").read_text(encoding="utf-8") for run in (whole, killed)]
    found.check(configs[0] == configs[1], "config.toml differs")
    found.check(_log(whole) == _log(killed), "log.jsonl differs")
    return found.lines


def _step_of_pointer(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip().removesuffix("-evaluated")
    except OSError:
        return "nothing"


def _steps(run: Path) -> dict[str, Path]:
    """Step folders by name; one that was evaluated after a stop counts as its namesake.

    Beside its namesake it keeps its own name: then there is one folder too many.
    """
    folders = {folder.name: folder for folder in sorted(run.glob("step-*"))}
    for name in list(folders):
        plain = name.removesuffix("-evaluated")
        if plain not in folders:
            folders[plain] = folders.pop(name)
    return folders


def _differing_files(one: Path, other: Path) -> Iterator[str]:
    files = [
        {str(path.relative_to(step)) for path in step.rglob("*") if path.is_file()}
        for step in (one, other)
    ]
    if files[0] != files[1]:
        yield f"{one.name}: other files: {sorted(files[0] ^ files[1])}"
    for name in sorted(files[0] & files[1]):
        if (one / name).read_bytes() != (other / name).read_bytes():
            yield f"{one.name}/{name} differs"


def _log(run: Path) -> list[dict[str, Any]]:
    """The events of a run's log, without what a clock says."""
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        {key: value for key, value in json.loads(line).items() if key != "seconds"}
        for line in lines
    ]


def lost_updates(run: Path) -> int:
    """Updates that are in the log and in no whole step folder."""
    try:
        lines = (run / "log.jsonl").read_bytes().splitlines(keepends=True)
    except OSError:
        return 0
    whole = [json.loads(line)["step"] for line in lines if line.endswith(b"\n")]
    saved = [int(folder.name.split("-")[1]) for folder in run.glob("step-*")]
    return max(whole, default=0) - max(saved, default=0)
