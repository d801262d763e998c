"""Runs of images: resumed, repeated, opened again, the metadata that they keep, --init."""

import json
import shutil

import pytest
import torch
from bars import CLASSES, write_bars
from safetensors.torch import load_file
from seqkit_vision.metadata import IMAGES, ImageMetadata, read_metadata, write_metadata
from seqkit_vision.views import Normalisation

import seqkit
from seqkit.errors import CheckpointError, ConfigError
from seqkit.training import checkpoint


def weights(folder):
    last = checkpoint.resolve(folder, prefer="last")
    return {**load_file(last / checkpoint.MODEL), **load_file(last / checkpoint.TRAINER)}


def assert_same_weights(one, other):
    mine, theirs = weights(one), weights(other)
    assert mine.keys() == theirs.keys()
    assert [name for name in mine if not torch.equal(mine[name], theirs[name])] == []


@pytest.mark.parametrize(
    "augmentation",
    [
        {"data.crop": 2, "data.flip": True, "data.erase": 0.5},
        {"data.colour": 0.4, "data.mixup": 0.4, "data.cutmix": 1.0, "train.average": 0.9},
    ],
    ids=["crop flip erase", "colour mixup cutmix average"],
)
def test_a_run_stopped_and_resumed_is_the_same_bit_for_bit(train, tmp_path, augmentation):
    settings = {
        "model.name": "cifar10-cnn",
        "model.batch_norm": True,
        "model.dropout": 0.5,
        **augmentation,
    }
    settings |= {"optim.decay": "none", "data.batch": 30, "train.eval_every": 5}
    train(tmp_path / "whole", settings)  # 4 updates: two to an epoch of 81
    train(tmp_path / "broken", {**settings, "train.steps": 1})
    torch.manual_seed(999)  # a new process knows nothing
    train(tmp_path / "broken", settings, resume=True)
    assert_same_weights(tmp_path / "whole", tmp_path / "broken")


def test_streamed_images_train_the_same_model_resumed_or_not(train, tmp_path):
    settings = {
        "data.crop": 2,
        "data.flip": True,
        "data.workers": 0,
        "train.eval_every": 3,
        "optim.decay": "none",
    }
    train(tmp_path / "memory", settings)
    settings["data.memory"] = 100
    train(tmp_path / "files", {**settings, "train.steps": 3})
    train(tmp_path / "files", settings, resume=True)
    assert_same_weights(tmp_path / "memory", tmp_path / "files")


def test_a_run_can_be_repeated_from_another_folder(train, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(photos.parent)
    folder = train(
        tmp_path / "run", {"data.source": photos.name, "data.test": f"{photos.name}/test"}
    ).folder
    monkeypatch.chdir(tmp_path)
    again = seqkit.train(folder / "config.toml", out="again", device="cpu").folder
    assert_same_weights(folder, again)


@pytest.fixture
def step(run, tmp_path):
    """A copy of the step folder of the trained net, to damage."""
    return shutil.copytree(checkpoint.resolve(run), tmp_path / "copy")


def test_metadata_is_read_as_it_was_written(make_task, step):
    assert read_metadata(step).classes == CLASSES
    facts = ImageMetadata(
        classes=["naïve", "象", "a\nb"], size=12, channels=1, mean=[0.1], std=[0.7]
    )
    write_metadata(step, facts)
    assert read_metadata(step) == facts
    assert facts.normalise == Normalisation([0.1], [0.7])


DAMAGE = {
    "missing": lambda path, facts: path.unlink(),
    "no JSON": lambda path, facts: path.write_text("{"),
    "not UTF-8": lambda path, facts: path.write_bytes(b"\xff\xfe"),
    "a list": lambda path, facts: path.write_text("[1, 2]"),
    "no classes": lambda path, facts: path.write_text(json.dumps({**facts, "classes": None})),
    "a class too few": lambda path, facts: path.write_text(
        json.dumps({**facts, "classes": CLASSES[:2]})
    ),
    "classes without names": lambda path, facts: path.write_text(
        json.dumps({**facts, "classes": [1, 2, 3]})
    ),
    "no size": lambda path, facts: path.write_text(json.dumps({**facts, "size": "12"})),
    "another size": lambda path, facts: path.write_text(json.dumps({**facts, "size": 13})),
    "two channels": lambda path, facts: path.write_text(json.dumps({**facts, "channels": 2})),
    "a mean too many": lambda path, facts: path.write_text(
        json.dumps({**facts, "mean": [0.1, 0.2]})
    ),
    "no deviation": lambda path, facts: path.write_text(json.dumps({**facts, "std": [0.0]})),
    "a key too few": lambda path, facts: path.write_text(
        json.dumps({"classes": CLASSES, "size": 12})
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_metadata_is_one_clear_line(step, cli, photos, damage):
    DAMAGE[damage](step / IMAGES, json.loads((step / IMAGES).read_text()))
    with pytest.raises(CheckpointError, match=f"{IMAGES} is missing or damaged"):
        seqkit.load(step)
    assert IMAGES in cli("vision", "predict", "-m", step, photos / "test").complaint()


def test_training_from_another_run_keeps_its_classes_and_its_normalisation(train, run, tmp_path):
    write_bars(tmp_path / "two", names=["bottom", "other", "top"])
    shutil.rmtree(tmp_path / "two/other")
    settings = {
        "model.preset": "modern",
        "data.source": str(tmp_path / "two"),
        "optim.lr": 1e-9,
        "train.steps": 1,
    }
    found = seqkit.load(train(tmp_path / "run", settings, init=run).folder)
    old = seqkit.load(run)
    assert found.classes == CLASSES
    assert found.normalise == old.normalise
    for name, value in old.model.state_dict().items():
        torch.testing.assert_close(found.model.state_dict()[name], value, rtol=0, atol=1e-6)


def test_images_of_another_size_than_the_weights_are_refused(train, run, tmp_path):
    settings = {"model.preset": "modern", "data.size": 24}
    with pytest.raises(
        ConfigError, match="size = 24, and the weights to start from are for 12: leave it out"
    ):
        train(tmp_path / "run", settings, init=run)
