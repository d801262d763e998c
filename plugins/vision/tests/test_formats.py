"""The files of MNIST (idx) and CIFAR-10 (binary), true ones made by the tests and damaged ones."""

import gzip
import io
import tarfile

import numpy as np
import pytest
from pictures_made import cifar10_batches, idx, records, write_tar
from seqkit_vision.formats import read_cifar10, read_idx, read_idx_pair

from seqkit.errors import DataError

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 4, 4), dtype=np.uint8)
LABELS = np.arange(5, dtype=np.uint8)


def complaint(read, path, *how):
    with pytest.raises(DataError) as caught:
        read(path, *how)
    said = str(caught.value)
    assert str(path) in said
    assert "\n" not in said
    return said


# idx


@pytest.mark.parametrize("array", [IMAGES, LABELS, IMAGES[:0], IMAGES.reshape(5, 16)])
def test_an_idx_file_gives_its_array_back_plain_or_packed(tmp_path, array):
    plain, packed = tmp_path / "a", tmp_path / "a.gz"
    plain.write_bytes(idx(array))
    packed.write_bytes(gzip.compress(idx(array)))
    for path in (plain, packed):
        read = read_idx(path, array.ndim)
        assert read.dtype == np.uint8
        np.testing.assert_array_equal(read, array)


def test_images_and_labels_come_as_a_pair(tmp_path):
    (tmp_path / "images").write_bytes(idx(IMAGES))
    (tmp_path / "labels").write_bytes(idx(LABELS))
    images, labels = read_idx_pair(tmp_path / "images", tmp_path / "labels")
    np.testing.assert_array_equal(images, IMAGES[:, None])
    np.testing.assert_array_equal(labels, LABELS)


def test_more_images_than_labels_are_refused(tmp_path):
    (tmp_path / "images").write_bytes(idx(IMAGES))
    (tmp_path / "labels").write_bytes(idx(LABELS[:3]))
    said = complaint(read_idx_pair, tmp_path / "images", tmp_path / "labels")
    assert said == f"{tmp_path / 'images'} has 5 images, {tmp_path / 'labels'} 3 labels"


@pytest.mark.parametrize("magic", [b"\0\0\x08\x01", b"\0\0\x0d\x03", b"\0\x01\x08\x03", b"\x89PNG"])
def test_another_magic_number_is_refused(tmp_path, magic):
    (tmp_path / "a").write_bytes(idx(IMAGES, magic=magic))
    said = complaint(read_idx, tmp_path / "a", 3)
    assert said.endswith(
        "is not an idx file of bytes with 3 dimensions: "
        f"its magic number is {magic.hex()}, expected 00000803"
    )


