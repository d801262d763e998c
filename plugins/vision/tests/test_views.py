"""What training does to a batch of images, against slow loops over single images."""

import numpy as np
import pytest
import torch
from seqkit_vision.views import Augmentation, Augmented, Normalisation, Plain, erase, shift

SIDE = 9


def batch(count=6, channels=3, side=SIDE, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(
        1, 256, (count, channels, side, side), dtype=torch.uint8, generator=generator
    )


def unit(channels):
    return Normalisation([0.0] * channels, [1 / 255] * channels)


# Normalisation


@pytest.mark.parametrize(
    ("mean", "std"), [([0.3], [0.2]), ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
)
def test_normalisation_is_that_of_numpy(mean, std):
    pixels = batch(channels=len(mean))
    expected = (pixels.numpy() / 255 - np.array(mean)[:, None, None]) / np.array(std)[:, None, None]
    normalised = Normalisation(mean, std)(pixels)
    assert normalised.dtype == torch.float32
    np.testing.assert_allclose(normalised, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "how", [Augmentation(), Augmentation(crop=1, flip=True), Augmentation(erase=1.0)]
)
def test_images_are_channels_last_in_memory(how):
    assert Normalisation([0.5] * 3, [0.5] * 3)(batch()).is_contiguous(
        memory_format=torch.channels_last
    )
    images, _ = Augmented(unit(3), how, 4)(batch(), torch.zeros(6))
    assert images.is_contiguous(memory_format=torch.channels_last)


def test_the_given_pixels_are_not_changed():
    pixels = batch()
    before = pixels.clone()
    how = Augmentation(crop=2, flip=True, colour=0.5, erase=1.0, mixup=1.0, cutmix=1.0)
    Augmented(unit(3), how, 4)(pixels, torch.arange(6) % 4)
    assert torch.equal(pixels, before)


# Nothing


def test_without_augmentation_nothing_is_changed_and_nothing_drawn():
    pixels, labels = batch(), torch.arange(6)
    before = torch.get_rng_state()
    for view in (Augmented(unit(3), Augmentation(), 6), Plain(unit(3))):
        images, targets = view(pixels, labels)
        assert torch.equal(images, pixels.float())
        assert targets is labels
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    "how",
    [
        Augmentation(crop=2),
        Augmentation(flip=True),
        Augmentation(colour=0.4),
        Augmentation(erase=0.5),
        Augmentation(mixup=0.4),
        Augmentation(cutmix=1.0),
        Augmentation(crop=2, flip=True, colour=0.4, erase=0.5, mixup=0.4, cutmix=1.0),
    ],
)
def test_the_same_seed_gives_the_same_images_and_the_next_draw_others(how):
    view, labels = Augmented(unit(3), how, 6), torch.arange(6)
    torch.manual_seed(3)
    first, second = view(batch(), labels), view(batch(), labels)
    torch.manual_seed(3)
    again = view(batch(), labels)
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))
    assert not torch.equal(first[0], second[0])


# Crops and flips


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("margin", "flip"), [(0, True), (2, False), (3, True), (SIDE + 1, True)])
def test_shifts_equal_a_loop_over_images_with_the_same_draws(channels, margin, flip):
    pixels = batch(20, channels)
    torch.manual_seed(1)
    made = shift(pixels, margin, flip)
    torch.manual_seed(1)
    down, right = torch.randint(2 * margin + 1, (2, len(pixels), 1)).flatten(1).tolist()
    mirrored = (
        (torch.rand(len(pixels), 1) < 0.5).flatten().tolist() if flip else [False] * len(pixels)
    )
    assert made.shape == pixels.shape
    assert made.dtype == torch.uint8
    for image, result, top, left, mirror in zip(
        pixels.numpy(), made.numpy(), down, right, mirrored, strict=True
    ):
        padded = np.pad(image, ((0, 0), (margin, margin), (margin, margin)))
        window = padded[:, top : top + SIDE, left : left + SIDE]
        np.testing.assert_array_equal(result, window[..., ::-1] if mirror else window)


