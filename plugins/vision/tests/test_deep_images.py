"""Images of more than 8 bits: which of their values are black and white."""

import json
import shutil

import numpy as np
import pytest
import torch
from bars import CLASSES
from pictures_made import opened, write
from seqkit_vision.decoding import GreyRange, decode
from seqkit_vision.deep import measured_range
from seqkit_vision.metadata import IMAGES, read_metadata

import seqkit
from seqkit.training import checkpoint


def deep_bars(folder, *, each=12, low=0, high=4095, seed=0, suffix="png"):
    """Bars in 16-bit files whose values are between `low` and `high`."""
    random = np.random.default_rng(seed)
    span = high - low
    for place, name in enumerate(["top", "middle", "bottom"]):
        for i in range(each):
            values = low + random.integers(0, span // 4, (12, 12))
            bar = random.integers(span // 2, span + 1, (4, 12))
            values[4 * place : 4 * place + 4] = low + bar
            values[0, 0], values[-1, -1] = low, high
            write(folder / name / f"{i:02}.{suffix}", values.astype(np.uint16))
    return folder


def test_values_of_a_camera_of_12_bits_become_256_greys(tmp_path):
    values = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    path = write(tmp_path / "a.png", values)
    assert measured_range([path]) == GreyRange(0, 4095)
    greys = decode(path, deep=GreyRange(0, 4095))[0]
    assert greys.min() == 0
    assert greys.max() == 255
    assert len(np.unique(greys)) == 256


@pytest.mark.parametrize(
    ("low", "high", "range_"),
    [
        (0, 4095, (0, 4095)),  # 12 bits
        (17, 3000, (0, 4095)),
        (0, 1023, (0, 1023)),
        (0, 16000, (0, 16383)),
        (0, 65535, (0, 65535)),
        (3, 40000, (0, 65535)),
        (0, 200, (0, 255)),  # 8 bits in 16
        (29000, 31000, (29000, 31000)),  # temperatures
        (500, 500, (0, 511)),
        (0, 0, (0, 255)),
    ],
)
def test_the_range_is_that_of_the_bits_or_of_the_values_if_they_are_few(
    tmp_path, low, high, range_
):
    values = np.linspace(low, high, 144).round().astype(np.uint16).reshape(12, 12)
    paths = [write(tmp_path / f"a.{suffix}", values) for suffix in ("png", "tif", "pgm")]
    for path in paths:
        assert measured_range([path]) == range_


def test_images_of_8_bits_and_damaged_ones_say_nothing_of_the_range(tmp_path):
    (tmp_path / "bad.png").write_bytes(b"\x89PNG")
    paths = [tmp_path / "bad.png", write(tmp_path / "a.png", np.zeros((4, 4), np.uint8))]
    assert measured_range(paths) == GreyRange(0, 65535)


@pytest.mark.parametrize("memory", [10**9, 100])
def test_one_range_holds_for_all_images_of_a_set(tmp_path, memory):
    deep_bars(tmp_path, high=4095)
    source = opened(tmp_path, memory=memory)
    assert source.deep == (0, 4095)
    assert source.images.pixels(torch.arange(36)).max() == 255


@pytest.mark.parametrize(("low", "high"), [(0, 4095), (29000, 31000)])
def test_a_run_records_the_range_and_predicts_by_it(train, tmp_path, low, high):
    data = tmp_path / "data"
    deep_bars(data / "train", low=low, high=high)
    deep_bars(data / "test", low=low, high=high, seed=1)
    settings = {"model.name": "softmax-regression", "train.steps": 60, "train.eval_every": 20}
    run = train(tmp_path / "run", {**settings, "data.source": str(data)}).folder

    facts = read_metadata(checkpoint.resolve(run))
    assert facts.deep == (low, high)
    classifier = seqkit.load(run, device="cpu")
    paths = sorted((data / "test").rglob("*.png"))
    predicted = [prediction.classes[0] for prediction in classifier.predict(paths)]
    assert predicted == [path.parent.name for path in paths]
    assert classifier.evaluate(classifier.read_test_data()).accuracy == 1
    about = checkpoint.read_meta(checkpoint.resolve(run))["about"]
    assert about[-1] == (
        f"of images with more than 8 bits, {low:,} becomes black and {high:,} white"
    )


def test_darker_images_are_predicted_by_the_range_of_the_run(train, tmp_path):
    deep_bars(tmp_path / "data/train")
    run = train(
        tmp_path / "run", {"model.name": "mlp", "data.source": str(tmp_path / "data")}
    ).folder
    dark = write(tmp_path / "dark.png", np.full((12, 12), 400, np.uint16))
    classifier = seqkit.load(run, device="cpu")
    grey = classifier.read(dark) * 255 * classifier.normalise.std[0]
    grey += 255 * classifier.normalise.mean[0]
    assert grey.mean().item() == pytest.approx(400 * 255 / 4095, abs=0.6)


def test_a_resumed_run_keeps_its_range(train, tmp_path):
    deep_bars(tmp_path / "data/train")
    settings = {"model.name": "mlp", "data.source": str(tmp_path / "data")}
    train(tmp_path / "run", {**settings, "train.steps": 2})
    run = train(tmp_path / "run", {**settings, "train.steps": 4}, resume=True).folder
    assert read_metadata(checkpoint.resolve(run, "last")).deep == (0, 4095)


def test_a_run_from_before_ranges_were_recorded_divides_by_257(run, tmp_path):
    step = shutil.copytree(checkpoint.resolve(run), tmp_path / "step")
    facts = json.loads((step / IMAGES).read_text())
    del facts["black"], facts["white"]
    (step / IMAGES).write_text(json.dumps(facts))
    assert read_metadata(step).deep == GreyRange(0, 65535)
    assert seqkit.load(step).classes == CLASSES


def test_sixteen_bit_files_of_8_bit_values_look_as_they_did(tmp_path):
    values = np.random.default_rng(0).integers(0, 256, (6, 6)).astype(np.uint16)
    values[0, 0] = 255
    for name in ("cat", "dog"):
        write(tmp_path / name / "a.png", values)
    pixels = opened(tmp_path).images.pixels(torch.arange(1))[0, 0]
    np.testing.assert_array_equal(pixels, values)
