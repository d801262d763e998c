"""The start of a run: from the command to the first update, when text is new and when it is known.

Larger than memory: `--set pairs=10000000`, and `--only "second run"` for one that finds the cache.
"""

from __future__ import annotations

import os
import random
import shutil
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from ..core import SEED, Clock, Contestant, Outcome, Row, Settings, close

VALID = 1_000  # pairs
QUICK = 20_000
SIDES = ("en", "de")
CONFIG = """task = "translation"

[data]
goal = "perplexity"

[text]
vocab_size = 8000

[model]
name = "transformer"
preset = "tiny"

[train]
steps = 1
"""


def prepare(settings: Settings) -> None:
    """The text, and what the cache holds for the second run."""
    if not _text(settings, "train", SIDES[0]).exists():
        _write_text(settings)
    _first_update(settings, "second", Clock())


def first_run(settings: Settings, clock: Clock) -> Outcome:
    shutil.rmtree(_cache(settings, "first"), ignore_errors=True)
    return _first_update(settings, "first", clock)


def second_run(settings: Settings, clock: Clock) -> Outcome:
    return _first_update(settings, "second", clock)


def _first_update(settings: Settings, cache: str, clock: Clock) -> Outcome:
    """All until the first update, imports too; the result is its loss."""
    os.environ["SEQKIT_CACHE"] = str(_cache(settings, cache))
    folder = Path(settings["folder"])
    config = folder / "config.toml"
    config.write_text(CONFIG, encoding="utf-8")
    run = folder / "run"
    shutil.rmtree(run, ignore_errors=True)

    losses: list[float] = []
    with clock:
        import seqkit
        from seqkit.errors import StopTraining
        from seqkit.training.events import Updated

        def listen(event: Any) -> None:
            if isinstance(event, Updated):
                losses.append(event.loss)
                raise StopTraining

        overrides = {
            f"data.{part}": [str(_text(settings, part, side)) for side in SIDES]
            for part in ("train", "valid")
        }
        seqkit.train(config, out=run, overrides=overrides, listener=listen, device="cpu")
    return Outcome(_pairs(settings), {"loss": losses[0]})


def _write_text(settings: Settings) -> None:
    """Tatoeba's pairs; beyond them two are joined, so that hardly any repeats."""
    from seqkit.data.files import read_lines
    from seqkit.recipes import corpora

    (path,) = corpora().locate("tatoeba-deu-eng", ["train.tsv.gz"])
    rows = [line.split("\t")[:2] for line in read_lines(path)]
    chance = random.Random(SEED)
    parts = [_text(settings, "train", side).with_suffix(".part") for side in SIDES]
    with ExitStack() as files:
        left, right = (files.enter_context(part.open("w", encoding="utf-8")) for part in parts)
        for number in range(_pairs(settings)):
            source, target = rows[number % len(rows)]
            if number >= len(rows):
                more = chance.choice(rows)
                source, target = f"{source} {more[0]}", f"{target} {more[1]}"
            left.write(f"{source}\n")
            right.write(f"{target}\n")

    for side, part in zip(SIDES, parts, strict=True):
        with part.open(encoding="utf-8") as file:
            few = "".join(islice(file, VALID))
        _text(settings, "valid", side).write_text(few, encoding="utf-8")
    for side, part in reversed([*zip(SIDES, parts, strict=True)]):
        part.rename(_text(settings, "train", side))


def _pairs(settings: Settings) -> int:
    return QUICK if settings["quick"] else int(settings["pairs"])


def _text(settings: Settings, part: str, side: str) -> Path:
    return Path(settings["folder"]) / f"{_pairs(settings)}.{part}-{side}.txt"


def _cache(settings: Settings, run: str) -> Path:
    return Path(settings["folder"]) / f"cache-{run}"


ROW = Row(
    title="the start of a run: parallel text until the first update, on one core",
    unit="pairs",
    cases={"a million pairs": {"pairs": 1_000_000}},
    contestants=[Contestant("second run", second_run), Contestant("first run", first_run)],
    agree=close(0),
    prepare=prepare,
)
