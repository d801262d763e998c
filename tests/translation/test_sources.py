"""Training text from several sources: languages, weights, and what an evaluation says of each."""

import math
import random

import pytest
from letters import some_lines, write_lines
from tensors import assert_same

import seqkit
from seqkit.config import build
from seqkit.data.cache import ENVIRONMENT
from seqkit.errors import CheckpointError, ConfigError, DataError
from seqkit.recipes import load
from seqkit.text import subword
from seqkit.text.tokenizer import TextConfig, Tokenizer
from seqkit.text.vocab import UNK
from seqkit.translation.data_config import TranslationData
from seqkit.translation.task import TranslationTask

RECIPE = """task = "translation"

[data]
batch_tokens = 600
max_length = 30
goal = "bleu"
temperature = 5.0
{data}

[[data.sources]]
train = ["same.tsv"]
valid = ["same-valid.tsv"]
languages = ["xx", "aa"]
{first}

[[data.sources]]
train = ["back.tsv"]
valid = ["back-valid.tsv"]
languages = ["xx", "bb"]
{second}

[text]
tokenizer = "{tokenizer}"
vocab_size = 280

[model]
name = "transformer"
width = 32
hidden = 64
heads = 2
encoder_layers = 1
decoder_layers = 1
dropout = 0.0

[optim]
lr = 5e-3
warmup = 20

[train]
steps = {steps}
eval_every = {steps}
"""

ONE = {
    "data.sources": [],
    "data.temperature": 1.0,
    "data.train": ["same.tsv"],
    "data.valid": ["same-valid.tsv"],
}


@pytest.fixture
def texts(tmp_path, monkeypatch):
    """Source "same" copies a line, and "back", which reverses it, is a tenth as long."""
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    lines = some_lines(640, shortest=2, longest=3)
    write_tsv(tmp_path / "same-valid.tsv", lines[:20])
    write_tsv(tmp_path / "back-valid.tsv", lines[:20], backwards=True)
    write_tsv(tmp_path / "same.tsv", lines[40:])
    write_tsv(tmp_path / "back.tsv", lines[40:100], backwards=True)
    return tmp_path


def write_tsv(path, lines, *, backwards=False):
    step = -1 if backwards else 1
    write_lines(path, [f"{line}\t{line[::step]}" for line in lines])


def recipe_of(folder, *, data="", first="", second="", tokenizer="char", steps=4):
    path = folder / "mixed.toml"
    filled = RECIPE.format(data=data, first=first, second=second, tokenizer=tokenizer, steps=steps)
    path.write_text(filled)
    return path


def task_of(folder, overrides=None, **how):
    return TranslationTask(load(recipe_of(folder, **how), overrides or {}))


def batches_of(task, epoch=0, *, start=0, rank=0, world=1):
    batches = task.train_batches(epoch, start=start, rank=rank, world=world)
    return [(batch.source.tolist(), batch.targets.tolist()) for batch in batches]


def tagged_share(task, tag, epoch=0):
    """The share of training pairs of an epoch whose source begins with `tag`."""
    rows = [row for source, _ in batches_of(task, epoch) for row in source]
    return sum(row[0] == task.tokenizers.source.vocab[tag] for row in rows) / len(rows)


@pytest.mark.parametrize(
    ("tokenizer", "steps", "language"),
    [
        ("char", "", "bb"),
        ("char", "lower", "pt-BR"),
        ("char", "letters", "bb"),
        ("sentencepiece", "", "bb"),
        ("sentencepiece", "casefold", "zh_Hans"),
        ("sentencepiece", "apart", "pt-BR"),
    ],
)
def test_each_source_text_begins_with_the_tag_of_its_language(texts, tokenizer, steps, language):
    path = recipe_of(texts, tokenizer=tokenizer)
    path.write_text(path.read_text().replace('"bb"', f'"{language}"'))
    task = TranslationTask(load(path, {"text.normalize": steps.split()}))
    source, target = task.tokenizers
    assert sorted(source.language_tags) == ["aa", language]
    tags: set[str] = set()
    for sources, targets in batches_of(task):
        for row, translation in zip(sources, targets, strict=True):
            tag, text = source.vocab.tokens[row[0]], source.decode(row[1:])
            expected = text if tag == ">>aa<<" else text[::-1]
            assert target.decode(translation) == expected
            tags.add(tag)
    assert tags == {">>aa<<", f">>{language}<<"}


@pytest.mark.parametrize("steps", [["lower"], ["apart"]])
def test_a_tag_stays_whole_in_all_ways_to_encode(steps):
    config = TextConfig(normalize=steps, vocab_size=280)
    tokenizer = Tokenizer.train(
        some_lines(200, shortest=2, longest=9), config, languages=["pt-BR", "de"]
    )
    text = ">>pt-BR<< a b"
    assert tokenizer.split(text)[0] == ">>pt-BR<<"
    head = tokenizer.vocab[">>pt-BR<<"]
    assert tokenizer.encode(text)[0] == head
    assert tokenizer.sample(text, 0.5, random.Random(1))[0] == head


