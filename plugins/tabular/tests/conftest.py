"""Shared by the tests: small tables, models that have learnt them, commands."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: tests hold on busy machines, too
os.environ.setdefault("POLARS_MAX_THREADS", "1")

from importlib.util import find_spec

import pytest
from command_line import call

collect_ignore_glob = (
    [] if find_spec("seqkit_tabular") else ["*"]
)  # where only seqkit is installed, it is tested alone

QUICK = {
    "data.batch": 16,
    "optim.lr": 0.02,
    "train.steps": 60,
    "train.eval_every": 30,
}


@pytest.fixture(scope="session")
def cli():
    """`cli("tabular", "train", …)` runs a command here; errors `main` does not handle rise."""
    return call


@pytest.fixture(scope="session")
def tables(tmp_path_factory):
    """A folder with houses.csv, more.csv (other houses) and flowers.csv. Do not change it."""
    from small_tables import flowers, houses, write_csv

    folder = tmp_path_factory.mktemp("tables")
    write_csv(folder / "houses.csv", houses())
    write_csv(folder / "more.csv", houses(40, seed=1))
    write_csv(folder / "flowers.csv", flowers())
    return folder


@pytest.fixture(scope="session")
def train(tables):
    """`train("regression", out, {"model.name": …})`: a short training; else like `seqkit.train`."""
    import seqkit

    def call(task, out, settings=None, **how):
        name = "houses.csv" if task == "regression" else "flowers.csv"
        chosen = {**QUICK, "data.train": str(tables / name), **(settings or {})}
        return seqkit.train(f"tabular/{task}", out=out, overrides=chosen, device="cpu", **how)

    return call


@pytest.fixture(scope="session")
def number_run(train, tmp_path_factory):
    """The run folder of a perceptron that knows the logarithm of prices. Do not change it."""
    out = tmp_path_factory.mktemp("numbers") / "run"
    return train("regression", out, {"data.log": True}).folder


@pytest.fixture(scope="session")
def class_run(train, tmp_path_factory):
    """The run folder of a softmax regression that knows the flowers. Do not change it."""
    out = tmp_path_factory.mktemp("classes") / "run"
    return train("classification", out, {"model.name": "softmax-regression"}).folder


@pytest.fixture
def make_task(tables):
    """`make_task("regression", rare=2, …)`: the task of the houses or flowers, by [data]."""
    from seqkit import recipes
    from seqkit.plugins import components

    def call(task, *, file=None, folder=None, train=None, optim=None, **data):
        name = "houses.csv" if task == "regression" else "flowers.csv"
        raw = {
            "task": task,
            "data": {"train": str(file or tables / name), **data},
            "model": {"name": "mlp"},
            "optim": optim or {},
            "train": {"steps": 1, "seed": 1, **(train or {})},
        }
        return components().tasks.load(task)(recipes.complete(raw, "test"), folder)

    return call
