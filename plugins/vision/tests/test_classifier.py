"""A trained classifier in Python."""

import itertools
import json

import numpy as np
import pytest
import torch
from bars import CLASSES, write_bars
from PIL import Image
from seqkit_vision.held_out import HeldOut
from seqkit_vision.images import ImageSet
from seqkit_vision.metadata import IMAGES
from seqkit_vision.shapes import Wanted
from seqkit_vision.sources import open_source
from seqkit_vision.task import ImageClassification

import seqkit
from seqkit.errors import ConfigError, DataError
from seqkit.runs.open import config_of
from seqkit.training import checkpoint


@pytest.fixture
def paths(photos):
    return sorted((photos / "test").rglob("*.png"))


@pytest.fixture
def images(photos):
    return open_source(str(photos), "test", Wanted()).images


def held_out(images, name="pile"):
    return HeldOut(name, images, notes=[])


def by_hand(classifier, run, paths):
    """The softmax of the model's outputs in double precision, without our code for images."""
    metadata = json.loads((checkpoint.resolve(run) / IMAGES).read_text())
    pixels = np.stack([np.asarray(Image.open(path), dtype=np.float64) for path in paths])
    normal = (pixels[:, None] / 255 - metadata["mean"][0]) / metadata["std"][0]

    with torch.no_grad():
        logits = classifier.model(torch.from_numpy(normal).float()).double()
    shares = logits.exp()
    return (shares / shares.sum(1, keepdim=True)).numpy()


def test_a_classifier_reads_files_and_shows_what_it_is(classifier):
    assert classifier.reads == "files"
    assert repr(classifier) == "<Classifier: lenet, 3 classes, images of 12x12, grey>"


def test_predictions_are_the_softmax_of_the_model(classifier, run, paths):
    wanted = by_hand(classifier, run, paths)
    found = list(classifier.predict(paths, top=3))
    assert [prediction.image for prediction in found] == [str(path) for path in paths]
    for prediction, shares in zip(found, wanted, strict=True):
        order = np.argsort(-shares)
        assert prediction.classes == [CLASSES[i] for i in order]
        assert prediction.probabilities == pytest.approx(shares[order], abs=1e-6)
        assert sum(prediction.probabilities) == pytest.approx(1)


def test_a_prediction_is_plain_data_and_a_line(classifier, paths):
    (prediction,) = classifier.predict(paths[:1], top=2)
    first, second = prediction.probabilities
    names = prediction.classes
    assert prediction.record() == {
        "image": str(paths[0]),
        "classes": {names[0]: first, names[1]: second},
    }
    assert str(prediction) == f"{paths[0]}\t{names[0]} {first:.4f}\t{names[1]} {second:.4f}"


def test_a_trained_network_names_the_classes_of_test_images(classifier, paths):
    found = list(classifier.predict(paths))
    assert [prediction.classes for prediction in found] == [[path.parent.name] for path in paths]
    assert all(len(prediction.probabilities) == 1 for prediction in found)


def test_an_image_alone_gets_the_probabilities_it_gets_in_a_batch(classifier, paths):
    together = [one.probabilities for one in classifier.predict(paths, top=3, batch=64)]
    for batch in (1, 5):
        apart = [one.probabilities for one in classifier.predict(paths, top=3, batch=batch)]
        np.testing.assert_allclose(apart, together, atol=1e-6)


def test_probabilities_of_tensors_are_those_of_the_model(classifier, run, paths):
    found = classifier.probabilities(torch.cat([classifier.read(path) for path in paths]))
    np.testing.assert_allclose(found, by_hand(classifier, run, paths), atol=1e-6)


def test_predictions_are_lazy(classifier, paths):
    endless = itertools.cycle(paths)
    found = list(itertools.islice(classifier.predict(endless, batch=2), 5))
    assert [prediction.image for prediction in found] == [str(path) for path in paths[:5]]


@pytest.mark.parametrize("top", [0, -1, 4])
def test_an_impossible_number_of_classes_is_refused_at_once(classifier, paths, top):
    with pytest.raises(ConfigError, match=f"top = {top}: the model knows 3 classes"):
        classifier.predict(paths, top=top)


