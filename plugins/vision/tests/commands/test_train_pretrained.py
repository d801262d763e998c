"""`seqkit vision train --pretrained` and `--weights`: start from published weights."""

import pytest
import torch
from bars import CLASSES
from quick_trainings import weights
from safetensors.torch import load_file, save_file
from seqkit_vision.compat import torchvision
from seqkit_vision.decoding import decode
from seqkit_vision.metadata import read_metadata
from seqkit_vision.pretrained import needs

from seqkit import recipes
from seqkit.training import checkpoint


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Torchvision's ResNet-18 with random weights, as files of torch.save and of safetensors."""
    folder = tmp_path_factory.mktemp("published")
    torch.manual_seed(3)
    state = torchvision.models.resnet18().state_dict()
    torch.save(state, folder / "resnet18.pth")
    save_file(state, folder / "resnet18.safetensors")
    return folder


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_training_starts_from_the_weights_of_torchvision(train_bars, tmp_path, published, suffix):
    """Frozen layers stay torchvision's; images are normalised as ImageNet's were."""
    given = [
        "--model",
        "resnet18",
        "--weights",
        published / f"resnet18.{suffix}",
        "--set",
        "data.size=32",
    ]
    assert train_bars(*given, "--freeze", "all", "--set", "train.steps=1").code == 0
    theirs = load_file(published / "resnet18.safetensors")
    ours = weights(tmp_path / "run")
    torch.testing.assert_close(ours["stem.conv.weight"], theirs["conv1.weight"])
    torch.testing.assert_close(
        ours["stage4.1.residual.conv2.weight"], theirs["layer4.1.conv2.weight"]
    )
    assert ours["output.weight"].shape == (3, 512)
    facts = read_metadata(checkpoint.resolve(tmp_path / "run"))
    assert (facts.size, facts.channels, facts.classes) == (32, 3, CLASSES)
    assert facts.mean == [0.485, 0.456, 0.406]


def test_starting_from_published_weights_reads_each_image_once(
    train_bars, published, photos, tmp_path, monkeypatch
):
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("seqkit.data.pool.cores", lambda: 1)
    read = []
    monkeypatch.setattr(
        "seqkit_vision.prepared.decode",
        lambda path, **how: read.append(path) or decode(path, **how),
    )
    given = [
        "--model",
        "resnet18",
        "--weights",
        published / "resnet18.pth",
        "--set",
        "data.size=32",
    ]
    assert train_bars(*given, "--set", "train.steps=1").code == 0
    assert sorted(read) == sorted(photos.glob("train/*/*.png"))


def test_published_weights_get_images_of_their_own_size_by_default():
    raw = {"task": "vision", "model": {"name": "resnet18"}, "train": {"steps": 1}}
    for data, size, channels in (({}, 224, 3), ({"size": 32, "channels": 1}, 32, 1)):
        config = recipes.complete({**raw, "data": {"source": "mnist", **data}}, "test")
        assert needs(config) == {"data.size": size, "data.channels": channels}


def test_a_run_from_published_weights_is_resumed_by_the_same_command(
    train_bars, tmp_path, published
):
    given = [
        "--model",
        "resnet18",
        "--weights",
        published / "resnet18.pth",
        "--set",
        "data.size=32",
    ]
    given += ["--set", "optim.decay=none", "--freeze", "all"]
    assert train_bars(*given, "--set", "train.steps=1").code == 0
    done = train_bars(*given, "--resume")
    assert done.lines[0].startswith("run: 2 steps")


def test_weights_that_do_not_fit_are_one_clear_line(train_bars, published, tmp_path):
    file = published / "resnet18.pth"
    said = train_bars("--model", "resnet18", "--weights", "none.pth").complaint()
    assert said == "--weights none.pth: there is no such file"
    assert (
        f"{file}: these are not torchvision's weights of alexnet"
        in train_bars("--model", "alexnet", "--weights", file, "--set", "data.size=64").complaint()
    )
    assert (
        "torchvision publishes no weights for 'lenet'. Known: alexnet"
        in train_bars("--weights", file).complaint()
    )
    (tmp_path / "torn.pth").write_bytes(file.read_bytes()[:1000])
    assert "torn.pth" in train_bars("--model", "resnet18", "--weights", "torn.pth").complaint()
    assert not (tmp_path / "run").exists()
