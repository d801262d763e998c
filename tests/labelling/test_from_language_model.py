"""Classifiers and taggers that start from the layers of a language model."""

import json

import pytest
import torch
from letters import write_lines
from small_classifiers import some_texts, write_recipe

import seqkit
from seqkit.errors import ConfigError
from seqkit.training import checkpoint

KINDS = {
    "lstm": "embedding = 6\nhidden = 6\nlayers = 2",
    "gru": "embedding = 6\nhidden = 5\nlayers = 1\ntie = true",
    "rnn": "embedding = 4\nhidden = 5\nlayers = 1",
    "transformer-lm": "width = 8\nhidden = 12\nheads = 2\nlayers = 2",
}
OURS = {
    "lstm": "rnn-classifier",
    "gru": "rnn-classifier",
    "rnn": "rnn-classifier",
    "transformer-lm": "transformer-classifier",
}
ENCODER_STAYS = {"optim.freeze": ["all"], "train.steps": 2, "train.eval_every": 2}


def language_model(folder, kind, settings):
    """A run folder: it has read the classifier's texts, without their labels."""
    texts = write_lines(folder / "texts", [text for _, text in some_texts(60)])
    recipe = folder / "lm.toml"
    recipe.write_text(
        f'task = "language-modelling"\n[data]\ntrain = ["{texts}"]\nbatch = 4\nsteps = 8\n'
        f'[text]\ntokenizer = "whitespace"\n[model]\nname = "{kind}"\n{settings}\n'
        "[optim]\nlr = 0.02\n[train]\nsteps = 3\n"
    )
    return seqkit.train(recipe, out=folder / "lm", device="cpu").folder


@pytest.fixture(scope="session", params=KINDS)
def started(request, tmp_path_factory, texts_file):
    """A language model, and a classifier that started from it and whose last layer was trained."""
    folder = tmp_path_factory.mktemp(request.param)
    origin = language_model(folder, request.param, KINDS[request.param])
    model = f'name = "{OURS[request.param]}"\ndropout = 0.1'
    recipe = write_recipe(folder / "recipe.toml", texts_file, model=model)
    made = seqkit.train(
        recipe, out=folder / "run", overrides=ENCODER_STAYS, init=origin, device="cpu"
    )
    return origin, made.folder, recipe


@pytest.fixture(scope="session")
def lstm(tmp_path_factory):
    return language_model(tmp_path_factory.mktemp("lm"), "lstm", KINDS["lstm"])


def pooled_states(model, ids):
    """What the layers of a classifier say of ids (B, T), before they are pooled: (B, T, H)"""
    seen = []
    hook = model.pooling.register_forward_hook(lambda _, given, __: seen.append(given[0]))
    with torch.no_grad():
        model(ids)
    hook.remove()
    return seen[0]


def test_the_states_of_a_classifier_are_those_of_the_language_model(started):
    origin, run, _ = started
    language, classifier = seqkit.load(origin), seqkit.load(run)
    ids = torch.tensor([language.tokenizer.encode("the soup is very warm and not rain")])

    with torch.no_grad():
        expected, _ = language.model(ids, None)
        states = pooled_states(classifier.model, ids)
        narrow = getattr(language.model, "narrow", None)
        if narrow is not None:  # a part of the language model's output layer
            states = narrow(states)
    torch.testing.assert_close(states, expected)


def test_the_vocabulary_is_that_of_the_language_model(started):
    origin, run, _ = started
    assert seqkit.load(run).inputs.tokenizer.vocab == seqkit.load(origin).tokenizer.vocab


def test_the_states_are_pooled_as_in_the_paper_unless_the_recipe_says_otherwise(started, tmp_path):
    origin, run, recipe = started
    assert seqkit.load(run).model.pooling.kind == "concat"
    overrides = {**ENCODER_STAYS, "model.pooling": "mean"}
    other = seqkit.train(recipe, out=tmp_path / "run", overrides=overrides, init=origin)
    assert seqkit.load(other.folder).model.pooling.kind == "mean"


