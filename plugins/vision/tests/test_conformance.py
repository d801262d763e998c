"""The plugin passes the conformance tests of `seqkit.testing`."""

import dataclasses

import pytest
import seqkit_vision
from elsewhere import check_elsewhere
from seqkit_vision.service import SERVICE

from seqkit.plugins import components
from seqkit.services import Upload
from seqkit.testing import check_model, check_plugin, check_predictor, check_service, check_task

NAMES = [entry.name for entry in components().models if entry.provider == "seqkit-vision"]
LARGE = ("alexnet",)  # needs images of 64 pixels; the others have a form for 28
CHEAP = {"width": 8, "growth": 4, "divisor": 16, "dropout": 0.0}


def cheap(name):
    """Settings that make a network small and without chance."""
    config = components().models.load(name).Config
    known = [field.name for field in dataclasses.fields(config)]
    settings = {key: value for key, value in CHEAP.items() if key in known}
    if "small" in known:
        settings["small"] = True
    return settings


@pytest.mark.parametrize("name", NAMES)
def test_every_network_conforms(name, make_task):
    task = make_task(size=64 if name in LARGE else 28, batch=8)
    check_model(name, task, sizes=cheap(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_network_gives_on_another_device_what_it_gives_on_the_cpu(name, photos, tmp_path):
    settings = {
        "data.source": str(photos),
        "data.size": 64 if name in LARGE else 28,
        "data.batch": 16,
        "model": {"name": name, **cheap(name)},
        "optim.lr": 1e-5,  # AdamW turns rounding errors into steps of this size
        "train.precision": "fp32",
        "train.steps": 1,
    }
    images = sorted((photos / "test").rglob("*.png"))[::6]

    def use(classifier):
        return [one.record() for one in classifier.predict(images)]

    check_elsewhere("vision/default", tmp_path, settings, use)


@pytest.mark.slow
def test_the_task_and_its_predictor_conform(photos):
    short = {
        "model.name": "lenet",
        "data.source": str(photos),
        "data.batch": 16,
        "train.steps": 4,
        "train.eval_every": 2,
    }
    images = sorted((photos / "test").rglob("*.png"))[::6]
    check_task("vision/default", short, inputs=images, test_files=[photos / "test"])


def test_a_trained_classifier_conforms(classifier, photos):
    images = sorted((photos / "test").rglob("*.png"))[::4]
    check_predictor(classifier, images, test_files=[photos / "test"])


def test_the_service_conforms(classifier, photos):
    image = sorted((photos / "test").rglob("*.png"))[0]
    check_service(
        SERVICE,
        classifier,
        {"predict": {}, "explain-image": {}},
        refused=[("explain-image", {}), ("predict", {"top": -1})],
        uploads=[Upload(image.name, image.read_bytes())],
    )


def test_the_plugin_conforms():
    check_plugin(seqkit_vision.register)
