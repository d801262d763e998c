"""Pictures: files that can be opened, and what is written in them."""

import numpy as np
import pytest
import torch
from PIL import Image
from seqkit_vision import pictures
from seqkit_vision.images import ImageSet
from seqkit_vision.pictures import draw_heat, draw_maps, draw_mistakes
from seqkit_vision.report import Report

from seqkit.errors import ConfigError, DataError

THREE = ["bottom", "middle", "top"]


def make_report(classes, *, images=40, wrong=10, seed=0):
    """`wrong` of the images are mistaken, the first the surest."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, len(classes), images)
    taken = labels.copy()
    taken[:wrong] = (labels[:wrong] + 1) % len(classes)
    sure = np.linspace(0.99, 0.6, images, dtype=np.float32)
    probabilities = np.repeat((1 - sure)[:, None] / (len(classes) - 1), len(classes), 1).astype(
        np.float32
    )
    probabilities[np.arange(images), taken] = sure
    return Report(classes, probabilities, labels, [f"image {i}" for i in range(images)], "bars", 12)


def make_images(report, channels=1):
    random = torch.Generator().manual_seed(0)
    store = torch.randint(
        256, (len(report.labels), channels, 12, 12), generator=random, dtype=torch.uint8
    )
    return ImageSet(store, torch.from_numpy(report.labels), report.names)


def check(path):
    """It is an image, and something is drawn in it."""
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert min(image.size) > 50
        assert len(image.convert("RGB").getcolors(1 << 24)) > 1


@pytest.fixture
def drawn(monkeypatch):
    """What is drawn, instead of files."""
    kept = []
    monkeypatch.setattr(pictures, "save", lambda picture, path: kept.append(picture))
    return kept


def test_names_with_odd_characters_are_drawn_unchanged(tmp_path):
    report = make_report(["$_$", "象", r"$\nope$", "a\nb"], images=8, wrong=2)
    draw_mistakes(report, make_images(report), tmp_path / "1.png")
    draw_heat(
        torch.zeros(1, 12, 12, dtype=torch.uint8),
        torch.rand(12, 12),
        tmp_path / "2.png",
        title="a $_$ b $^$",
    )
    draw_maps({"layer": torch.rand(3, 4, 4)}, tmp_path / "3.png", title="$_$")
    for i in range(1, 4):
        check(tmp_path / f"{i}.png")


def test_mistakes_are_drawn_with_predicted_and_true_class(tmp_path, drawn):
    report = make_report(THREE)
    images = make_images(report)
    draw_mistakes(report, images, tmp_path / "x.png", count=7)
    shown = [axes for axes in drawn[0].axes if axes.images]
    assert len(shown) == 7
    for i, axes in enumerate(shown):
        label = report.labels[i]
        assert (
            axes.get_title()
            == f"{THREE[(label + 1) % 3]} {report.probabilities[i].max():.0%}\ntrue: {THREE[label]}"
        )
        np.testing.assert_array_equal(
            axes.images[0].get_array(), images.pixels(torch.tensor([i]))[0, 0]
        )


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("wrong", [0, 1, 6])
def test_many_few_and_no_mistakes_make_a_picture(tmp_path, channels, wrong):
    report = make_report(THREE, wrong=wrong)
    draw_mistakes(report, make_images(report, channels), tmp_path / "x.png")
    check(tmp_path / "x.png")


@pytest.mark.parametrize("channels", [1, 3])
def test_heat_is_drawn_over_the_image(tmp_path, channels, drawn):
    pixels, heat = torch.randint(256, (channels, 12, 12), dtype=torch.uint8), torch.rand(12, 12)
    draw_heat(pixels, heat, tmp_path / "x.png", title="t")
    plain, over = drawn[0].axes
    assert len(plain.images) == 1
    wanted = pixels[0] if channels == 1 else pixels.permute(1, 2, 0)
    for axes in (plain, over):
        np.testing.assert_array_equal(axes.images[0].get_array(), wanted)
    np.testing.assert_array_equal(over.images[1].get_array(), heat)


@pytest.mark.parametrize("channels", [1, 3])
def test_heat_is_written(tmp_path, channels):
    pixels = torch.randint(256, (channels, 12, 12), dtype=torch.uint8)
    draw_heat(pixels, torch.rand(12, 12), tmp_path / "x.png", title="t")
    check(tmp_path / "x.png")


@pytest.mark.parametrize(
    "shape", [(1, 5, 5), (17, 4, 6), (100, 3, 3), (20, 3, 5, 5), (16, 1, 1), (3, 3, 7, 7)]
)
def test_maps_are_written_in_grey_and_in_colour(tmp_path, shape):
    draw_maps(
        {"one": torch.randn(shape), "dead": torch.zeros(4, 6, 6)}, tmp_path / "x.png", title="t"
    )
    check(tmp_path / "x.png")


def test_maps_are_drawn_side_by_side_each_from_0_to_1(tmp_path, drawn):
    maps = torch.randn(100, 3, 4) * torch.arange(1, 101)[:, None, None]
    draw_maps({"layer": maps}, tmp_path / "x.png", title="t")
    axes = drawn[0].axes[0]
    assert axes.get_title() == "layer: 64 of 100"
    sheet = np.ma.filled(axes.images[0].get_array(), np.nan)
    assert sheet.shape == (4 * 4, 16 * 5)
    for i in (0, 15, 16, 63):
        part = sheet[i // 16 * 4 :, i % 16 * 5 :][:3, :4]
        np.testing.assert_allclose(
            part, (maps[i] - maps[i].min()) / (maps[i].max() - maps[i].min()), rtol=1e-5
        )
    assert np.isnan(sheet[3::4]).all()
    assert np.isnan(sheet[:, 4::5]).all()


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    report = make_report(THREE)
    images = make_images(report)
    for draw in (
        lambda path: draw_mistakes(report, images, path),
        lambda path: draw_heat(
            images.pixels(torch.tensor([0]))[0], torch.rand(12, 12), path, title="t"
        ),
        lambda path: draw_maps({"a": torch.rand(2, 3, 3)}, path, title="t"),
    ):
        with pytest.raises(
            ConfigError, match=r"cannot draw .*x\.gif: name it \*\.png, \*\.svg or \*\.pdf"
        ):
            draw(tmp_path / "x.gif")
        with pytest.raises(
            DataError, match=r"cannot write .*none/x\.png: No such file or directory"
        ):
            draw(tmp_path / "none/x.png")
