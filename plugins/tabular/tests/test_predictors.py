"""Trained models in Python: rows in, numbers or classes out; reports; which columns matter."""

import math

import numpy as np
import pytest
import torch
from seqkit_tabular.importance import permutation_importance
from seqkit_tabular.measures import importance_of
from seqkit_tabular.predictor import ClassPrediction
from seqkit_tabular.reading import of_rows, read_table
from seqkit_tabular.weights import weights_of
from small_tables import houses

import seqkit
from seqkit.errors import ConfigError, DataError, WrongType


@pytest.fixture(scope="module")
def numbers(number_run):
    return seqkit.load(number_run, device="cpu")


@pytest.fixture(scope="module")
def classes(class_run):
    return seqkit.load(class_run, device="cpu")


def test_predictions_are_near_the_truth_on_other_rows(numbers, tables):
    report = numbers.evaluate(numbers.read_test_data([tables / "more.csv"]))
    assert report.figures["log_rmse"] < 0.3
    assert report.figures["log_rmse"] < report.errors.of_baselines["mean"]["log_rmse"]
    assert repr(report).startswith("<NumberReport: RMSE ")
    assert not report.notes


def test_classes_are_told_apart(classes, tables):
    report = classes.evaluate(classes.read_test_data([tables / "flowers.csv"]))
    assert report.figures["accuracy"] > 0.95
    assert report.figures["auc"] > 0.98
    assert report.figures["log_loss"] < report.baseline["log_loss"]
    assert report.baseline["auc"] == 0.5


def test_a_report_says_which_rows_the_model_was_trained_on(numbers, tables):
    (note,) = numbers.evaluate(read_table(tables / "houses.csv")).notes
    assert note.startswith("108 of 120 rows (90.0%) are training rows of the model")


def test_rows_come_as_mappings_or_lines_of_json_and_extra_columns_do_not_matter(numbers):
    row = {"area": 100, "quarter": "north", "pool": 2}
    line = '{"pool": 2, "quarter": "north", "area": 100, "colour": "red"}'
    one, other = numbers.predict([row, line])
    assert one.value == pytest.approx(other.value)
    assert one.record() == {"price": one.value}
    assert float(str(one)) == pytest.approx(one.value)


def test_a_row_alone_is_answered_as_among_others(classes):
    rows = [{"petal": 0.1 * i, "sepal": 0.2 * i} for i in range(30)]
    together = [prediction.record() for prediction in classes.predict(rows, batch=7)]
    for row, record in zip(rows, together, strict=True):
        (alone,) = classes.predict([row])
        assert alone.value == record["kind"]
        assert sum(alone.probabilities.values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([{"area": 1, "quarter": "north"}], "row 1 has no 'pool', which the model reads"),
        (['{"area": '], "row 1 is no JSON object"),
        (["[1]"], "row 1 is list: give a row as"),
        ([{"area": "big", "quarter": "north", "pool": 1}], "rows, row 1: area is 'big'"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(numbers, rows, says):
    with pytest.raises(DataError, match=says):
        list(numbers.predict(rows))


def test_a_row_of_a_later_batch_is_named_by_its_place_among_all(numbers):
    rows = [{"area": 1, "quarter": "north", "pool": 1} for _ in range(70)]
    rows[69]["area"] = "big"
    with pytest.raises(DataError, match="rows, row 70: area is 'big'"):
        list(numbers.predict(rows))


def test_a_target_called_probabilities_has_its_value_in_the_record():
    found = ClassPrediction("probabilities", "high", {"high": 0.9, "low": 0.1})
    assert found.record() == {"probabilities": "high"}
    assert list(ClassPrediction("kind", "lily", {}).record()) == ["kind", "probabilities"]


def test_one_row_in_place_of_many_is_refused(numbers):
    with pytest.raises(WrongType):
        numbers.predict("area")


def test_without_a_test_table_one_is_asked_for(numbers):
    with pytest.raises(ConfigError, match="the run has no test table: name a file"):
        numbers.read_test_data([])


def test_a_test_table_without_the_target_is_refused(numbers):
    table = of_rows([{"area": 1, "quarter": "north", "pool": 1}])
    with pytest.raises(DataError, match="rows has no column 'price', the target"):
        numbers.evaluate(table)


def test_mape_at_zero_is_infinite_and_said(train, tmp_path, tables):
    run = train("regression", tmp_path / "run", {"train.steps": 2, "train.eval_every": 2})
    rows = [{**{k: v[i] for k, v in houses().items()}, "price": i} for i in range(2)]
    report = seqkit.load(run.folder).evaluate(of_rows(rows))
    assert math.isinf(report.figures["mape"])
    assert report.record()["mape"] is None
    assert report.notes[0].startswith("1 of 2 targets are 0: MAPE is infinite")


# Which columns matter


class Linear(torch.nn.Module):
    """An area counts 3 deviations, a quarter nothing."""

    def forward(self, features):
        return 3 * features[:, :1]


def test_the_importance_of_a_column_of_a_linear_model_is_twice_its_variance(numbers, tables):
    """E (w x - w x')² = 2 w² Var x, of x' that is drawn for x (Breiman 2001)."""
    rows = numbers.reader.encoding.encode(read_table(tables / "houses.csv"))
    x = rows.numbers[:, 0].double()
    model, numbers.reader.model = numbers.reader.model, Linear()
    try:
        target = 3 * x

        def error(outputs):
            return float((outputs.squeeze(1).double() - target).square().mean())

        found = permutation_importance(FakeReader(numbers.reader), rows, error, repeats=30)
    finally:
        numbers.reader.model = model
    by_name = {importance.column: importance for importance in found}
    assert found[0].column == "area"
    assert by_name["area"].increase == pytest.approx(2 * 9 * float(x.var()), rel=0.1)
    assert by_name["quarter"] == ("quarter", 0.0, 0.0)
    assert set(by_name) == {"area", "quarter", "pool"}


class FakeReader:
    """A reader whose model has no parameters."""

    def __init__(self, reader):
        self.encoding, self.model = reader.encoding, reader.model

    def outputs(self, rows):
        return self.model(self.encoding.spread(rows))


def test_columns_that_matter_come_first(numbers, tables):
    found = importance_of(numbers, read_table(tables / "more.csv"))
    assert {found[0].column, found[1].column} == {"area", "quarter"}
    assert found[-1].column == "pool"


def test_only_one_linear_layer_has_weights_to_show(numbers):
    with pytest.raises(ConfigError, match="this model is not one linear layer"):
        weights_of(numbers.reader)


def test_the_weights_of_a_linear_model_predict_what_it_predicts(train, tmp_path, tables):
    settings = {"model.name": "linear-regression", "data.clip": 0.0}
    run = train("regression", tmp_path / "run", settings)
    predictor = seqkit.load(run.folder)
    table = read_table(tables / "more.csv")
    weights = {name: values[0] for name, values in weights_of(predictor.reader).items()}

    columns = houses(40, seed=1)
    pools = [float(pool) if pool != "NA" else None for pool in columns["pool"]]
    mean = predictor.reader.encoding.numbers[1].mean
    expected = [
        weights["(intercept)"]
        + weights["area"] * area
        + weights["pool"] * (mean if pool is None else pool)
        + weights["pool (missing)"] * (pool is None)
        + weights[f"quarter = {quarter}"]
        for area, pool, quarter in zip(columns["area"], pools, columns["quarter"], strict=True)
    ]
    np.testing.assert_allclose(predictor.numbers(table), expected, rtol=1e-4)
