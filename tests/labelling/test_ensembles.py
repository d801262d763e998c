"""Several classifiers as one."""

import json
import shutil

import numpy as np
import pytest
from command_line import call
from small_classifiers import some_texts, write_recipe, write_tsv

import seqkit
from seqkit.errors import CheckpointError, ConfigError, WrongType
from seqkit.labelling.classification.classifier import Classifier
from seqkit.runs.ensembles import members_of
from seqkit.runs.load import task_of

TEXTS = ["soup and bread", "rain", "", "the wind is a storm and not a song"]
SMALL_ARPA = """\\data\\
ngram 1=4

\\1-grams:
-0.5\t<unk>
-99\t<s>
-0.5\t</s>
-0.5\ta

\\end\\
"""
LETTERS = {"text.tokenizer": "char", "data.longest": 9, "train.steps": 20}


@pytest.fixture(scope="module")
def by_letters(texts_file, tmp_path_factory):
    """A run of the same texts with another tokenizer, another longest text and fewer updates."""
    folder = tmp_path_factory.mktemp("letters")
    recipe = write_recipe(folder / "recipe.toml", texts_file)
    return seqkit.train(recipe, out=folder / "run", device="cpu", overrides=LETTERS).folder


@pytest.fixture(scope="module")
def members(run, by_letters):
    return [seqkit.load(folder, device="cpu") for folder in (run, by_letters)]


def test_probabilities_are_the_mean_of_what_each_model_says_alone(members):
    alone = [member.probabilities(TEXTS) for member in members]
    assert np.abs(alone[0] - alone[1]).max() > 0.05  # or nothing is shown

    both = Classifier.ensemble(members)
    np.testing.assert_allclose(both.probabilities(TEXTS), sum(alone) / 2, atol=1e-6)
    np.testing.assert_allclose(members[0].probabilities(TEXTS), alone[0], atol=1e-6)


def test_each_model_of_ensembles_counts_alike(members):
    first, second = members
    alone = [member.probabilities(TEXTS) for member in members]
    for three in ([Classifier.ensemble(members), second], [second, Classifier.ensemble(members)]):
        found = Classifier.ensemble(three).probabilities(TEXTS)
        np.testing.assert_allclose(found, (alone[0] + 2 * alone[1]) / 3, atol=1e-6)
    assert Classifier.ensemble([first]).others == ()


def test_texts_that_either_model_was_trained_on_are_said_to_be(run, tmp_path):
    other = write_tsv(tmp_path / "other.tsv", some_texts(60, seed=2))
    recipe = write_recipe(tmp_path / "recipe.toml", other, steps=1)
    second = seqkit.train(recipe, out=tmp_path / "run", device="cpu").folder

    done = call("evaluate", "-m", run, "-m", second, other, "--json", "--no-baselines")
    (leak,) = [note for note in json.loads(done.out)["notes"] if "byte for byte" in note]
    alone = call("evaluate", "-m", second, other, "--json", "--no-baselines")
    assert leak in json.loads(alone.out)["notes"]


def test_the_commands_take_several_models(run, by_letters, members):
    both = ("-m", run, "-m", by_letters)
    lines = call("classify", *both, "soup and bread", "--json", "--device", "cpu").lines
    expected = Classifier.ensemble(members).probabilities(["soup and bread"])[0]
    found = json.loads(lines[0])["classes"]
    assert [found[name] for name in ("food", "weather")] == pytest.approx(expected, abs=1e-5)

    done = call("evaluate", *both, "--no-baselines")
    assert "have more than 9 tokens: only the first 9 are read" in done.err  # by the second model
    signature = done.lines[-1]
    first, second = (member.digest for member in members)
    assert f"|model:bag {first} + bag {second}|" in signature
    assert "|tokens:word head 512 + char head 9|" in signature


