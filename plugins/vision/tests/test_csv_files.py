"""Images and labels from CSV files, and everything that may be wrong with them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from pictures_made import complaint, noise, opened, write

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