def test_a_tag_within_a_text_chooses_no_language():
    config = TextConfig(tokenizer="whitespace", normalize=[])
    tokenizer = Tokenizer.train(["one two"], config, languages=["de", "fr"])
    tag, one = tokenizer.vocab[">>de<<"], tokenizer.vocab["one"]
    assert tokenizer.encode(">>de<< one >>fr<<") == [tag, one, UNK]
    assert tokenizer.encode("one >>de<<") == [one, UNK]


def test_a_small_language_is_seen_as_often_as_the_temperature_says(texts):
    plain, warm = task_of(texts, {"data.temperature": 1.0}), task_of(texts)
    assert tagged_share(plain, ">>bb<<") == pytest.approx(60 / 660, abs=0.002)
    root = 60**0.2 / (60**0.2 + 600**0.2)
    assert tagged_share(warm, ">>bb<<") == pytest.approx(root, abs=0.002)
    assert f"xx-bb, back.tsv: 255 pairs of an epoch ({255 / 660:.1%})" in warm.describe()


def test_an_epoch_is_the_same_each_time_and_from_wherever_it_begins(texts):
    task, again = task_of(texts), task_of(texts)
    assert batches_of(task, 1) == batches_of(again, 1) != batches_of(task, 2)
    assert batches_of(task, 1, start=2, rank=1, world=2) == batches_of(task, 1)[3::2]


def test_drawn_subwords_differ_where_a_pair_comes_again(texts):
    task = task_of(texts, {"text.subword_regularization": 0.5}, tokenizer="sentencepiece")
    source = task.tokenizers.source
    tag = source.vocab[">>bb<<"]
    rows = [row for batch, _ in batches_of(task) for row in batch if row[0] == tag]
    texts_seen = {source.decode(row) for row in rows}
    assert len(rows) == 255
    assert len(texts_seen) == 60
    assert len({tuple(row) for row in rows}) > 60


def test_sources_of_one_direction_get_no_tags(texts):
    same = 'languages = ["xx", "aa"]'
    path = recipe_of(texts)
    path.write_text(path.read_text().replace('languages = ["xx", "bb"]', same))
    task = TranslationTask(load(path))
    assert task.tokenizers.source.language_tags == {}
    assert {*task._valid_groups()} == {""}


def test_a_source_without_validation_text_needs_none_if_its_language_has_some(texts):
    path = recipe_of(texts)
    more = '[[data.sources]]\ntrain = ["back.tsv"]\nlanguages = ["xx", "bb"]\n\n[text]'
    path.write_text(path.read_text().replace("[text]", more))
    task = TranslationTask(load(path))
    assert len(task._valid.sources) == 40
    assert [span.places for span in task._text.spans("train", "")][2] == slice(660, 720)


def test_what_is_held_out_in_one_language_is_trained_on_in_none(texts):
    """Also where one source has validation text in a file, and another one's is split off."""
    same, back = some_lines(300, shortest=3, longest=4), some_lines(300, shortest=3, longest=4)
    write_tsv(texts / "same.tsv", [*same, "valid 1"])
    write_tsv(texts / "back.tsv", [*back, "valid 1"], backwards=True)
    write_tsv(texts / "same-valid.tsv", ["valid 1", "valid 2"])

    path = recipe_of(texts, data="valid_size = 5")
    path.write_text(path.read_text().replace('valid = ["back-valid.tsv"]', ""))
    text = TranslationTask(load(path))._text
    valid, train = {*text.valid.sources}, {*text.train.sources}
    assert len(valid) == 7
    assert not valid & train
    assert train == {*same, *back, "valid 1"} - valid
    assert text.facts["sizes"]["train"][0] < 301


def test_one_source_with_files_for_both_is_left_as_it_is(texts):
    write_tsv(texts / "same-valid.tsv", ["a b"])
    write_tsv(texts / "same.tsv", ["a b", "a c"])
    text = TranslationTask(load(recipe_of(texts), ONE))._text
    assert [*text.train.sources] == ["a b", "a c"]
    assert sorted(path.name for path in text._entry.folder.glob("read*")) == []


def test_a_target_language_that_the_text_has_not_is_refused_before_training(texts):
    with pytest.raises(ConfigError, match="to = 'xy': the model has no such target language"):
        task_of(texts, {"search.to": "xy"})


def test_validation_text_is_split_off_each_language_that_has_none(texts):
    path = recipe_of(texts, data="valid_size = 5")
    path.write_text(path.read_text().replace('valid = ["back-valid.tsv"]', ""))
    task = TranslationTask(load(path))
    groups = task._valid_groups()
    assert [len(places) for places in groups.values()] == [20, 5]
    held_out = {task._text.valid.sources[place] for place in groups["xx-bb"].tolist()}
    back = task._text.spans("train", "")[1].places
    assert not held_out & {*task._text.train.sources[back]}


