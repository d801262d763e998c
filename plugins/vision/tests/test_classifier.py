"""A trained classifier in Python."""

import itertools
import json

import numpy as np
import pytest
import torch
from bars import CLASSES, write_bars
from PIL import Image
from seqkit_vision.images import Files, Tensors
from seqkit_vision.sources import Wanted, open_source
from seqkit_vision.task import IMAGES

import seqkit
from seqkit.errors import ConfigError, DataError
from seqkit.training import checkpoint


@pytest.fixture
def paths(photos):
    return sorted((photos / "test").rglob("*.png"))


@pytest.fixture
def images(photos):
    return open_source(str(photos), "test", Wanted()).images


def by_hand(classifier, run, paths):
    """The softmax of the model's outputs, in double precision and without any code for images of ours."""
    facts = json.loads((checkpoint.resolve(run) / IMAGES).read_text())
    pixels = (
        np.stack([np.asarray(Image.open(path), dtype=np.float64) for path in paths])[:, None] / 255
    )
    normal = (pixels - facts["mean"][0]) / facts["std"][0]
    with torch.no_grad():
        logits = classifier.model(torch.from_numpy(normal).float()).double()
    shares = logits.exp()
    return (shares / shares.sum(1, keepdim=True)).numpy()


def test_predictions_are_the_softmax_of_the_model(classifier, run, paths):
    wanted = by_hand(classifier, run, paths)
    found = list(classifier.predict(paths, top=3))
    assert [prediction.image for prediction in found] == [str(path) for path in paths]
    for prediction, shares in zip(found, wanted, strict=True):
        order = np.argsort(-shares)
        assert prediction.classes == [CLASSES[i] for i in order]
        assert prediction.probabilities == pytest.approx(shares[order], abs=1e-6)
        assert sum(prediction.probabilities) == pytest.approx(1)


def test_the_net_has_learnt_and_says_what_is_in_the_images(classifier, paths):
    found = list(classifier.predict(paths))
    assert [prediction.classes for prediction in found] == [[path.parent.name] for path in paths]
    assert all(len(prediction.probabilities) == 1 for prediction in found)


def test_an_image_alone_is_what_it_is_in_a_batch(classifier, paths):
    together = [one.probabilities for one in classifier.predict(paths, top=3, batch=64)]
    for batch in (1, 5):
        apart = [one.probabilities for one in classifier.predict(paths, top=3, batch=batch)]
        np.testing.assert_allclose(apart, together, atol=1e-6)


def test_probabilities_are_those_of_predictions(classifier, run, paths):
    found = classifier.probabilities(torch.cat([classifier.read(path) for path in paths]))
    np.testing.assert_allclose(found, by_hand(classifier, run, paths), atol=1e-6)


def test_predictions_come_while_paths_still_do(classifier, paths):
    endless = itertools.cycle(paths)
    found = list(itertools.islice(classifier.predict(endless, batch=2), 5))
    assert [prediction.image for prediction in found] == [str(path) for path in paths[:5]]


@pytest.mark.parametrize("top", [0, -1, 4])
def test_as_many_classes_are_asked_for_as_there_are(classifier, paths, top):
    with pytest.raises(ConfigError, match=f"top = {top}: the model knows 3 classes"):
        classifier.predict(paths, top=top)  # before anything is asked of it


def test_what_is_no_image_is_named(classifier, paths, tmp_path):
    (tmp_path / "x.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"x\.png is no image"):
        list(classifier.predict([*paths, tmp_path / "x.png"]))


def test_what_comes_before_a_bad_file_is_predicted(classifier, paths, tmp_path):
    (tmp_path / "x.png").write_bytes(b"no image")
    found = classifier.predict([*paths[:2], tmp_path / "x.png", *paths[2:]])
    assert [next(found).image, next(found).image] == [str(path) for path in paths[:2]]
    with pytest.raises(DataError, match=r"x\.png is no image"):
        next(found)


def test_images_of_another_size_and_colour_are_made_to_fit(classifier, tmp_path):
    write_bars(tmp_path, each=2, size=48, channels=3)
    paths = sorted(tmp_path.rglob("*.png"))
    assert [one.classes for one in classifier.predict(paths)] == [
        [path.parent.name] for path in paths
    ]


def test_a_model_is_loaded_ready_to_use_without_the_images_it_was_trained_on(train, tmp_path):
    data = write_bars(tmp_path / "data")
    settings = {
        "model.name": "mnist-cnn",
        "model.batch_norm": True,
        "data.source": str(data),
        "train.steps": 1,
    }
    folder = train(tmp_path / "run", settings).folder
    path = (data / "top/000.png").rename(tmp_path / "one.png")
    (data).rename(tmp_path / "gone")
    found = seqkit.load(folder, device="cpu", task="vision")
    first, second = (list(found.predict([path], top=3)) for _ in range(2))
    assert first == second  # no dropout
    assert (found.classes, found.size, found.channels, found.name) == (CLASSES, 12, 1, "mnist-cnn")


def test_evaluation_counts_what_predictions_get_right(classifier, images, paths):
    shuffled = torch.randperm(len(images.labels), generator=torch.Generator().manual_seed(0))
    labels = images.labels[shuffled]  # or else everything is right
    report = classifier.evaluate(
        Tensors(images.store, labels, images.names), name="test", workers=0
    )
    named = {one.image: one.classes[0] for one in classifier.predict(paths)}
    right = [
        named[name] == CLASSES[label] for name, label in zip(images.names, labels, strict=True)
    ]
    assert 0 < sum(right) < len(right)
    assert report.accuracy == sum(right) / len(right)
    assert report.data == "test"


def test_a_set_larger_than_a_batch_is_evaluated_whole_from_memory_and_from_files(
    classifier, images, paths
):
    many = paths * 12
    labels = torch.tensor([CLASSES.index(path.parent.name) for path in many])
    files = classifier.evaluate(Files(many, labels, size=12, channels=1), workers=0)
    memory = classifier.evaluate(
        Tensors(images.pixels(torch.arange(24)).repeat(12, 1, 1, 1), labels), workers=0
    )
    assert len(files.labels) == len(memory.labels) == 288
    np.testing.assert_array_equal(files.probabilities, memory.probabilities)
    np.testing.assert_allclose(files.probabilities[:24], files.probabilities[-24:], atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ((2, 1, 14, 14), "images of 14x14 with 1 channels"),
        ((2, 3, 12, 12), "images of 12x12 with 3 channels"),
    ],
)
def test_images_of_another_shape_are_not_evaluated(classifier, shape, says):
    images = Tensors(torch.zeros(shape, dtype=torch.uint8), torch.zeros(2, dtype=torch.long))
    with pytest.raises(DataError, match=f"^pile: {says}; the model wants 12x12 with 1$"):
        classifier.evaluate(images, name="pile")
