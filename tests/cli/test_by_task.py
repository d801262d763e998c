"""`seqkit evaluate` and `seqkit predict`: the task of the model decides what runs."""

import json
import os
from pathlib import Path

import click
import pytest

from seqkit.cli import by_task
from seqkit.cli.lines import read_chunks
from seqkit.errors import ConfigError, DataError
from seqkit.plugins import components
from seqkit.registry import Entry


class Length:
    """How long a text is."""

    def __init__(self, text, factor):
        self.text, self.length = text, factor * len(text)

    def record(self):
        return {"text": self.text, "length": self.length}

    def __str__(self):
        return f"{self.text}: {self.length}"


class Figures:
    signature = "by:test"

    def __init__(self, lines):
        self.lines = lines

    def record(self):
        return {"lines": self.lines, "name": "ü"}

    def __str__(self):
        return f"{self.lines} lines, {self.signature}"


class Lengths:
    """A predictor of a task without commands of its own."""

    reads = "lines"

    def predict(self, inputs, *, factor=1):
        if factor < 0:
            raise ConfigError("factor is negative")
        return (Length(str(given), factor) for given in inputs)

    def read_test_data(self, paths):
        return [line for path in paths for line in Path(path).read_text().splitlines()]

    def evaluate(self, data, *, limit=100):
        return Figures(min(limit, len(data)))


class FilesOnly(Lengths):
    reads = "files"


@pytest.fixture
def lengths(monkeypatch):
    """-m ANYTHING is a run of a task without commands of its own."""
    monkeypatch.setattr(by_task, "task_of", lambda model: "lengths")
    monkeypatch.setattr("seqkit.runs.load.load", lambda model, device: Lengths())


@pytest.mark.parametrize(
    ("args", "model"),
    [
        ([], None),
        (["a.txt"], None),
        (["-m", "runs/x", "a"], "runs/x"),
        (["a", "-mruns/x"], "runs/x"),
        (["--model", "runs/x"], "runs/x"),
        (["--model=runs/x"], "runs/x"),
        (["-m", "one", "-m", "two"], "one"),
        (["--", "-m", "runs/x"], None),
        (["-m"], None),
    ],
)
def test_the_model_is_found_among_the_arguments(args, model):
    assert by_task.model_in(args) == model


def test_the_command_of_the_task_gets_all_arguments(cli, lengths, monkeypatch):
    @click.command()
    @click.option("-m", "--model")
    @click.option("--own", help="An option of this task alone.")
    @click.argument("rest", nargs=-1)
    def own_command(model, own, rest):
        """Measure lengths."""
        click.echo(f"{model} {own} {rest}")

    entry = Entry("lengths/evaluate", "not:imported", "a test", "for a test")
    monkeypatch.setitem(components().commands._entries, entry.name, entry)
    monkeypatch.setattr(Entry, "load", _load_of(entry, own_command))

    assert cli("evaluate", "-m", "run", "--own", "3", "a", "b").lines == ["run 3 ('a', 'b')"]
    shown = cli("evaluate", "-m", "run", "--help").out
    assert "An option of this task alone." in shown
    assert "seqkit evaluate " in shown
    assert "lengths/evaluate" not in cli("--help").out
    assert "no command 'lengths/evaluate'" in cli("lengths/evaluate").complaint(2)
    assert any("lengths/evaluate" in line for line in cli("plugins").lines)


def _load_of(wanted, command):
    load = Entry.load
    return lambda entry: command if entry == wanted else load(entry)


def test_evaluate_works_for_a_task_without_a_command_of_its_own(cli, lengths, tmp_path):
    test = tmp_path / "test.txt"
    test.write_text("one\ntwo\n")
    assert cli("evaluate", "-m", "run", test).lines == ["2 lines, by:test"]
    assert cli("evaluate", "-m", "run", test, test, "--set", "limit=3").lines[0].startswith("3 ")
    printed = cli("evaluate", "-m", "run", test, "--json").out
    assert json.loads(printed) == {"lines": 2, "name": "ü"}
    assert "ü" in printed


