"""The two tasks: what a run says of its table, what it trains on, and what it refuses."""

import math

import numpy as np
import pytest
import torch
from seqkit_tabular.metadata import read_metadata
from small_tables import flowers, houses, write_csv

import seqkit
from seqkit.errors import CheckpointError, ConfigError, DataError
from seqkit.training import checkpoint
from seqkit.training.task import Totals


def said(task):
    return "\n".join(task.describe())


def test_a_run_says_what_it_reads_and_what_it_leaves_out(make_task):
    lines = said(make_task("regression", log=True))
    assert "predicts the logarithm of 'price', from " in lines
    assert "108 training rows, 12 for validation; 2 columns of numbers and 1 of cat" in lines
    assert "left out: 'Id' numbers the rows: name it in data.columns to use it" in lines
    assert "left out: 'country' is 'here' in all training rows" in lines
    assert "validation, for comparison: mean_log_rmse " in lines
    assert "ridge_log_rmse " in lines


def test_training_and_validation_rows_are_apart_and_are_all_rows(make_task):
    task = make_task("regression")
    rows = torch.cat([task.run.train, task.run.valid])
    assert sorted(rows.tolist()) == list(range(120))
    assert len(task.run.valid) == 12


def test_folds_part_the_rows_and_each_class_evenly(make_task):
    tasks = [make_task("classification", folds=3, fold=fold) for fold in range(3)]
    held_out = [task.run.valid.tolist() for task in tasks]
    assert sorted(row for fold in held_out for row in fold) == list(range(90))
    for task, fold in zip(tasks, held_out, strict=True):
        assert sorted([*fold, *task.run.train.tolist()]) == list(range(90))
        counts = torch.bincount(task.valid_targets, minlength=3)
        of_all = np.unique(flowers()["kind"], return_counts=True)[1] / 3
        assert (abs(counts.numpy() - of_all) <= 1).all()


def test_what_is_learnt_from_the_table_is_the_same_whatever_the_validation_rows_hold(
    make_task, tmp_path
):
    before = make_task("regression")
    columns = houses()
    for row in before.run.valid.tolist():
        columns["area"][row] *= 1000
        columns["quarter"][row] = "elsewhere"
        columns["price"][row] *= 1000
    path = write_csv(tmp_path / "t.csv", columns)

    after = make_task("regression", file=path)
    assert after.run.encoding == before.run.encoding
    assert after.scale == before.scale
    torch.testing.assert_close(after.baselines, before.baselines)

    row = before.run.train.tolist()[0]
    columns["area"][row] *= 1000
    leaky = make_task("regression", file=write_csv(tmp_path / "u.csv", columns))
    assert leaky.run.encoding != before.run.encoding  # the test can fail


def test_validation_errors_are_in_the_target_s_unit(make_task):
    """Of a model that always says the mean of the (logarithms of the) training targets."""
    task = make_task("regression", log=True)

    class Mean(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.none = torch.nn.Parameter(torch.zeros(1))

        def forward(self, features):
            return features[:, :1] * 0 + self.none

    model = Mean().eval()
    totals = Totals()
    with torch.no_grad():
        for batch in task.valid_batches():
            totals.add(task.step(model, batch.to(torch.device("cpu")), None), batch.count)
        figures = task.metrics(model, totals)

    prices = np.array(houses()["price"])
    train, valid = prices[task.run.train.numpy()], prices[task.run.valid.numpy()]
    mean = np.exp(np.log(train).mean())
    assert figures["rmse"] == pytest.approx(math.sqrt(np.mean((valid - mean) ** 2)), rel=1e-5)
    assert figures["mae"] == pytest.approx(np.mean(abs(valid - mean)), rel=1e-5)
    expected = math.sqrt(np.mean((np.log(valid) - np.log(mean)) ** 2))
    assert figures["log_rmse"] == pytest.approx(expected, rel=1e-5)
    assert figures["train_log_rmse"] == pytest.approx(np.log(train).std(), rel=1e-5)
    assert task.baseline_figures()["mean_log_rmse"] == pytest.approx(expected, rel=1e-5)


def test_every_training_row_is_used_once_an_epoch(make_task):
    task = make_task("classification", batch=15)
    batches = list(task.train_batches(0, start=0, rank=0, world=1))
    assert sum(batch.count for batch in batches) == len(task.run.train) == 81
    again = list(task.train_batches(1, start=0, rank=0, world=1))
    assert not torch.equal(batches[0].targets, again[0].targets)


def test_a_row_left_over_alone_is_dropped(make_task):
    task = make_task("classification", batch=20)  # 81 rows
    counts = [batch.count for batch in task.train_batches(0, start=0, rank=0, world=1)]
    assert counts == [20, 20, 20, 20]


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"train": {"patience": 2}}, r"train\.patience goes by the figures on the fold"),
        ({"train": {"average": 1.0}}, r"train\.average = 1 goes by"),
        ({"optim": {"decay": "plateau"}}, r"optim\.decay = 'plateau' goes by"),
    ],
)
def test_nothing_may_be_chosen_by_the_fold_that_is_scored(make_task, how, says):
    with pytest.raises(ConfigError, match=says):
        make_task("regression", folds=3, **how)
    make_task("regression", **how)