@pytest.mark.parametrize("content", [b"", b"\0\0\x08"])
def test_a_file_without_a_magic_number_is_refused(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    said = complaint(read_idx, tmp_path / "a", 1)
    assert (
        f"with 1 dimension: its magic number is {content.hex() or 'missing'}, expected 00000801"
        in said
    )


@pytest.mark.parametrize(
    "change", [lambda data: data[:-1], lambda data: data + b"\0", lambda data: data[:9]]
)
def test_another_length_than_in_the_header_is_damage(tmp_path, change):
    content = change(idx(IMAGES))
    (tmp_path / "a").write_bytes(content)
    found = "more" if len(content) > 96 else f"{len(content)} bytes"
    assert f"a is damaged: {found}, its header (" in complaint(read_idx, tmp_path / "a", 3)


def test_a_header_that_claims_more_than_fits_into_memory_is_not_believed(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(
        idx(IMAGES[:0], shape=(2**31, 2**31, 4))
    )  # 2 to the 64: nothing, in 64 bits
    said = complaint(read_idx, tmp_path / "a", 3)
    assert "claims to hold 18,446,744,074 GB, which no corpus of small images does" in said
    monkeypatch.setenv("SEQKIT_LIMITS", "off")
    (tmp_path / "a").write_bytes(idx(IMAGES[:0], shape=(2000, 2000, 2000)))
    said = complaint(read_idx, tmp_path / "a", 3)
    assert "16 bytes, its header (2000, 2000, 2000) says 8,000,000,016" in said


def test_nothing_is_read_after_a_wrong_header_nor_beyond_a_right_one(tmp_path, monkeypatch):
    """A packed file of some kilobytes may unpack to more than fits into memory."""

    class Counting(io.BytesIO):
        def read(self, size):
            nonlocal total
            data = super().read(size)
            total += len(data)
            return data

    for content, most in ((bytes(10_000), 16), (idx(IMAGES) + bytes(10_000), 97)):
        total = 0
        file = Counting(content)
        monkeypatch.setattr("seqkit_vision.formats.open_bytes", lambda path, file=file: file)
        complaint(read_idx, tmp_path / "a", 3)
        assert total == most


def test_an_archive_that_claims_too_much_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("seqkit_vision.formats._MOST_BYTES", 1000)
    path = write_tar(tmp_path / "a.tar.gz", {"test_batch.bin": bytes(3073)})
    assert "claims to hold" in complaint(read_cifar10, path, "test")


def test_a_damaged_gzip_file_is_reported(tmp_path):
    path = tmp_path / "a.gz"
    whole = gzip.compress(idx(IMAGES))
    path.write_bytes(whole[:-12])
    assert "is damaged: it is not a whole gzip file" in complaint(read_idx, path, 3)
    path.write_bytes(whole[:20] + bytes([whole[20] ^ 0xFF]) + whole[21:])
    assert "damaged" in complaint(read_idx, path, 3) or "cannot read" in complaint(
        read_idx, path, 3
    )
    path.write_bytes(whole[:-8] + b"\0" * 8)  # the checksum
    assert "is damaged: it is not a whole gzip file" in complaint(read_idx, path, 3)
    path.write_bytes(idx(IMAGES))  # not packed at all, whatever its name says
    np.testing.assert_array_equal(read_idx(path, 3), IMAGES)


def test_a_missing_file_is_reported(tmp_path):
    assert (
        complaint(read_idx, tmp_path / "a.gz", 3)
        == f"cannot read {tmp_path / 'a.gz'}: No such file or directory"
    )


# CIFAR-10


@pytest.fixture
def batches():
    return cifar10_batches(np.random.default_rng(0), 3)


def test_a_cifar10_archive_gives_its_images_and_labels_in_the_order_of_its_batches(
    tmp_path, batches
):
    members = {
        name: records(*batches[name]) for name in reversed(batches)
    }  # archives have their own order
    path = write_tar(tmp_path / "a.tar.gz", {"readme.html": b"<html>", **members})
    images, labels = read_cifar10(path, "train")
    wanted = [batches[f"data_batch_{i}.bin"] for i in range(1, 6)]
    np.testing.assert_array_equal(images, np.concatenate([part for _, part in wanted]))
    np.testing.assert_array_equal(labels, np.concatenate([part for part, _ in wanted]))
    images, labels = read_cifar10(path, "test")
    np.testing.assert_array_equal(images, batches["test_batch.bin"][1])
    np.testing.assert_array_equal(labels, batches["test_batch.bin"][0])


def test_an_archive_without_a_batch_is_refused(tmp_path, batches):
    del batches["data_batch_4.bin"]
    path = write_tar(
        tmp_path / "a.tar.gz", {name: records(*batch) for name, batch in batches.items()}
    )
    assert complaint(read_cifar10, path, "train").endswith(
        "has no data_batch_4.bin: it is not the binary form of CIFAR-10"
    )
    assert len(read_cifar10(path, "test")[0]) == 3


def test_the_archive_for_python_is_refused(tmp_path):
    path = write_tar(
        tmp_path / "a.tar.gz", {"data_batch_1": b"a pickle", "test_batch": b"a pickle"}
    )
    assert "it is not the binary form of CIFAR-10" in complaint(read_cifar10, path, "train")


def test_a_link_in_place_of_a_batch_is_not_followed(tmp_path):
    path = write_tar(tmp_path / "a.tar.gz", {"test_batch.bin": "/etc/passwd"})
    assert "has no test_batch.bin" in complaint(read_cifar10, path, "test")


@pytest.mark.parametrize("content", [b"", b"\0" * 3072, b"\0" * (2 * 3073 + 1)])
def test_a_batch_with_a_partial_record_is_damaged(tmp_path, content):
    path = write_tar(tmp_path / "a.tar.gz", {"test_batch.bin": content})
    said = complaint(read_cifar10, path, "test")
    assert f"test_batch.bin is damaged: {len(content):,} bytes are not records of 3,073" in said


@pytest.mark.parametrize(
    "content", [b"", gzip.compress(b"", mtime=0), gzip.compress(b"packed, but not a tar", mtime=0)]
)
def test_a_file_that_is_not_an_archive_is_refused(tmp_path, content):
    (tmp_path / "a.tar.gz").write_bytes(content)
    assert "is damaged: it is not a whole .tar.gz archive" in complaint(
        read_cifar10, tmp_path / "a.tar.gz", "test"
    )


def test_an_archive_that_is_not_packed_or_missing_is_reported(tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(b"not a tar")
    assert "a.tar.gz is damaged: it is not a whole .tar.gz" in complaint(
        read_cifar10, tmp_path / "a.tar.gz", "test"
    )
    assert complaint(read_cifar10, tmp_path / "b.tar.gz", "test").endswith(
        "b.tar.gz: No such file or directory"
    )


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.999])
def test_a_partial_download_is_reported(tmp_path, batches, share):
    path = write_tar(
        tmp_path / "a.tar.gz", {name: records(*batch) for name, batch in batches.items()}
    )
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    assert "is damaged" in complaint(read_cifar10, path, "train")


def test_a_changed_pixel_in_an_archive_is_noticed(tmp_path, batches):
    path = write_tar(
        tmp_path / "a.tar.gz", {name: records(*batch) for name, batch in batches.items()}
    )
    data = bytearray(
        gzip.compress(gzip.decompress(path.read_bytes()), compresslevel=0)
    )  # bytes as they are
    at = data.index(batches["test_batch.bin"][1][1, 1].tobytes()[100:200])
    data[at] ^= 1
    path.write_bytes(data)
    assert "is damaged: it is not a whole gzip file" in complaint(read_cifar10, path, "test")


def test_reading_an_archive_writes_nothing(tmp_path, batches):
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        (tmp_path / "source").write_bytes(records(*batches["test_batch.bin"]))
        archive.add(tmp_path / "source", "../../test_batch.bin")
    before = sorted(tmp_path.rglob("*"))
    assert len(read_cifar10(path, "test")[0]) == 3
    assert sorted(tmp_path.rglob("*")) == before
