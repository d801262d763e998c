"""Columns as features, by statistics of the training rows alone."""

import numpy as np
import pytest
import torch
from seqkit_tabular.columns import choose_columns, said
from seqkit_tabular.data_config import TableData
from seqkit_tabular.encoding import Encoding
from seqkit_tabular.reading import Table, of_rows
from small_tables import houses

from seqkit.errors import ConfigError, DataError


def table_of(**columns):
    lines = zip(*columns.values(), strict=True)
    table = of_rows([dict(zip(columns, line, strict=True)) for line in lines])
    return Table("t.csv", table.frame, np.arange(2, 2 + len(table)))


def fit(table, rows=None, target="y", **data):
    rows = np.arange(len(table)) if rows is None else np.array(rows)
    settings = TableData(**{"rare": 1, **data})
    columns = choose_columns(table, rows, target, settings)
    return columns, Encoding.fit(table, rows, columns, settings)


def features(encoding, table):
    return encoding.spread(encoding.encode(table))


def test_numbers_are_standardised_and_a_missing_one_is_the_mean_with_an_indicator():
    table = table_of(a=["1", "3", "NA", "2"], y=["1", "2", "3", "4"])
    _, encoding = fit(table)
    assert encoding.features == ["a", "a (missing)"]
    found = features(encoding, table)
    deviation = np.std([1, 3, 2])
    expected = torch.tensor([[-1 / deviation, 0], [1 / deviation, 0], [0, 1], [0, 0]])
    torch.testing.assert_close(found, expected, check_dtype=False)


def test_categories_are_indicators_with_missing_as_its_own():
    table = table_of(a=["x", "z", "", "x"], y=["1", "2", "3", "4"])
    _, encoding = fit(table)
    assert encoding.features == ["a = x", "a = z", "a = (missing)"]
    assert features(encoding, table).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]


def test_rare_categories_share_an_indicator_and_unknown_ones_join_them():
    table = table_of(a=["x", "x", "z", "w"], y=["1", "2", "3", "4"])
    _, encoding = fit(table, rare=2)
    assert encoding.features == ["a = x", "a = (other)"]
    (column,) = encoding.categories
    assert column.folded == 2
    assert features(encoding, table_of(a=["new"])).tolist() == [[0, 1]]


def test_where_nothing_was_folded_an_unknown_category_has_no_indicator_and_that_is_said():
    table = table_of(a=["x", "x", "z", "z"], y=["1", "2", "3", "4"])
    _, encoding = fit(table)
    new = table_of(a=["v", "v"])
    assert features(encoding, new).tolist() == [[0, 0], [0, 0]]
    (note,) = encoding.notes_on(new)
    assert note.startswith("a is 'v' in a row, which training did not know, and so in 2 rows")


def test_of_ten_thousand_categories_the_commonest_are_kept():
    names = [f"c{i}" for i in range(10_000)]
    table = table_of(a=[*names, *["c7"] * 3, *["c9"] * 2], y=[str(i) for i in range(10_005)])
    _, encoding = fit(table, rare=2)
    (column,) = encoding.categories
    assert (column.values, column.folded) == (["c7", "c9"], 9_998)
    _, encoding = fit(table, most=50)
    assert len(encoding.features) == 51


def test_validation_rows_have_no_say_in_the_statistics():
    """The same numbers are learnt whatever stands in the rows that are not for training."""
    one = {**houses(60), "extra": ["NA"] * 20 + ["0.5", "1.5"] * 20}
    other = {name: list(values) for name, values in one.items()}
    for row in range(20):
        other["area"][row] = 10**9
        other["quarter"][row] = "elsewhere"
        other["pool"][row] = "77"
        other["extra"][row] = "9"
    rows = np.arange(20, 60)
    learnt = [
        fit(table_of(**{k: [str(v) for v in vs] for k, vs in each.items()}), rows, "price")
        for each in (one, other)
    ]
    assert learnt[0] == learnt[1]
    _, encoding = fit(
        table_of(**{k: [str(v) for v in vs] for k, vs in other.items()}), None, "price"
    )
    assert encoding != learnt[0][1]  # the test can fail


