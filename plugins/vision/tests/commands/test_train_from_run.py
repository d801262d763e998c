"""`seqkit vision train --init RUN`: from a classifier of one's own to other classes."""

import pytest
import torch
from bars import write_bars
from quick_trainings import QUICK, weights
from seqkit_vision.metadata import read_metadata

import seqkit
from seqkit.training import checkpoint

NAMES = ["high", "low", "middle"]


@pytest.fixture
def other(tmp_path):
    """Bars in classes of other names, and one more class."""
    folder = write_bars(tmp_path / "other", names=["low", "middle", "high"], seed=3)
    write_bars(tmp_path / "more", names=["a", "b", "c"], seed=4)
    (tmp_path / "more/c").rename(folder / "dark")
    return folder


@pytest.mark.parametrize("command", [["train", "vision/default"], ["vision", "train"]])
def test_other_classes_get_a_new_last_layer_and_the_rest_is_kept(
    cli, run, other, tmp_path, command
):
    frozen = ["--set", 'optim.freeze=["all"]', "--set", "model.preset=modern"]
    model = ["--set", "model.name=lenet"]
    given = [*command, "--init", run, "--data", other, "--out", tmp_path / "new", *QUICK]
    done = cli(*given, *model, *frozen)
    assert done.code == 0
    step = checkpoint.resolve(run)
    assert (
        f"from {step}: the last layer is new (output.weight, output.bias), "
        "for the classes dark, high, low, middle in place of bottom, middle, top; "
        "the other layers and the normalisation are kept"
    ) in done.err

    before, now = weights(run, "best"), weights(tmp_path / "new")
    assert now["output.bias"].shape == (4,)
    kept = [name for name in before if not name.startswith("output") and "running" not in name]
    assert len(kept) > 4
    for name in kept:
        if "num_batches" not in name:
            assert torch.equal(before[name], now[name])
    assert seqkit.load(tmp_path / "new").classes == ["dark", *NAMES]
    facts = read_metadata(checkpoint.resolve(tmp_path / "new"))
    assert facts.mean == read_metadata(step).mean


def test_the_network_is_that_of_the_run_unless_another_is_asked_for(cli, run, other, tmp_path):
    given = ["vision", "train", "--init", run, "--data", other, *QUICK]
    assert cli(*given, "--out", tmp_path / "a").code == 0
    assert seqkit.load(tmp_path / "a").name == "lenet"
    said = cli(*given, "--out", tmp_path / "b", "--model", "mlp").complaint()
    assert "is of another network: it differs in the tensor" in said


def test_a_run_that_began_from_another_is_resumed(cli, run, other, tmp_path):
    given = ["vision", "train", "--init", run, "--data", other, "--out", tmp_path / "a", *QUICK]
    assert cli(*given).code == 0
    assert cli(*given, "--set", "train.steps=4", "--resume").code == 0
    assert checkpoint.read_meta(checkpoint.resolve(tmp_path / "a", "last"))["state"]["step"] == 4


def test_the_same_number_of_other_classes_are_other_classes(cli, run, tmp_path):
    folder = write_bars(tmp_path / "other", names=["low", "middle", "high"], seed=3)
    given = ["vision", "train", "--init", run, "--data", folder, "--out", tmp_path / "a", *QUICK]
    assert "the last layer is new" in cli(*given).err
    assert seqkit.load(tmp_path / "a").classes == NAMES


def test_fewer_classes_are_said_to_be_fewer(cli, run, photos, tmp_path):
    for name in ("bottom", "top"):
        (tmp_path / "two").mkdir(exist_ok=True)
        (tmp_path / "two" / name).symlink_to(photos / "train" / name)
    given = ["vision", "train", "--init", run, "--data", tmp_path / "two", *QUICK]
    done = cli(*given, "--out", tmp_path / "a")
    assert "the model keeps its 3 classes; there are no images of middle" in done.err


def test_a_run_of_another_task_is_refused(cli, photos, tmp_path):
    given = ["vision", "train", "--data", photos, "--out", tmp_path / "a", *QUICK]
    assert "no" in cli(*given, "--init", tmp_path / "nowhere").complaint()
    shipped = cli(*given, "--init", "en-de").complaint()
    assert "en-de" in shipped
