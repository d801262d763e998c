"""`seqkit average`: the mean of the weights of several models."""

import json
from pathlib import Path

import pytest
import torch
from letters import write_config
from safetensors.torch import load_file

import seqkit
from seqkit.training import checkpoint


@pytest.fixture
def two(here, beginner):
    """A run, and one that went on from it."""
    seqkit.train("tiny.toml", out="tuned", init=beginner, overrides={"train.steps": 2})
    return Path("tuned"), beginner


def weights(run):
    return load_file(checkpoint.resolve(Path(run)) / checkpoint.MODEL)


def test_the_mean_is_that_of_the_weights_as_much_as_each_counts(two, cli):
    tuned, before = two
    (line,) = cli("average", tuned, before, "--weights", "3,1", "--out", "mean").lines
    assert line == f"mean: 0.75 {tuned} + 0.25 {before}"
    one, other, mean = weights(tuned), weights(before), weights("mean")
    for name, tensor in mean.items():
        expected = 0.75 * one[name].double() + 0.25 * other[name].double()
        torch.testing.assert_close(tensor.double(), expected, rtol=1e-6, atol=1e-8)


def test_without_weights_all_count_the_same_and_one_that_counts_nothing_changes_nothing(two, cli):
    tuned, before = two
    assert "0.5 tuned + 0.5" in cli("average", tuned, before, "--out", "half").lines[0]
    cli("average", tuned, before, "--weights", "1,0", "--out", "same")
    found = weights("same")
    assert all(torch.equal(found[name], tensor) for name, tensor in weights(tuned).items())


def test_a_mean_is_a_run_folder_that_says_what_it_is_of(two, cli):
    tuned, before = two
    cli("average", tuned, before, "--out", "mean")
    meta = json.loads((Path("mean") / checkpoint.META).read_text())
    assert [part["model"] for part in meta["average"]] == [str(tuned), str(before)]
    assert "0.5 of tuned" in (Path("mean") / "README.md").read_text()
    assert seqkit.load("mean", device="cpu").translate(["a b c"], beam=1, max_length=5)
    again = seqkit.train("tiny.toml", out="more", init="mean", overrides={"train.steps": 1})
    assert again.step == 1


def test_a_mean_may_be_written_as_a_zip_file(two, cli):
    assert cli("average", *two, "--out", "mean.zip").lines
    cli("average", *two, "--out", "mean")
    assert Path("mean.zip").is_file()
    assert not list(Path().glob(".mean*"))
    lines = ["a b c", "c a"]
    settings = {"beam": 2, "max_length": 5}
    zipped, folder = (seqkit.load(name, device="cpu") for name in ("mean.zip", "mean"))
    assert zipped.translate(lines, **settings) == folder.translate(lines, **settings)


def test_models_that_have_no_mean_are_refused(two, run, cli, here):
    tuned, _ = two
    said = cli("average", tuned, run, "--out", "mean").complaint()
    assert "have no mean: model.width is 64 in one and 8 in the other" in said

    write_config(here / "words.toml", tokenizer="whitespace")
    seqkit.train("words.toml", out="words", overrides={"train.steps": 1})
    said = cli("average", tuned, "words", "--out", "mean").complaint()
    assert said.endswith("words and tuned have no mean: they have other tokenizers")
    assert not Path("mean").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["tuned"], "a mean takes two models or more"),
        (["tuned", "tuned", "--weights", "1"], "1 weights for 2 models"),
        (["tuned", "tuned", "--weights", "1,x"], "--weights 1,x: give numbers with commas"),
        (["tuned", "tuned", "--weights", "0,0"], "0 or more, and not all of them 0"),
        (["tuned", "tuned", "--weights", "2,-1"], "0 or more, and not all of them 0"),
        (["tuned", "nowhere/x"], "nowhere/x"),
    ],
)
def test_bad_requests_are_one_line_and_leave_nothing(two, cli, given, said):
    assert said in cli("average", *given, "--out", "mean").complaint()
    assert not Path("mean").exists()


def test_nothing_is_overwritten(two, cli):
    assert "exists: choose another --out" in cli("average", *two, "--out", "tuned").complaint()
