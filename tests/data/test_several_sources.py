"""Several sources of lines and of labelled texts: shares, chance, resuming, and bad input."""

import numpy as np
import pytest
from letters import write_lines
from small_classifiers import some_texts, write_tsv

import seqkit
from seqkit.data.cache import ENVIRONMENT
from seqkit.data.mixture import MixedIds, Mixture, StreamMixture
from seqkit.errors import CheckpointError, ConfigError, DataError
from seqkit.labelling.classification.task import TextClassification
from seqkit.language import task as language
from seqkit.language.data_config import LanguageData, LanguageSource
from seqkit.language.prepared import PreparedText
from seqkit.language.task import LanguageModelling
from seqkit.recipes import load

LINES = """task = "language-modelling"
[data]
temperature = {temperature}
valid_share = 0.1
batch = 4
steps = 5
baseline_order = 0
[[data.sources]]
train = ["many.txt"]
[[data.sources]]
train = ["few.txt"]
weight = {weight}
[text]
tokenizer = "whitespace"
[model]
name = "lstm"
embedding = 6
hidden = 6
layers = 1
[train]
steps = 6
eval_every = 3
"""
TEXTS = """task = "text-classification"
[data]
temperature = {temperature}
batch = 8
[[data.sources]]
train = ["many.tsv"]
[[data.sources]]
train = ["few.csv"]
label = "topic"
weight = {weight}
[text]
tokenizer = "whitespace"
[model]
name = "bag"
width = 6
buckets = 97
[train]
steps = 6
eval_every = 3
"""
TASKS = {"lines": (LINES, LanguageModelling), "texts": (TEXTS, TextClassification)}


@pytest.fixture(autouse=True)
def texts(tmp_path, monkeypatch):
    """Of each kind a source, and another one that is a tenth of it, of words that it alone has."""
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(language, "_PIECE", 20)
    write_lines(tmp_path / "many.txt", [f"a{i % 7} b{i % 5} c{i % 3}" for i in range(400)])
    write_lines(tmp_path / "few.txt", [f"x{i % 7} y{i % 5} z{i % 3}" for i in range(40)])
    write_tsv(
        tmp_path / "many.tsv",
        [(label, f"{text} {i}") for i, (label, text) in enumerate(some_texts(400))],
    )
    rows = [f"{label},x {text} {i}" for i, (label, text) in enumerate(some_texts(40, seed=2))]
    write_lines(tmp_path / "few.csv", ["topic,text", *rows])
    return tmp_path


def recipe_of(kind, *, weight=1.0, temperature=1.0):
    text, _ = TASKS[kind]
    with open(f"{kind}.toml", "w") as file:
        file.write(text.format(weight=weight, temperature=temperature))
    return f"{kind}.toml"


def task_of(kind, overrides=None, **how):
    return TASKS[kind][1](load(recipe_of(kind, **how), overrides or {}))


def ids_of(task, epoch=0, start=0):
    batches = task.train_batches(epoch, start=start, rank=0, world=1)
    found = [batch.inputs if hasattr(batch, "inputs") else batch.ids for batch in batches]
    return [ids.tolist() for ids in found]


def share_of_few(task, epochs=3):
    """The share of tokens that are from the small source, of those that say it: "x…" and "a…"."""
    counts = {"few": 0, "all": 0}
    for epoch in range(epochs):
        for rows in ids_of(task, epoch):
            tokens = [task.tokenizer.vocab.tokens[i] for row in rows for i in row]
            few = sum(token.startswith("x") for token in tokens)
            counts["few"] += few
            if isinstance(task, LanguageModelling):
                counts["all"] += few + sum(token.startswith("a") for token in tokens)
            else:
                counts["all"] += len(rows)
    return counts["few"] / counts["all"]


@pytest.mark.parametrize("kind", TASKS)
@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, 1 / 11),
        ({"weight": 5.0}, 5 / 15),
        ({"temperature": 2.0}, 40**0.5 / (40**0.5 + 400**0.5)),
    ],
)
def test_each_source_has_its_share(kind, how, expected):
    assert share_of_few(task_of(kind, **how)) == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("kind", TASKS)
def test_two_runs_of_a_seed_see_the_same_and_an_epoch_can_begin_anywhere(kind):
    task, again = (task_of(kind, weight=3.0) for _ in range(2))
    assert ids_of(task, 1) == ids_of(again, 1)
    assert ids_of(task, 1)[2:] == ids_of(task, 1, start=2)
    assert ids_of(task, 0) != ids_of(task, 1)
    other = task_of(kind, {"train.seed": 2}, weight=3.0)
    assert ids_of(task, 1) != ids_of(other, 1)


@pytest.mark.parametrize("kind", TASKS)
def test_it_says_what_an_epoch_holds(kind):
    notes = "\n".join(task_of(kind, weight=5.0).describe())
    assert "few." in notes
    assert float(notes.rpartition("of an epoch (")[2].rstrip("%)")) == pytest.approx(33.3, abs=3)


@pytest.mark.parametrize("kind", TASKS)
def test_a_resumed_run_is_an_uninterrupted_one_and_weights_stay(kind, texts):
    recipe = recipe_of(kind, weight=3.0)
    whole = seqkit.train(recipe, out=texts / "whole", device="cpu")
    seqkit.train(recipe, out=texts / "half", overrides={"train.steps": 3}, device="cpu")
    rest = seqkit.train(recipe, out=texts / "half", resume=True, device="cpu")
    assert rest.metrics == whole.metrics

    heavier = recipe_of(kind, weight=4.0)
    with pytest.raises(CheckpointError, match=r"weights of data\.sources"):
        seqkit.train(
            heavier, out=texts / "half", resume=True, overrides={"train.steps": 9}, device="cpu"
        )


