"""What the names of files say to `seqkit bulk`, which needs no cluster."""

import fsspec
import pytest

from seqkit.bulk.formats import JsonLines
from seqkit.bulk.inputs import find_inputs, format_of
from seqkit.errors import DataError


@pytest.mark.parametrize("ending", ["", ".gz", ".bz2", ".xz", ".zst", ".GZ"])
def test_packed_files_are_of_the_kind_before_their_last_ending(tmp_path, ending):
    path = tmp_path / f"news.jsonl{ending}"
    path.write_bytes(b"")
    inputs = find_inputs(path, tmp_path / "out")
    assert [each.stem for each in inputs] == ["news"]
    assert isinstance(format_of(inputs, ["text"], as_json=False), JsonLines)


def test_messages_name_addresses_and_no_copies_of_them(tmp_path, monkeypatch):
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))
    store = fsspec.filesystem("memory")
    for name in ("one/a.txt", "one/a.txt.gz", "two/a.txt", "two/b.tsv"):
        store.pipe(f"/named/{name}", name.encode())
    store.pipe("/key@none/_SUCCESS", b"")

    with pytest.raises(DataError, match=r"//named/one/a\.txt and mem.*/a\.txt\.gz would"):
        find_inputs("memory://named/one", tmp_path / "out")
    two = find_inputs("memory://named/two", tmp_path / "out")
    with pytest.raises(DataError, match=r"//named/two/a\.txt is text and mem.*/b\.tsv is"):
        format_of(two, ["text"], as_json=False)
    with pytest.raises(DataError, match=r"^memory://…none has no file to read"):
        find_inputs("memory://key@none", tmp_path / "out")


def test_files_below_an_address_are_those_of_a_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))
    names = ["a.txt", "2024/b.txt.gz", "_SUCCESS", "2024/.hidden", "_failed/c.txt"]
    store = fsspec.filesystem("memory")
    for name in names:
        (tmp_path / "news" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "news" / name).write_bytes(name.encode())
        store.pipe(f"/bulk/news/{name}", name.encode())

    here = find_inputs(tmp_path / "news", tmp_path / "out")
    there = find_inputs("memory://bulk/news", tmp_path / "out")
    assert {each.stem: each.path.read_bytes() for each in here} == {
        each.stem: each.path.read_bytes() for each in there
    }
    assert sorted(each.stem for each in there) == ["2024/b", "a"]
    (one,) = find_inputs("memory://bulk/news/a.txt", tmp_path / "out")
    assert (one.stem, one.path.read_bytes()) == ("a", b"a.txt")
