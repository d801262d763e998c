"""Files of a corpus that the user has already (--from, SEQKIT_CORPORA)."""

import gzip

import pytest
from downloads import TEXT, files_under, sha256, zipped

from seqkit.data import fetch
from seqkit.data.corpora import ENVIRONMENT
from seqkit.errors import DataError


def test_a_file_or_folder_that_the_user_has_is_copied_and_left_untouched(tmp_path, corpus):
    folder = corpus({"a.txt": {"sha256": sha256(TEXT)}})
    own = tmp_path / "own"
    own.mkdir()
    (own / "a.txt").write_bytes(TEXT)
    for given in (own / "a.txt", own):
        assert fetch("mine", given=given) == {"a.txt": folder / "a.txt"}
        assert (folder / "a.txt").read_bytes() == (own / "a.txt").read_bytes() == TEXT
        (folder / "a.txt").unlink()


def test_a_wrong_file_of_the_user_is_refused_and_left_untouched(tmp_path, corpus):
    folder = corpus({"a.txt": {"sha256": sha256(TEXT)}})
    (tmp_path / "a.txt").write_bytes(b"other")
    with pytest.raises(DataError, match=r"/a\.txt is not the file that the card describes"):
        fetch("mine", given=tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_bytes() == b"other"
    assert files_under(folder) == set()


@pytest.mark.parametrize("as_folder", [False, True])
def test_uncompressed_text_is_accepted_for_a_compressed_file(tmp_path, corpus, as_folder):
    corpus({"a.txt.gz": {"sha256": "0" * 64, "text_sha256": sha256(TEXT)}})
    (tmp_path / "a.txt").write_bytes(TEXT)
    given = tmp_path if as_folder else tmp_path / "a.txt"
    assert gzip.decompress(fetch("mine", given=given)["a.txt.gz"].read_bytes()) == TEXT


@pytest.mark.parametrize("as_folder", [False, True])
def test_the_archive_itself_can_be_given(tmp_path, site, corpus, as_folder):
    archive = zipped({"in/it.txt": TEXT})
    about = {
        "address": f"{site.address}/its.zip",
        "member": "in/it.txt",
        "download_sha256": sha256(archive),
    }
    corpus({"it.txt": about})
    (tmp_path / "its.zip").write_bytes(archive)
    given = tmp_path if as_folder else tmp_path / "its.zip"
    assert fetch("mine", given=given)["it.txt"].read_bytes() == TEXT
    assert site.requests == []


def test_files_missing_in_the_user_s_folder_are_downloaded(tmp_path, site, corpus):
    site.files["/b.txt"] = b"b"
    corpus(
        {
            "a.txt": {"sha256": sha256(TEXT)},
            "b.txt": {"sha256": sha256(b"b"), "address": f"{site.address}/b.txt"},
        }
    )
    own = tmp_path / "own"
    own.mkdir()
    (own / "a.txt").write_bytes(TEXT)
    found = fetch("mine", given=own)
    assert [path.read_bytes() for path in found.values()] == [TEXT, b"b"]


def test_the_error_for_a_foreign_or_missing_file_names_it_and_nothing_is_downloaded(
    tmp_path, site, corpus
):
    site.files["/a.txt"] = TEXT
    corpus({"a.txt": {"sha256": sha256(TEXT), "address": f"{site.address}/a.txt"}})
    (tmp_path / "b.txt").write_bytes(TEXT)
    with pytest.raises(
        DataError, match=r"/b\.txt is not a file of corpus 'mine'; its files are a\.txt$"
    ):
        fetch("mine", given=tmp_path / "b.txt")
    with pytest.raises(DataError, match=r"cannot read .*/none: No such file or directory$"):
        fetch("mine", given=tmp_path / "none")
    assert site.requests == []


def test_a_right_file_under_seqkit_corpora_is_used_where_it_is(tmp_path, site, corpus, monkeypatch):
    site.files["/a.txt"] = TEXT
    folder = corpus(
        {"a.txt": {"sha256": sha256(TEXT), "address": f"{site.address}/a.txt", "local": "there/a"}}
    )
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "a").write_bytes(TEXT)
    assert fetch("mine") == {"a.txt": tmp_path / "there" / "a"}
    (tmp_path / "there" / "a").write_bytes(b"changed")
    assert fetch("mine") == {"a.txt": folder / "a.txt"}


def test_a_file_that_unpacks_without_end_is_another_file(tmp_path, corpus, monkeypatch):
    monkeypatch.setattr("seqkit.data.unpacking._FREE", 1 << 20)
    corpus({"a.txt.gz": {"sha256": "0" * 64, "text_sha256": sha256(TEXT)}})
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(bytes(1 << 24)))
    with pytest.raises(DataError, match=r"/a\.txt\.gz is not the file that the card describes"):
        fetch("mine", given=tmp_path / "a.txt.gz")
