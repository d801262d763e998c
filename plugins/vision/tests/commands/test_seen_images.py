"""An evaluation says which images the model has seen, by what they are and not by their names."""

import json
import shutil

import pytest
from bars import write_bars
from seqkit_vision.record import RECORD

from seqkit.training import checkpoint

MLP = {"model.name": "softmax-regression"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Bars, 30 of them; 27 are trained on."""
    folder = tmp_path_factory.mktemp("seen") / "photos"
    folder.parent.joinpath("link").symlink_to(folder)
    return write_bars(folder)


@pytest.fixture(scope="module")
def trained(data, train, tmp_path_factory):
    settings = {**MLP, "data.source": str(data)}
    return train(tmp_path_factory.mktemp("trained") / "run", settings).folder


@pytest.fixture
def evaluate(cli, trained):
    """`evaluate(source)` gives the notes and the record."""

    def call(source):
        done = cli("vision", "evaluate", "-m", trained, "--data", source, "--json")
        assert done.code == 0
        return done.err, json.loads(done.out)

    return call


def as_csv(path, images):
    rows = [f"{image},{image.parent.name}" for image in images]
    path.write_text("\n".join(["path,label", *rows]) + "\n")
    return path


def elsewhere(data, folder):
    """The same images under other names."""
    for i, image in enumerate(sorted(data.rglob("*.png"))):
        (folder / image.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(image, folder / image.parent.name / f"other{i}.png")
    return folder


def test_images_are_known_by_their_content_however_they_are_spelt(
    evaluate, data, tmp_path, monkeypatch
):
    for link in ("link", "photos"):
        (tmp_path / link).symlink_to(data)
    (tmp_path / "set").mkdir()
    (tmp_path / "set/train").symlink_to(data)
    ways = [
        data,
        f"{data}/../{data.name}",
        tmp_path / "link",
        "./photos/../link/../photos",
        as_csv(tmp_path / "images.csv", sorted(data.rglob("*.png"))),
        tmp_path / "set/train",
        tmp_path / "set",
        elsewhere(data, tmp_path / "copy"),
    ]
    monkeypatch.chdir(tmp_path)
    for way in ways:
        notes, record = evaluate(way)
        assert "note: 27 of 30 images (" in notes, way
        assert "are byte for byte training images of the model" in notes
        assert "note: 3 of 30 images (" in notes
        assert len(record["trained_on"]) == 27


def test_some_images_among_others_are_named(evaluate, data, tmp_path):
    other = write_bars(tmp_path / "other", each=4, seed=9)
    notes, record = evaluate(other)
    assert notes == ""
    assert "trained_on" not in record

    _, record = evaluate(data)
    seen = record["trained_on"][0]
    shutil.copy(seen, other / "top/copied.png")
    notes, record = evaluate(other)
    assert notes.startswith(f"note: 1 of 13 images ({other}/top/copied.png) is byte for byte")
    assert record["trained_on"] == [f"{other}/top/copied.png"]


def test_images_in_another_class_are_still_the_same_images(evaluate, data, tmp_path):
    other = write_bars(tmp_path / "other", each=2, seed=9)
    _, record = evaluate(data)
    shutil.copy(record["trained_on"][0], other / "top/moved.png")
    shutil.copy(record["trained_on"][0], other / "bottom/moved.png")
    assert len(evaluate(other)[1]["trained_on"]) == 2


def test_test_images_of_the_source_that_are_training_images_are_found(cli, train, tmp_path):
    write_bars(tmp_path / "set/train")
    write_bars(tmp_path / "set/test", each=3, seed=2)
    for i in range(10):
        name = f"top/{i:03}.png"
        shutil.copy(tmp_path / "set/train" / name, tmp_path / f"set/test/top/leak{i}.png")
    folder = train(tmp_path / "run", {**MLP, "data.source": str(tmp_path / "set")}).folder
    done = cli("vision", "evaluate", "-m", folder, "--json")
    trained_on = json.loads(done.out)["trained_on"]
    assert 6 < len(trained_on) <= 10
    assert all("leak" in name for name in trained_on)
    assert f"{len(trained_on)} of 19 images (" in done.err
    assert ", …) are byte for byte training images" in done.err


def test_validation_images_kept_apart_are_said_to_have_chosen_the_checkpoint(cli, train, tmp_path):
    write_bars(tmp_path / "set/train")
    write_bars(tmp_path / "set/val", each=3, seed=2)
    folder = train(tmp_path / "run", {**MLP, "data.source": str(tmp_path / "set")}).folder
    done = cli("vision", "evaluate", "-m", folder, "--json")
    assert "note: 9 of 9 images (" in done.err
    assert "are validation images of the run, which chose its best checkpoint" in done.err
    assert json.loads(done.out)["signature"].startswith("data:set valid|images:9|")


def test_corpora_are_known_by_their_images(cli, train, tiny_corpora, tmp_path, monkeypatch):
    monkeypatch.setenv("SEQKIT_CORPORA", str(tiny_corpora))
    folder = train(tmp_path / "run", {**MLP, "data.source": "mnist"}).folder
    assert cli("vision", "evaluate", "-m", folder).err == ""
    shutil.copytree(tiny_corpora, tmp_path / "corpora")
    for kind in ("images-idx3", "labels-idx1"):
        shutil.copy(
            tmp_path / f"corpora/mnist/train-{kind}-ubyte.gz",
            tmp_path / f"corpora/mnist/t10k-{kind}-ubyte.gz",
        )
    monkeypatch.setenv("SEQKIT_CORPORA", str(tmp_path / "corpora"))
    done = cli("vision", "evaluate", "-m", folder)
    assert "72 of 80 images (mnist test " in done.err


def test_the_signature_tells_images_apart_that_are_called_the_same(evaluate, tmp_path):
    signatures = set()
    for seed in (1, 2):
        folder = write_bars(tmp_path / f"{seed}/photos", each=2, seed=seed)
        signatures.add(evaluate(folder)[1]["signature"])
        copied = shutil.copytree(folder, tmp_path / f"copy{seed}/photos")
        signatures.add(evaluate(copied)[1]["signature"])
    assert len(signatures) == 2


def test_a_run_without_a_record_goes_by_the_place_of_its_images(
    cli, trained, data, tmp_path, monkeypatch
):
    step = shutil.copytree(checkpoint.resolve(trained), tmp_path / "step")
    (step / RECORD).unlink()
    (tmp_path / "link").symlink_to(data)
    for way in (data, tmp_path / "link", f"{data}/../{data.name}"):
        done = cli("vision", "evaluate", "-m", step, "--data", way)
        assert "note: the model was trained on most of" in done.err


@pytest.mark.parametrize("damage", [b"", b"x" * 100])
def test_a_damaged_record_is_one_clear_line(cli, trained, data, tmp_path, damage):
    step = shutil.copytree(checkpoint.resolve(trained), tmp_path / "step")
    (step / RECORD).write_bytes(damage)
    assert RECORD in cli("vision", "evaluate", "-m", step, "--data", data).complaint()
    image = next(data.rglob("*.png"))
    assert cli("vision", "predict", "-m", step, image).code == 0
