"""The task and the predictor of text classification."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from command_line import call
from small_classifiers import SMALL, WORDS, some_texts, write_recipe, write_tsv

import seqkit
from seqkit import recipes
from seqkit.errors import CheckpointError, ConfigError, DataError
from seqkit.labelling.classification.inputs import Inputs, combined
from seqkit.labelling.classification.report import ClassificationReport, macro_f1_of
from seqkit.labelling.classification.task import (
    TextClassification,
    label_weights,
)
from seqkit.testing import check_model, check_predictor, check_task
from seqkit.text.tokenizer import TextConfig, Tokenizer
from seqkit.training import checkpoint

SHORT = {"train.steps": 4, "train.eval_every": 2}


@pytest.fixture
def recipe(tmp_path, texts_file):
    return write_recipe(tmp_path / "recipe.toml", texts_file)


def task_of(recipe, **overrides):
    given = {key.replace("__", "."): value for key, value in overrides.items()}
    return TextClassification(recipes.load(recipe, given))


# Conformance


def test_the_task_conforms(recipe, texts_file):
    check_task(recipe, SHORT, test_files=[texts_file])


def test_windows_and_several_labels_conform(tmp_path):
    path = tmp_path / "x.tsv"
    lines = [
        f"{label},even\t{text}" if i % 3 else f"{label}\t{text}"
        for i, (label, text) in enumerate(some_texts(60))
    ]
    path.write_text("\n".join(lines))
    own = {**SHORT, "data.several": ",", "data.longest": 3, "data.long": "windows"}
    check_task(write_recipe(tmp_path / "r.toml", path), own, test_files=[path])


@pytest.mark.parametrize("name", SMALL)
def test_every_model_conforms(name, recipe):
    check_model(name, task_of(recipe), sizes={**SMALL[name][0], "dropout": 0.0})


# The task


def test_it_says_what_is_odd_about_the_texts(tmp_path):
    texts = [*some_texts(40), ("rare", "once upon a time"), ("food", "soup"), ("food", "soup")]
    path = write_tsv(tmp_path / "x.tsv", [*texts, ("food", "")])
    valid = write_tsv(tmp_path / "v.tsv", [("food", "soup"), ("food", "new"), ("food", "bread")])
    recipe = write_recipe(tmp_path / "r.toml", path)
    own = {"data__test_share": 0.0, "data__longest": 5, "data__valid": [str(valid)]}
    notes = "\n".join(task_of(recipe, **own).describe())
    assert "43 training texts, 3 for validation; 3 classes, from 1 (rare) to 22 texts" in notes
    assert "40 of the training texts have more than 5 tokens: only the first 5 are read" in notes
    assert f"left out, being empty: 1 texts, the first at {path}:44" in notes
    assert "with a single training text: rare" in notes
    assert "in no validation text: rare, weather" in notes
    assert "1 of the validation texts (33.33%) are training texts, too" in notes


def test_classes_of_one_size_are_told_in_few_words(tmp_path):
    path = write_tsv(tmp_path / "x.tsv", some_texts(40))
    recipe = write_recipe(tmp_path / "r.toml", path)
    notes = task_of(recipe, data__test_share=0.0, data__valid=[str(path)]).describe()
    assert notes[0] == "40 training texts, 40 for validation; 2 classes of 20 texts each"


def test_baselines_are_beside_the_figures_of_the_validation(run):
    metrics = checkpoint.metrics(checkpoint.resolve(run))
    assert metrics["accuracy"] > 0.9
    assert metrics["majority"] == 0.5
    assert metrics["naive-bayes"] > 0.9


def test_weights_of_several_labels_make_texts_with_and_without_one_count_alike():
    labels = torch.tensor([[1, 0]] * 3 + [[0, 1]])
    assert label_weights(labels).tolist() == pytest.approx([1 / 3, 3.0])


def test_subwords_are_sampled_anew_in_each_epoch_and_again_when_resumed(recipe):
    task = task_of(
        recipe,
        text__tokenizer="sentencepiece",
        text__vocab_size=60,
        text__byte_fallback=False,
        text__subword_regularization=0.5,
    )

    def ids(epoch, start=0):
        return [b.ids.tolist() for b in task.train_batches(epoch, start=start, rank=0, world=1)]

    assert ids(0) == ids(0)
    assert ids(0)[2:] == ids(0, start=2)
    plain = task_of(
        recipe, text__tokenizer="sentencepiece", text__vocab_size=60, text__byte_fallback=False
    )
    assert ids(0) != [b.ids.tolist() for b in plain.train_batches(0, start=0, rank=0, world=1)]


# Long texts


def inputs(longest, long):
    tokenizer = Tokenizer.train(["a b c d e f g"], TextConfig(tokenizer="whitespace"))
    return Inputs(tokenizer, longest, long)


@pytest.mark.parametrize(
    ("long", "expected"),
    [
        ("head", [["a", "b", "c"]]),
        ("tail", [["f", "g", "<eos>"]]),
        ("windows", [["a", "b", "c"], ["d", "e", "f"], ["g", "<eos>"]]),
    ],
)
def test_long_texts_are_cut_or_read_in_windows_of_about_one_size(long, expected):
    reader = inputs(3, long)
    ids, text_of_row = reader.windows(reader.encode(["a b c d e f g"]), np.array([0]))
    vocab = reader.tokenizer.vocab
    assert [[vocab.tokens[i] for i in row if i] for row in ids.tolist()] == expected
    assert text_of_row.tolist() == [0] * len(expected)


def test_the_answers_of_windows_are_averaged_by_text():
    logits = torch.tensor([[1.0, 2.0], [3.0, 0.0], [5.0, 5.0]])
    found = combined(logits, torch.tensor([0, 0, 1]), 2)
    assert found.tolist() == [[2.0, 1.0], [5.0, 5.0]]


# The predictor


def test_it_conforms_and_tells_the_topics_apart(classifier, run):
    check_predictor(classifier)
    found = [one.labels for one in classifier.predict(["soup and bread", "a storm, the wind"])]
    assert found == [["food"], ["weather"]]
    assert repr(classifier).startswith("<Classifier bag: 2 classes, ")


def test_a_prediction_has_the_likeliest_classes_and_is_one_line(classifier):
    (found,) = classifier.predict(["soup\nand salt\n"])
    assert list(found.classes) == ["food", "weather"]
    assert sum(found.classes.values()) == pytest.approx(1.0)
    assert str(found) == f"food {found.classes['food']:.4f}\tsoup and salt"
    (first,) = classifier.predict(["soup"], top=1)
    assert list(first.classes) == ["food"]


def test_a_long_text_says_how_much_of_it_was_not_read(classifier, monkeypatch):
    text = "soup " * 10_000
    (found,) = classifier.predict([text])
    assert found.labels == ["food"]
    assert found.record()["unread_tokens"] == 10_001 - 512  # <eos> is a token, too
    (short,) = classifier.predict(["soup"])
    assert "unread_tokens" not in short.record()

    monkeypatch.setattr(classifier, "inputs", replace(classifier.inputs, long="windows"))
    (windows,) = classifier.predict([text])
    assert windows.unread == 0


def test_an_empty_text_has_an_answer(classifier):
    (found,) = classifier.predict([""])
    assert found.labels[0] in WORDS


@pytest.mark.parametrize("settings", [{"top": 3}, {"top": -1}, {"threshold": 0.9}])
def test_impossible_settings_are_refused_before_anything_is_read(classifier, settings):
    with pytest.raises(ConfigError):
        classifier.predict(iter(()), **settings)


def test_answers_before_a_broken_line_are_given_first(classifier):
    def stream():
        yield "soup"
        raise DataError("line 2 is broken")

    found = classifier.predict(stream())
    assert next(found).labels == ["food"]
    with pytest.raises(DataError, match="line 2"):
        next(found)


def test_the_report_of_the_test_part_has_intervals_baselines_and_a_signature(classifier):
    report = classifier.evaluate(classifier.read_test_data([]))
    assert len(report.labels) == 24
    low, high = report.intervals["accuracy"]
    assert low <= report.accuracy <= high
    assert report.baselines.keys() == {"majority", "naive-bayes"}
    text = str(report)
    for shown in ("precision", "accuracy", "macro F1", "ECE", "naive-bayes", "content:"):
        assert shown in text
    assert "micro F1" not in text
    assert not report.notes


def test_macro_f1_of_a_draw_is_scikit_learns():
    metrics = pytest.importorskip("sklearn.metrics")
    classes = ["food", "music", "weather"]  # nothing is music, neither truly nor by the model
    true, given = [0, 0, 2, 2, 2], [0, 2, 2, 2, 0]
    report = ClassificationReport(classes, np.eye(3)[given], np.eye(3, dtype=np.uint8)[true])
    (found,) = macro_f1_of(report.counts.sum(0, keepdims=True))
    expected = metrics.f1_score(true, given, average="macro")
    assert found == pytest.approx(expected)
    assert report.macro_f1 == pytest.approx(expected)


def test_texts_of_the_training_are_counted_by_their_content(classifier, texts_file):
    report = classifier.evaluate(classifier.read_test_data([texts_file]))
    seen = len(TextClassification(recipes.load(texts_file.parent / "recipe.toml")).parts.train)
    assert f"{seen:,} of 120 texts" in report.notes[0]


def test_a_label_that_the_model_does_not_know_is_a_class_that_it_never_gives(classifier, tmp_path):
    path = write_tsv(tmp_path / "x.tsv", [("food", "soup"), ("sport", "ball")])
    report = classifier.evaluate(classifier.read_test_data([path]))
    assert report.classes == ["food", "weather", "sport"]
    assert report.probabilities[:, 2].tolist() == [0, 0]
    assert report.labels.tolist() == [[1, 0, 0], [0, 0, 1]]


def test_without_the_training_texts_baselines_are_missing_and_it_says_so(tmp_path):
    data = write_tsv(tmp_path / "x.tsv", some_texts(40))
    recipe = write_recipe(tmp_path / "r.toml", data)
    found = seqkit.load(seqkit.train(recipe, out=tmp_path / "run", overrides=SHORT).folder)
    test = found.read_test_data([data])
    data.unlink()
    report = found.evaluate(test)
    assert not report.baselines
    assert "no baselines" in report.notes[-1]


def test_several_labels_are_given_by_the_threshold(tmp_path):
    lines = [f"{label}\t{text}" for label, text in some_texts(60)]
    lines += [
        f"food,weather\t{a[1]} {b[1]}"
        for a, b in zip(some_texts(40)[::2], some_texts(40)[1::2], strict=True)
    ]
    (tmp_path / "x.tsv").write_text("\n".join(lines))
    recipe = write_recipe(tmp_path / "r.toml", tmp_path / "x.tsv")
    run = seqkit.train(recipe, out=tmp_path / "run", overrides={"data.several": ","})
    assert run.metrics["f1"] > 0.8
    found = seqkit.load(run.folder)
    (both, one) = found.predict(["soup bread rain wind", "soup bread salt spoon"])
    assert sorted(both.labels) == ["food", "weather"]
    assert one.labels == ["food"]
    (none,) = found.predict(["soup"], threshold=0.999999)
    assert str(none).startswith("-\t")
    report = found.evaluate(found.read_test_data([]))
    assert "micro F1" in str(report)
    assert re.fullmatch(r"-|\w+ 0\.\d{4}(, \w+ 0\.\d{4})*", report.answer(0))
    complaint = call("evaluate", "-m", run.folder, "--confusion", tmp_path / "c.png").complaint()
    assert complaint == "a model that gives a text several labels has no confusion matrix"


# Starting from another run


def test_a_model_for_other_classes_keeps_all_but_its_last_layer(run, tmp_path):
    data = write_tsv(tmp_path / "x.tsv", some_texts(60, classes=("food", "weather", "music")))
    recipe = write_recipe(tmp_path / "r.toml", data)
    overrides = {"train.steps": 1, "train.eval_every": 1, "optim.lr": 1e-9}
    new = seqkit.load(
        seqkit.train(recipe, out=tmp_path / "new", overrides=overrides, init=run).folder
    )
    assert new.classes == ["food", "music", "weather"]
    before = seqkit.load(run).model.embedding.weight
    torch.testing.assert_close(new.model.embedding.weight, before, atol=1e-6, rtol=0)


def test_a_checkpoint_of_a_language_model_is_refused(run, tmp_path):
    with pytest.raises((CheckpointError, ConfigError)):
        seqkit.load(run, task="language-modelling")


# Pretrained vectors


def test_a_new_model_begins_with_pretrained_vectors_and_a_resumed_one_does_not(recipe, tmp_path):
    vectors = tmp_path / "x.vec"
    vectors.write_text("soup 1 2\nrain 3 4\nunheard 5 6\n")
    overrides = {
        **SHORT,
        "model.width": 2,
        "optim.lr": 1e-9,
        "data.vectors": str(vectors),
    }
    made = seqkit.train(recipe, out=tmp_path / "run", overrides=overrides)
    found = seqkit.load(made.folder)
    words = found.inputs.tokenizer.vocab
    weight = found.model.embedding.weight
    torch.testing.assert_close(weight[words["soup"]], torch.tensor([1.0, 2.0]), atol=1e-4, rtol=0)

    vectors.unlink()
    seqkit.train(recipe, out=made.folder, overrides={**overrides, "train.steps": 6}, resume=True)


def test_vectors_that_do_not_fit_are_refused(recipe, tmp_path):
    vectors = tmp_path / "x.vec"
    vectors.write_text("soup 1 2\n")
    own = {**SHORT, "data.vectors": str(vectors)}
    with pytest.raises(ConfigError, match=r"set model\.width = 2"):
        seqkit.train(recipe, out=tmp_path / "run", overrides=own)
    subwords = {**own, "text.tokenizer": "sentencepiece", "text.byte_fallback": False}
    with pytest.raises(ConfigError, match="subwords"):
        task_of(
            recipe, **{k.replace(".", "__"): v for k, v in subwords.items()}, text__vocab_size=60
        )
