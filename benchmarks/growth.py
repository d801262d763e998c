"""How cost grows: `python -m benchmarks growth [--case CURVE]` measures and draws.

`--set lines=[10000,100000,1000000,10000000]` gives a curve other sizes than its own.

A curve is the CPU seconds (and the peak of memory) of the same work in growing sizes, each point in
a process of its own. The exponent is that of the steepest of the last steps: 1 is linear, 2
quadratic; fixed costs make it too low at first. Pictures and points go to `benchmarks/figures/`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import click

from seqkit.drawing.canvas import figures as drawn
from seqkit.drawing.canvas import save
from seqkit.errors import SeqkitError
from seqkit.parsing import to_json

from . import machine
from .core import Clock, Outcome, Settings
from .turns import TurnFailed, run

FOLDER = Path(__file__).with_name("figures")
UPDATES = 3
_WORDS = "we saw a small house near the river and some people walked along the road with"


class Point(NamedTuple):
    size: float
    cpu: float  # seconds
    peak: float  # MB


@dataclass(frozen=True)
class Curve:
    """The same work in several sizes; `series` are settings of the work."""

    title: str
    axis: str
    sizes: Sequence[int]
    work: Callable[[Settings, Clock], Outcome]
    series: Mapping[str, Settings]


def show(
    names: Sequence[str],
    *,
    rounds: int,
    quick: bool,
    sizes: Mapping[str, Any] | None = None,
    folder: Path = FOLDER,
) -> list[str]:
    """Measure curves, print and draw them, and write their points; return what has failed.

    `sizes` are other sizes of a curve than its own.
    """
    others = sizes or {}
    unknown = [name for name in (*names, *others) if name not in CURVES]
    if unknown:
        raise SeqkitError(f"no curve {unknown[0]!r}: there are {', '.join(CURVES)}")

    failed = []
    for name in names or CURVES:
        curve = CURVES[name]
        if name in others:
            curve = replace(curve, sizes=_sizes(name, others[name]))
        click.echo(f"{name}: {curve.title}, {machine.cpu()}")
        try:
            points = measured(curve, rounds=rounds, quick=quick)
        except TurnFailed as error:
            failed.append(f"{name}: {error}")
            click.echo(f"  failed: {error}")
            continue
        for line in lines_of(points):
            click.echo(line)
        if quick:
            continue

        draw(curve, points, folder / f"growth-{name}.png")
        told = {"cpu": machine.cpu(), "axis": curve.axis, "points": points}
        (folder / f"growth-{name}.json").write_text(to_json(told) + "\n", encoding="utf-8")
    return failed


def _sizes(name: str, given: Any) -> Sequence[int]:
    """At least two whole numbers that grow."""
    fine = isinstance(given, list) and len(given) > 1 and all(type(one) is int for one in given)
    if not fine or given[0] < 1 or any(a >= b for a, b in pairwise(given)):
        raise SeqkitError(f"--set {name}: {given!r} are no sizes that grow, as [1000,10000]")
    sizes: list[int] = given
    return sizes


def measured(curve: Curve, *, rounds: int, quick: bool) -> dict[str, list[Point]]:
    """The points of each series: the least CPU seconds of the rounds."""
    data = machine.cache() / "data/growth"
    data.mkdir(parents=True, exist_ok=True)
    sizes = curve.sizes[:2] if quick else curve.sizes

    found: dict[str, list[Point]] = {}
    for series, settings in curve.series.items():
        found[series] = []
        for size in sizes:
            chosen = {**settings, "size": size, "folder": str(data)}
            told = [run(curve.work, chosen) for _ in range(rounds)]
            cpu = min(one["cpu"] for one in told)
            found[series].append(Point(size, cpu, max(one["peak"] for one in told)))
    return found


def exponent(points: Sequence[Point]) -> float:
    """The power of the size by which the CPU seconds grow: the largest of the last two steps."""
    steps = list(pairwise(points))[-2:]
    return max(math.log(b.cpu / a.cpu) / math.log(b.size / a.size) for a, b in steps)


def lines_of(points: Mapping[str, Sequence[Point]]) -> list[str]:
    lines = []
    for series, row in points.items():
        told = ", ".join(f"{p.size:,}: {p.cpu:.3g} s, {p.peak:,.0f} MB" for p in row)
        lines.append(f"  {series}: {told}; exponent {exponent(row):.2f}")
    return lines


def draw(curve: Curve, points: Mapping[str, Sequence[Point]], path: Path) -> None:
    """CPU seconds and memory against the size, both axes logarithmic."""
    picture, (seconds, memory) = drawn(1, 2, title=curve.title)
    for series, row in points.items():
        sizes = [point.size for point in row]
        label = f"{series}: exponent {exponent(row):.2f}"
        seconds.plot(sizes, [point.cpu for point in row], marker="o", markersize=4, label=label)
        memory.plot(sizes, [point.peak for point in row], marker="o", markersize=4)

    first = next(iter(points.values()))
    sizes = [point.size for point in first]
    line = [first[-1].cpu * size / sizes[-1] for size in sizes]
    seconds.plot(sizes, line, linestyle=":", color="grey", label="linear")

    for axes, name in ((seconds, "CPU seconds"), (memory, "peak memory, MB")):
        axes.set_xscale("log")
        axes.set_xticks(sizes, labels=[f"{size:,}" for size in sizes])
        axes.minorticks_off()
        axes.set_xlabel(curve.axis)
        axes.set_ylabel(name)
    seconds.set_yscale("log")
    highest = max(point.peak for row in points.values() for point in row)
    memory.set_ylim(0, 1.08 * highest)
    seconds.legend()
    save(picture, path)


# The work


def training_start(settings: Settings, clock: Clock) -> Outcome:
    """Until the first batch is there, of a text that no run has read, or that one has."""
    import os
    import shutil

    from seqkit import recipes
    from seqkit.runs.build import make_trainer

    size = settings["size"]
    text = _pairs(Path(settings["folder"]), size)
    kept = Path(settings["folder"]) / f"cache-{size}"
    if not settings["again"]:
        shutil.rmtree(kept, ignore_errors=True)
    os.environ["SEQKIT_CACHE"] = str(kept)

    overrides = {"data.corpus": "", "data.train": [str(text)], "data.valid": [str(text)]}
    overrides |= {"data.valid_size": 100, "data.columns": [1, 2], "text.train_sentences": 10_000}
    config = recipes.load("multi30k/de-en", overrides)
    with clock:
        trainer = make_trainer(config, device="cpu")
        next(trainer.task.train_batches(0, start=0, rank=0, world=1))
    return Outcome(size, None)


def _pairs(folder: Path, size: int) -> Path:
    """A file of so many pairs: Tatoeba's, each copy with a number of its own."""
    from seqkit.data.files import read_lines
    from seqkit.recipes import corpora

    path = folder / f"pairs-{size}.tsv"
    if path.exists():
        return path

    (source,) = corpora().locate("tatoeba-deu-eng", ["train.tsv.gz"])
    pairs = [line.split("\t")[:2] for line in read_lines(source)]
    with machine.whole(path) as part, part.open("w", encoding="utf-8") as file:
        for number in range(size):
            english, german = pairs[number % len(pairs)]
            copy = number // len(pairs)
            mark = f" {copy}" if copy else ""
            file.write(f"{german}{mark}\t{english}{mark}\n")
    return path