def test_a_run_is_resumed_exactly_and_refused_with_other_weights(texts):
    seqkit.train(recipe_of(texts, steps=6), out="whole", device="cpu")
    seqkit.train(recipe_of(texts, steps=3), out="cut", device="cpu")
    (texts / "same.tsv").rename(texts / "moved.tsv")

    path = recipe_of(texts, steps=6, second="weight = 2.0")
    path.write_text(path.read_text().replace("same.tsv", "moved.tsv"))
    with pytest.raises(CheckpointError, match=r"the languages and weights of data\.sources have"):
        seqkit.train(path, out="cut", device="cpu", resume=True)

    path.write_text(path.read_text().replace("weight = 2.0", ""))
    seqkit.train(path, out="cut", device="cpu", resume=True)
    assert_same(texts / "whole", texts / "cut")


def test_a_translator_knows_the_one_language_that_all_sources_have():
    named = [["en", "de"], ["en", "fr"], ["en", "de"]]
    sources = [{"train": ["a.tsv"], "languages": languages} for languages in named]
    assert build(TranslationData, {"sources": sources}, "").only_languages() == ("en", "")
    same = {"sources": sources[::2]}
    assert build(TranslationData, same, "").only_languages() == ("en", "de")
    assert build(TranslationData, {"languages": ["en", "de"]}, "").only_languages() == ("en", "de")
    assert build(TranslationData, {}, "").only_languages() == ("", "")


@pytest.mark.slow
def test_a_model_of_two_languages_translates_into_each(texts):
    lines = some_lines(1500, shortest=4, longest=5)
    write_tsv(texts / "same.tsv", lines[40:])
    write_tsv(texts / "back.tsv", lines[40:800], backwards=True)
    for name, backwards in (("same", False), ("back", True)):
        write_tsv(texts / f"{name}-valid.tsv", lines[:40], backwards=backwards)

    config = recipe_of(texts, steps=500)
    found = seqkit.train(
        config, out="run", device="cpu", overrides={"train.eval_every": 250}
    ).metrics
    assert min(found["bleu xx-aa"], found["bleu xx-bb"]) > 50
    assert found["bleu"] == pytest.approx((found["bleu xx-aa"] + found["bleu xx-bb"]) / 2)

    translator = seqkit.load("run")
    assert translator.languages == ["aa", "bb"]
    assert translator.language == "xx"
    copied, turned = (translator.translate(lines[:40], to=to, beam=1) for to in ("aa", "bb"))
    assert sum(map(str.__eq__, copied, lines)) >= 20
    assert sum(line == other[::-1] for line, other in zip(lines, turned, strict=False)) >= 20


def test_the_perplexity_of_all_is_that_of_the_tokens_of_each(texts):
    found = seqkit.train(recipe_of(texts, steps=2), out="run", device="cpu").metrics
    each = [found["perplexity xx-aa"], found["perplexity xx-bb"]]  # of as many tokens
    assert math.log(found["perplexity"]) == pytest.approx(sum(map(math.log, each)) / 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sources": []}, "temperature is for several sources"),
        ({"train": ["a.tsv"]}, r"choose one of data.sources and of data.train"),
        (
            {"sources": [{"train": ["a"]}, {"train": ["b"], "languages": ["en", "de"]}]},
            "source 1 of",
        ),
        ({"sources": [{"train": []}]}, r"sources.1.train"),
        ({"sources": [{"train": ["a"], "weight": 0}]}, r"sources.1.weight should be greater"),
        ({"sources": [{"train": ["a"], "languages": ["e"]}]}, "is not two codes of languages"),
        ({"sources": [{"train": ["a"], "columns": [1]}]}, "give two, those of source and target"),
        (
            {"sources": [{"train": ["a"]}, {"train": ["a"], "weigth": 1}]},
            r"^\[data\]: unknown key 'sources\.2\.weigth'\. Did you mean 'weight'\? Known",
        ),
        ({"sources": [{"train": ["a"], "weight": 1e7}]}, r"sources.1.weight should be less than"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value[:20],
)
def test_a_mistake_in_the_sources_is_one_line(change, message):
    values = {"sources": [{"train": ["a.tsv"]}], "temperature": 5.0, **change}
    with pytest.raises(ConfigError, match=message):
        build(TranslationData, values, "[data]")


def test_a_source_that_is_all_too_long_is_named(texts):
    write_tsv(texts / "back.tsv", [" ".join("abcdef" * 2)] * 20)
    with pytest.raises(DataError, match=r"back\.tsv: no pair of 1 to 5 tokens"):
        task_of(texts, {"data.max_length": 5})


def test_a_model_of_one_language_cannot_go_on_with_several(texts):
    seqkit.train(recipe_of(texts), out="one", device="cpu", overrides=ONE)
    with pytest.raises(
        ConfigError, match="this model's vocabulary no tag for aa, bb: train anew, without"
    ):
        seqkit.train(recipe_of(texts), out="several", device="cpu", init="one")


def test_a_tokenizer_without_tags_is_refused(texts, monkeypatch):
    monkeypatch.setattr(subword.SentencePieceTokenizer, "train", classmethod(lambda cls, lines: 0))
    with pytest.raises(ConfigError, match="has no place for the tags of several target languages"):
        task_of(texts, tokenizer="sentencepiece")
