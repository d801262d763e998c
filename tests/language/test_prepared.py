"""Text of a language model in the cache: made once, and the same as if it were read each time."""

import gzip
import json

import fsspec
import numpy as np
import pytest
from language.tiny import LINES, read_texts, write_config, write_text

from seqkit import prepared
from seqkit.config import build
from seqkit.data.cache import ENVIRONMENT, Cache
from seqkit.data.seen import SeenTexts
from seqkit.errors import ConfigError, DataError
from seqkit.language import prepared as of_lines
from seqkit.language.baseline import measure_baseline
from seqkit.language.data_config import LanguageData
from seqkit.language.prepared import PreparedText
from seqkit.language.stream import encode
from seqkit.language.task import LanguageModelling
from seqkit.language.texts import cut_off
from seqkit.recipes import load
from seqkit.text.vocab import UNK


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "cache"))
    monkeypatch.setattr(prepared, "BLOCK", 7)
    monkeypatch.setattr(of_lines, "_BLOCK", 7)
    monkeypatch.setattr("seqkit.data.stored._BLOCK", 7)
    write_text(tmp_path)
    return tmp_path / "cache"


def task_of(tmp_path, overrides=None, **how):
    return LanguageModelling(load(write_config(tmp_path, **how), overrides or {}))


def test_the_ids_are_those_of_lines_in_memory(cache, tmp_path):
    task = task_of(tmp_path, {"text.min_freq": 22})
    train, valid = cut_off(LINES, 0.05)
    for ids, lines, share in zip(
        (task.train_ids, task.valid_ids), (train, valid), task._unknown, strict=True
    ):
        expected = encode(task.tokenizer, lines)
        assert ids.tolist() == expected.tolist()
        assert share == np.mean(expected == UNK)
    assert task._unknown[0] > 0


def test_a_second_run_reads_and_encodes_nothing(cache, tmp_path, monkeypatch):
    first = task_of(tmp_path)
    for module, name in (
        (of_lines, "read_lines_of"),
        (prepared, "map_in_order"),
        (of_lines, "SeenTexts"),
    ):
        monkeypatch.setattr(module, name, None)
    second = task_of(tmp_path)
    assert second.train_ids.tolist() == first.train_ids.tolist()
    assert second.digests() == first.digests()
    assert second.describe() == first.describe()
    assert {one.folder.name.partition("-")[0] for one in Cache(cache).listed()} == {
        "lines",
        "tokenizers",
        "ids",
    }


def test_a_baseline_is_counted_once_for_each_text_and_order(cache, tmp_path, monkeypatch):
    counted = []

    def count(train, measured, order):
        counted.append((len(measured), order))
        return measure_baseline(train, measured, order)

    monkeypatch.setattr(of_lines, "measure_baseline", count)
    first, second = (task_of(tmp_path, {"data.test_share": 0.3}) for _ in range(2))
    asked = [(part, order) for part in ("valid", "test") for order in (2, 3)]
    found = [first._text.baseline(first.tokenizer, *each) for each in asked]
    assert [second._text.baseline(second.tokenizer, *each) for each in asked] == found

    texts = {"valid": first._text.valid, "test": first._text.test}
    tokens = {part: len(encode(first.tokenizer, text)) for part, text in texts.items()}
    assert tokens["valid"] != tokens["test"]
    assert counted == [(tokens[part], order) for part, order in asked]


def test_settings_that_change_the_text_make_it_anew(cache, tmp_path):
    whole = task_of(tmp_path)
    once = task_of(tmp_path, {"data.unique": True})
    assert len(once.train_ids) < len(whole.train_ids)
    assert once.digests() != whole.digests()


@pytest.mark.parametrize("test_share", [0.0, 0.3])
@pytest.mark.parametrize("lines", [LINES, LINES[:2], LINES[:1], ["", *LINES]])
def test_a_text_is_cut_as_it_would_be_in_memory(cache, tmp_path, lines, test_share):
    path = write_text(tmp_path, lines, "other")
    data = LanguageData(train=[str(path)], test_share=test_share, valid_share=0.2)
    rest, test = cut_off(lines, test_share)
    assert read_texts(data) == (*cut_off(rest, 0.2), test)


def test_lines_that_were_trained_on_are_known_by_a_checkpoint(cache, tmp_path):
    task = task_of(tmp_path)
    (tmp_path / "step").mkdir()
    Cache(cache).clear()
    task.save(tmp_path / "step")
    (found,) = SeenTexts.load(tmp_path / "step").count(lines=LINES[:5])
    assert (found.found, found.total) == (5, 5)


@pytest.mark.parametrize("kind", ["jsonl", "jsonl.gz", "parquet"])
def test_records_are_read_by_the_name_of_a_field(cache, tmp_path, kind):
    path = tmp_path / f"records.{kind}"
    records = [{"id": number, "page": {"text": line}} for number, line in enumerate(LINES)]
    if kind == "parquet":
        pa = pytest.importorskip("pyarrow")
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(records), path)
    else:
        content = "".join(json.dumps(record) + "\n" for record in records).encode()
        path.write_bytes(gzip.compress(content) if kind.endswith("gz") else content)

    data = LanguageData(train=[str(path)], column="page.text")
    assert [*PreparedText(data).train] == cut_off(LINES, 0.05)[0]
    with pytest.raises(DataError, match=r"has fields with names: set data\.column to that of"):
        PreparedText(LanguageData(train=[str(path)]))


def test_the_same_bytes_are_other_text_where_their_name_speaks_of_records(cache, tmp_path):
    for name in ("text.txt", "text.jsonl"):
        (tmp_path / name).write_text('{"text": "one"}\n' * 40)
    assert PreparedText(LanguageData(train=[str(tmp_path / "text.txt")])).train
    with pytest.raises(DataError, match=r"set data\.column to that of"):
        PreparedText(LanguageData(train=[str(tmp_path / "text.jsonl")]))


def test_an_empty_file_at_an_address_is_named_without_its_password(cache):
    fsspec.filesystem("memory").pipe("/key@home/empty", b"")
    with pytest.raises(DataError, match=r"^memory://…home/empty: the training text is empty"):
        PreparedText(LanguageData(train=["memory://key@home/empty"]))


@pytest.mark.parametrize("column", [-1, 1.5, True, None, []])
def test_a_column_is_a_number_or_a_name(column):
    with pytest.raises(ConfigError, match=r"column: .* is neither the number of a column nor the"):
        build(LanguageData, {"column": column}, "[data]")


def test_a_name_is_refused_where_there_are_only_numbers(cache, tmp_path):
    data = LanguageData(train=[str(tmp_path / "text")], column="text")
    with pytest.raises(DataError, match=r"text is a number, not 'text': only JSON lines"):
        PreparedText(data)