def test_a_file_that_is_not_an_image_is_named(classifier, paths, tmp_path):
    (tmp_path / "x.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"x\.png is not an image"):
        list(classifier.predict([*paths, tmp_path / "x.png"]))


def test_images_before_a_bad_file_are_predicted(classifier, paths, tmp_path):
    (tmp_path / "x.png").write_bytes(b"no image")
    found = classifier.predict([*paths[:2], tmp_path / "x.png", *paths[2:]])
    assert [next(found).image, next(found).image] == [str(path) for path in paths[:2]]
    with pytest.raises(DataError, match=r"x\.png is not an image"):
        next(found)


def test_images_of_another_size_and_colour_are_converted(classifier, tmp_path):
    write_bars(tmp_path, each=2, size=48, channels=3)
    paths = sorted(tmp_path.rglob("*.png"))
    found = [prediction.classes for prediction in classifier.predict(paths)]
    assert found == [[path.parent.name] for path in paths]


def test_a_model_is_loaded_without_its_training_images_and_without_dropout(train, tmp_path):
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
    pixels = images.pixels(torch.arange(24))
    data = held_out(ImageSet(pixels, labels, images.names), "test")
    report = classifier.evaluate(data, workers=0)
    named = {one.image: one.classes[0] for one in classifier.predict(paths)}
    right = [
        named[name] == CLASSES[label] for name, label in zip(images.names, labels, strict=True)
    ]
    assert 0 < sum(right) < len(right)
    assert report.accuracy == sum(right) / len(right)
    assert report.data == "test"


def test_a_set_larger_than_a_batch_is_evaluated_whole_from_the_device_and_batch_by_batch(
    classifier, images
):
    store = images.pixels(torch.arange(24)).repeat(12, 1, 1, 1)
    small, large = (
        classifier.evaluate(held_out(ImageSet(store, images.labels.repeat(12), memory=memory)))
        for memory in (10**9, 0)
    )
    assert len(small.labels) == len(large.labels) == 288
    np.testing.assert_array_equal(small.probabilities, large.probabilities)
    np.testing.assert_allclose(small.probabilities[:24], small.probabilities[-24:], atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ((2, 1, 14, 14), "images of 14x14 with 1 channels"),
        ((2, 3, 12, 12), "images of 12x12 with 3 channels"),
    ],
)
def test_images_of_another_shape_are_not_evaluated(classifier, shape, says):
    images = ImageSet(torch.zeros(shape, dtype=torch.uint8), torch.zeros(2, dtype=torch.long))
    with pytest.raises(DataError, match=f"^pile: {says}; the model takes 12x12 with 1$"):
        classifier.evaluate(held_out(images))


def test_without_a_name_the_run_s_own_test_images_are_read(classifier, photos):
    data = classifier.read_test_data()
    assert data.name == f"{photos.name} test"
    assert len(data.images.labels) == 24
    assert all(str(photos / "test") in name for name in data.images.names)
    assert data.notes == []


def test_test_images_are_read_from_a_folder_a_csv_file_or_a_corpus(
    classifier, photos, tmp_path, monkeypatch, tiny_corpora
):
    assert len(classifier.read_test_data([photos / "test"]).images.labels) == 24

    path = photos / "test/top/000.png"
    (tmp_path / "one.csv").write_text(f"path,label\n{path},top\n")
    assert classifier.read_test_data([tmp_path / "one.csv"]).images.labels.tolist() == [2]

    monkeypatch.setenv("SEQKIT_CORPORA", str(tiny_corpora))
    with pytest.raises(DataError, match="mnist: the model knows no class '0'"):
        classifier.read_test_data(["mnist"])


def test_several_sources_of_test_images_are_refused(classifier, photos):
    with pytest.raises(ConfigError, match="give one name"):
        classifier.read_test_data([photos, photos])


def test_what_trained_under_bf16_is_evaluated_in_float32(train, tmp_path):
    """The accuracy and the loss that training recorded are those of the classifier's float32."""
    data = write_bars(tmp_path / "data", each=40)
    settings = {"model.name": "lenet", "data.source": str(data), "data.valid_share": 0.5}
    settings |= {"train.precision": "bf16", "train.steps": 3, "train.eval_every": 1}
    folder = train(tmp_path / "run", settings).folder
    recorded = checkpoint.read_meta(checkpoint.resolve(folder))["metrics"]

    classifier = seqkit.load(folder, device="cpu")
    assert next(classifier.model.parameters()).dtype == torch.float32
    report = classifier.evaluate(held_out(validation_images(folder)), workers=0)
    assert report.accuracy == recorded["accuracy"]
    own = report.probabilities[np.arange(len(report.labels)), report.labels]
    assert -np.log(own).mean() == pytest.approx(recorded["loss"], rel=1e-5)
    assert "compute:float32" in report.signature


def validation_images(folder):
    """The images that validated a run, as one tensor."""
    task = ImageClassification(config_of(folder)[0])
    batches = [batch.rows for batch in task.valid_batches()]
    rows = torch.cat(batches)
    names = [task.images.names[row] for row in rows.tolist()]
    return ImageSet(task.images.pixels(rows), task.images.labels[rows], names)
