"""Classifiers and taggers that start from the layers of a language model."""

import json

import pytest
import torch
from letters import write_lines
from small_classifiers import some_texts, write_recipe
from tagged_sentences import sentences, write_columns, write_config, write_segmented

import seqkit
from seqkit.errors import ConfigError
from seqkit.text.vocab import PAD
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


def language_model(folder, kind, settings, texts=None, tokenizer="whitespace"):
    """A run folder: it has read a file of texts, or the classifier's without their labels."""
    texts = texts or write_lines(folder / "texts", [text for _, text in some_texts(60)])
    recipe = folder / "lm.toml"
    recipe.write_text(
        f'task = "language-modelling"\n[data]\ntrain = ["{texts}"]\nbatch = 4\nsteps = 8\n'
        f'[text]\ntokenizer = "{tokenizer}"\n[model]\nname = "{kind}"\n{settings}\n'
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
    assert not classifier.model.embedding.weight[PAD].any()


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


def test_a_bag_of_n_grams_beside_the_network_is_new(lstm, tmp_path, texts_file, cli):
    done = cli(
        "train",
        "finetune/classifier",
        *("--init", lstm, "--data", texts_file, "--out", tmp_path / "run"),
        *("--set", "train.steps=2", "--set", "model.bag=3"),
    )
    assert done.code == 0
    assert "new, and random: output.weight, output.bias, beside.bag.embedding.weight" in done.err
    assert seqkit.load(tmp_path / "run").model.beside.bag is not None


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


# Taggers


def lines_of(path):
    """Sentences as a language model reads them: the words with blanks between them."""
    return write_lines(path, [" ".join(word for word, _, _ in rows) for rows in sentences(60)])


def tagger_config(folder, model, data=""):
    train = write_columns(folder / "train.conll", 30)
    valid = write_columns(folder / "valid.conll", 8, seed=2)
    return write_config(folder / "tagger.toml", train=train, valid=valid, data=data, model=model)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_forward_states_of_a_tagger_are_those_of_the_language_model(cell, tmp_path):
    settings = "embedding = 6\nhidden = 6\nlayers = 2"
    origin = language_model(tmp_path, cell, settings, lines_of(tmp_path / "lines"))
    config = tagger_config(tmp_path, "rnn-tagger", 'features = ["affixes", "shape"]')
    made = seqkit.train(config, out=tmp_path / "run", overrides=ENCODER_STAYS, init=origin)
    language, tagger = seqkit.load(origin, device="cpu"), seqkit.load(made.folder, device="cpu")
    words = ["the", "old", "dog", "sees", "a", "tree", "."]

    tokens = tagger.encoder.encode([words])
    assert tokens.words[0].tolist() == language.tokenizer.encode(" ".join(words))
    with torch.no_grad():
        expected, _ = language.model(tokens.words, None)
        embedded = tagger.model.embedding(tokens).transpose(0, 1)
        states, _ = tagger.model.recurrent(embedded)
    forward, backward = states.transpose(0, 1).chunk(2, -1)
    torch.testing.assert_close(forward, expected)
    assert backward.abs().sum() > 0


def test_a_language_model_of_characters_is_the_start_of_a_segmenter(tmp_path):
    train = write_segmented(tmp_path / "train.txt", 30)
    text = write_lines(tmp_path / "text", train.read_text().replace(" ", "").split("\n"))
    origin = language_model(tmp_path, "lstm", "embedding = 6\nhidden = 5", text, "char")
    data = 'format = "segmented"\nunit = "characters"'
    config = write_config(
        tmp_path / "c.toml", train=train, valid=train, data=data, model="rnn-tagger"
    )
    made = seqkit.train(config, out=tmp_path / "run", overrides=ENCODER_STAYS, init=origin)
    assert seqkit.load(made.folder).encoder.words == seqkit.load(origin).tokenizer.vocab


def test_words_are_looked_up_as_the_language_model_spells_them(tmp_path):
    lines = write_lines(tmp_path / "lines", ["The dog of 1998 sees A tree .", "the cat"] * 20)
    origin = language_model(tmp_path, "lstm", "embedding = 6\nhidden = 5", lines)
    config = tagger_config(tmp_path, "rnn-tagger")
    made = seqkit.train(config, out=tmp_path / "run", overrides=ENCODER_STAYS, init=origin)
    words = seqkit.load(made.folder).encoder.words
    found = seqkit.load(made.folder).encoder.word_ids(["The", "the", "THE", "1998", "1999"])
    assert found == [words["The"], words["the"], words["the"], words["1998"], words["<unk>"]]


def test_a_language_model_of_other_units_is_no_start_of_a_tagger(tmp_path):
    lines = lines_of(tmp_path / "lines")
    origin = language_model(tmp_path, "lstm", "embedding = 6\nhidden = 5", lines, "char")
    said = refused(tagger_config(tmp_path, "rnn-tagger"), tmp_path, origin)
    assert "a tagger of words (data.unit) starts from a language model of words" in said
    assert said.endswith("train one with text.tokenizer = 'whitespace'")


def test_a_transformer_that_reads_forward_is_no_start_of_a_tagger(tmp_path):
    lines = lines_of(tmp_path / "lines")
    origin = language_model(tmp_path, "transformer-lm", KINDS["transformer-lm"], lines)
    said = refused(tagger_config(tmp_path, "transformer-tagger"), tmp_path, origin)
    assert "'transformer-lm' is not the start of any model for this task" in said
    assert said.endswith("train one of gru, lstm, rnn")


# What does not fit


def test_vectors_of_words_beside_a_language_model_are_refused(lstm, tmp_path, texts_file):
    recipe = write_recipe(tmp_path / "r.toml", texts_file, model="name = 'rnn-classifier'")
    said = refused(recipe, tmp_path, lstm, data__vectors=str(tmp_path / "x.vec"))
    assert "choose one of data.vectors and --init" in said


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
