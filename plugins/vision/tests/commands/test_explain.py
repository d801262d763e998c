"""`seqkit vision explain`."""

import shutil

import pytest
from bars import write_bars
from PIL import Image

PICTURES = ["grad-cam.png", "filters.png", "activations.png"]


@pytest.fixture
def image(photos, tmp_path):
    return shutil.copy(photos / "test/top/000.png", tmp_path / "image.png")


def check(folder):
    assert sorted(path.name for path in folder.iterdir()) == sorted(PICTURES)
    for name in PICTURES:
        with Image.open(folder / name) as picture:
            assert len(picture.convert("RGB").getcolors(1 << 24)) > 1


def dead_units(lines):
    """{layer: share} of the lines that list them."""
    pairs = [line.split() for line in lines]
    return {layer: float(share.removesuffix("%")) for layer, share in pairs}


def test_without_a_folder_nothing_is_written(
    cli, run, classifier, image, photos, tmp_path, monkeypatch
):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    done = cli("vision", "explain", image, "-m", run)

    (found,) = classifier.predict([image], top=3)
    pairs = zip(found.classes, found.probabilities, strict=True)
    assert done.lines[:3] == [f"{name} {share:.4f}" for name, share in pairs]
    assert done.lines[3] == f"ReLU units that none of 24 images ({photos.name} test) activates:"
    shares = dead_units(done.lines[4:])
    assert list(shares) == [
        "features.block1.relu",
        "features.block2.relu",
        "hidden.layer1.relu",
        "hidden.layer2.relu",
    ]
    assert all(0 <= share <= 100 for share in shares.values())

    assert done.err.endswith("its filters and activations: -o FOLDER\n")
    assert list(here.iterdir()) == []
    assert [path.name for path in tmp_path.iterdir() if path != here] == [image.name]


def test_pictures_are_drawn_into_a_folder_that_is_given(cli, run, image, tmp_path):
    plain = cli("vision", "explain", image, "-m", run)
    done = cli("vision", "explain", image, "-m", run, "-o", tmp_path / "new/folder")
    check(tmp_path / "new/folder")
    assert done.lines[3:6] == [str(tmp_path / "new/folder" / name) for name in PICTURES]
    assert [*done.lines[:3], *done.lines[6:]] == plain.lines
    assert done.err == ""


def test_another_class_gives_another_heat_map(cli, run, image, tmp_path):
    for name in ("top", "bottom"):
        assert (
            cli("vision", "explain", image, "-m", run, "--class", name, "-o", tmp_path / name).code
            == 0
        )
    heat = [(tmp_path / name / "grad-cam.png").read_bytes() for name in ("top", "bottom")]
    assert heat[0] != heat[1]
    assert (tmp_path / "top/filters.png").read_bytes() == (
        tmp_path / "bottom/filters.png"
    ).read_bytes()


def test_without_test_images_dead_units_are_not_listed(cli, train, tmp_path):
    data = write_bars(tmp_path / "data", channels=3)
    settings = {"model.preset": "modern", "data.source": str(data), "train.steps": 1}
    folder = train(tmp_path / "run", settings).folder
    given = ["vision", "explain", data / "top/000.png", "-m", folder, "-o", tmp_path / "out"]
    done = cli(*given)
    check(tmp_path / "out")
    assert len(done.lines) == 6
    assert done.err.startswith(f"not looking for dead units: {data} keeps no test images apart")
    assert "(data)" in cli(*given, "--data", data).lines[6]


def test_a_net_without_relu_has_no_dead_units(cli, train, tmp_path, image):
    folder = train(tmp_path / "run", {"model.name": "lenet", "train.steps": 1}).folder  # sigmoids
    done = cli("vision", "explain", image, "-m", folder, "-o", tmp_path / "out")
    assert (len(done.lines), done.err) == (6, "")


def test_mistakes_are_one_clear_line_and_leave_nothing(cli, run, train, image, tmp_path):
    explain = ["vision", "explain", image, "-m", run, "-o", tmp_path / "out"]
    says = "the model knows no class 'tpo'. Did you mean 'top'? Known: bottom, middle, top."
    assert cli(*explain, "--class", "tpo").complaint() == says
    said = cli("vision", "explain", image, "-m", run, "--class", "top").complaint(2)
    assert said == "--class is for pictures: give a folder for them with --output"
    missing = tmp_path / "none.png"
    said = cli("vision", "explain", missing, "-m", run).complaint()
    assert said == f"cannot read {missing}: No such file or directory"
    assert "no images at" in cli(*explain, "--data", tmp_path / "nowhere").complaint()
    folder = train(tmp_path / "run", {"model.name": "mlp", "train.steps": 1}).folder
    said = cli("vision", "explain", image, "-m", folder, "-o", tmp_path / "out").complaint()
    assert said == "MLP has no convolutions: there is no map to draw"
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").write_text("in the way")
    said = cli("vision", "explain", image, "-m", run, "-o", tmp_path / "file/out").complaint()
    assert said == f"cannot write to {tmp_path / 'file/out'}: Not a directory"
