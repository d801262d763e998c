"""Several sources of tagged sentences: shares, chance, resuming, and bad input."""

import pytest
from tagged_sentences import sentences, write_columns

import seqkit
from seqkit.data.cache import ENVIRONMENT
from seqkit.errors import CheckpointError, ConfigError, DataError
from seqkit.labelling.tagging.data_config import TaggedSource, TaggingData
from seqkit.labelling.tagging.prepared import PreparedSentences
from seqkit.labelling.tagging.task import Tagging
from seqkit.recipes import load

RECIPE = """task = "tagging"
[data]
temperature = {temperature}
batch = 40
[[data.sources]]
train = ["many.conll"]
tag = 2
[[data.sources]]
train = ["few.txt"]
format = "word/tag"
weight = {weight}
[model]
name = "rnn-tagger"
preset = "small"
[train]
steps = 6
eval_every = 3
precision = "fp32"
"""


@pytest.fixture(autouse=True)
def corpora(tmp_path, monkeypatch):
    """A source, and another one that is a tenth of it, of another format and words of its own."""
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    write_columns(tmp_path / "many.conll", 200)
    rows = [" ".join(f"x{word}/{tag}" for word, tag, _ in rows) for rows in sentences(20, seed=2)]
    (tmp_path / "few.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return tmp_path


def recipe_of(*, weight=1.0, temperature=1.0):
    with open("recipe.toml", "w") as file:
        file.write(RECIPE.format(weight=weight, temperature=temperature))
    return "recipe.toml"


def task_of(overrides=None, **how):
    return Tagging(load(recipe_of(**how), overrides or {}))


def ids_of(task, epoch=0, start=0, rank=0, world=1):
    batches = task.train_batches(epoch, start=start, rank=rank, world=world)
    return [batch.tokens.words.tolist() for batch in batches]


def share_of_few(task, epochs=3):
    """The share of sentences that are from the small source, whose words begin with x."""
    every = [
        task.encoder.words.decode(row)
        for epoch in range(epochs)
        for batch in ids_of(task, epoch)
        for row in batch
    ]
    is_few = [any(word.startswith("x") for word in words) for words in every]
    return sum(is_few) / len(is_few)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, 1 / 11),
        ({"weight": 5.0}, 5 / 15),
        ({"temperature": 2.0}, 18**0.5 / (18**0.5 + 180**0.5)),
    ],
)
def test_each_source_has_its_share(how, expected):
    task = task_of({"data.unknown": 0}, **how)
    assert share_of_few(task) == pytest.approx(expected, abs=0.01)
    notes = task.describe()
    (note,) = [line for line in notes if "few.txt: " in line]
    share = float(note.partition("sentences of an epoch (")[2].rstrip("%)"))
    assert share == pytest.approx(100 * expected, abs=1)


def test_two_runs_of_a_seed_see_the_same_and_an_epoch_can_begin_anywhere():
    task, again = (task_of(weight=3.0) for _ in range(2))
    assert ids_of(task, 1) == ids_of(again, 1)
    assert ids_of(task, 1)[2:] == ids_of(task, 1, start=2)
    assert ids_of(task, 1)[1::2] == ids_of(task, 1, rank=1, world=2)
    assert ids_of(task, 0) != ids_of(task, 1)
    assert ids_of(task, 1) != ids_of(task_of({"train.seed": 2}, weight=3.0), 1)


def test_a_resumed_run_is_an_uninterrupted_one_and_weights_stay(corpora):
    recipe = recipe_of(weight=3.0)
    whole = seqkit.train(recipe, out=corpora / "whole", device="cpu")
    seqkit.train(recipe, out=corpora / "half", overrides={"train.steps": 3}, device="cpu")
    rest = seqkit.train(recipe, out=corpora / "half", resume=True, device="cpu")
    assert rest.metrics == whole.metrics

    heavier = recipe_of(weight=4.0)
    longer = {"train.steps": 9}
    with pytest.raises(CheckpointError, match=r"weights of data\.sources"):
        seqkit.train(heavier, out=corpora / "half", resume=True, overrides=longer, device="cpu")