def test_rows_on_both_sides_are_counted(make_task, tmp_path):
    columns = {name: values * 2 for name, values in flowers(40).items()}
    task = make_task("classification", file=write_csv(tmp_path / "t.csv", columns))
    assert "of 8 validation rows are training rows as well" in said(task)


def test_a_copy_of_the_target_and_an_id_that_sorts_it_are_named(make_task, tmp_path):
    columns = houses()
    order = np.argsort(columns["price"])
    columns = {name: [values[row] for row in order] for name, values in columns.items()}
    columns["Id"] = list(range(120))
    columns = {"again": columns["price"], "euros": [2 * p for p in columns["price"]], **columns}
    lines = said(make_task("regression", file=write_csv(tmp_path / "t.csv", columns)))
    assert "left out: 'again' holds the same as the target, 'price'" in lines
    assert "'Id' gives the target away (rank correlation 1.000): the rows are sorted" in lines
    assert "'euros' gives the target away (rank correlation 1.0000): if it is not known" in lines


def test_categories_that_are_each_of_one_class_are_named(make_task, tmp_path):
    columns = flowers()
    columns = {"bed": [kind[0] for kind in columns["kind"]], **columns}
    lines = said(make_task("classification", file=write_csv(tmp_path / "t.csv", columns)))
    assert "'bed' gives the target away: each of its 3 values is of one class" in lines


def test_classes_that_cannot_be_learnt_or_measured_are_named(make_task, tmp_path):
    columns = flowers()
    columns["kind"][5] = "tulip"
    lines = said(make_task("classification", file=write_csv(tmp_path / "t.csv", columns)))
    once = "the class 'tulip' has one training row and none for validation"
    assert once in lines or "no training row is of the class 'tulip'" in lines


def test_class_weights_make_rare_classes_count_as_much(make_task, tmp_path):
    columns = flowers()
    columns["kind"] = ["rose"] * 81 + ["lily"] * 9
    path = write_csv(tmp_path / "t.csv", columns)
    task = make_task("classification", file=path, class_weights=True)
    counts = torch.bincount(task.train_targets)
    total = task._weights * counts
    assert total.tolist() == pytest.approx([len(task.train_targets) / 2] * 2)


def test_a_table_that_is_not_named_is_asked_for():
    with pytest.raises(ConfigError, match=r"give a table to train on"):
        seqkit.train("tabular/regression", out="none", device="cpu")


def test_a_run_resumes_with_the_table_in_another_place_and_not_with_another_table(
    train, tables, tmp_path
):
    short = {"model.hidden": [8], "train.eval_every": 2, "optim.decay": "none"}
    whole = train("regression", tmp_path / "whole", {**short, "train.steps": 4})
    train("regression", tmp_path / "run", {**short, "train.steps": 2})
    moved = tmp_path / "moved.csv"
    moved.write_bytes((tables / "houses.csv").read_bytes())
    settings = {**short, "train.steps": 4, "data.train": str(moved)}
    done = train("regression", tmp_path / "run", settings, resume=True)

    last = [checkpoint.resolve(run.folder, prefer="last") for run in (whole, done)]
    one, other = [(step / checkpoint.MODEL).read_bytes() for step in last]
    assert one == other
    moved.write_text(moved.read_text().replace("north", "south", 1))
    with pytest.raises(CheckpointError, match="the training table has changed"):
        train("regression", tmp_path / "run", {**settings, "train.steps": 6}, resume=True)


def test_a_checkpoint_s_columns_are_kept_when_a_run_starts_from_it(number_run, train, tmp_path):
    settings = {"data.log": True, "data.limit": 60, "train.steps": 2, "train.eval_every": 2}
    run = train("regression", tmp_path / "run", settings, init=number_run)
    before = read_metadata(checkpoint.resolve(number_run))
    assert read_metadata(checkpoint.resolve(run.folder)) == before


def test_damaged_metadata_is_named(train, tmp_path):
    run = train("regression", tmp_path / "run", {"train.steps": 2, "train.eval_every": 2})
    path = checkpoint.resolve(run.folder) / "table.json"
    path.write_text(path.read_text().replace('"area"', '"area", "x": 3'))
    with pytest.raises(CheckpointError, match=r"table\.json is missing or damaged"):
        seqkit.load(run.folder)


def test_folds_and_a_table_for_validation_do_not_go_together(make_task, tables):
    with pytest.raises(ConfigError, match="folds are parts of train: leave valid out"):
        make_task("regression", folds=3, valid=str(tables / "more.csv"))


def test_a_validation_table_without_the_target_is_refused(make_task, tables):
    with pytest.raises(DataError, match=r"flowers\.csv has no column 'price'"):
        make_task("regression", valid=str(tables / "flowers.csv"))
