"""`seqkit lm select`: lines like those of a domain, of one text and of parallel ones."""

import gzip
import os

import pytest
from language.tiny import write_text

from seqkit.language.selection import select

OWN = ["a man rides a horse", "a man walks", "a dog runs", "the dog rides"] * 2
EIGEN = ["ein mann reitet ein pferd", "ein mann geht", "ein hund rennt", "der hund reitet"] * 2
GENERAL = ["stocks fell", "a man walks", "", "the dog runs", "stocks rose", "a man walks"]
ANDERE = ["kurse fielen", "ein mann geht", "x", "der hund", "kurse stiegen", "ein mann geht"]


@pytest.fixture
def texts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, lines in (
        ("own.en", OWN),
        ("own.de", EIGEN),
        ("gen.en", GENERAL),
        ("gen.de", ANDERE),
        ("pairs.tsv", [f"{en}\t{de}" for en, de in zip(GENERAL, ANDERE, strict=True)]),
        ("own.tsv", [f"{en}\t{de}" for en, de in zip(OWN, EIGEN, strict=True)]),
        ("blank", ["", " "]),
        ("short.de", ANDERE[:2]),
    ):
        write_text(tmp_path, lines, name)
    return tmp_path


OF_EN = ("lm", "select", "--in-domain", "own.en", "--general", "gen.en")


def test_lines_are_selected_as_in_python(texts, cli):
    done = cli(*OF_EN, "--top", "50%", "--scores", "scores")
    assert done.lines == ["a man walks", "the dog runs"]
    assert "4 lines without 1 duplicate and 1 blank line; selected 2, with scores up to" in done.err
    expected = list(select(GENERAL, OWN, top=0.5))
    assert [each.text for each in expected] == done.lines
    assert (texts / "scores").read_text().split() == [f"{each.score:.6f}" for each in expected]


def test_the_sides_of_a_parallel_text_stay_aligned(texts, cli):
    both = ("--in-domain", "own.de", "--general", "gen.de", "--top", 2)
    done = cli(*OF_EN, *both, "-o", "out.en", "-o", "out.de.gz")
    assert done.code == 0, done.err
    assert (texts / "out.en").read_text() == "a man walks\nthe dog runs\n"
    packed = (texts / "out.de.gz").read_bytes()
    assert gzip.decompress(packed) == b"ein mann geht\nder hund\n"

    rows = ("lm", "select", "--general", "pairs.tsv", "--columns", "1,2", "--top", 2)
    expected = ["a man walks\tein mann geht", "the dog runs\tder hund"]
    assert cli(*rows, "--in-domain", "own.tsv").lines == expected
    assert cli(*rows, "--in-domain", "own.en", "--in-domain", "own.de").lines == expected


def test_a_side_without_a_domain_is_written_alongside(texts, cli):
    done = cli(*OF_EN, "--general", "gen.de", "--top", 1, "-o", "a", "-o", "b")
    assert done.code == 0, done.err
    assert (texts / "a").read_text() + (texts / "b").read_text() == "a man walks\nein mann geht\n"
    found = cli(
        "lm",
        "select",
        "--in-domain",
        "own.de",
        "--general",
        "pairs.tsv",
        "--columns",
        2,
        "--top",
        1,
    )
    assert found.lines == ["a man walks\tein mann geht"]


def test_models_may_be_given_instead_of_a_text(texts, cli):
    for name in ("own", "gen"):
        count = ("lm", "ngram", "--order", 2, "--smoothing", "witten-bell")
        assert cli(*count, "-o", f"{name}.lm", f"{name}.en").code == 0
    done = cli("lm", "select", "-m", "own.lm", "-m", "gen.lm", "--general", "gen.en", "--top", 2)
    assert done.lines == ["a man walks", "the dog runs"]
    assert "note: own.lm and gen.lm know different words" in done.err

    again = cli("lm", "select", "-m", "own.lm", "-m", "own.lm", "--general", "gen.en", "--top", 1)
    assert "note" not in again.err


def test_the_domain_may_come_by_stdin_and_the_general_text_may_not(texts, cli):
    rest = ("--general", "gen.en", "--top", 1)
    done = cli("lm", "select", "--in-domain", "-", *rest, input="a man walks\na man\n")
    assert done.lines == ["a man walks"]
    os.mkfifo(texts / "pipe")
    for name in ("-", "pipe"):
        wrong = cli("lm", "select", "--in-domain", "own.en", "--general", name, "--top", 1)
        expected = f"--general {name} can be read only once, and it is read three times: save it"
        assert wrong.complaint().startswith(expected)


@pytest.mark.parametrize(
    ("more", "code", "complaint"),
    [
        (("--top", "0"), 1, "--top '0' is neither a share such as 20%, up to 100%, nor a number"),
        (("--top", "101%"), 1, "--top '101%' is neither a share"),
        (("--top", "0.2"), 1, "--top '0.2' is neither a share"),
        ((), 2, "give one of --top and --threshold"),
        (("--top", "1", "--threshold", "1"), 2, "give one of --top and --threshold"),
        (("--threshold", "-9"), 1, "no line scores -9 or less: the lowest score is"),
        (
            ("--top", "1", "--columns", "1"),
            1,
            "--columns is for tables, but no file is called *.tsv",
        ),
        (("--top", "1", "-o", "gen.en"), 2, "gen.en is an input file"),
        (("--top", "1", "-o", "x", "--scores", "x"), 2, "x is to be written twice"),
        (("--top", "1", "-m", "a.lm"), 2, "give --in-domain, or models"),
        (("--top", "1", "--general", "gen.de"), 2, "an -o for each --general: 0 for 2 files"),
        (
            ("--top", "1", "--general", "short.de", "-o", "a", "-o", "b"),
            1,
            "as many lines as each other: gen.en has 6 lines, short.de has 2 lines",
        ),
        (("--top", "1", "--in-domain", "own.de"), 1, "is for 2 side(s) of a text, but --general"),
    ],
)
def test_a_wrong_request_is_one_line(texts, cli, more, code, complaint):
    assert complaint in cli(*OF_EN, *more).complaint(code)
    assert not {"a", "b", "x"} & {path.name for path in texts.iterdir()}


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (("--in-domain", "blank", "--general", "gen.en"), "blank: the text is empty"),
        (("--in-domain", "own.en", "--general", "blank"), "blank: the text is empty"),
        (("--in-domain", "own.en", "--general", "pairs.tsv"), "pairs.tsv has columns: name those"),
        (
            ("--in-domain", "own.en", "--general", "pairs.tsv", "--columns", "3"),
            "pairs.tsv:1: 2 columns, so no column 3",
        ),
        (
            ("--in-domain", "own.en", "--general", "pairs.tsv", "--columns", "1,1"),
            "--columns '1,1' is not a list of different numbers",
        ),
        (
            ("--in-domain", "own.en", "--general", "pairs.tsv", "--columns", "1,2"),
            "is for 1 side(s) of a text, but --columns names 2",
        ),
    ],
)
def test_a_wrong_text_is_one_line(texts, cli, more, complaint):
    assert complaint in cli("lm", "select", *more, "--top", "1").complaint()
