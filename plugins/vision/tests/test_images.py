"""Small sets of images and large ones give the same batches."""

import numpy as np
import pytest
import torch
from pictures_made import noise
from seqkit_vision.images import ImageBatch, ImageSet, Prepared
from seqkit_vision.statistics import channel_statistics
from seqkit_vision.views import Augmentation, Augmented, Normalisation, Plain

CPU = torch.device("cpu")
HALF = Normalisation([0.5, 0.25, 0.75], [0.5, 1.0, 2.0])
ROWS = [torch.tensor(rows) for rows in ([3, 1, 4], [1, 5], [0], [2, 7, 6, 3])]


@pytest.fixture
def both():
    """The same images: one set moves to the device, of the other batches are read."""
    store = torch.from_numpy(np.stack([noise(6, 6, seed=i).transpose(2, 0, 1) for i in range(8)]))
    labels = torch.arange(8) % 3
    names = [f"{i}.png" for i in range(8)]
    return ImageSet(store, labels, names), ImageSet(store, labels, names, memory=store.nbytes - 1)


def prepared(images, view, threads=0):
    torch.manual_seed(0)
    return [batch.to(CPU) for batch in images.batches(ROWS, view, threads)]


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


def test_large_sets_have_the_same_pixels_and_statistics(both):
    small, large = both
    assert (small.is_large, large.is_large) == (False, True)
    for rows in (*ROWS, torch.arange(0)):
        assert torch.equal(small.pixels(rows), large.pixels(rows))
    assert channel_statistics(small, torch.arange(8)) == channel_statistics(large, torch.arange(8))


@pytest.mark.parametrize("threads", [0, 1, 3])
@pytest.mark.parametrize(
    "how", [Augmentation(), Augmentation(crop=2, flip=True, erase=0.5, colour=0.2, mixup=0.3)]
)
def test_large_sets_give_the_same_batches(both, threads, how):
    small, large = both
    view = Augmented(HALF, how, 3)
    assert same(prepared(large, view, threads), prepared(small, view))


@pytest.mark.parametrize("threads", [0, 2])
def test_batches_of_a_large_set_are_read_when_they_are_needed(both, threads, monkeypatch):
    _, large = both
    read = []
    take = ImageSet.pixels
    monkeypatch.setattr(
        ImageSet, "pixels", lambda images, rows: read.append(len(rows)) or take(images, rows)
    )
    batches = large.batches(ROWS, Plain(HALF), threads)
    next(batches)
    assert len(read) <= 1 + threads
    assert len(list(batches)) == len(ROWS) - 1


@pytest.mark.parametrize("threads", [0, 1])
def test_reading_ahead_draws_no_random_number_of_torch(both, threads):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    assert len(list(both[1].batches(ROWS, Plain(HALF), threads))) == len(ROWS)
    assert torch.equal(torch.get_rng_state(), before)


def test_no_rows_are_no_batches(both):
    for images in both:
        assert list(images.batches([], Plain(HALF), 1)) == []


def test_images_lie_where_their_places_say_in_small_sets_and_large_ones():
    store = torch.arange(5, dtype=torch.uint8)[:, None, None, None]
    places = torch.tensor([4, 1, 3])
    for memory in (0, 10**9):
        images = ImageSet(store, torch.arange(3), list("abc"), places=places, memory=memory)
        rows = torch.tensor([2, 0])
        some = images.select(rows)
        for found, asked in ((images, rows), (some, torch.arange(2))):
            assert found.pixels(asked).flatten().tolist() == [3, 4]
            pixels, labels = found.on(CPU, asked)
            assert (pixels.flatten().tolist(), labels.tolist()) == ([3, 4], [2, 0])
        assert (some.names, some.is_large) == (["c", "a"], images.is_large)


def test_a_batch_is_changed_on_the_device_and_not_in_the_store(both):
    images, _ = both
    before = images.pixels(torch.arange(8))
    view = Augmented(HALF, Augmentation(crop=2, flip=True, erase=1.0), 3)
    batch = ImageBatch(images, torch.arange(8), view)
    first, second = batch.to(CPU), batch.to(CPU)
    assert not torch.equal(first.images, second.images)  # drawn anew
    assert torch.equal(images.pixels(torch.arange(8)), before)


def test_the_store_moves_to_the_device_of_the_batches_and_stays_there(both):
    images, _ = both
    meta = torch.device("meta")
    assert images.on(meta, ROWS[0])[0].device == meta
    moved = images._moved[0]
    images.on(meta, ROWS[1])
    assert images._moved[0] is moved
    assert images.pixels(ROWS[0]).device == CPU  # the set's own pixels stay where they are