def long_sentence(settings: Settings, clock: Clock) -> Outcome:
    """One sentence of so many words, translated as a whole."""
    import torch

    import seqkit

    torch.set_num_threads(1)
    translator = seqkit.load(device="cpu", engine=settings["engine"], compute="float32")
    words = _WORDS.split()
    sentence = " ".join(words[place % len(words)] for place in range(settings["size"])) + "."
    translator.translate(["A house."], split=False)
    with clock:
        texts = translator.translate([sentence], split=False)
    return Outcome(1, texts)


def wide_beam(settings: Settings, clock: Clock) -> Outcome:
    """64 sentences of Multi30k in one batch, with a beam of that size."""
    import torch

    import seqkit
    from seqkit.data.files import read_lines
    from seqkit.recipes import corpora

    torch.set_num_threads(1)
    (path,) = corpora().locate("multi30k", ["test_2016_flickr.en.gz"])
    lines = list(islice(read_lines(path), 64))
    translator = seqkit.load(device="cpu", engine=settings["engine"], compute="float32")
    translator.translate(lines[:8], beam=1, split=False)
    with clock:
        texts = translator.translate(lines, beam=settings["size"], split=False)
    return Outcome(len(lines), texts)


def large_vocabulary(settings: Settings, clock: Clock) -> Outcome:
    """Updates of `tiny`'s weights on random sentences over so many words."""
    import torch

    from seqkit.config import OptimConfig
    from seqkit.nn.loss import linear_cross_entropy
    from seqkit.runs.build import make_model
    from seqkit.training.optim import make_optimizer

    torch.set_num_threads(1)
    torch.manual_seed(1)
    section: dict[str, Any] = {"name": "transformer", "width": 128, "hidden": 256, "heads": 4}
    section |= {"encoder_layers": 4, "decoder_layers": 4, "dropout": 0.2, "tie": True}
    model: Any = make_model(section, {"target_vocab": settings["size"]}, "translation")
    optimizer = make_optimizer(model, OptimConfig(name="adamw"))
    ids = torch.randint(4, settings["size"], (60, 25))

    def update() -> None:
        optimizer.zero_grad()
        hidden = model(ids, ids).flatten(0, 1)
        loss, _ = linear_cross_entropy(hidden, model.output, None, ids.flatten())
        loss.backward()
        optimizer.step()

    update()
    with clock:
        for _ in range(UPDATES):
            update()
    return Outcome(UPDATES, None)


