"""What grows: work in several sizes, each point in a process of its own. `growth` draws it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from . import machine
from .core import Clock, Outcome, Settings

UPDATES = 3
_WORDS = "we saw a small house near the river and some people walked along the road with"


@dataclass(frozen=True)
class Curve:
    """The same work in several sizes; `series` are settings of the work.

    If it is dealt out, the size is how many share it: then seconds are by the clock, on as many
    cores, or all where there are fewer.
    """

    title: str
    axis: str
    sizes: Sequence[int]
    work: Callable[[Settings, Clock], Outcome]
    series: Mapping[str, Settings]
    prepare: Callable[[Settings], None] | None = None  # in another process, before each point
    is_dealt_out: bool = False
    is_long: bool = False  # many minutes: `--all` leaves it out


def known_text(settings: Settings) -> None:
    """The text of the row `data`, and what its cache holds for a second run."""
    from .rows import data

    prepare = data.prepare if settings["again"] else data.write_text
    prepare(_of_data(settings))


def training_start(settings: Settings, clock: Clock) -> Outcome:
    """Until the first update, of a text that no run has read, or that one has."""
    from .rows import data

    run = data.second_run if settings["again"] else data.first_run
    return run(_of_data(settings), clock)


def _of_data(settings: Settings) -> Settings:
    """Its case of pairs, with so many of them, and in its folder: text and cache are shared."""
    from .rows.data import ROW

    folder = machine.cache() / "data/data"
    folder.mkdir(parents=True, exist_ok=True)
    case = ROW.cases["a million pairs"]
    return {**case, "size": settings["size"], "folder": str(folder), "quick": False}


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

    from .texts import lines_of

    torch.set_num_threads(1)
    lines = list(islice(lines_of("multi30k", "test_2016_flickr.en.gz"), 64))
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

    lines = _english(settings["size"])
    with clock:
        ngram.train(lines, order=5)
    return Outcome(len(lines), None)


def _english(count: int) -> list[str]:
    """So many lines of Tatoeba's English; each copy has a number of its own."""
    from .texts import TATOEBA, lines_of

    english = [line.lower() for line in lines_of(*TATOEBA, 0)]
    copies = (divmod(number, len(english)) for number in range(count))
    return [f"{english[place]} {copy}" if copy else english[place] for copy, place in copies]


def many_processes(settings: Settings, clock: Clock) -> Outcome:
    """Updates of twelve batches, dealt out to so many processes."""
    from .rows.processes import ROW, by_processes

    case = {**ROW.cases["tiny"], "batches": 12, "updates": UPDATES, "quick": settings["quick"]}
    return by_processes(settings["size"], case, clock)


def text_for_workers(settings: Settings) -> None:
    from .rows import bulk

    bulk.prepare(settings)


def many_workers(settings: Settings, clock: Clock) -> Outcome:
    """A text translated by so many workers on Ray, whose start is a part of it."""
    from .rows import bulk

    return bulk.by_bulk({**settings, "workers": settings["size"]}, clock)


ENGINES = {"seqkit": {"engine": "torch"}, "on CTranslate2": {"engine": "ctranslate2"}}
CURVES = {
    "lines": Curve(
        "From a text to the first update",
        "pairs",
        (10_000, 100_000, 1_000_000, 10_000_000),
        training_start,
        {"first run": {"again": False}, "second run": {"again": True}},
        prepare=known_text,
        is_long=True,
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
        "Three updates of a tiny Transformer, 1,500 targets each",
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
    "processes": Curve(
        f"{UPDATES} updates of a tiny Transformer by several processes",
        "processes",
        (1, 2, 3, 4),
        many_processes,
        {"seqkit": {}},
        is_dealt_out=True,
    ),
    "workers": Curve(
        "10,000 lines by seqkit bulk translate, with Ray's start",
        "workers",
        (1, 2, 3, 4),
        many_workers,
        {"seqkit bulk": {"lines": 10_000}},
        prepare=text_for_workers,
        is_dealt_out=True,
    ),
}
