"""`seqkit rescore`: weights tuned on one n-best list, and used on another."""

import json

import pytest
from letters import LINES, write_lines

from seqkit import ngram
from seqkit.translation.rescoring import Weights

NBEST = """\
0 ||| a b ||| -1.0
0 ||| b a ||| -1.5
1 ||| c d e a ||| -2.0
1 ||| a e d c ||| -1.0
"""
REFERENCES = ["b a", "a e d c"]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "dev.nbest").write_text(NBEST)
    write_lines(tmp_path / "dev.ref", REFERENCES)
    model = ngram.train(["b a", "a e d c", "b a c"], order=2, smoothing="witten-bell")
    ngram.save(model, tmp_path / "lm.arpa")
    return tmp_path


def tuned(cli, files, *options):
    return cli(
        "rescore",
        files / "dev.nbest",
        "--reference",
        files / "dev.ref",
        "--metric",
        "chrf",
        "--lm",
        files / "lm.arpa",
        "--save",
        files / "weights.toml",
        *options,
    )


def test_weights_are_tuned_saved_and_used(cli, files):
    done = tuned(cli, files)
    assert done.lines[0].startswith("chrF2 ")
    assert " -> 100.00, at best 100.00" in done.lines[0]
    assert set(Weights.load(files / "weights.toml").of) == {"score", "length", "lm1"}

    ranked = cli("rescore", files / "dev.nbest", "--weights", files / "weights.toml")
    assert ranked.lines == REFERENCES

    best = cli("rescore", files / "dev.nbest", "--weights", files / "weights.toml", "--top", 1)
    assert best.lines[0].startswith("0 ||| b a ||| score= -1.5 length= 2 lm1= -")
    assert len(best.lines) == 2


def test_figures_come_as_json_too(cli, files):
    record = json.loads(tuned(cli, files, "--json").out)
    assert record["metric"] == "chrf"
    assert record["before"] < record["after"] == pytest.approx(100)
    assert record["lm"] == {"lm1": str(files / "lm.arpa")}


def test_what_translate_lists_can_be_ranked(cli, run, tmp_path):
    source = write_lines(tmp_path / "source", LINES)
    lists = cli("translate", "-m", run, "-i", source, "--nbest", 3)
    (tmp_path / "nbest").write_text(lists.out)
    weights = tmp_path / "weights.toml"
    Weights({"score": -1.0, "length": 0.0}, {}).save(weights)

    worst = [line.split(" ||| ")[1] for line in lists.lines[2::3]]
    assert cli("rescore", tmp_path / "nbest", "--weights", weights).lines == worst


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "give --reference F --save WEIGHTS to tune"),
        (["--reference", "dev.ref"], "say with --save where they go"),
        (["--weights", "w.toml", "--lm", "lm.arpa"], "leave out --lm and --save"),
    ],
)
def test_options_that_do_not_go_together(cli, files, options, said):
    assert said in cli("rescore", files / "dev.nbest", *options).complaint(code=2)


def test_mistakes_are_one_line_with_file_and_line(cli, files):
    (files / "dev.nbest").write_text("0 ||| a b ||| -1\nno list\n")
    assert tuned(cli, files).complaint().startswith(f"{files / 'dev.nbest'}:2 is not a line")
    assert not (files / "weights.toml").exists()