@pytest.mark.parametrize("kind", TASKS)
@pytest.mark.parametrize("weight", [0.0, -1.0, "inf"])
def test_a_weight_that_is_no_share_is_refused_with_its_source(kind, weight):
    with pytest.raises(ConfigError, match=r"sources.*weight"):
        task_of(kind, weight=weight)


@pytest.mark.parametrize("kind", TASKS)
@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"data.train": ["many.txt"]}, "choose one of data.sources and of data.train"),
        ({"data.sources": [], "data.train": ["x"]}, r"temperature is for several sources"),
        ({"data.sources": [{"weight": 2.0}]}, "train"),
        ({"data.sources": [{"train": []}]}, "train"),
    ],
)
def test_sources_that_are_not_clear_are_refused(kind, overrides, message):
    with pytest.raises(ConfigError, match=message):
        task_of(kind, overrides, temperature=2.0)


@pytest.mark.parametrize("kind", TASKS)
def test_a_source_that_is_not_there_is_named(kind, texts):
    for path in texts.glob("few.*"):
        path.unlink()
    with pytest.raises(DataError, match=r"cannot read .*few\.(txt|csv): No such file"):
        task_of(kind)


def test_a_source_without_a_whole_sequence_is_named(texts):
    write_lines(texts / "few.txt", ["x"])
    with pytest.raises(DataError, match=r"few\.txt: the training text has 2 tokens, too few"):
        task_of("lines")


def test_an_empty_source_is_named(texts):
    write_lines(texts / "few.txt", [])
    with pytest.raises(DataError, match=r"few\.txt: the training text is empty"):
        task_of("lines")


def test_what_is_validation_text_of_one_source_is_trained_on_in_none(texts):
    every = some_texts(40)
    write_tsv(texts / "many.tsv", every)
    write_tsv(texts / "few.tsv", every[:20])
    sources = [{"train": ["many.tsv"]}, {"train": ["few.tsv"]}]
    task = task_of("texts", {"data.sources": sources})
    assert len(task.parts.valid)
    assert not {*task.parts.valid.texts} & {*task.parts.train.texts}


def test_what_is_a_test_text_of_one_source_is_trained_on_in_none(texts):
    every = some_texts(60)
    write_tsv(texts / "many.tsv", every)
    for first in range(0, 60, 6):  # of few texts, others are cut off
        write_tsv(texts / f"{first}.tsv", every[first : first + 6])
    sources = [{"train": ["many.tsv"]}, *({"train": [f"{i}.tsv"]} for i in range(0, 60, 6))]
    task = task_of("texts", {"data.sources": sources, "data.test_share": 0.3})
    assert len(task.parts.test) > 15
    assert not {*task.parts.test.texts} & {*task.parts.train.texts}


def test_a_source_of_which_all_is_held_out_is_named(texts):
    sources = [{"train": ["many.tsv"], "valid": ["few.tsv"]}, {"train": ["few.tsv"]}]
    write_tsv(texts / "few.tsv", some_texts(20, seed=3))
    with pytest.raises(DataError, match=r"few\.tsv: each text is held out .* none is left"):
        task_of("texts", {"data.sources": sources})


def test_a_source_without_labelled_texts_is_named(texts):
    write_lines(texts / "few.csv", ["topic,text"])
    with pytest.raises(DataError, match=r"few\.csv: no texts with a label"):
        task_of("texts")


def test_lines_that_are_held_out_of_another_source_are_not_trained_on(texts):
    every = (texts / "many.txt").read_text().splitlines()
    own = [f"x{i} y{i} z{i}" for i in range(40)]
    write_lines(texts / "few.txt", [*own[:10], *every[-20:], "", *own[10:]])
    sources = [LanguageSource(train=["many.txt"]), LanguageSource(train=["few.txt"])]
    text = PreparedText(LanguageData(sources=sources, valid_share=0.1, test_share=0.1))
    held_out = [*text.valid, *text.test]
    assert {*every[-20:]} < {*held_out}

    train = list(text.train)
    many, few = train[: train.index(own[0])], train[train.index(own[0]) :]
    assert many == every[: len(many)]
    assert {*many} & {*held_out}  # what it says again itself
    assert len(few) > 20
    assert few == [*own[:10], "", *own[10 : len(few) - 1]]


def test_a_source_of_lines_of_which_all_is_held_out_is_named(texts):
    sources = [
        LanguageSource(train=["many.txt"], valid=["few.txt"]),
        LanguageSource(train=["few.txt"]),
    ]
    with pytest.raises(DataError, match=r"few\.txt: each line .* none is left"):
        PreparedText(LanguageData(sources=sources))


# Streams


def test_the_pieces_of_an_epoch_hold_every_id_of_each_stream():
    ids = np.arange(100, 123)
    mixture = StreamMixture(ids, [13, 23], 5, lambda sizes: Mixture(sizes, [0.6, 0.4], 1))
    stream = mixture.epoch(0, seed=1)
    assert len(stream) == 25  # three pieces of the first, two of the second
    places = np.arange(25).reshape(5, 5)
    pieces = {tuple(piece) for piece in stream[places].tolist()}
    starts = (100, 105, 108, 113, 118)  # the third begins where it still fits
    assert pieces == {tuple(range(start, start + 5)) for start in starts}
    assert stream[places].tolist() == mixture.epoch(0, seed=1)[places].tolist()


def test_ids_are_looked_up_across_pieces():
    stream = MixedIds(np.arange(10) * 10, np.array([6, 0]), 3)
    assert stream[np.array([[0, 2], [3, 5]])].tolist() == [[60, 80], [0, 20]]