def test_every_shift_is_about_equally_frequent():
    count, margin = 4000, 1
    image = torch.arange(1, SIDE * SIDE + 1, dtype=torch.uint8).reshape(1, 1, SIDE, SIDE)
    torch.manual_seed(0)
    made = shift(image.expand(count, -1, -1, -1), margin, True)
    padded = np.pad(image[0, 0].numpy(), margin)
    seen = {}
    for result in made[:, 0].numpy():
        seen[result.tobytes()] = seen.get(result.tobytes(), 0) + 1
    expected = set()
    for top in range(3):
        for left in range(3):
            window = padded[top : top + SIDE, left : left + SIDE]
            expected |= {window.tobytes(), window[:, ::-1].tobytes()}
    assert set(seen) == expected
    share = count / len(expected)  # 222 each; five standard deviations are 73
    assert all(abs(found - share) < 5 * share**0.5 for found in seen.values())


def test_about_half_of_the_images_are_mirrored():
    pixels = batch(2000, 1, 4)
    torch.manual_seed(0)
    made = shift(pixels, 0, True)
    mirrored = (made == pixels.flip(-1)).flatten(1).all(1)
    assert (mirrored | (made == pixels).flatten(1).all(1)).all()
    assert abs(mirrored.float().mean() - 0.5) < 0.06


# Erased rectangles


def rectangle(hit):
    """Top, left, height, width of the single rectangle in an (S, S) mask."""
    rows, columns = hit.any(1).nonzero().flatten(), hit.any(0).nonzero().flatten()
    top, left, height, width = rows[0], columns[0], len(rows), len(columns)
    assert hit[top : top + height, left : left + width].all()
    assert hit.sum() == height * width
    return int(top), int(left), height, width


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_wanted_share_of_images_loses_one_rectangle_of_2_to_33_percent(share):
    side, count = 40, 600
    torch.manual_seed(0)
    images = erase(torch.ones(count, 2, side, side), share)
    assert torch.equal(images[:, 0], images[:, 1])  # in all channels
    hits = [hit for hit in images[:, 0] == 0 if hit.any()]
    assert abs(len(hits) / count - share) <= 5 * (share * (1 - share) / count) ** 0.5
    areas = []
    for hit in hits:
        _, _, height, width = rectangle(hit)
        # Rounding to whole pixels gives or takes one; the longest sides end at the border.
        assert (height + 1) * (width + 1) > 0.02 * side**2
        assert (height - 1) * (width - 1) < 0.33 * side**2
        assert (height + 1) / (width - 1) > 0.3
        assert (height - 1) / (width + 1) < 3.4
        areas.append(height * width / side**2)
    if share == 1:
        assert abs(np.mean(areas) - 0.175) < 0.02  # uniform between 2 and 33 %
        assert min(areas) < 0.04
        assert max(areas) > 0.30


def test_rectangles_equal_a_loop_over_images_with_the_same_draws():
    images = torch.rand(50, 3, SIDE, SIDE) + 1
    torch.manual_seed(2)
    made = erase(images.clone(), 0.7)
    torch.manual_seed(2)
    draws = torch.rand(5, 50).double().numpy().T
    for image, result, (size, shape, down, right, chance) in zip(
        images.numpy(), made.numpy(), draws, strict=True
    ):
        area, aspect = SIDE**2 * (0.02 + 0.31 * size), np.exp((2 * shape - 1) * 1.2)
        height, width = (
            min(SIDE, max(1, round(wide**0.5))) for wide in (area * aspect, area / aspect)
        )
        top, left = int((SIDE - height + 1) * down), int((SIDE - width + 1) * right)
        expected = image.copy()
        for row in range(SIDE):
            for column in range(SIDE):
                if chance < 0.7 and top <= row < top + height and left <= column < left + width:
                    expected[:, row, column] = 0
        np.testing.assert_array_equal(result, expected)


def test_rectangles_reach_every_border():
    torch.manual_seed(0)
    hit = (erase(torch.ones(400, 1, SIDE, SIDE), 1.0) == 0).any(0)[0]
    assert hit.all()


