"""`-` is stdin wherever a command reads text, and refused in a line where it cannot be."""

import bz2
import gzip
import json
import lzma

import pytest

from seqkit import ngram

TEXT = "the cat sees\na dog\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """a.lm and b.lm, and text files of their words."""
    folder = tmp_path_factory.mktemp("models")
    lines = ["the cat sees a dog", "a dog sees the cat"] * 3
    ngram.save(ngram.train(lines, order=2), folder / "a.lm")
    ngram.save(ngram.train(lines[1:], order=2), folder / "b.lm")
    (folder / "text").write_text(TEXT)
    (folder / "words").write_text("the cat dog a")
    return folder


OF_ANY_MODEL = {
    "perplexity": ("lm", "perplexity", "-m", "{f}/a.lm", "{x}"),
    "each sentence": ("lm", "perplexity", "-m", "{f}/a.lm", "--per-sentence", "{x}"),
    "fit": ("lm", "perplexity", "-m", "{f}/a.lm", "-m", "{f}/b.lm", "--fit", "{x}", "{f}/text"),
    "score": ("lm", "score", "-m", "{f}/a.lm", "{x}"),
    "stats": ("lm", "stats", "{x}"),
    "predict": ("predict", "-m", "{f}/a.lm", "-i", "{x}"),
    "evaluate": ("evaluate", "-m", "{f}/a.lm", "{x}"),
}


def filled(command, folder, text):
    return [part.format(f=folder, x=text) for part in command]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("name", OF_ANY_MODEL)
def test_a_dash_is_stdin(folder, cli, name, mark, pack):
    command = OF_ANY_MODEL[name]
    expected = cli(*filled(command, folder, folder / "text")).lines
    data = pack(mark + TEXT.encode())
    assert cli(*filled(command, folder, "-"), input=data).lines == expected


def test_stdin_and_files_are_one_text(folder, cli):
    both = cli("lm", "score", "-m", folder / "a.lm", folder / "text", "-", input="a cat\n").lines
    assert len(both) == 3
    assert both[2:] == cli("lm", "score", "-m", folder / "a.lm", input="a cat\n").lines


def test_counting_reads_text_and_words_from_stdin(folder, cli, tmp_path):
    counted = ("lm", "ngram", "--order", 1, "-o")
    assert cli(*counted, tmp_path / "a.arpa", folder / "text").code == 0
    assert cli(*counted, tmp_path / "b.arpa", "-", input=TEXT).code == 0
    assert (tmp_path / "a.arpa").read_bytes() == (tmp_path / "b.arpa").read_bytes()

    given = ("--vocab", "-", folder / "text")
    assert cli(*counted, tmp_path / "c.arpa", *given, input="\ufeffthe cat").code == 0
    assert ngram.load(tmp_path / "c.arpa").words[3:] == ["the", "cat"]


ONCE = "stdin can be read only once: give a file for the other"


@pytest.mark.parametrize(
    "command",
    [
        ("lm", "score", "-m", "{f}/a.lm", "-", "-"),
        ("lm", "perplexity", "-m", "{f}/a.lm", "-m", "{f}/b.lm", "--fit", "-", "-"),
        ("lm", "perplexity", "-m", "{f}/a.lm", "-m", "{f}/b.lm", "--fit", "-"),
        ("lm", "ngram", "-o", "{f}/new", "--vocab", "-", "-"),
        ("lm", "ngram", "-o", "{f}/new", "--vocab", "-"),
        ("evaluate", "--source", "-", "--reference", "-"),
        ("score", "--source", "-", "--target", "-"),
        ("compare", "-", "{f}/text", "--source", "-", "--reference", "{f}/text"),
        ("compare", "-", "-", "--source", "{f}/text", "--reference", "{f}/text"),
    ],
    ids=" ".join,
)
def test_it_can_be_read_once(folder, cli, command):
    assert cli(*filled(command, folder, "-"), input=TEXT).complaint(2) == ONCE


@pytest.mark.parametrize(
    "command",
    [
        ("train", "demo/en-de", "--data", "-", "--data", "{f}/text"),
        ("train", "demo/en-de", "--data", "{f}/text", "--valid", "-"),
        ("train", "demo/en-de", "--source", "-", "--target", "{f}/text"),
        ("train", "demo/en-de", "--set", "data.corpus=", "--set", 'data.train=["-"]'),
        ("lm", "train", "--train", "-"),
        ("lm", "train", "--train", "{f}/text", "--valid", "-"),
    ],
    ids=" ".join,
)
def test_no_run_trains_on_it(folder, cli, command, tmp_path):
    done = cli(*filled(command, folder, "-"), "--out", tmp_path / "run", input=TEXT)
    says = "- is stdin, which a run cannot read again when it is resumed: save it to a file"
    assert says in done.complaint()
    assert not (tmp_path / "run").exists()


def test_translators_read_it(run, cli, tmp_path):
    text = "a b c\nb a\n"
    (tmp_path / "text").write_text(text)
    quick = ("-m", run, "--search", "max_length=4")
    expected = cli("translate", *quick, "-i", tmp_path / "text").lines
    assert cli("translate", *quick, "-i", "-", input=text).lines == expected
    assert cli("translate", *quick, "-", input=text).lines == expected
    assert cli("translate", *quick, "-i", "-", "-o", "-", input=text).lines == expected

    scored = ("score", "-m", run, "--target", tmp_path / "text", "--source")
    assert cli(*scored, "-", input=text).lines == cli(*scored, tmp_path / "text").lines

    rows = "".join(f"{line}\t{line}\n" for line in text.splitlines())
    measured = ("evaluate", *quick, "--json")
    files = ("--source", tmp_path / "text", "--reference", tmp_path / "text")
    assert (
        cli(*measured, "--data", "-", input="\ufeff" + rows).lines
        == cli(*measured, *files).lines
        == cli(*measured, *files[:3], "-", input=text).lines
    )


def test_finished_translations_are_compared_with_those_of_stdin(cli, tmp_path):
    (tmp_path / "text").write_text(TEXT * 3)
    files = ("--source", tmp_path / "text", "--reference", tmp_path / "text", "--json")
    found = cli("compare", "-", tmp_path / "text", *files, input="a cat\nno\n" * 3).lines
    assert json.loads(found[0])["second"]["chrF2"]["score"] > 99
