"""Zip archives from anywhere: nothing leads outside, nothing grows without end."""

import os
import stat
import zipfile

import pytest

from seqkit.data.archives import names_in, pack, unpack
from seqkit.errors import DataError


def archive_of(path, *members, compression=zipfile.ZIP_DEFLATED):
    """A zip file with (name or ZipInfo, content) in it."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def refusal(archive, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(DataError) as error:
        unpack(archive, folder)
    assert str(archive) in str(error.value)
    return str(error.value)


def test_what_is_packed_is_unpacked(tmp_path):
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "deep" / "b.bin").write_bytes(bytes(range(256)))
    archive = tmp_path / "x.zip"
    pack(folder, archive, inside="model")
    assert names_in(archive) == ["model/a.txt", "model/deep/b.bin"]

    again = tmp_path / "again"
    again.mkdir()
    unpack(archive, again)
    assert (again / "model/a.txt").read_text() == "a"
    assert (again / "model/deep/b.bin").read_bytes() == bytes(range(256))


def test_the_same_content_gives_the_same_archive(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    file = folder / "a.txt"
    file.write_text("a")
    pack(folder, tmp_path / "1.zip")
    os.utime(file, (1, 1_000_000_000))
    pack(folder, tmp_path / "2.zip")
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()


def test_only_what_is_wanted_is_unpacked(tmp_path):
    archive = archive_of(tmp_path / "x.zip", ("a", "1"), ("b", "2"))
    folder = tmp_path / "out"
    folder.mkdir()
    unpack(archive, folder, place=lambda name: "c" if name == "b" else "")
    assert [path.name for path in folder.iterdir()] == ["c"]
    assert (folder / "c").read_text() == "2"


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "..\\evil", "C:\\evil"])
def test_a_name_that_leads_outside_is_refused(tmp_path, name):
    archive = archive_of(tmp_path / "x.zip", ("good", "1"), (name, "2"))
    assert "leads outside of the archive" in refusal(archive, tmp_path)
    assert not (tmp_path / "evil").exists()


def test_a_link_is_refused(tmp_path):
    link = zipfile.ZipInfo("best")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive = archive_of(tmp_path / "x.zip", (link, "/etc/passwd"))
    assert "best is a link" in refusal(archive, tmp_path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    archive = archive_of(tmp_path / "x.zip", ("zeros", bytes(50_000_000)))
    assert "unpacks to more than 200 times its size" in refusal(archive, tmp_path)
    assert not (tmp_path / "out" / "zeros").exists()


def test_a_bomb_may_be_read_where_limits_are_off(tmp_path, monkeypatch):
    monkeypatch.setenv("SEQKIT_LIMITS", "off")
    archive = archive_of(tmp_path / "x.zip", ("zeros", bytes(5_000_000)))
    folder = tmp_path / "out"
    folder.mkdir()
    unpack(archive, folder)
    assert (folder / "zeros").stat().st_size == 5_000_000


def test_a_bomb_whose_header_lies_is_damaged(tmp_path):
    """The header says 100 bytes; zipfile gives no more, and the checksum is another one."""
    archive = archive_of(tmp_path / "x.zip", ("zeros", bytes(5_000_000)))
    content = archive.read_bytes().replace((5_000_000).to_bytes(4, "little"), b"d\0\0\0")
    archive.write_bytes(content)
    assert "not a whole zip file" in refusal(archive, tmp_path)
    assert (tmp_path / "out" / "zeros").stat().st_size <= 100


def test_an_encrypted_archive_is_refused(tmp_path):
    archive = archive_of(tmp_path / "x.zip", ("a", "1"))
    content = bytearray(archive.read_bytes())
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + at] |= 1
    archive.write_bytes(content)
    assert "a is encrypted" in refusal(archive, tmp_path)


def test_two_files_of_one_name_are_damage(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive = archive_of(tmp_path / "x.zip", ("a", "1"), ("a", "2"))
    assert "two files named a" in refusal(archive, tmp_path)


@pytest.mark.parametrize("left", [0, 30, 200])
def test_a_truncated_archive_is_damaged(tmp_path, left):
    archive = archive_of(tmp_path / "x.zip", ("a", os.urandom(1000)))
    archive.write_bytes(archive.read_bytes()[:left])
    assert names_in(archive) == []
    assert "not a whole zip file" in refusal(archive, tmp_path)


def test_a_flipped_byte_is_damage(tmp_path):
    archive = archive_of(tmp_path / "x.zip", ("a", b"a" * 1000), compression=zipfile.ZIP_STORED)
    content = bytearray(archive.read_bytes())
    content[500] ^= 1
    archive.write_bytes(content)
    assert "not a whole zip file" in refusal(archive, tmp_path)