def test_what_is_erased_is_the_mean_of_the_images():
    torch.manual_seed(0)
    normalise = Normalisation([0.2, 0.4, 0.6], [0.1, 0.2, 0.3])
    images, _ = Augmented(normalise, Augmentation(erase=1.0), 2)(batch(), torch.zeros(6))
    means = torch.tensor([51, 102, 153], dtype=torch.uint8)[None, :, None, None].expand(
        1, 3, SIDE, SIDE
    )
    assert ((images - normalise(means)).abs() < 1e-6).all(1).flatten(1).any(1).all()


# Colours


def test_groups_of_images_share_a_change_of_colour():
    grey = torch.full((8, 3, SIDE, SIDE), 100, dtype=torch.uint8)
    torch.manual_seed(0)
    images, _ = Augmented(unit(3), Augmentation(colour=0.5), 2)(grey, torch.zeros(8))
    assert (
        images >= 50 - 1
    ).all()  # brightness by half at most; contrast and saturation leave grey as it is
    assert (images <= 150 + 1).all()
    values = images[:, 0, 0, 0].tolist()
    assert len(set(values[:4])) == len(set(values[4:])) == 1
    assert values[0] != values[4]


@pytest.mark.parametrize("channels", [1, 3])
def test_colours_keep_the_shape_and_the_range(channels):
    images, _ = Augmented(unit(channels), Augmentation(colour=1.0), 2)(
        batch(5, channels), torch.zeros(5)
    )
    assert images.shape == (5, channels, SIDE, SIDE)
    assert images.min() >= 0
    assert images.max() <= 255


# Mixtures


@pytest.mark.parametrize(
    "how", [Augmentation(mixup=0.4), Augmentation(cutmix=1.0), Augmentation(mixup=1.0, cutmix=1.0)]
)
def test_targets_of_mixtures_are_shares_that_sum_to_one(how):
    torch.manual_seed(0)
    view, labels = Augmented(unit(3), how, 5), torch.tensor([0, 1, 2, 3, 4, 0])
    for _ in range(5):
        images, targets = view(batch(), labels)
        assert images.shape == (6, 3, SIDE, SIDE)
        assert targets.shape == (6, 5)
        assert (targets >= 0).all()
        assert torch.allclose(targets.sum(1), torch.ones(6))
        assert ((targets > 0).sum(1) <= 2).all()
        assert (targets[torch.arange(6), labels] > 0).any()


def constant(labels):
    """Images that are nothing but the number of their class."""
    return labels.to(torch.uint8)[:, None, None, None].expand(-1, 1, SIDE, SIDE)


def test_targets_are_the_shares_of_the_mixed_images():
    labels = torch.tensor([0, 10, 20, 30])
    torch.manual_seed(0)
    for how in (Augmentation(mixup=1.0), Augmentation(cutmix=1.0)):
        for _ in range(5):
            images, targets = Augmented(unit(1), how, 31)(constant(labels), labels)
            expected = (targets * torch.arange(31.0)).sum(1)
            torch.testing.assert_close(images.mean((1, 2, 3)), expected, rtol=1e-3, atol=1e-3)


def test_mixup_blends_whole_images_and_cutmix_pastes_a_rectangle():
    labels = torch.tensor([0, 10, 20, 30])
    torch.manual_seed(0)
    blended, _ = Augmented(unit(1), Augmentation(mixup=1.0), 31)(constant(labels), labels)
    assert all(len(image.unique()) == 1 for image in blended)
    pasted, targets = Augmented(unit(1), Augmentation(cutmix=1.0), 31)(constant(labels), labels)
    for image, target in zip(pasted[:, 0], targets, strict=True):
        assert set(image.unique().tolist()) == set(target.nonzero().flatten().tolist())
        smaller = min(image.unique(), key=lambda value: (image == value).sum())
        rectangle(image == smaller)


def test_with_both_mixtures_each_is_used_sometimes():
    labels = torch.tensor([0, 10, 20, 30])
    torch.manual_seed(0)
    view = Augmented(unit(1), Augmentation(mixup=1.0, cutmix=1.0), 31)
    blended = sum(
        all(len(i.unique()) == 1 for i in view(constant(labels), labels)[0]) for _ in range(60)
    )
    assert 10 < blended < 50
