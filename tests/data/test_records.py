"""Pairs from JSON lines and Parquet."""

import gzip
import json
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqkit.data import read_parallel
from seqkit.errors import ConfigError, DataError

PAIRS = [("one", "eins"), ("two\nlines", "zwei\nZeilen"), ("", "drei"), ("four", None)]
RECORDS = [{"translation": {"en": en, "de": de}, "id": i} for i, (en, de) in enumerate(PAIRS)]
FIELDS = ("translation.en", "translation.de")


def write_json_lines(path, records=RECORDS):
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", encoding="utf-8") as file:
        for record in records:
            file.write(json.dumps(record) + "\n\n")
    return path


def write_parquet(path, records=RECORDS):
    pq.write_table(pa.Table.from_pylist(records), path)
    return path


@pytest.mark.parametrize(
    ("write", "name"),
    [(write_json_lines, "a.jsonl"), (write_json_lines, "a.jsonl.gz"), (write_parquet, "a.parquet")],
)
def test_fields_by_name_are_the_two_sides(tmp_path, write, name):
    text = read_parallel([write(tmp_path / name)], FIELDS)
    assert list(text.sources) == ["one", "two lines"]
    assert list(text.targets) == ["eins", "zwei Zeilen"]
    assert text.skipped.empty == 2


@pytest.mark.parametrize("write", [write_json_lines, write_parquet])
def test_a_field_that_is_not_there_is_named_with_those_that_are(tmp_path, write):
    path = write(tmp_path / ("a.jsonl" if write is write_json_lines else "a.parquet"))
    with pytest.raises(DataError, match=r"no 'en'; there is: translation, id\. Set data\."):
        read_parallel([path], ("en", "de"))
    with pytest.raises(DataError, match=r"fields with names: set data\.columns"):
        read_parallel([path])


def test_a_field_that_is_no_text_is_named_with_its_line(tmp_path):
    path = write_json_lines(tmp_path / "a.jsonl", [{"en": "one", "de": 1}])
    with pytest.raises(DataError, match=r"a\.jsonl:1: 'de' is no text, but a int"):
        read_parallel([path], ("en", "de"))
    with pytest.raises(DataError, match=r"a\.jsonl:1: no object with a field 'x', but a str"):
        read_parallel([path], ("en.x", "de"))


def test_a_line_that_is_no_json_is_named(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"en": "one", "de": "eins"}\n{"en": \n')
    with pytest.raises(DataError, match=r"a\.jsonl:2: not JSON"):
        read_parallel([path], ("en", "de"))


def test_what_is_no_parquet_is_one_line(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_text("text")
    with pytest.raises(DataError, match=r"a\.parquet is no Parquet file that can be read"):
        read_parallel([path], ("en", "de"))


@pytest.mark.parametrize("bad", [0, 2, 10_005])
def test_a_text_of_parquet_that_is_not_utf_8_is_named_with_its_record(tmp_path, bad):
    texts = [b"one"] * 10_010
    texts[bad] = b"caf\xe9"
    column = pa.array(texts, pa.binary()).view(pa.string())
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"en": ["one"] * len(texts), "de": column}), path)
    with pytest.raises(DataError, match=rf"a\.parquet:{bad + 1}: a text is not UTF-8: byte 0xe9$"):
        read_parallel([path], ("en", "de"))


@pytest.mark.parametrize("write", [write_json_lines, write_parquet])
def test_a_field_whose_name_has_a_dot_is_that_field(tmp_path, write):
    path = tmp_path / ("a.jsonl" if write is write_json_lines else "a.parquet")
    records = [{"text.en": "one", "text.de": "eins", "text": {"en": "two", "fr": "un"}}]
    write(path, records)
    assert list(read_parallel([path], ("text.en", "text.de")).sources) == ["one"]
    assert list(read_parallel([path], ("text.en", "text.fr")).targets) == ["un"]

    write(
        path, [{key: value for key, value in record.items() if key != "text"} for record in records]
    )
    assert list(read_parallel([path], ("text.en", "text.de")).targets) == ["eins"]


def test_without_pyarrow_the_error_says_how_to_get_it(tmp_path, monkeypatch):
    path = write_parquet(tmp_path / "a.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"pip install 'seqkit\[parquet\]'"):
        read_parallel([path], FIELDS)


def test_names_are_no_columns_of_a_tsv(tmp_path):
    (tmp_path / "a.tsv").write_text("one\teins\n")
    with pytest.raises(DataError, match="are numbers, not names"):
        read_parallel([tmp_path / "a.tsv"], ("en", "de"))
