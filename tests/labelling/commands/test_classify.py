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


def test_a_text_longer_than_a_name_of_a_file_may_be_is_a_text(run):
    assert call("classify", "-m", run, "soup. " * 100 + "bread").lines[0].startswith("food")


def test_lines_of_a_file_are_json_where_it_is_asked_for(run, tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("soup\n\nwind and storm\n")
    lines = call("classify", "-m", run, "-i", path, "--json", "--top", "1").lines
    records = [json.loads(line) for line in lines]
    assert [record["text"] for record in records] == ["soup", "", "wind and storm"]
    assert list(records[2]["classes"]) == ["weather"]


def test_top_shows_as_many_classes_in_a_line_as_are_asked_for(run):
    asked = ("-m", run, "soup and bread", "--device", "cpu")
    label = call("classify", *asked).out
    assert call("classify", *asked, "--top", "1").out == label
    for top in ("0", "2"):
        both = call("classify", *asked, "--top", top).out
        assert re.fullmatch(r"food 0\.\d{4}, weather 0\.\d{4}\tsoup and bread\n", both)
        assert both.startswith(label.partition("\t")[0])


def test_empty_lines_are_labelled_and_counted(run, tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("soup\n \n\nrain\n")
    done = call("classify", "-m", run, "-i", path)
    assert len(done.lines) == 4
    assert "note: empty texts: 2 of 4, the first in line 2; " in done.err
    assert "note" not in call("classify", "-m", run, "soup").err


def test_what_is_not_read_of_long_texts_is_said(run, tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("soup\n" + "rain " * 600)
    done = call("classify", "-m", run, "-i", path, "--json")
    unread = [json.loads(line).get("unread_tokens") for line in done.lines]
    assert unread == [None, 600 + len(["<eos>"]) - 512]
    assert "1 of the texts have more than 512 tokens: only the first 512 are read" in done.err


def test_texts_in_windows_are_said_to_be(texts_file, tmp_path):
    recipe = write_recipe(tmp_path / "r.toml", texts_file, steps=1)
    settings = {"data.long": "windows", "data.longest": 5}
    run = seqkit.train(recipe, out=tmp_path / "run", overrides=settings).folder
    done = call("classify", "-m", run, "rain rain rain", "rain " * 9 + "soup", "--json")
    windows = [json.loads(line).get("windows") for line in done.lines]
    assert windows == [None, 3]  # 11 tokens with <eos>, 5 at most in each
    assert "read in windows of at most 5, whose logits are averaged" in done.err


def test_labels_that_the_model_does_not_know_count_as_wrong(run, tmp_path):
    pairs = [("food", "soup and bread"), ("music", "a song"), ("food", "salt and bread")]
    data = write_tsv(tmp_path / "x.tsv", pairs)
    done = call("evaluate", "-m", run, data, "--json")
    record = json.loads(done.out)
    assert record["accuracy"] == pytest.approx(2 / 3)
    assert record["per_class"]["music"]["support"] == 1
    assert "does not know the labels of 1 texts, which count as wrong: music" in done.err

    nothing = write_tsv(tmp_path / "y.tsv", [("music", "a song"), ("sport", "a goal")])
    complaint = call("evaluate", "-m", run, nothing).complaint()
    assert "y.tsv:1: the model knows no label 'music', and no other label" in complaint


def test_the_policy_of_macro_f1_is_said_where_a_class_is_missing(run, tmp_path):
    metrics = pytest.importorskip("sklearn.metrics")
    texts = ["soup and bread", "salt and bread", "rain and wind"]
    data = write_tsv(tmp_path / "x.tsv", [("food", text) for text in texts])
    done = call("evaluate", "-m", run, data, "--json")
    given = [line.split(" ")[0] for line in call("classify", "-m", run, *texts).lines]
    expected = metrics.f1_score(["food"] * 3, given, average="macro")
    assert json.loads(done.out)["macro_f1"] == pytest.approx(expected)
    assert "no text of the test is of weather: macro F1 is the mean of the 2 of 2" in done.err


def test_the_majority_baseline_says_what_it_answers(run, texts_file, tmp_path):
    pairs = [("weather", "rain and wind"), ("weather", "a storm"), ("food", "soup")]
    data = write_tsv(tmp_path / "x.tsv", pairs)
    lines = call("evaluate", "-m", run, data).lines
    (line,) = [line for line in lines if line.startswith("majority")]
    assert line.split() == ["majority", "0.3333", "accuracy,", "always:", "food"]


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
        (("classify", "-m", "{run}", "--threshold", "0.5", "soup"), "threshold is for models"),
        (("evaluate", "-m", "{run}", "--threshold", "0.5"), "threshold is for models"),
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
