"""What is predicted: numbers and classes, with errors that name the row."""

import numpy as np
import pytest
from seqkit_tabular.data_config import MISSING
from seqkit_tabular.reading import of_csv
from seqkit_tabular.targets import Scale, class_targets, looks_like, number_targets

from seqkit.errors import DataError


def table(*values):
    return of_csv("\n".join(["a,y", *(f"1,{value}" for value in values)]).encode(), "t.csv")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (["1", "low"], r"t\.csv:3: y is 'low', and a target of regression is a number"),
        (["1", "NA", ""], r"t\.csv:3: y, the target, is missing in 2 of 3 rows: remove them"),
        (["1", "inf"], r"t\.csv:3: y is inf"),
        (["-Infinity"], r"t\.csv:2: y is -Infinity"),
    ],
)
def test_a_target_that_is_no_number_is_named_with_its_row(values, says):
    with pytest.raises(DataError, match=says):
        number_targets(table(*values), "y", MISSING)


def test_a_target_without_a_logarithm_is_named_with_its_row():
    with pytest.raises(DataError, match=r"t\.csv:3: y is 0, which has no logarithm: train without"):
        number_targets(table("1", "0"), "y", MISSING, log=True)


@pytest.mark.parametrize("log", [False, True])
def test_a_scale_gives_mean_0_and_deviation_1_and_goes_back(log):
    targets = np.random.default_rng(0).lognormal(3, 1, 50)
    scale = Scale.of(targets, log=log)
    scaled = scale.scaled(targets)
    assert scaled.mean() == pytest.approx(0, abs=1e-12)
    assert scaled.std() == pytest.approx(1)
    np.testing.assert_allclose(scale.original(scaled), targets)


def test_targets_that_are_all_the_same_are_refused():
    with pytest.raises(DataError, match="the target is 3 in all 2 training rows"):
        Scale.of(np.array([3.0, 3.0]))


def test_classes_are_in_order_numbers_before_words():
    labels, classes = class_targets(table("10", "b", "9", "a", "10"), "y", MISSING)
    assert classes == ["9", "10", "a", "b"]
    assert labels.tolist() == [1, 3, 0, 2, 1]


def test_a_class_that_the_model_does_not_know_is_named_with_its_row():
    with pytest.raises(
        DataError, match=r"t\.csv:3: y is 'c', which is none of the model's classes"
    ):
        class_targets(table("a", "c"), "y", MISSING, ["a", "b"])


def test_one_class_alone_and_a_class_for_each_row_are_refused():
    with pytest.raises(DataError, match=r"y is 'a' in all rows: nothing to tell apart"):
        class_targets(table("a", "a"), "y", MISSING)
    with pytest.raises(DataError, match=r"y has 30 classes in 30 rows: .* --task regression"):
        class_targets(table(*range(30)), "y", MISSING)


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b"], "classification"),
        (["1", "x"], "classification"),
        (["0", "1", "0"], "classification"),
        (["0", "1", "2"], "regression"),
        (["0.5", "1"], "regression"),
    ],
)
def test_what_a_target_looks_made_for(values, task):
    assert looks_like(table(*values), "y", MISSING)[0] == task


def test_a_slip_among_numbers_does_not_make_classes_of_them():
    values = [*map(str, range(40)), "oops"]
    assert looks_like(table(*values), "y", MISSING) == (
        "regression",
        "holds numbers, but for a few cells",
    )
    few = table(*["1", "2"] * 20, "x")
    assert looks_like(few, "y", MISSING)[0] == "classification"


def test_a_target_that_is_written_for_people_is_named_with_the_way_out():
    numbers = table(*[f'"{i},5"' for i in range(30)])
    assert looks_like(numbers, "y", MISSING)[0] == "regression"
    with pytest.raises(DataError, match=r"t\.csv:2: y is '0,5'.* with a decimal point"):
        number_targets(numbers, "y", MISSING)
