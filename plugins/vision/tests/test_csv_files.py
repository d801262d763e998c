"""Images and labels from CSV files, and everything that may be wrong with them."""

import bz2
import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest
import torch
from pictures_made import complaint, noise, opened, write
from seqkit_vision.sources import parts_of

from seqkit.errors import SeqkitError

PETS = {"cat": 3, "dog": 2}


def labelled(source):
    """{the last two parts of a path: its class}"""
    names = ["/".join(Path(name).parts[-2:]) for name in source.images.names]
    return {
        name: source.classes[label]
        for name, label in zip(names, source.images.labels.tolist(), strict=True)
    }


@pytest.fixture
def table(tmp_path):
    """`table("path,label", "a.png,cat", …)` writes a CSV file next to images a.png … d.png."""
    for seed, name in enumerate("abcd"):
        write(tmp_path / f"{name}.png", noise(6, 6, 1, seed))

    def call(*lines, encoding="utf-8", end="\n"):
        path = tmp_path / "table.csv"
        path.write_bytes(end.join([*lines, ""]).encode(encoding))
        return path

    return call


def test_a_csv_file_names_paths_from_its_own_folder_and_labels(table, monkeypatch):
    path = table("path,label", "b.png,dog", "a.png,cat", "", "c.png,dog")
    monkeypatch.chdir("/")
    source = opened(path)
    assert source.classes == ["cat", "dog"]
    assert [Path(name).name for name in source.images.names] == ["b.png", "a.png", "c.png"]
    assert source.images.labels.tolist() == [1, 0, 1]
    np.testing.assert_array_equal(source.images.pixels(torch.tensor([1]))[0, 0], noise(6, 6, 1, 0))


@pytest.mark.parametrize(
    "header",
    [
        "path,label",
        "Label, FILE ,extra",
        "class,filename",
        "image,class",
        "\ufeffpath,label",
        '"path","label"',
    ],
)
def test_columns_are_found_by_their_names(table, header):
    names = [name.strip(' "\ufeff').lower() for name in header.split(",")]
    rows = [
        ",".join(
            label if name in ("label", "class") else image if name != "extra" else "?"
            for name in names
        )
        for image, label in (("a.png", "cat"), ("b.png", "dog"))
    ]
    source = opened(table(header, *rows))
    assert source.classes == ["cat", "dog"]
    assert [Path(name).name for name in source.images.names] == ["a.png", "b.png"]


def test_lines_may_end_as_on_windows_and_paths_may_be_quoted_or_absolute(table, tmp_path):
    write(tmp_path / "с запятой, и пробелом.png", noise(6, 6, 1))
    source = opened(
        table(
            "path,label", '"с запятой, и пробелом.png",кот', f"{tmp_path / 'a.png'},狗", end="\r\n"
        )
    )
    assert source.classes == ["кот", "狗"]
    assert len(source.images.names) == 2


def test_numbers_as_labels_are_sorted_as_numbers_before_names(table):
    rows = [f"a.png,{label}" for label in ("10", "9", "cat", "2", "-1", "9" * 5000)]
    assert opened(table("path,label", *rows)).classes == ["2", "9", "10", "-1", "9" * 5000, "cat"]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], ":1: the first line must name the columns, such as path,label"),
        (
            ["path;label", "a.png;cat"],
            ":1: the first line must name the columns, such as path,label",
        ),
        (
            ["a.png,cat"],
            ":1: no column 'path' or 'file' or 'image' or 'filename'; there are a.png, cat",
        ),
        (["path,kind", "a.png,cat"], ":1: no column 'label' or 'class'; there are path, kind"),
        (["path,label"], " names no image"),
        (["path,label", "a.png,cat", "b.png"], ":3: the path or the label is missing"),
        (["path,label", "a.png, "], ":2: the path or the label is missing"),
        (["path,label", ",cat"], ":2: the path or the label is missing"),
        (
            ["path,label,note", 'a.png,cat,"of two', 'lines"', "b.png,"],
            ":4: the path or the label is missing",
        ),
        (
            ["path,label", "a.png,cat", "b.png,cat"],
            " has a single class, 'cat': there is nothing to tell apart",
        ),
        (["path,label", "a.png,cat\rb.png,dog"], ":2: new-line character seen in unquoted field"),
        (["path,label", f"a.png,{'x' * 200_000}"], ":2: field larger than field limit"),
    ],
)
def test_mistakes_in_a_csv_file_are_reported_with_the_line(table, lines, says):
    path = table(*lines)
    assert complaint(path).startswith(f"{path}{says}")


@pytest.mark.parametrize(
    ("encoding", "says"), [("latin-1", ":2: not UTF-8: byte 0xe8"), ("utf-16", ":1: not UTF-8")]
)
def test_a_csv_file_in_another_encoding_is_refused(table, encoding, says):
    path = table("path,label", "a.png,mèo", "b.png,chó", encoding=encoding)
    assert complaint(path).startswith(f"{path}{says}")


