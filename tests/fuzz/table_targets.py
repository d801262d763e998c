"""The readers of the tabular plugin, as targets."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import torch
from seqkit_tabular.reading import read_table
from small_tables import flowers, houses, write_csv
from targets import Target

import seqkit
from seqkit import recipes
from seqkit.plugins import components


def _write_tables(folder: Path) -> None:
    plain = write_csv(folder / "plain.csv", houses(12))
    quoted = {**houses(12), "price": ['1,"2"\n3'] * 12}
    write_csv(folder / "quoted.csv", quoted)
    (folder / "bars.csv").write_text(plain.read_text().replace(",", "|"))
    pl.DataFrame(flowers(12)).write_parquet(folder / "flowers.parquet")


def _read_tables(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        read_table(path)


def _write_training(folder: Path) -> None:
    write_csv(folder / "houses.csv", houses(30))
    write_csv(folder / "flowers.csv", flowers(30))


def _read_training(folder: Path) -> None:
    """Whatever a table holds, a task trains on it or says in a line why not."""
    for task, name in (("regression", "houses.csv"), ("classification", "flowers.csv")):
        raw = {
            "task": task,
            "data": {"train": str(folder / name)},
            "model": {"name": "mlp", "hidden": [4]},
            "train": {"steps": 1},
        }
        made = components().tasks.load(task)(recipes.complete(raw, "fuzz"))
        made.describe()
        for batch in made.train_batches(0, start=0, rank=0, world=1):
            batch.to(torch.device("cpu"))


def _write_run(folder: Path) -> None:
    table = write_csv(folder / "houses.csv", houses(30))
    settings = {"data.train": str(table), "model.hidden": [4], "train.steps": 1}
    seqkit.train("tabular/regression", out=folder / "run", overrides=settings, device="cpu")


def _open_run(folder: Path) -> None:
    predictor = seqkit.load(folder / "run", device="cpu")
    predictor.evaluate(read_table(folder / "houses.csv"))


TARGETS = [
    Target("tables", _write_tables, ("*",), _read_tables, 40),
    Target("table-training", _write_training, ("*",), _read_training, 15),
    Target("open-table-model", _write_run, ("houses.csv", "run/**/*"), _open_run, 8),
]
