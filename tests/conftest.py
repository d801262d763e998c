"""What several test files share: a small trained translator, and two ways to run the command line."""

import io
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from letters import write_config, write_pairs

import seqkit
from seqkit.cli.main import main


class Done(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def lines(self):
        """What it wrote to stdout, by lines; it must have gone well."""
        assert self.code == 0, self
        return self.out.removesuffix("\n").split("\n")

    def complaint(self, code=1):
        """The one line on stderr of a command that failed as it should; click (code 2) shows the usage before it."""
        assert self.code == code, self
        assert self.out == "", self
        assert "Traceback" not in self.err, self.err
        *before, last = self.err.splitlines()
        assert code == 2 or not before, self.err
        start = "Error: " if code == 2 else "error: "
        assert last.startswith(start), self.err
        return last.removeprefix(start)


@pytest.fixture(scope="session")
def cli():
    """`cli("translate", …, input="…")` runs a command in this process; what `main` does not handle is raised."""

    def call(*args, input=""):
        given = input.encode() if isinstance(input, str) else input
        streams = [io.TextIOWrapper(io.BytesIO(data), write_through=True) for data in (given, b"", b"")]
        kept = sys.argv, sys.stdin, sys.stdout, sys.stderr
        sys.argv, (sys.stdin, sys.stdout, sys.stderr) = ["seqkit", *map(str, args)], streams
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        finally:
            sys.argv, sys.stdin, sys.stdout, sys.stderr = kept
        return Done(code, *(stream.buffer.getvalue().decode() for stream in streams[1:]))

    return call


@pytest.fixture(scope="session")
def seqkit_cli():
    """`seqkit_cli("translate", …, input="…")` runs a command in a process of its own."""

    def call(*args, input=""):
        command = [sys.executable, "-m", "seqkit", *map(str, args)]
        given = input.encode() if isinstance(input, str) else input
        done = subprocess.run(command, input=given, capture_output=True, check=False)
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A current folder with small parallel files and tiny.toml, a config that trains on them in no time."""
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path)
    write_config(tmp_path / "tiny.toml")
    return tmp_path


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """The run folder of a translator that has learnt, more or less, to read letters backwards. Leave it as it is."""
    folder = tmp_path_factory.mktemp("trained")
    write_pairs(folder, train=4000, valid=100)
    config = write_config(
        folder / "config.toml",
        tokenizer="whitespace",
        width=64,
        hidden=64,
        heads=4,
        dropout=0.0,
        optim='lr = 6e-3\nwarmup = 30\ndecay = "cosine"',
        train="steps = 150",
        every=75,
    )
    return seqkit.train(config, out=folder / "run").folder


@pytest.fixture(scope="session")
def translator(run):
    """That translator in Python."""
    return seqkit.load(run, device="cpu")


@pytest.fixture(scope="session")
def beginner(tmp_path_factory):
    """The run folder of a translator of characters and bytes that has learnt nothing yet. Leave it as it is."""
    folder = tmp_path_factory.mktemp("beginner")
    write_pairs(folder)
    return seqkit.train(write_config(folder / "config.toml"), out=folder / "run").folder


@pytest.fixture(scope="session")
def shipped():
    """The folder of the shipped model; without it, the test is skipped."""
    folder = Path(seqkit.__file__).parent / "pretrained" / "en-de"
    if not folder.is_dir():
        pytest.skip(f"there is no shipped model at {folder}")
    return folder
