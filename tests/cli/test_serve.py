"""`seqkit serve` as people start and stop it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from importlib.util import find_spec

import pytest

from seqkit.cli import serve
from seqkit.errors import ConfigError
from seqkit.native import layers

SECONDS = 120  # that anything is waited for


def test_models_are_called_by_their_names_or_by_the_last_part_of_their_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a=b").mkdir()
    assert serve.named([]) == {"en-de": None}
    models = ["en-de", "x=runs/news", "runs/old/", "a=b", "y=runs/a+runs/b", "runs/a+runs/b"]
    expected = {"en-de": "en-de", "x": "runs/news", "old": "runs/old/", "a=b": "a=b"}
    expected |= {"y": "runs/a+runs/b", "a+b": "runs/a+runs/b"}
    assert serve.named(models) == expected
    with pytest.raises(ConfigError, match="two models are called 'x'"):
        serve.named(["x=a", "b/x"])
    for wrong in ("=a", "x=", "/"):
        with pytest.raises(ConfigError, match="is not NAME=MODEL"):
            serve.named([wrong])


def test_without_its_packages_it_says_how_they_are_installed(cli, monkeypatch):
    def without(name):
        return None if name == "uvicorn" else find_spec(name)

    monkeypatch.setattr(serve, "find_spec", without)
    result = cli("serve")
    assert result.code == 1
    assert "seqkit serve needs uvicorn: pip install 'seqkit[serve]'" in result.err


class Library:
    def __init__(self, instructions, eight_bits=layers.NOTHING):
        self.seqkit_instructions = lambda: instructions
        self.seqkit_instructions_of_eight_bits = lambda: eight_bits


@pytest.mark.parametrize(
    ("asked", "threads", "compiled", "expected"),
    [
        (("auto", "float32"), 1, Library(layers.AVX2), "torch"),
        (("auto", "float32"), 4, Library(layers.PLAIN), "torch"),
        (("auto", "float32"), 5, Library(layers.AVX2), "auto"),
        (("auto", "float32"), 1, Library(layers.NOTHING), "auto"),
        (("auto", "float32"), 1, None, "auto"),
        (("auto", "int8"), 1, Library(layers.AVX2), "auto"),
        (("auto", "int8"), 2, Library(layers.AVX512, layers.VNNI), "torch"),
        (("auto", "int8"), 5, Library(layers.AVX512, layers.VNNI), "auto"),
        (("auto", "int8"), 1, None, "auto"),
        (("auto", "int16"), 1, Library(layers.AVX512, layers.VNNI), "auto"),
        (("ctranslate2", "int8"), 1, Library(layers.AVX512, layers.VNNI), "ctranslate2"),
        (("ctranslate2", "float32"), 1, Library(layers.AVX2), "ctranslate2"),
    ],
)
def test_on_few_cores_our_own_search_serves_if_it_is_compiled(
    monkeypatch, asked, threads, compiled, expected
):
    monkeypatch.setattr("seqkit.search.quicker.library", lambda: compiled)
    monkeypatch.setattr(serve, "threads_of_torch", lambda: threads)
    assert serve.engine_of(*asked) == expected


@pytest.mark.parametrize(
    ("model", "task", "asked", "expected"),
    [
        ("a", "translation", ("torch", "int8"), ("torch", "int8")),
        ("a+b", "translation", ("torch", "int8"), ("auto", "float32")),
        ("a+b", "translation", ("ctranslate2", "float32"), ("auto", "float32")),
        ("a+b", "translation", ("torch", "float32"), ("torch", "float32")),
        ("lm", "language-modelling", ("torch", "int8"), ("auto", "float32")),
        ("a+b", "text-classification", ("torch", "int8"), ("auto", "float32")),
    ],
)
def test_each_model_is_served_in_what_it_can(monkeypatch, capsys, model, task, asked, expected):
    def load(path, *, device, engine="auto", compute="float32"):
        assert (path, device) == (model, "cpu")
        return engine, compute

    monkeypatch.setattr("seqkit.runs.load.load", load)
    monkeypatch.setattr("seqkit.runs.load.task_of", lambda path: task)
    engine, compute = asked
    assert serve.open_model(model, device="cpu", engine=engine, compute=compute) == expected
    is_said = task == "translation" and asked != expected
    said = "a+b: several models decode together by our own search, in float32"
    assert (said in capsys.readouterr().err) == is_said


def test_a_model_without_these_numbers_is_named(monkeypatch):
    def refuse(path, **asked):
        raise ConfigError("compute = 'int8': no")

    monkeypatch.setattr("seqkit.runs.load.load", refuse)
    monkeypatch.setattr("seqkit.runs.load.task_of", lambda path: "translation")
    with pytest.raises(ConfigError, match=r"^runs/rnn: compute = 'int8': no"):
        serve.open_model("runs/rnn", device="cpu", engine="torch", compute="int8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "0.0.0.0"], "--host 0.0.0.0 lets other machines ask"),
        (["--token-file", "none"], "cannot read none"),
        (["-m", "x=nothing/here"], "nothing/here"),
        (["--engine", "ctranslate3"], "ctranslate3"),
    ],
)
def test_what_cannot_be_served_is_one_line(cli, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    result = cli("serve", "--port", "0", *arguments)
    assert result.code == 1
    assert said in result.err
    assert len(result.err.strip().splitlines()) == 1


def test_a_taken_port_is_one_line(cli, beginner):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = cli("serve", "-m", f"x={beginner}", "--port", str(port))
    assert result.code == 1
    assert f"cannot listen at 127.0.0.1 port {port}" in result.err


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well_once_what_runs_is_answered(run, number):
    command = [sys.executable, "-m", "seqkit", "serve", "-m", f"letters={run}", "--port", "0"]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    try:
        address = re.match(r"answering at (http://\S+)", process.stderr.readline())[1]
        asked = json.dumps({"text": ["a b c d e f"] * 300, "stream": True}).encode()
        request = urllib.request.Request(
            f"{address}/v1/translate", asked, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as response:
            lines = iter(response.readline, b"")
            first = next(line for line in lines if line.startswith(b"data: "))  # it has begun
            process.send_signal(number)
            rest = response.read().decode()
        assert b'"done": true' in first
        assert "event: end" in rest
        assert rest.count('"done": true') == 299
        assert process.wait(SECONDS) == 0
        log = process.stderr.read()
        assert "POST /v1/translate 200" in log
        assert "a b c" not in log
    finally:
        process.kill()
        process.stderr.close()
        process.wait()