def test_two_folders_with_a_plus_are_an_ensemble_wherever_a_model_is_named(
    run, by_letters, members, tmp_path
):
    both = f"{run}+{by_letters}"
    expected = Classifier.ensemble(members).probabilities(TEXTS)
    np.testing.assert_allclose(seqkit.load(both, device="cpu").probabilities(TEXTS), expected)
    assert task_of(both) == "text-classification"

    shown = call("classify", "-m", both, "soup and bread", "--json", "--device", "cpu").lines
    again = call("classify", "-m", run, "-m", by_letters, "soup and bread", "--json").lines
    assert shown == again

    data = write_tsv(tmp_path / "x.tsv", some_texts(30, seed=5))
    found = json.loads(call("compare", both, run, data, "--json").out)
    for name, model in (("first", Classifier.ensemble(members)), ("second", members[0])):
        report = model.evaluate(model.read_test_data([data]), baselines=False)
        assert found[name]["accuracy"] == pytest.approx(report.accuracy)


def test_a_folder_whose_name_has_a_plus_is_one_model(run, tmp_path):
    shutil.copytree(run, tmp_path / "a+b")
    assert seqkit.load(tmp_path / "a+b", device="cpu").others == ()


def test_a_folder_whose_name_has_a_plus_is_a_member_of_an_ensemble(run, by_letters, tmp_path):
    shutil.copytree(run, tmp_path / "c++")
    plus = str(tmp_path / "c++")
    assert members_of(f"{plus}+{by_letters}") == [plus, str(by_letters)]
    assert members_of(f"{by_letters} + {plus}") == [str(by_letters), plus]
    assert members_of(f"{plus}+{plus}+en-de") == [plus, plus, "en-de"]
    assert members_of(plus) == members_of("a+") == members_of(None) == []
    assert len(seqkit.load(f"{plus}+{by_letters}", device="cpu").others) == 1


@pytest.mark.parametrize("model", ["en-de", "en-de+en-de"])
def test_an_engine_that_there_is_not_is_refused_for_one_model_and_several(model):
    with pytest.raises(ConfigError, match="no engine 'foo'"):
        seqkit.load(model, engine="foo")


def test_models_of_other_tasks_are_no_ensemble(run):
    with pytest.raises(ConfigError, match="one is a Classifier, the other a Translator"):
        seqkit.load(f"{run}+en-de", device="cpu")


def test_models_of_a_task_without_ensembles_are_none(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text(SMALL_ARPA)
    both = f"{tmp_path / 'a'}+{tmp_path / 'b'}"
    with pytest.raises(ConfigError, match=r"no ensembles of models like .*a \(a Model\)"):
        seqkit.load(both)


def test_models_of_other_classes_are_no_ensemble(run, tmp_path):
    pairs = some_texts(60, classes=("food", "music"))
    recipe = write_recipe(tmp_path / "r.toml", write_tsv(tmp_path / "x.tsv", pairs), steps=1)
    other = seqkit.train(recipe, out=tmp_path / "run", device="cpu").folder
    complaint = call("classify", "-m", run, "-m", other, "soup").complaint()
    assert f"{run}+{other}: model 1 (bag) and model 2 (bag) are no ensemble" in complaint
    assert "different classes: only one has music, weather" in complaint


def test_several_models_where_one_is_asked_are_refused_in_a_line(run, tmp_path):
    both = f"{run}+en-de"
    refused = "several models are not taken here: give one of them"
    assert refused in call("export", "-m", both, "--to", "run", "-o", tmp_path / "x").complaint()
    with pytest.raises(CheckpointError, match=refused):
        seqkit.train("demo/topics", out=tmp_path / "new", device="cpu", init=both)


@pytest.mark.parametrize("command", ["explain", "tag", "segment"])
def test_a_second_model_is_refused_where_one_is_asked(command):
    told = call(command, "-m", "en-de", "-m", "runs/b", "Hello.").complaint()
    assert told == "one model is asked here: choose one of en-de, runs/b"


def test_one_label_and_several_are_no_ensemble(run, tmp_path):
    data = write_tsv(tmp_path / "x.tsv", some_texts(60))
    recipe = write_recipe(tmp_path / "r.toml", data, steps=1)
    several = {"data.several": ","}
    other = seqkit.train(recipe, out=tmp_path / "run", device="cpu", overrides=several).folder
    with pytest.raises(ConfigError, match="differ in whether a text may have several labels"):
        Classifier.ensemble([seqkit.load(run), seqkit.load(other)])


@pytest.mark.parametrize("given", [[], ["runs/a"], "runs/a"])
def test_an_ensemble_is_of_classifiers(given):
    with pytest.raises(WrongType, match="give a list of"):
        Classifier.ensemble(given)
