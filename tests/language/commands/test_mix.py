"""`seqkit lm mix`: weights, and both kinds of mixture."""

import re

import pytest

from seqkit import ngram


@pytest.fixture
def pair(counted, cli, tmp_path):
    """Two models of different words."""
    (tmp_path / "zoo.txt").write_text("a zebra barks\nthe zebra sees the lion\n" * 3)
    zoo = tmp_path / "zoo.lm"
    settings = ("--order", 2, "--smoothing", "witten-bell")
    assert cli("lm", "ngram", *settings, "-o", zoo, tmp_path / "zoo.txt").code == 0
    return ("-m", counted / "wb.lm", "-m", zoo)


def test_weights_are_fitted_and_the_mixture_kept(pair, counted, cli, tmp_path):
    figures = {}
    for name in ("mixed.arpa", "mixed.toml"):
        done = cli("lm", "mix", *pair, "--fit", counted / "test", "-o", tmp_path / name)
        assert done.code == 0, done.err
        weights = [float(weight) for weight in re.findall(r"^(0\.\d{4})  ", done.err, re.M)]
        assert sum(weights) == pytest.approx(1, abs=1e-3)
        assert min(weights) > 0
        figures[name] = ngram.load(tmp_path / name).perplexity(["a zebra barks", "the dog sleeps"])
    assert figures["mixed.arpa"] == pytest.approx(figures["mixed.toml"], rel=0.2)  # tiny models

    for path in (pair[1], pair[3]):
        alone = ngram.load(path).perplexity(["a zebra barks", "the dog sleeps"])
        assert figures["mixed.arpa"] < alone

    done = cli("lm", "perplexity", "-m", tmp_path / "mixed.toml", counted / "test")
    assert done.code == 0
    assert "unknown:share" in done.out


def test_weights_may_be_given(pair, cli, tmp_path):
    done = cli("lm", "mix", *pair, "--weights", "0.9,0.1", "-o", tmp_path / "mixed.lm")
    assert "0.9000  " in done.err
    assert ngram.load(tmp_path / "mixed.lm").metadata["weights"] == "0.9 0.1"


def test_wrong_weights_are_refused(pair, counted, cli, tmp_path):
    out = ("-o", tmp_path / "mixed.lm")
    wrong = cli("lm", "mix", *pair, "--weights", "0.9,0.2", *out).complaint()
    assert wrong == "the weights 0.9, 0.2 sum to 1.1, not to 1"
    wrong = cli("lm", "mix", *pair, "--weights", "a,b", *out).complaint()
    assert wrong == "--weights 'a,b' is not a list of numbers such as 0.3,0.7"
    assert "give two models or more" in cli("lm", "mix", *pair[:2], *out).complaint(2)
    both = ("--fit", counted / "test", "--weights", "0.5,0.5")
    assert "choose one of --fit and --weights" in cli("lm", "mix", *pair, *both, *out).complaint(2)
    assert not (tmp_path / "mixed.lm").exists()


def test_no_file_is_written_that_could_not_be_read_again(pair, counted, cli, tmp_path):
    out = ("--weights", "0.5,0.5", "-o", tmp_path / "out.toml")
    wrong = cli("lm", "mix", *pair[:2], "-m", counted / "char.lm", *out).complaint()
    assert wrong == "models of the tokens whitespace, char cannot be mixed"

    assert cli("lm", "mix", *pair, "-o", tmp_path / "mixed.toml").code == 0
    wrong = cli("lm", "mix", "-m", tmp_path / "mixed.toml", *pair[:2], *out).complaint()
    assert wrong.endswith("mixed.toml is itself a mixture: name its models")
    assert not (tmp_path / "out.toml").exists()


def test_a_model_that_the_held_out_text_has_no_use_for_is_noted(pair, counted, cli, tmp_path):
    names = ("--fit", counted / "text", "-o", tmp_path / "mixed.lm")
    done = cli("lm", "mix", *pair, *names)
    assert done.code == 0
    assert "note: a model has no weight: leave it out, unless" in done.err
