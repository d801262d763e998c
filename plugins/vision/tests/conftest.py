"""Shared by the tests: bars as images, a small network that tells them apart, commands."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: tests hold on busy machines, too

import signal
from importlib.util import find_spec

import pytest
import torch
from bars import write_bars, write_corpora
from command_line import call

import seqkit
from seqkit import recipes
from seqkit.config import build
from seqkit.plugins import components

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup ignores it, and so would what tests start

collect_ignore_glob = (
    [] if find_spec("seqkit_vision") else ["*"]
)  # where only seqkit is installed, it is tested alone


@pytest.fixture(scope="session")
def cli():
    """`cli("vision", "train", …)` runs a command here; errors that `main` does not handle rise."""
    return call


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """A folder with `train` and `test`: grey bars, 12x12. Do not change it."""
    folder = tmp_path_factory.mktemp("photos")
    write_bars(folder / "train", each=30)
    write_bars(folder / "test", each=8, seed=1)
    return folder


@pytest.fixture(scope="session")
def train(photos):
    """`train(out, {"model.name": …, …})` trains on the bars; else like `seqkit.train`."""

    def call(out, settings, **how):
        small = {
            "data.source": str(photos),
            "data.batch": 16,
            "optim.lr": 0.01,
            "optim.warmup": 0,
            "train.steps": 4,
        }
        return seqkit.train(
            "vision/default", out=out, overrides={**small, **settings}, device="cpu", **how
        )

    return call


@pytest.fixture(scope="session")
def run(tmp_path_factory, train):
    """The run folder of a modern LeNet that has learnt the bars. Do not change it."""
    settings = {"model.preset": "modern", "train.steps": 60, "train.eval_every": 20}
    return train(tmp_path_factory.mktemp("trained") / "run", settings).folder


@pytest.fixture(scope="session")
def classifier(run):
    """That net in Python."""
    return seqkit.load(run, device="cpu")


@pytest.fixture
def make_task(photos):
    """`make_task(flip=True, …)` is the task of the bars with these settings of [data]."""
    from seqkit_vision.task import ImageClassification

    def call(*, folder=None, seed=1, optim=None, **data):
        raw = {
            "task": "vision",
            "data": {"source": str(photos), **data},
            "model": {"name": "softmax-regression"},
            "optim": optim or {},
            "train": {"steps": 1, "seed": seed},
        }
        return ImageClassification(recipes.complete(raw, "test"), folder)

    return call


@pytest.fixture(scope="session")
def tiny_corpora(tmp_path_factory):
    """A folder for SEQKIT_CORPORA with stand-ins for the three corpora. Do not change it."""
    return write_corpora(tmp_path_factory.mktemp("corpora"))


@pytest.fixture(scope="session")
def make():
    """`make("lenet", size=32, pooling="max")`: that network, always with the same weights."""

    def call(name, *, channels=1, size=28, classes=10, preset=None, device="cpu", **settings):
        torch.manual_seed(0)
        cls = components().models.load(name)
        chosen = cls.presets[preset] if preset else {}
        config = build(cls.Config, {**chosen, **settings}, name)
        with torch.device(device):
            return cls(config, channels=channels, size=size, classes=classes)

    return call
