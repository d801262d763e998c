"""CSV and Parquet files as they stand, with errors that name the line."""

import bz2
import gzip

import polars as pl
import pytest
from seqkit_tabular.reading import of_csv, of_rows, read_table

from seqkit.errors import DataError

CELLS = [("1", "x"), ("2", "y")]


def rows(table):
    return table.frame.rows()


@pytest.mark.parametrize(
    "text",
    [
        b"a,b\n1,x\n2,y\n",
        b"a,b\r\n1,x\r\n2,y",
        b"a;b\n1;x\n2;y\n",
        b"a\tb\n1\tx\n2\ty\n",
        b" a , b\n 1 , x\n2,y \n",
        b'"a",b\n"1",x\n2,"y"\n',
        b"\na,b\n\n1,x\n\r\n2,y\n\n",
        b'a,b\n\n"1",x\n\n2,y\n',
    ],
)
def test_cells_are_the_text_between_separators_without_blanks(text):
    table = of_csv(text, "t.csv")
    assert table.frame.columns == ["a", "b"]
    assert rows(table) == CELLS


def test_a_quoted_cell_holds_separators_quotes_and_line_breaks():
    table = of_csv(b'a,b\n"x,\n""y""",2\n3,4\n', "t.csv")
    assert rows(table) == [('x,\n"y"', "2"), ("3", "4")]
    assert [table.where(0), table.where(1)] == ["t.csv:2", "t.csv:4"]


def test_blank_lines_count_as_lines():
    table = of_csv(b"a,b\n\n1,2\n\n3,4\n", "t.csv")
    assert [table.where(0), table.where(1)] == ["t.csv:3", "t.csv:5"]


def test_whole_numbers_name_columns_as_pandas_writes_them():
    assert of_csv(b"0,1,0.5\n7,8,9\n", "t.csv").frame.columns == ["0", "1", "0.5"]


def test_a_column_without_a_name_is_called_by_its_place():
    assert of_csv(b",b\n0,1\n", "t.csv").frame.columns == ["column_1", "b"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "t.csv is empty"),
        (b"a,b\n", "t.csv has no rows"),
        (b"a,b\n1,2\n3\n", "t.csv:3: 1 cells, and the first line names 2 columns"),
        (b"a,b\n1,2,3\n", "t.csv:2: 3 cells"),
        (b'a,b\n"1",2\n3\n', "t.csv:3: 1 cells"),
        (b"a,a\n1,2\n", "t.csv:1: 2 columns are called 'a'"),
        (b'a,b\n1,2\n"3,4\n', "t.csv:3: the quotes of this row do not match"),
        (b"a,b\n1,\xff\n", "t.csv:2: not UTF-8"),
        (b"1.5,-0.25,x\n2.5,0.75,y\n", r"t.csv:1: the first line must name .* such as 1\.5"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text, says):
    with pytest.raises(DataError, match=says):
        of_csv(text, "t.csv")


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress, bz2.compress])
def test_a_packed_file_is_known_by_its_content(tmp_path, pack):
    path = tmp_path / "t.csv"
    path.write_bytes(pack(b"\xef\xbb\xbfa,b\n1,x\n2,y\n"))
    assert rows(read_table(path)) == CELLS


def test_parquet_keeps_numbers_and_gives_everything_else_as_text(tmp_path):
    frame = pl.DataFrame(
        {
            "whole": [1, None],
            "part": [0.5, float("nan")],
            "flag": [True, False],
            "day": pl.Series(["2024-02-01", None]).str.to_date(),
            "word": ["x", None],
        }
    )
    frame.write_parquet(tmp_path / "t.bin")
    table = read_table(tmp_path / "t.bin")
    assert rows(table) == [(1.0, 0.5, "true", "2024-02-01", "x"), (None, None, "false", None, None)]
    assert table.where(1) == f"{tmp_path / 't.bin'}, row 2"


def test_a_column_of_lists_is_refused_by_name(tmp_path):
    pl.DataFrame({"a": [[1, 2]]}).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"column 'a' holds List\(Int64\): leave it out"):
        read_table(tmp_path / "t.parquet")


def test_damaged_parquet_is_named(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and nothing more")
    with pytest.raises(DataError, match=r"t\.parquet is damaged"):
        read_table(tmp_path / "t.parquet")


def test_the_digest_is_of_the_cells_and_not_of_the_file(tmp_path):
    (tmp_path / "one.csv").write_bytes(b"a,b\n1,x\n2,y\n")
    (tmp_path / "two.csv.gz").write_bytes(gzip.compress(b"a;b\r\n1;x\r\n2;y"))
    one, two = read_table(tmp_path / "one.csv"), read_table(tmp_path / "two.csv.gz")
    assert one.digest() == two.digest() != of_csv(b"a,b\n1,x\n2,z\n", "t").digest()


def test_rows_in_python_are_a_table():
    table = of_rows([{"a": 1, "b": "x"}, {"a": 0.5, "b": None}, {"a": True, "b": "y"}])
    assert rows(table) == [("1", "x"), ("0.5", None), ("true", "y")]


def test_a_missing_column_is_named_with_a_suggestion():
    with pytest.raises(DataError, match=r"no column 'Price', the target\. Did you mean 'price'"):
        of_csv(b"area,price\n1,2\n", "t.csv").column("Price", ", the target")
