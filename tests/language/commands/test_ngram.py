"""`seqkit lm ngram` and `seqkit lm stats`: counting by the command line."""

import json

import pytest
from language.commands.conftest import LINES
from language.tiny import write_text

from seqkit import ngram


def test_training_reports_sizes_and_why_discounts_are_not_the_data_s(cli, tmp_path):
    path = tmp_path / "other.arpa.gz"
    done = cli("lm", "ngram", "--order", 2, "-o", path, input="a b\nb a\n")
    assert "note: order 1: no n-gram has the count" in done.err
    sizes = "modified-kneser-ney, order 2, 6 tokens; n-grams 5 6"
    assert f"{sizes}; written to {path}" in done.err
    assert ngram.load(path).order == 2


def test_arpa_files_do_not_keep_the_tokenizer_and_a_note_says_so(cli, tmp_path):
    args = ("lm", "ngram", "--order", 2, "--tokenizer", "char")
    done = cli(*args, "-o", tmp_path / "x.arpa", input="a b\nb a\n")
    assert "note: ARPA does not keep the tokenizer: split text by char" in done.err
    done = cli(*args, "-o", tmp_path / "x.lm", input="a b\nb a\n")
    assert "tokenizer" not in done.err


def test_only_the_words_of_a_file_are_known_if_there_is_one(cli, tmp_path):
    words = write_text(tmp_path, ["a b", "c"], "words")
    args = ("--order", 1, "--vocab", words, "-o", tmp_path / "x.lm")
    done = cli("lm", "ngram", *args, input="a b d\nb a\n")
    assert done.code == 0, done.err
    assert ngram.load(tmp_path / "x.lm").known_words == {"a", "b"}


def test_statistics_count_words_and_draw_them(counted, cli, tmp_path):
    plot = tmp_path / "zipf.svg"
    done = cli("lm", "stats", "--json", "--top", 1, "--plot", plot, counted / "text")
    found = json.loads(done.lines[0])
    words = " ".join(LINES).split()
    assert (found["sentences"], found["tokens"]) == (15, len(words))
    assert found["orders"][0]["types"] == len(set(words))
    assert found["orders"][0]["commonest"] == [["the", words.count("the")]]
    assert found["orders"][1]["commonest"] == [["the cat", "\n".join(LINES).count("the cat")]]
    assert plot.read_text().startswith("<?xml")
    assert "seen once" in cli("lm", "stats", counted / "text").out


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (
            ("ngram", "-o", "{out}", "{folder}/none"),
            "cannot read {folder}/none: No such file or directory",
        ),
        (
            ("ngram", "--smoothing", "kats", "-o", "{out}"),
            "no smoothing 'kats'. Did you mean 'katz'?",
        ),
        (
            ("ngram", "--prune", "1,0", "-o", "{out}"),
            "prune 1,0 is not a list of at most 5 rising numbers",
        ),
        (
            ("ngram", "--prune", "a", "-o", "{out}"),
            "--prune 'a' is not a list of numbers such as 0,0,1",
        ),
        (
            ("ngram", "--memory", "lots", "-o", "{out}"),
            "--memory 'lots' is not a size such as 500M or 4G",
        ),
        (
            ("ngram", "--tokenizer", "chars", "-o", "{out}"),
            "no tokenizer 'chars'. Did you mean 'char'?",
        ),
        (
            ("ngram", "--tokenizer", "sentencepiece", "-o", "{out}"),
            "must be trained: give the folder of a trained one",
        ),
        (("ngram", "-o", "{folder}"), "cannot write {folder}: it is a folder"),
        (("ngram", "-o", "{folder}/no/lm"), "cannot write {folder}/no/lm: there is no such folder"),
        (
            ("ngram", "--smoothing", "add-k", "-o", "{folder}/x.arpa"),
            "add-k cannot be written as ARPA",
        ),
        (
            ("ngram", "-o", "{out}"),
            "stdin:1: the text holds the special word <unk>; --unk skip takes it for white space",
        ),
        (
            ("stats", "--plot", "{folder}/x.bmp", "{folder}/text"),
            "cannot draw {folder}/x.bmp: name it *.png",
        ),
    ],
)
def test_a_mistake_is_one_line(counted, cli, args, says, tmp_path):
    args = [arg.format(folder=counted, out=tmp_path / "lm.arpa") for arg in args]
    plain = "a b c d e\n" * 3
    text = "a b <unk> c d e\n" if args[1:] == ["-o", str(tmp_path / "lm.arpa")] else plain
    assert says.format(folder=counted) in cli("lm", *args, input=text).complaint()
    assert not (tmp_path / "lm.arpa").exists()
    assert not (counted / "x.arpa").exists()


def test_input_is_not_overwritten(counted, cli, tmp_path):
    text = write_text(tmp_path, ["the cat sees the dog"] * 3)
    before = text.read_bytes()
    for args in (("-o", text, text), ("--vocab", text, "-o", text, counted / "text")):
        refused = cli("lm", "ngram", *args).complaint(2)
        assert refused == f"{text} is an input file: write to another file"
        assert text.read_bytes() == before


@pytest.mark.parametrize("command", ["ngram", "stats"])
@pytest.mark.parametrize("order", ["1001", "1000000", str(2**63), "9" * 4000])
def test_an_order_that_no_model_has_is_refused_before_the_text_is_read(
    cli, tmp_path, command, order
):
    out = ("-o", tmp_path / "lm") if command == "ngram" else ()
    refused = cli("lm", command, "--order", order, *out, tmp_path / "no text").complaint()
    assert refused.startswith("the order of an n-gram model is at most 1000: ")
    assert not list(tmp_path.iterdir())


def test_the_highest_order_is_counted(cli, tmp_path):
    (tmp_path / "text").write_text(" ".join(map(str, range(120))) + "\n")
    how = ("--order", 100, "--smoothing", "witten-bell", "-o", tmp_path / "lm")
    assert cli("lm", "ngram", *how, tmp_path / "text").code == 0
    (tmp_path / "text").write_text("a b\n")
    refused = cli("lm", "ngram", *how, tmp_path / "text").complaint()
    assert (
        refused
        == "no sentence is long enough for order 100: with its ends, the longest has 4 words"
    )


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--prune", f"0,{'9' * 5000}", "is not a list of numbers such as 0,0,1"),
        ("--prune", "9" * 13, "is not a list of numbers such as 0,0,1"),
        ("--memory", "9" * 5000, "is not a size such as 500M or 4G"),
        ("--memory", f"{'9' * 400}.5T", "is not a size such as 500M or 4G"),
    ],
)
def test_numbers_of_thousands_of_digits_are_refused_in_a_short_line(
    cli, tmp_path, option, value, says
):
    (tmp_path / "text").write_text("a b\n")
    how = ("-o", tmp_path / "lm", option, value, tmp_path / "text")
    refused = cli("lm", "ngram", *how).complaint()
    assert refused.startswith(option)
    assert says in refused
    assert len(refused) < 120


def test_the_numbers_of_kenlms_prune_are_asked_for_with_commas(cli, tmp_path):
    (tmp_path / "text").write_text("a b\n")
    done = cli("lm", "ngram", "-o", tmp_path / "x", "--prune", 0, 0, 1, tmp_path / "text")
    assert done.complaint(2) == "--prune takes numbers with commas between them: 0,0,1"