def test_a_missing_image_of_a_csv_file_is_named(table, tmp_path):
    path = table("path,label", "a.png,cat", "gone.png,dog")
    assert complaint(path).startswith(
        f"cannot read {tmp_path / 'gone.png'}: No such file or directory; fix or remove"
    )
    assert complaint(tmp_path / "gone.csv").startswith(
        f"cannot read {tmp_path / 'gone.csv'}: No such file"
    )


# Parts


def names_of(path, part, **wanted):
    return [Path(name).stem for name in opened(path, part, **wanted).images.names]


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("split", ("train", "valid", "test")),
        ("Split", ("TRAIN", "Validation", "Testing")),
        (" split ", ("training", " val ", "test")),
        ("subset", ("train", "dev", "test")),
        ("set", ("train", "val", "test")),
        ("partition", ("train", "val", "test")),
    ],
)
def test_a_column_may_say_what_each_image_is_for(table, column, cells):
    train, valid, test = cells
    path = table(
        f"path,label,{column}",
        f"a.png,cat,{train}",
        f"c.png,cat,{test}",
        f"b.png,dog,{train}",
        f"d.png,dog,{valid}",
    )
    assert parts_of(str(path)) == {"train", "valid", "test"}
    assert names_of(path, "train") == ["a", "b"]
    known = {"classes": ["cat", "dog"]}
    assert names_of(path, "valid", **known) == ["d"]
    assert names_of(path, "test", **known) == ["c"]


def test_test_rows_are_never_trained_on(table, make_task, tmp_path):
    for i in range(8):
        write(tmp_path / f"more{i}.png", noise(6, 6, 1, i + 10))
    rows = [f"more{i}.png,{('cat', 'dog')[i % 2]},train" for i in range(8)]
    path = table("path,label,split", *rows, "a.png,cat,test", "b.png,dog,test")
    task = make_task(source=str(path))
    assert len(task.images.names) == 8
    with_valid = table("path,label,split", *rows, "c.png,cat,val", "d.png,dog,val")
    task = make_task(source=str(with_valid))
    assert task.describe()[0].startswith("8 training images, 2 for validation")
    assert [Path(name).stem for name in task.rows.valid_source.images.names] == ["c", "d"]


def test_without_test_rows_the_validation_rows_or_all_are_read(table):
    path = table("path,label,split", "a.png,cat,train", "b.png,dog,train", "c.png,dog,val")
    known = {"classes": ["cat", "dog"]}
    assert names_of(path, "test", **known) == ["c"]
    path = table("path,label,split", "a.png,cat,train", "b.png,dog,train")
    assert names_of(path, "test") == ["a", "b"]


def test_a_table_without_training_rows_is_none_for_training(table):
    path = table("path,label,split", "a.png,cat,test", "b.png,dog,test")
    said = complaint(path)
    assert said == f"{path} names no image for train: none of its lines says so"
    assert len(opened(path, "test").images.names) == 2


@pytest.mark.parametrize("cell", ["", "A", "train/valid", "1"])
def test_a_split_that_says_something_else_is_an_error_with_its_line(table, cell):
    path = table("path,label,split", "a.png,cat,train", f"b.png,dog,{cell}")
    assert complaint(path).startswith(f"{path}:3: split is {cell!r}: it can be train, training")


def test_columns_that_might_mean_something_else_are_left_alone(table):
    path = table("path,label,set", "a.png,cat,train", "b.png,dog,indoors")
    assert not parts_of(str(path))
    assert len(opened(path).images.names) == 2


# Files as they are found


@pytest.mark.parametrize(
    ("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)]
)
def test_a_packed_table_is_read(table, tmp_path, suffix, pack):
    plain = table("path,label", "a.png,cat", "b.png,dog")
    for name in (f"packed.csv{suffix}", "packed.csv"):
        (tmp_path / name).write_bytes(pack(plain.read_bytes()))
        assert opened(tmp_path / name).classes == ["cat", "dog"]


def test_a_byte_order_mark_is_no_part_of_a_column_even_when_packed(table, tmp_path):
    plain = table("path,label", "a.png,cat", "b.png,dog", encoding="utf-8-sig")
    assert opened(plain).classes == ["cat", "dog"]
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    assert opened(tmp_path / "packed.csv.gz").classes == ["cat", "dog"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_is_named_with_the_way_out(table, encoding):
    said = complaint(table("path,label", "a.png,cat", encoding=encoding))
    assert "UTF-16" in said or "UTF-32" in said


def test_a_nul_in_a_path_is_named_with_its_line(table):
    path = table("path,label", "a.png,cat", "b\0.png,dog")
    assert complaint(path) == f"{path}:3: the path holds a NUL character"


def test_a_nul_in_the_name_of_a_source_is_one_clear_line(make_task):
    with pytest.raises(SeqkitError, match="NUL"):
        make_task(source="a\0b")
    with pytest.raises(SeqkitError, match="NUL"):
        opened("a\0b")