@pytest.mark.parametrize("weight", [0.0, -1.0, "inf"])
def test_a_weight_that_is_no_share_is_refused_with_its_source(weight):
    with pytest.raises(ConfigError, match=r"sources.*weight"):
        task_of(weight=weight)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"data.train": ["many.conll"]}, "choose one of data.sources and of data.train"),
        ({"data.sources": [], "data.train": ["x"]}, r"temperature is for several sources"),
        ({"data.sources": [{"train": []}]}, "train"),
        ({"data.sources": [{"train": ["few.txt"], "tags": 2}]}, "tags"),
    ],
)
def test_sources_that_are_not_clear_are_refused(overrides, message):
    with pytest.raises(ConfigError, match=message):
        task_of(overrides, temperature=2.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"cannot read .*few\.txt: No such file"),
        ("", r"few\.txt: there is no sentence in it"),
        ("a/X b/Y\n", r"few\.txt: 1 sentences are too few to cut off data\.valid_share = 0\.1"),
        ("a/X b/Y\na b/Y\n", r"few\.txt:2: 'a' is not WORD/TAG"),
    ],
)
def test_a_source_that_cannot_be_read_or_is_too_small_is_named(text, message, corpora):
    (corpora / "few.txt").unlink()
    if text is not None:
        (corpora / "few.txt").write_text(text)
    with pytest.raises(DataError, match=message):
        task_of()


def test_sentences_that_are_held_out_of_another_source_are_not_trained_on(corpora):
    own = [f"w{number}" for number in range(20)]
    again = "w19"  # the first source says again what it holds out itself
    for name, words in (("a", [again, *own]), ("b", [*own[10:], *(f"v{i}" for i in range(20))])):
        (corpora / f"{name}.conll").write_text("".join(f"{word} {word[0]}\n\n" for word in words))
    sources = [TaggedSource(train=["a.conll"]), TaggedSource(train=["b.conll"])]
    read = PreparedSentences(TaggingData(sources=sources, valid_share=0.2)).read()
    held_out = [*own[-4:], *(f"v{i}" for i in range(14, 20))]
    assert [*read.valid.texts()] == held_out
    expected = [again, *own[:16], *own[10:16], *(f"v{i}" for i in range(14))]
    assert [*read.train.texts()] == expected


def test_a_source_of_which_all_is_held_out_of_another_is_named():
    sources = [
        TaggedSource(train=["many.txt"], valid=["few.txt"]),
        TaggedSource(train=["few.txt"]),
    ]
    with open("many.txt", "w") as file:
        file.write("a/X b/Y\n" * 5)
    with pytest.raises(DataError, match=r"few\.txt: each training sentence .* none is left"):
        PreparedSentences(TaggingData(sources=sources, format="word/tag"))


def test_shares_are_those_of_pieces_where_long_sentences_are_cut_apart():
    task = task_of({"data.longest": 16, "data.unknown": 0})
    before = len(task.train)
    words = " ".join(f"x{number}/NOUN" for number in range(40))
    with open("few.txt", "w") as file:
        file.write(f"{words}\n" * 20)
    task = task_of({"data.longest": 16, "data.unknown": 0})
    assert len(task.train) == before + 2 * 18
    assert share_of_few(task, epochs=1) == pytest.approx(54 / 234, abs=0.01)


def test_a_source_that_is_too_small_for_a_test_share_is_named():
    with open("few.txt", "w") as file:
        file.write("a/X b/Y\n")
    sources = [
        {"train": ["many.conll"], "tag": 2, "valid": ["many.conll"]},
        {"train": ["few.txt"], "format": "word/tag"},
    ]
    with pytest.raises(DataError, match=r"few\.txt: 1 sentences .* data\.test_share = 0\.9"):
        task_of({"data.sources": sources, "data.test_share": 0.9})