def long_text(settings: Settings, clock: Clock) -> Outcome:
    """So many tokens from a Transformer language model."""
    from .rows import generation

    generation.prepare(settings)
    return generation.by_seqkit(
        {**settings, "quick": False, "length": settings["size"], "preset": "tiny"}, clock
    )


def ngram_counts(settings: Settings, clock: Clock) -> Outcome:
    """An n-gram model of order 5 of so many lines."""
    from seqkit import ngram
    from seqkit.data.files import read_lines

    path = _pairs(Path(settings["folder"]), settings["size"])
    lines = [line.split("\t")[1].lower() for line in read_lines(path)]
    with clock:
        ngram.train(lines, order=5)
    return Outcome(len(lines), None)


ENGINES = {"seqkit": {"engine": "torch"}, "on CTranslate2": {"engine": "ctranslate2"}}
CURVES = {
    "lines": Curve(
        "From a text to the first update",
        "pairs",
        (10_000, 30_000, 100_000, 300_000),
        training_start,
        {"first run": {"again": False}, "second run": {"again": True}},
    ),
    "words": Curve(
        "One sentence as a whole, beam 5",
        "words",
        (25, 50, 100, 200, 400),
        long_sentence,
        ENGINES,
    ),
    "beam": Curve("64 sentences in a batch", "beam", (1, 2, 4, 8, 16, 32), wide_beam, ENGINES),
    "vocabulary": Curve(
        "Three updates of `tiny`, 1,500 targets each",
        "words in the vocabulary",
        (2_000, 4_000, 8_000, 16_000, 32_000, 64_000),
        large_vocabulary,
        {"AdamW": {}},
    ),
    "generation": Curve(
        "Generation by a Transformer language model",
        "tokens",
        (100, 200, 400, 800, 1600),
        long_text,
        {"tiny": {}},
    ),
    "ngram": Curve(
        "n-gram model of order 5",
        "lines",
        (10_000, 30_000, 100_000, 300_000, 1_000_000),
        ngram_counts,
        {"seqkit": {}},
    ),
}
