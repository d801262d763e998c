"""Images in memory and in files give the same batches; an error in a worker is one line."""

import resource

import numpy as np
import pytest
import torch
from pictures_made import noise, write
from seqkit_vision.images import Files, ImageBatch, Prepared, Shape, Tensors
from seqkit_vision.sources import Wanted, open_source
from seqkit_vision.task import channel_statistics
from seqkit_vision.views import Augmentation, Augmented, Normalisation, Plain

from seqkit.errors import DataError

CPU = torch.device("cpu")
HALF = Normalisation([0.5, 0.25, 0.75], [0.5, 1.0, 2.0])
ROWS = [torch.tensor(rows) for rows in ([3, 1, 4], [1, 5], [0], [2, 7, 6, 3])]


@pytest.fixture
def paths(tmp_path):
    return [write(tmp_path / f"{i}.png", noise(6, 6, seed=i)) for i in range(8)]


@pytest.fixture
def both(paths):
    """The same images in memory and in files."""
    store = torch.from_numpy(np.stack([noise(6, 6, seed=i).transpose(2, 0, 1) for i in range(8)]))
    labels = torch.arange(8) % 3
    return Tensors(store, labels, [str(path) for path in paths]), Files(
        paths, labels, Shape(size=6, channels=3)
    )


def prepared(images, view, workers=0, rows=ROWS):
    torch.manual_seed(0)
    return [batch.to(CPU) for batch in images.batches(rows, view, workers)]


def same(one, other):
    return len(one) == len(other) and all(
        torch.equal(left, right)
        for pair in zip(one, other, strict=True)
        for left, right in zip(*pair, strict=True)
    )


@pytest.fixture(autouse=True)
def _tuples(monkeypatch):
    monkeypatch.setattr(
        Prepared, "__iter__", lambda it: iter((it.images, it.labels, it.targets)), raising=False
    )


def test_a_batch_is_the_rows_that_were_asked_for_normalised(both):
    for images in both:
        for rows, batch in zip(ROWS, images.batches(ROWS, Plain(HALF), 0), strict=True):
            made = batch.to(CPU)
            assert batch.count == len(rows)
            assert (
                made.labels.tolist() == made.targets.tolist() == [row % 3 for row in rows.tolist()]
            )
            for row, image in zip(rows.tolist(), made.images, strict=True):
                pixels = noise(6, 6, seed=row).transpose(2, 0, 1) / 255
                expected = (pixels - np.array(HALF.mean)[:, None, None]) / np.array(HALF.std)[
                    :, None, None
                ]
                np.testing.assert_allclose(image, expected, atol=1e-5)


def test_images_in_memory_and_in_files_have_the_same_names_sizes_and_pixels(both):
    memory, files = both
    assert memory.names == files.names
    assert (memory.size, memory.channels) == (files.size, files.channels) == (6, 3)
    for rows in (*ROWS, torch.arange(0)):
        assert torch.equal(memory.pixels(rows), files.pixels(rows))
    assert channel_statistics(memory, torch.arange(8)) == channel_statistics(files, torch.arange(8))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    "how", [Augmentation(), Augmentation(crop=2, flip=True, erase=0.5, colour=0.2, mixup=0.3)]
)
def test_files_stream_the_same_batches_as_the_tensor(both, workers, how):
    memory, files = both
    view = Augmented(HALF, how, 3)
    assert same(prepared(files, view, workers), prepared(memory, view))


def test_files_have_the_size_and_the_channels_asked_for(paths):
    files = Files(paths, torch.zeros(8, dtype=torch.int64), Shape(size=4, channels=1))
    (batch,) = prepared(files, Plain(Normalisation([0.0], [1.0])), rows=[torch.arange(8)])
    assert batch.images.shape == (8, 1, 4, 4)
    assert 0 <= batch.images.min() < batch.images.max() <= 1


@pytest.mark.parametrize("workers", [0, 1])
def test_streaming_draws_no_random_number_of_torch(both, workers):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    assert len(list(both[1].batches(ROWS, Plain(HALF), workers))) == len(ROWS)
    assert torch.equal(torch.get_rng_state(), before)


def test_no_rows_are_no_batches(both):
    for images in both:
        assert list(images.batches([], Plain(HALF), 0)) == []


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("damage", [b"", b"no image", None])
def test_a_damaged_file_is_named_in_one_line_even_from_a_worker(both, paths, workers, damage):
    if damage is None:
        paths[5].unlink()
    else:
        paths[5].write_bytes(damage)
    batches = both[1].batches(ROWS, Plain(HALF), workers)
    assert next(batches).count == 3  # what comes before it comes
    with pytest.raises(DataError) as caught:
        list(batches)
    said = str(caught.value)
    assert str(paths[5]) in said
    assert said.endswith("; fix or remove it, or skip such files with --skip-bad")
    assert "\n" not in said


def test_a_large_batch_out_of_workers_does_not_need_an_open_file_for_each_image(paths):
    """Each tensor that a worker hands over is an open file, and a process may have few."""
    files = Files(paths * 64, torch.arange(512), Shape(size=6, channels=3))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
    try:
        batches = list(files.batches([*torch.arange(512).split(256)], Plain(HALF), 1))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert [batch.count for batch in batches] == [256, 256]


def test_every_image_is_checked_for_its_size(tmp_path):
    for name in ("cat", "dog"):
        write(tmp_path / name / "a.png", noise(6, 6))
    write(tmp_path / "dog" / "b.png", noise(6, 7))
    with pytest.raises(DataError, match="different sizes"):
        open_source(str(tmp_path), "train", Wanted(memory=10))


def test_a_batch_is_changed_on_the_device_and_not_in_the_store(both):
    memory, _ = both
    before = memory.store.clone()
    view = Augmented(HALF, Augmentation(crop=2, flip=True, erase=1.0), 3)
    batch = ImageBatch(memory, torch.arange(8), view)
    first, second = batch.to(CPU), batch.to(CPU)
    assert not torch.equal(first.images, second.images)  # drawn anew
    assert torch.equal(memory.store, before)


def test_the_store_moves_to_the_device_of_the_batches_and_stays_there(both):
    memory, _ = both
    meta = torch.device("meta")
    assert memory.on(meta)[0].device == meta
    moved = memory.on(meta)
    assert all(one is other for one, other in zip(memory.on(meta), moved, strict=True))
    assert memory.pixels(torch.arange(1)).device == CPU  # the file's own pixels stay where they are
