"""How rows are read and written, and known again; no cluster takes part."""

import shutil

import pytest
from bulk_lines import LINES

from seqkit import ngram
from seqkit.bulk.formats import Answer, Columns, Failure
from seqkit.bulk.job import digest_of_model
from seqkit.errors import ConfigError
from seqkit.ngram import mixture_files


def test_a_table_from_windows_gets_the_answer_before_the_end_of_its_lines(tmp_path):
    path = tmp_path / "in.tsv"
    path.write_bytes(b"the cat\tx\r\na dog\ty\r\n")
    table = Columns(["2"])
    (shard,) = table.shards(path, 10)
    assert shard.texts == [("x",), ("y",)]
    table.write(shard, [Answer({}, "1"), Failure("no")], {}, tmp_path / "out.tsv")
    assert (tmp_path / "out.tsv").read_bytes() == b"the cat\tx\t1\n"


@pytest.fixture
def parquet():
    pytest.importorskip("pyarrow")
    from seqkit.bulk.parquet import Parquet

    return Parquet(["text"])


def written(path, table):
    import pyarrow.parquet as pq

    pq.write_table(table, path)
    return path


def test_every_parquet_file_is_checked_and_named(parquet, tmp_path):
    import pyarrow as pa

    first = written(tmp_path / "a.parquet", pa.table({"text": ["x"]}))
    parquet.check(first, ["oov"])
    for name, columns in {
        "has our column": {"text": ["x"], "oov": [1]},
        "has no text": {"body": ["x"]},
        "has numbers": {"text": [1]},
    }.items():
        other = written(tmp_path / f"{name}.parquet", pa.table(columns))
        with pytest.raises(ConfigError, match=name):
            list(parquet.shards(other, 10))


def test_a_digest_is_of_the_words_behind_a_dictionary_too(parquet, tmp_path):
    import pyarrow as pa

    def digest(words):
        column = pa.array(words).dictionary_encode()
        (shard,) = parquet.shards(written(tmp_path / "a.parquet", pa.table({"text": column})), 10)
        return shard.digest

    assert digest(["a", "b", "a"]) != digest(["c", "d", "c"])
    assert digest(["a", "b", "a"]) == digest(["a", "b", "a"])


def test_values_that_python_cannot_hold_fail_their_row_alone(parquet, tmp_path):
    import pyarrow as pa

    texts = pa.StringArray.from_buffers(
        2, pa.py_buffer(b"\0\0\0\0\4\0\0\0\5\0\0\0"), pa.py_buffer(b"good\xff")
    )
    days = pa.array([2**60, 2**60], pa.timestamp("ms"))
    path = written(tmp_path / "a.parquet", pa.table({"text": texts, "day": days}))
    (shard,) = parquet.shards(path, 10)
    assert shard.texts == [("good",), Failure("not UTF-8: byte 1 of the text")]
    assert parquet.row(shard, 1) == {
        "text": "a value of type string that cannot be shown",
        "day": "a value of type timestamp[ms] that cannot be shown",
    }


def test_a_mixture_is_another_model_when_a_part_of_it_has_changed(tmp_path):
    models = [ngram.train(LINES, order=2, smoothing="witten-bell") for _ in range(2)]
    for name, model in zip("ab", models, strict=True):
        ngram.save(model, tmp_path / f"{name}.arpa")
    path = tmp_path / "mix.toml"
    both = [tmp_path / "a.arpa", tmp_path / "b.arpa"]
    mixture_files.save_mixture(both, [0.5, 0.5], path, unknown="share")
    before = digest_of_model(str(path))
    shutil.copy(tmp_path / "b.arpa", tmp_path / "copy.arpa")
    assert digest_of_model(str(path)) == before

    ngram.save(ngram.train(LINES[:5], order=2, smoothing="witten-bell"), tmp_path / "b.arpa")
    assert digest_of_model(str(path)) != before
