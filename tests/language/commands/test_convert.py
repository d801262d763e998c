"""`seqkit lm convert`, and models that are given where a text belongs."""

import gzip

import pytest
from language.tiny import write_text

from seqkit import ngram


def test_a_model_goes_from_arpa_to_the_binary_and_back(counted, cli, tmp_path):
    binary, arpa = tmp_path / "a.lm", tmp_path / "b.arpa"
    done = cli("lm", "convert", counted / "lm.arpa", binary)
    assert (done.code, done.out) == (0, "")
    assert done.err.endswith(f"written to {binary}\n")
    assert cli("lm", "convert", binary, arpa).code == 0
    assert arpa.read_bytes() == (counted / "lm.arpa").read_bytes()

    packed = tmp_path / "c.arpa.gz"
    assert cli("lm", "convert", binary, packed).code == 0
    assert gzip.decompress(packed.read_bytes()) == arpa.read_bytes()


def test_a_file_as_it_is_found_becomes_a_plain_one(counted, cli, tmp_path):
    whole = (counted / "lm.arpa").read_bytes()
    found = tmp_path / "found"
    found.write_bytes(gzip.compress(b"made by hand\r\n\r\n" + whole.replace(b"\n", b"\r\n")))
    assert cli("lm", "convert", found, tmp_path / "plain.arpa").code == 0
    assert (tmp_path / "plain.arpa").read_bytes() == whole


def test_what_arpa_cannot_hold_is_refused_or_named(counted, cli, tmp_path):
    refused = cli("lm", "convert", counted / "stupid.lm", tmp_path / "a.arpa").complaint()
    assert refused.startswith("stupid-backoff cannot be written as ARPA")
    done = cli("lm", "convert", counted / "char.lm", tmp_path / "b.arpa")
    assert "note: ARPA does not keep the tokenizer: split text by char before" in done.err
    assert not (tmp_path / "a.arpa").exists()


def test_a_model_is_pruned_on_the_way(counted, cli, tmp_path):
    done = cli("lm", "convert", "--prune-entropy", "1e-2", counted / "lm.arpa", tmp_path / "a.lm")
    assert ", pruned to " in done.err
    assert len(ngram.load(tmp_path / "a.lm").grams[1].keys) < len(
        ngram.load(counted / "lm.arpa").grams[1].keys
    )
    done = cli("lm", "convert", "--size", "2500", counted / "lm.arpa", tmp_path / "b.lm")
    assert done.code == 0, done.err
    assert (tmp_path / "b.lm").stat().st_size <= 2500

    whole = (counted / "lm.arpa", tmp_path / "c.lm")
    wrong = cli("lm", "convert", "--size", "big", *whole).complaint()
    assert wrong == "--size 'big' is not a size such as 500M or 4G"
    wrong = cli("lm", "convert", "--prune-entropy", "100", *whole).complaint()
    assert wrong.startswith(
        "pruning at 100 leaves nothing but words: the threshold must be at most"
    )
    both = ("--size", "1M", "--prune-entropy", "1")
    assert "choose one of" in cli("lm", "convert", *both, *whole).complaint(2)
    assert not (tmp_path / "c.lm").exists()


def test_what_is_no_ngram_model_is_not_converted(counted, cli, tmp_path):
    out = tmp_path / "out.lm"
    assert "begins with \\data\\; if this is text, `seqkit lm ngram -o OUT TEXT` makes" in (
        cli("lm", "convert", counted / "text", out).complaint()
    )
    assert "is a folder: only n-gram models" in cli("lm", "convert", tmp_path, out).complaint()
    assert "cannot read" in cli("lm", "convert", tmp_path / "none", out).complaint()
    assert "there is no such folder" in (
        cli("lm", "convert", counted / "lm.arpa", tmp_path / "none" / "a").complaint()
    )
    assert "is an input file: write to another file" in (
        cli("lm", "convert", counted / "lm.arpa", counted / "lm.arpa").complaint(2)
    )
    assert not out.exists()


@pytest.fixture(scope="module")
def models(counted, tmp_path_factory):
    """Models in files of every kind."""
    folder = tmp_path_factory.mktemp("models")
    whole = (counted / "lm.arpa").read_bytes()
    files = {
        "plain.arpa": whole,
        "text.txt": b"by hand\n" + whole,
        "mark.txt": b"\xef\xbb\xbf" + whole.replace(b"\n", b"\r\n"),
        "packed.txt": gzip.compress(whole),
        "binary": (counted / "wb.lm").read_bytes(),
        "packed-binary": gzip.compress((counted / "wb.lm").read_bytes()),
        "kenlm": b"mmap lm http://kheafield.com/code format version 5\n\0" + bytes(99),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


NAMES = ["plain.arpa", "text.txt", "mark.txt", "packed.txt", "binary", "packed-binary", "kenlm"]
COMMANDS = {
    "ngram": ("lm", "ngram", "--unk", "skip", "-o", "{out}", "{file}"),
    "ngram --vocab": ("lm", "ngram", "-o", "{out}", "--vocab", "{file}", "{text}"),
    "stats": ("lm", "stats", "{file}"),
    "score": ("lm", "score", "-m", "{model}", "{file}"),
    "perplexity": ("lm", "perplexity", "-m", "{model}", "{file}"),
    "perplexity --per-sentence": ("lm", "perplexity", "--per-sentence", "-m", "{model}", "{file}"),
    "evaluate": ("evaluate", "-m", "{model}", "{file}"),
    "train": ("lm", "train", "--train", "{file}", "--out", "{out}"),
    "train --valid": ("lm", "train", "--train", "{text}", "--valid", "{file}", "--out", "{out}"),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_model_given_as_text_is_refused_with_the_right_command(
    counted, models, cli, tmp_path, command, name
):
    path = models / name
    names = {
        "out": tmp_path / "out",
        "file": path,
        "text": counted / "text",
        "model": counted / "lm.arpa",
    }
    refused = cli(*(part.format(**names) for part in COMMANDS[command])).complaint()
    assert refused.startswith(f"{path} is ")
    assert ", not text: `seqkit lm perplexity -m " in refused
    assert f"`seqkit lm convert {path} OUT` writes it" in refused
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["plain.arpa", "binary", "packed.txt"])
def test_a_model_on_stdin_is_refused_as_text(counted, models, cli, name):
    given = (models / name).read_bytes()
    for command in (("stats",), ("score", "-m", counted / "lm.arpa")):
        refused = cli("lm", *command, input=given).complaint()
        assert refused.startswith("stdin is an n-gram model")
        assert "`seqkit lm perplexity -m MODEL TEXT`" in refused


def test_text_that_speaks_of_arpa_files_is_text(cli, tmp_path):
    lines = ["an ARPA file begins with", "\\data\\", "and then the sizes", "ngram 1=5"]
    text = write_text(tmp_path, [*lines, "\\data\\ ngram 1=5"])
    assert cli("lm", "ngram", "--order", 1, "-o", tmp_path / "a.lm", text).code == 0
    assert "\\data\\" in ngram.load(tmp_path / "a.lm")
