"""`seqkit lm score`: log probabilities of lines and tokens, and a page of surprisal."""

import math

import pytest
from language.tiny import LINES, write_text

from seqkit import ngram

TEST = ["the dog sleeps", "", "a zebra barks"]


def test_every_line_gets_a_score(counted, cli):
    model = ngram.load(counted / "lm.arpa")
    given = "\n".join(TEST)
    lines = cli("lm", "score", "-m", counted / "lm.arpa", input=given).lines
    assert [float(line) for line in lines] == pytest.approx(
        [model.score(text) for text in TEST], abs=1e-5
    )
    natural = cli("lm", "score", "-m", counted / "lm.arpa", "--base", "e", input=given).lines
    assert [float(line) for line in natural] == pytest.approx(
        [model.score(text) * math.log(10) for text in TEST], abs=1e-5
    )


def test_every_token_gets_a_score(counted, cli):
    model = ngram.load(counted / "lm.arpa")
    lines = cli("lm", "score", "-m", counted / "lm.arpa", "--tokens", input="a zebra\na\n").lines
    rows = [line.split("\t") for line in lines]
    assert [(row[0], row[-1]) for row in rows[:3]] == [("a", ""), ("zebra", "OOV"), ("</s>", "")]
    assert [(float(row[1]), int(row[2])) for row in rows[:3]] == [
        (pytest.approx(score, abs=1e-5), length)
        for score, length, _ in model.full_scores("a zebra")
    ]
    assert rows[3] == [""]
    assert [row[0] for row in rows[4:]] == ["a", "</s>", ""]


def test_white_space_inside_tokens_is_shown(counted, cli):
    lines = cli("lm", "score", "-m", counted / "char.lm", "--tokens", input="a c\n").lines
    assert [line.split("\t")[0] for line in lines] == ["a", "▁", "c", "</s>", ""]


def test_the_scores_of_lines_sum_to_the_record(trained, cli, tmp_path):
    text = write_text(tmp_path)
    lines = cli("lm", "score", "-m", trained.run.folder, text).lines
    scores = [float(line) for line in lines]
    assert len(scores) == len(LINES)
    expected = trained.model.evaluate(LINES).log_probability / math.log(10)
    assert sum(scores) == pytest.approx(expected, rel=1e-4)


def test_scores_are_written_to_a_file(counted, cli, tmp_path):
    path = tmp_path / "scores"
    done = cli("lm", "score", "-m", counted / "lm.arpa", "-o", path, counted / "test")
    assert (done.code, done.out) == (0, "")
    shown = cli("lm", "score", "-m", counted / "lm.arpa", counted / "test").out
    assert path.read_text() == shown


def test_tokens_are_coloured_on_a_page(trained, cli, tmp_path):
    path = tmp_path / "page.html"
    given = "the cat <sees>\nzebra\n"
    done = cli("lm", "score", "-m", trained.run.folder, "--html", path, input=given)
    assert (done.code, done.out) == (0, "")
    page = path.read_text()
    assert page.count("bits") >= 7
    assert "&lt;" in page
    assert "unknown" in page
    assert page.count("<p><span") == 2


def test_input_is_not_overwritten(counted, cli, tmp_path):
    text = write_text(tmp_path, ["the cat sees the dog"] * 3)
    before = text.read_bytes()
    for option in ("--html", "-o"):
        refused = cli("lm", "score", "-m", counted / "lm.arpa", option, text, text).complaint(2)
        assert refused == f"{text} is an input file: write to another file"
        assert text.read_bytes() == before