def test_the_run_says_where_its_weights_are_from(started):
    origin, run, _ = started
    record = checkpoint.read_meta(checkpoint.resolve(run))["initial"]
    assert (record["model"], record["task"]) == (str(origin), "language-modelling")
    assert len(record["sha256"]) == 64
    kind = json.loads((checkpoint.resolve(origin) / checkpoint.META).read_text())["config"]["model"]
    card = (run / "README.md").read_text()
    assert f"{origin} ({kind['name']}, language-modelling)" in card


def test_a_run_is_resumed_without_the_language_model(lstm, tmp_path, texts_file):
    recipe = write_recipe(tmp_path / "r.toml", texts_file, model="name = 'rnn-classifier'")
    seqkit.train(recipe, out=tmp_path / "run", overrides=ENCODER_STAYS, init=lstm)
    longer = {**ENCODER_STAYS, "train.steps": 4}
    resumed = seqkit.train(recipe, out=tmp_path / "run", overrides=longer, resume=True)
    assert resumed.step == 4
    wider = {**longer, "train.steps": 6, "model.width": 7}
    with pytest.raises(
        ConfigError, match=r"model\.width = 7 cannot be had: --init keeps the model"
    ):
        seqkit.train(recipe, out=tmp_path / "run", overrides=wider, resume=True)


def test_own_texts_need_no_model_section(lstm, tmp_path, texts_file, cli):
    done = cli(
        "train",
        "finetune/classifier",
        *("--init", lstm, "--data", texts_file, "--out", tmp_path / "run"),
        *("--set", "train.steps=2"),
    )
    assert done.code == 0
    assert f"the tokenizer and the vocabulary of {lstm} are kept" in done.err
    assert "new, and random: output.weight, output.bias" in done.err


# What does not fit


def refused(recipe, folder, origin, **overrides):
    given = {key.replace("__", "."): value for key, value in overrides.items()}
    with pytest.raises(ConfigError) as error:
        seqkit.train(recipe, out=folder / "no", overrides=given, init=origin)
    assert not (folder / "no/config.toml").exists()
    return str(error.value)


def test_a_model_of_another_kind_is_refused_naming_both(lstm, tmp_path, texts_file):
    recipe = write_recipe(tmp_path / "r.toml", texts_file, model="name = 'text-cnn'")
    said = refused(recipe, tmp_path, lstm)
    assert "is of the kind 'lstm', the start of 'rnn-classifier', and this recipe trains" in said
    assert said.endswith("'text-cnn': set model.name = 'rnn-classifier'")


def test_a_kind_of_language_model_that_would_fit_is_named(lstm, tmp_path, texts_file):
    recipe = write_recipe(tmp_path / "r.toml", texts_file, model="name = 'transformer-classifier'")
    assert refused(recipe, tmp_path, lstm).endswith(
        "set model.name = 'rnn-classifier', or start from one of transformer-lm"
    )


def test_another_width_is_refused(lstm, tmp_path, texts_file):
    recipe = write_recipe(tmp_path / "r.toml", texts_file, model="name = 'rnn-classifier'")
    said = refused(recipe, tmp_path, lstm, model__width=9)
    assert "model.width = 9 cannot be had: --init keeps the model of" in said


@pytest.mark.parametrize(
    ("settings", "mended"),
    [
        ("embedding = 0", "embedding = 200"),
        ("embedding = 4\nlayer_norm = true", "layer_norm = False"),
    ],
)
def test_layers_that_a_classifier_does_not_have_are_refused(settings, mended, tmp_path, texts_file):
    origin = language_model(tmp_path, "gru", f"{settings}\nhidden = 5\nlayers = 1")
    recipe = write_recipe(tmp_path / "r.toml", texts_file, model="name = 'rnn-classifier'")
    assert refused(recipe, tmp_path, origin).endswith(f"train one with model.{mended}")


def test_a_task_that_starts_from_no_language_model_is_refused(lstm, tmp_path):
    recipe = tmp_path / "r.toml"
    recipe.write_text('task = "translation"\n[train]\nsteps = 1\n')
    said = refused(recipe, tmp_path, lstm)
    assert "is a model for 'language-modelling'; this recipe trains 'translation'" in said
