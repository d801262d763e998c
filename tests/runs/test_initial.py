"""`--init`: what a run keeps of the one it starts from."""

import pytest
from letters import write_lines

import seqkit
from seqkit.errors import ConfigError

ONE = ["--set", "train.steps=1"]


def test_what_is_kept_of_another_translator_is_noted(here, cli, beginner):
    done = cli("train", "tiny.toml", "--out", "more", "--init", beginner, *ONE)
    assert done.code == 0
    assert f"the weights, the tokenizer and the vocabulary of {beginner} are kept" in done.err
    assert "not used" not in done.err


def test_settings_of_a_recipe_that_are_not_used_are_noted(here, cli, beginner):
    recipe = (here / "tiny.toml").read_text(encoding="utf-8")
    (here / "tiny.toml").write_text(
        recipe.replace("[text]\n", "[text]\nvocab_size = 900\n"), encoding="utf-8"
    )
    done = cli("train", "tiny.toml", "--out", "more", "--init", beginner, *ONE)
    assert "not used of the recipe: text.vocab_size = 900 (8000 is kept)" in done.err
    assert seqkit.load("more").source.vocab == seqkit.load(beginner).source.vocab


@pytest.mark.parametrize("setting", ["vocab_size=900", "tokenizer=word", "normalize=[]"])
def test_settings_of_the_tokenizer_beside_init_are_refused(here, cli, beginner, setting):
    command = ("train", "tiny.toml", "--out", "more", "--init", beginner, *ONE)
    said = cli(*command, "--set", f"text.{setting}").complaint()
    assert f"text.{setting.partition('=')[0]} = " in said
    assert f"--init keeps the tokenizer and the vocabulary of {beginner}" in said
    assert not (here / "more/config.toml").exists()


def test_settings_that_are_the_same_or_for_training_only_are_taken(here, beginner):
    same = {"train.steps": 1, "text.vocab_size": 8000, "text.tokenizer": "char"}
    assert seqkit.train("tiny.toml", out="more", init=beginner, overrides=same).step == 1


def test_a_language_model_keeps_its_tokenizer(here, cli):
    write_lines(here / "text", ["a b c", "c b a", "b c"] * 9)
    (here / "lm.toml").write_text(
        'task = "language-modelling"\n[data]\ntrain = ["text"]\nvalid = ["text"]\nbatch = 2\n'
        'steps = 4\n[text]\ntokenizer = "char"\n[model]\nname = "lstm"\nembedding = 8\nhidden = 8\n'
        "[train]\nsteps = 1\n",
        encoding="utf-8",
    )
    seqkit.train("lm.toml", out="first", device="cpu")
    done = cli("train", "lm.toml", "--out", "second", "--init", "first")
    assert "the weights, the tokenizer and the vocabulary of first are kept" in done.err
    refused = cli(
        "train", "lm.toml", "--out", "third", "--init", "first", "--set", "text.min_freq=9"
    )
    assert "text.min_freq = 9 cannot be had: --init keeps" in refused.complaint()


def test_a_model_for_another_task_is_refused(here, beginner):
    (here / "text").write_text("a b c\n" * 30, encoding="utf-8")
    (here / "lm.toml").write_text(
        'task = "language-modelling"\n[data]\ntrain = ["text"]\nvalid = ["text"]\n'
        '[text]\ntokenizer = "char"\n[model]\nname = "lstm"\n[train]\nsteps = 1\n',
        encoding="utf-8",
    )
    with pytest.raises(
        ConfigError, match=r"is a model for 'translation'; this recipe trains 'lang"
    ):
        seqkit.train("lm.toml", out="more", init=beginner)
