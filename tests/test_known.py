"""A list of what is known names what fits the task, and nothing else."""

import pytest
from letters import write_config

import seqkit
from seqkit import recipes
from seqkit.errors import CheckpointError, ConfigError, UnknownName, hint

TRANSLATORS = "Known: rnn-seq2seq, transformer."
LANGUAGE_MODELS = "Known: gru, lstm, rnn, transformer-lm."


def known_of(error):
    return str(error.value).rpartition("Known: ")[2].rstrip(".").split(", ")


@pytest.mark.parametrize(
    ("recipe", "known"), [("demo/en-de", TRANSLATORS), ("demo/story", LANGUAGE_MODELS)]
)
def test_models_of_the_task_are_named(recipe, known):
    with pytest.raises(UnknownName, match=f"no model 'lenet-5'.*{known}"):
        recipes.load(recipe, {"model": {"name": "lenet-5"}})
    with pytest.raises(ConfigError, match=f"needs a name. {known}"):
        recipes.load(recipe, {"model": {}})


@pytest.mark.parametrize("preset", ["tinny", ["small"], 3], ids=repr)
def test_presets_of_the_model_are_named(preset):
    with pytest.raises(ConfigError, match=r"transformer has no preset .* Known: "):
        recipes.load("demo/en-de", {"model": {"name": "transformer", "preset": preset}})


def test_recipes_for_the_task_are_named():
    with pytest.raises(ConfigError, match="no config file or recipe 'demo/en-dd'") as caught:
        recipes.load("demo/en-dd", task="language-modelling")
    known = known_of(caught)
    assert "demo/story" in known
    assert {recipes.load(name).task for name in known} == {"language-modelling"}

    with pytest.raises(ConfigError) as caught:
        recipes.load("demo/en-dd")
    assert {"demo/en-de", "demo/story"} < set(known_of(caught))


def test_training_for_a_task_names_its_recipes(tmp_path):
    with pytest.raises(ConfigError) as caught:
        seqkit.train("demo/stori", out=tmp_path, task="translation")
    assert "demo/en-de" in known_of(caught)
    assert "demo/story" not in known_of(caught)


@pytest.mark.parametrize(
    ("task", "has", "lacks"),
    [
        ("translation", "multi30k", "timemachine"),
        ("language-modelling", "timemachine", "multi30k"),
    ],
)
def test_corpora_of_the_task_are_named(task, has, lacks):
    with pytest.raises(UnknownName, match="no corpus 'multi'") as caught:
        recipes.corpora(task).card("multi")
    assert has in known_of(caught)
    assert lacks not in known_of(caught)
    assert recipes.corpora(task).card(lacks).title


def test_a_wrong_corpus_of_a_run_names_those_of_its_task(here, cli):
    config = write_config(here / "my.toml")
    said = cli("train", config, "--set", "data.corpus=multi30").complaint()
    assert "no corpus 'multi30'. Did you mean 'multi30k'?" in said
    assert "timemachine" not in said


def test_shipped_models_of_the_task_are_named(shipped):
    with pytest.raises(CheckpointError, match="Known: en-de"):
        seqkit.load("en-dee", task="translation")
    with pytest.raises(
        CheckpointError, match=r"'en-dee'\. Give a run folder, an ARPA file, seqkit"
    ):
        seqkit.load("en-dee", task="language-modelling")


@pytest.mark.parametrize(
    ("wrong", "guess"), [("LSTM", "lstm"), ("lstmm", "lstm"), ("BLEU", "bleu"), ("Adam", "AdamW")]
)
def test_a_guess_does_not_depend_on_case(wrong, guess):
    assert f"Did you mean {guess!r}?" in hint(wrong, ["lstm", "gru", "bleu", "AdamW"])


def test_nothing_is_guessed_for_nothing():
    assert hint("", ["lstm"]) == " Known: lstm."


def test_a_model_of_another_task_is_not_blamed_for_its_keys():
    says = f"'lstm' is not a model for the task 'translation'.* {TRANSLATORS}"
    with pytest.raises(ConfigError, match=says):
        recipes.load("demo/en-de", {"model.name": "lstm"})
    with pytest.raises(ConfigError, match="transformer: unknown key 'widht'"):
        recipes.load("demo/en-de", {"model.widht": 3})
