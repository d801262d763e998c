"""What several test files share: bars as images, a small net that tells them apart, the command line."""

from importlib.util import find_spec

import pytest
from bars import write_bars, write_corpora
from command_line import call

import seqkit
from seqkit import recipes

collect_ignore_glob = (
    [] if find_spec("seqkit_vision") else ["*"]
)  # where only seqkit is installed, it is tested alone


@pytest.fixture(scope="session")
def cli():
    """`cli("vision", "train", …)` runs a command in this process; what `main` does not handle is raised."""
    return call


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """A folder with `train` and `test`: grey bars, 12x12. Leave it as it is."""
    folder = tmp_path_factory.mktemp("photos")
    write_bars(folder / "train", each=30)
    write_bars(folder / "test", each=8, seed=1)
    return folder


@pytest.fixture(scope="session")
def train(photos):
    """`train(out, {"model.name": …, …})` trains on the bars by default settings, and so on as `seqkit.train` does."""

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
    """The run folder of a LeNet of today's layers that has learnt the bars. Leave it as it is."""
    settings = {"model.preset": "modern", "train.steps": 60, "train.eval_every": 20}
    return train(tmp_path_factory.mktemp("trained") / "run", settings).folder


@pytest.fixture(scope="session")
def classifier(run):
    """That net in Python."""
    return seqkit.load(run, device="cpu")


@pytest.fixture
def make_task(photos):
    """`make_task(flip=True, …)` is the task of the bars under these settings of [data]; others by name."""
    from seqkit_vision.task import Classification

    def call(*, folder=None, seed=1, optim=None, **data):
        raw = {
            "task": "vision",
            "data": {"source": str(photos), **data},
            "model": {"name": "softmax-regression"},
            "optim": optim or {},
            "train": {"steps": 1, "seed": seed},
        }
        return Classification(recipes.complete(raw, "test"), folder)

    return call


@pytest.fixture(scope="session")
def tiny_corpora(tmp_path_factory):
    """A folder for SEQKIT_CORPORA with stand-ins for the three corpora. Leave it as it is."""
    return write_corpora(tmp_path_factory.mktemp("corpora"))