def test_numbers_far_out_count_as_clip_deviations():
    table = table_of(a=["0", "1", "0", "1"], y=["1", "2", "3", "4"])
    _, encoding = fit(table, clip=2.0)
    assert features(encoding, table_of(a=["1000", "-1000"])).tolist() == [[2.0], [-2.0]]
    _, encoding = fit(table, clip=0.0)
    assert features(encoding, table_of(a=["1000"])).tolist() == [[1999.0]]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([str(i) for i in range(7, 47)], "'a' numbers the rows: name it in data.columns"),
        ([f"house {i}" for i in range(40)], "'a' is another text in each row"),
        (["5"] * 40, "'a' is '5' in all training rows"),
        (["NA"] * 40, "'a' has no value in the training rows"),
    ],
)
def test_a_column_that_says_nothing_is_left_out_and_named(values, why):
    table = table_of(a=values, b=["1", "2"] * 20, y=["1", "3"] * 20)
    columns, encoding = fit(table)
    assert encoding.features == ["b"]
    (line,) = said(columns)
    assert why in line


def test_an_id_that_is_asked_for_is_used():
    table = table_of(a=[str(i) for i in range(40)], y=["1", "3"] * 20)
    assert fit(table, columns=["a"])[1].features == ["a"]


def test_a_code_may_be_a_category():
    table = table_of(a=["20", "60", "20", "60"], y=["1", "2", "3", "4"])
    assert fit(table, categories=["a"])[1].features == ["a = 20", "a = 60"]


def test_a_word_among_numbers_is_a_mistake_and_among_words_is_not():
    numbers = [*map(str, np.linspace(0, 1, 40).tolist()), "abc"]
    with pytest.raises(DataError, match=r"t\.csv:42: a is 'abc', and nearly all of its values"):
        fit(table_of(a=numbers, y=[str(i) for i in range(41)]))
    assert fit(table_of(a=["1", "abc"] * 5, y=["1", "2"] * 5))[0].categories == ["a"]


def test_an_infinite_number_is_named_with_its_row():
    with pytest.raises(DataError, match=r"t\.csv:3: a is inf: mend it"):
        fit(table_of(a=["1", "inf", "2"], y=["1", "2", "3"]))


def test_text_where_the_model_reads_a_number_is_named_with_its_row():
    _, encoding = fit(table_of(a=["1", "2", "4"], y=["1", "2", "3"]))
    with pytest.raises(DataError, match=r"t\.csv:3: a is 'big', and the model reads a number"):
        encoding.encode(table_of(a=["1", "big"]))


def test_a_column_that_is_absent_is_named():
    _, encoding = fit(table_of(a=["1", "2", "4"], b=["x", "z", "x"], y=["1", "2", "3"]))
    with pytest.raises(DataError, match=r"t\.csv has no column 'b', which the model reads"):
        encoding.encode(table_of(a=["1"]))


@pytest.mark.parametrize("key", ["columns", "ignore", "categories"])
def test_a_setting_that_names_no_column_is_refused(key):
    with pytest.raises(ConfigError, match=rf"data\.{key}: t\.csv has no column 'c'"):
        fit(table_of(a=["1", "2"], y=["1", "2"]), **{key: ["c"]})


def test_a_table_without_a_column_to_predict_from_is_refused():
    with pytest.raises(DataError, match="no column to predict 'y' from: 'a' is '5' in all"):
        fit(table_of(a=["5", "5"], y=["1", "2"]))


@pytest.mark.parametrize(
    "value", ["1,5", "1,200", "1,234.50", "$1,200", "3 €", "12%", "-0,5", "1.500,5 €"]
)
def test_numbers_that_are_written_for_people_are_not_taken_for_categories(value):
    table = table_of(a=[value] * 10 + ["0,25"] * 10, y=["1", "2"] * 10)
    with pytest.raises(DataError, match=r"a is .*: write numbers with a decimal point and nothing"):
        fit(table)
    _, encoding = fit(table, categories=["a"])
    assert set(encoding.features) == {"a = 0,25", f"a = {value}"}


@pytest.mark.parametrize(
    "values", [["12-34", "1.2.3"], ["1.200.300", "a"], ["2024-01-02", "2024-01-03"], ["a1", "7"]]
)
def test_codes_and_dates_are_categories(values):
    columns, _ = fit(table_of(a=values * 10, y=["1", "2"] * 10))
    assert columns.categories == ["a"]


@pytest.mark.parametrize("nan", ["NAN", "-nan", "NaN", "n/a", "#N/A", "<NA>"])
def test_every_spelling_of_nan_is_a_missing_value(nan):
    _, encoding = fit(table_of(a=["1", "3", nan, "2"], y=["1", "2", "3", "4"]))
    (column,) = encoding.numbers
    assert (column.mean, column.missing) == (2.0, True)
