"""`seqkit classify`, and evaluate, explain, compare for text classifiers."""

import json
import re

import pytest
from command_line import call
from small_classifiers import some_texts, write_recipe, write_tsv

import seqkit


@pytest.fixture(scope="module")
def worse(texts_file, tmp_path_factory):
    """A run of the same texts that has learnt little."""
    folder = tmp_path_factory.mktemp("worse")
    recipe = write_recipe(folder / "recipe.toml", texts_file, steps=1)
    return seqkit.train(recipe, out=folder / "run", overrides={"optim.lr": 1e-6}).folder


def test_each_text_gets_a_line_with_its_label(run):
    lines = call("classify", "-m", run, "soup and bread", "rain", "--device", "cpu").lines
    assert [line.split(" ")[0] for line in lines] == ["food", "weather"]
    assert lines[0].endswith("\tsoup and bread")


def test_lines_of_a_file_are_json_where_it_is_asked_for(run, tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("soup\n\nwind and storm\n")
    lines = call("classify", "-m", run, "-i", path, "--json", "--top", "1").lines
    records = [json.loads(line) for line in lines]
    assert [record["text"] for record in records] == ["soup", "", "wind and storm"]
    assert list(records[2]["classes"]) == ["weather"]


def test_predict_is_the_same_for_this_task(run):
    asked = ("-m", run, "soup", "--device", "cpu")
    assert call("predict", *asked).out == call("classify", *asked).out


def test_evaluate_shows_figures_beside_baselines_and_draws(run, tmp_path):
    confusion, reliability = tmp_path / "c.png", tmp_path / "r.svg"
    done = call("evaluate", "-m", run, "--confusion", confusion, "--reliability", reliability)
    text = "\n".join(done.lines)
    assert "naive-bayes" in text
    assert "95 % [" in text
    assert confusion.stat().st_size > 1000
    assert "perfect calibration" in reliability.read_text()


def test_evaluate_gives_json_without_baselines(run, texts_file):
    record = json.loads(call("evaluate", "-m", run, texts_file, "--json", "--no-baselines").out)
    assert record["baselines"] == {}
    assert record["texts"] == 120
    assert record["per_class"]["food"]["support"] == 60


def test_explain_lists_the_tokens_and_writes_a_page(run, tmp_path):
    page = tmp_path / "page.html"
    done = call("explain", "-m", run, "soup and rain", "--class", "weather", "-o", page)
    assert done.lines[0].startswith("weather ")
    assert [line.split()[-1] for line in done.lines[1:]] == ["soup", "and", "rain", "<eos>"]
    assert "soup" in page.read_text()


def test_compare_says_whether_the_difference_is_chance(run, worse, texts_file):
    text = "\n".join(call("compare", run, worse, texts_file, "--show", "1").lines)
    assert "McNemar's exact test: p = 0.0000" in text
    assert "  second  " in text
    record = json.loads(call("compare", run, run, "--json").out)
    assert record["mcnemar_p"] == 1.0
    assert record["bootstrap_p"]["accuracy"] == 1.0


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("classify", "-m", "{run}", "soup", "--top", "9"), "top = 9: the model knows 2 classes"),
        (("classify", "-m", "{run}", "--threshold", "0.3", "soup"), "threshold is for models"),
        (("explain", "-m", "{run}", "soup", "--class", "sport"), "no class 'sport'"),
        (("evaluate", "-m", "{run}", "missing.tsv"), "cannot read missing.tsv"),
        (("evaluate", "-m", "{run}", "--confusion", "x.bmp"), "name it \\*.png"),
    ],
)
def test_mistakes_are_one_line(command, message, run):
    given = [part.format(run=run) for part in command]
    assert re.search(message, call(*given).complaint())


def test_models_with_other_classes_are_not_compared(run, tmp_path):
    data = write_tsv(tmp_path / "x.tsv", some_texts(40, classes=("food", "music")))
    recipe = write_recipe(tmp_path / "r.toml", data, steps=1)
    other = seqkit.train(recipe, out=tmp_path / "run").folder
    complaint = call("compare", run, other).complaint()
    assert "weather" in complaint
