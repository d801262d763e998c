"""What several test files share: small trained translators, and ways to run the command line."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: tests hold on busy machines, too

import atexit
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from command_line import call, call_apart
from letters import write_config, write_pairs

import seqkit

os.environ["SEQKIT_CACHE"] = tempfile.mkdtemp(prefix="seqkit-tests-")  # not the user's
atexit.register(shutil.rmtree, os.environ["SEQKIT_CACHE"], ignore_errors=True)

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup ignores it, and so would what tests start


@pytest.fixture(scope="session")
def cli():
    """`cli("translate", …, input="…")` runs a command in this process; bugs are raised."""
    return call


@pytest.fixture(scope="session")
def seqkit_cli():
    """`seqkit_cli("translate", …, input="…")` runs a command in a process of its own."""
    return call_apart


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A current folder with small parallel files and tiny.toml, which trains on them in no time."""
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path)
    write_config(tmp_path / "tiny.toml")
    return tmp_path


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """The run folder of a translator that roughly reverses letters. Do not change it."""
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
    """The run folder of a translator that has learnt nothing yet. Do not change it."""
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