def test_predict_reads_arguments_a_file_or_stdin(cli, lengths, tmp_path):
    text = tmp_path / "in.txt"
    text.write_text("one\nthree\n", encoding="utf-8")
    wanted = ["one: 3", "three: 5"]
    assert cli("predict", "-m", "run", "one", "three").lines == wanted
    assert cli("predict", "-m", "run", "-i", text).lines == wanted
    assert cli("predict", "-m", "run", input="one\nthree").lines == wanted
    assert cli("predict", "-m", "run", "-i", "-", input="one\nthree\n").lines == wanted

    out = tmp_path / "out.txt"
    assert cli("predict", "-m", "run", "-i", text, "-o", out, "--set", "factor=2").out == ""
    assert out.read_text(encoding="utf-8") == "one: 6\nthree: 10\n"
    (line,) = cli("predict", "-m", "run", "--json", "ü").lines
    assert line == '{"text": "ü", "length": 1}'


def test_predict_gives_paths_to_a_model_that_reads_files(cli, lengths, monkeypatch):
    monkeypatch.setattr("seqkit.runs.load.load", lambda model, device: FilesOnly())
    assert cli("predict", "-m", "run", "a.png", "b.png").lines == ["a.png: 5", "b.png: 5"]
    assert "give their names as INPUT" in cli("predict", "-m", "run", input="a\n").complaint(2)


def test_mistakes_are_found_before_any_input_is_read(cli, lengths, tmp_path):
    text = tmp_path / "in.txt"
    text.write_text("one\n")
    settings = ("predict", "-m", "run", "--set")
    assert "unknown key 'factr'. Did you mean 'factor'?" in cli(*settings, "factr=2").complaint()
    assert "factor is negative" in cli(*settings, "factor=-1", "-i", text).complaint()
    assert "not both" in cli("predict", "-m", "run", "-i", text, "one").complaint(2)
    assert "is an input file" in cli("predict", "-m", "run", "-i", text, "-o", text).complaint(2)
    assert "cannot read none" in cli("predict", "-m", "run", "-i", "none").complaint()
    unknown = cli("evaluate", "-m", "run", "--set", "limti=2", text).complaint()
    assert unknown == "--set: unknown key 'limti'. Did you mean 'limit'? Known: limit."


def test_a_model_that_does_not_exist_is_named(cli):
    for verb in ("evaluate", "predict"):
        assert "no model at runs/none" in cli(verb, "-m", "runs/none", "x").complaint()


def test_without_a_model_help_shows_the_options_for_translation_and_where_the_others_are(cli):
    shown = " ".join(cli("evaluate", "--help").out.split())
    assert "--reference" in shown
    assert "`seqkit evaluate -m RUN --help` shows those for the task of RUN." in shown
    shown = " ".join(cli("predict", "--help").out.split())
    assert "--beam" in shown
    assert "`seqkit predict -m RUN --help`" in shown


def test_predict_translates_with_a_translator(cli, run):
    assert cli("predict", "-m", run, "a b c").lines == cli("translate", "-m", run, "a b c").lines


def test_an_ngram_file_is_a_language_model(tmp_path):
    (tmp_path / "lm.arpa").write_text("\\data\\\n")
    assert by_task.task_of(str(tmp_path / "lm.arpa")) == "language-modelling"


def test_lines_of_a_pipe_are_there_as_soon_as_they_are_written(monkeypatch):
    read, write = os.pipe()
    with os.fdopen(read, "rb", buffering=0) as stdin, os.fdopen(write, "wb", 0) as pipe:
        monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": stdin}))
        chunks = read_chunks(None)
        pipe.write(b"one\ntwo\nhal")
        assert next(chunks) == ["one", "two"]
        pipe.write(b"f\n")
        assert next(chunks) == ["half"]
        pipe.write(b"\xff")
        pipe.close()
        with pytest.raises(DataError, match=r"stdin:4: not UTF-8: byte 0xff at column 1"):
            next(chunks)
