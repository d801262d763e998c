"""The start of a run: from the command to the first update, when data is new and when it is known.

Larger than memory: `--set size=10000000`, and `--only "second run"` for one that finds the cache.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from ..core import SEED, Clock, Contestant, Outcome, Row, Settings, close

VALID = 1_000  # pairs
QUICK = 20_000
SIDES = ("en", "de")
CONFIGS = {
    "pairs": """task = "translation"

[data]
goal = "perplexity"

[text]
vocab_size = 8000

[model]
name = "transformer"
preset = "tiny"
""",
    "lines": """task = "language-modelling"

[text]
tokenizer = "word"
vocab_size = 20000

[model]
name = "lstm"
preset = "small"
""",
    "texts": """task = "text-classification"

[text]
tokenizer = "word"
vocab_size = 20000

[model]
name = "bag"
buckets = 1000
""",
    "images": """task = "vision"

[model]
name = "softmax-regression"
""",
}
TRAIN = """
[train]
steps = 1
"""


def prepare(settings: Settings) -> None:
    """The text, and what the cache holds for the second run."""
    write_text(settings)
    second_run(settings, Clock())


def write_text(settings: Settings) -> None:
    if not all(path.exists() for path in _files(settings, "train")):
        _WRITERS[settings["kind"]](settings)


def first_run(settings: Settings, clock: Clock) -> Outcome:
    shutil.rmtree(_cache(settings), ignore_errors=True)
    return second_run(settings, clock)


def second_run(settings: Settings, clock: Clock) -> Outcome:
    """All until the first update, imports too; the result is its loss."""
    os.environ["SEQKIT_CACHE"] = str(_cache(settings))
    folder = Path(settings["folder"])
    config = folder / "config.toml"
    config.write_text(CONFIGS[settings["kind"]] + TRAIN, encoding="utf-8")
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

        overrides = _names_of_data(settings)
        seqkit.train(config, out=run, overrides=overrides, listener=listen, device="cpu")
    return Outcome(_size(settings), {"loss": losses[0]})


def _names_of_data(settings: Settings) -> dict[str, Any]:
    """The settings that say where the data is."""
    if settings["kind"] == "images":
        (folder,) = _files(settings, "train")
        return {"data.source": str(folder)}
    return {
        f"data.{part}": [str(path) for path in _files(settings, part)]
        for part in ("train", "valid")
    }


def _write_pairs(settings: Settings) -> None:
    """Two files, of English and of German."""
    _write(settings, _pairs(_size(settings)))


def _write_lines(settings: Settings) -> None:
    """English and German in turn."""
    pairs = _pairs(-(-_size(settings) // 2))
    lines = ([line] for pair in pairs for line in pair)
    _write(settings, islice(lines, _size(settings)))


def _write_texts(settings: Settings) -> None:
    """Of each text, whether it is English or German."""
    pairs = _pairs(-(-_size(settings) // 2))
    rows = ([f"{name}\t{text}"] for pair in pairs for name, text in zip(SIDES, pair, strict=True))
    _write(settings, islice(rows, _size(settings)))


def _write_images(settings: Settings) -> None:
    """Those of Fashion-MNIST as JPEG files, in a folder for each class."""
    from PIL import Image
    from seqkit_vision.corpora import IDX
    from seqkit_vision.formats import read_idx_pair

    from seqkit.recipes import corpora

    images, labels = read_idx_pair(*corpora().locate("fashion-mnist", IDX["train"]))
    (folder,) = _files(settings, "train")
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    for number in range(_size(settings)):
        path = part / str(labels[number]) / f"{number:05}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images[number, 0]).save(path)
    part.rename(folder)


_WRITERS = {
    "pairs": _write_pairs,
    "lines": _write_lines,
    "texts": _write_texts,
    "images": _write_images,
}


def _pairs(count: int) -> Iterator[list[str]]:
    """Tatoeba's pairs; beyond them two are joined, so that hardly any repeats."""
    from ..texts import TATOEBA, lines_of

    rows = [line.split("\t")[:2] for line in lines_of(*TATOEBA)]
    chance = random.Random(SEED)
    for number in range(count):
        row = rows[number % len(rows)]
        if number >= len(rows):
            more = chance.choice(rows)
            row = [f"{one} {other}" for one, other in zip(row, more, strict=True)]
        yield row


def _write(settings: Settings, rows: Iterable[Sequence[str]]) -> None:
    """A file for each column, and the first rows as validation text; whole, or not there."""
    paths = _files(settings, "train")
    parts = [path.with_suffix(".part") for path in paths]
    with ExitStack() as stack:
        files = [stack.enter_context(part.open("w", encoding="utf-8")) for part in parts]
        for row in rows:
            for file, text in zip(files, row, strict=True):
                file.write(f"{text}\n")

    for part, valid in zip(parts, _files(settings, "valid"), strict=True):
        with part.open(encoding="utf-8") as file:
            few = "".join(islice(file, VALID))
        valid.write_text(few, encoding="utf-8")
    for part, path in zip(parts, paths, strict=True):
        part.rename(path)


def _size(settings: Settings) -> int:
    return QUICK if settings["quick"] else int(settings["size"])


def _files(settings: Settings, part: str) -> list[Path]:
    folder = Path(settings["folder"])
    kind = settings["kind"]
    if kind == "pairs":
        return [folder / f"{_size(settings)}.{part}-{side}.txt" for side in SIDES]
    if kind == "images":
        return [folder / f"{_size(settings)}.jpegs"]
    ending = "tsv" if kind == "texts" else "txt"
    return [folder / f"{_size(settings)}.{kind}-{part}.{ending}"]


def _cache(settings: Settings) -> Path:
    return Path(settings["folder"]) / f"cache-{settings['kind']}-{_size(settings)}"


ROW = Row(
    title="the start of a run: data until the first update, on one core",
    unit="items",
    cases={
        "a million pairs": {"kind": "pairs", "size": 1_000_000},
        "a million lines": {"kind": "lines", "size": 1_000_000},
        "a million labelled texts": {"kind": "texts", "size": 1_000_000},
        "50,000 images": {"kind": "images", "size": 50_000},
    },
    contestants=[Contestant("second run", second_run), Contestant("first run", first_run)],
    agree=close(0),
    prepare=prepare,
    long=["a million lines", "a million labelled texts"],
)
