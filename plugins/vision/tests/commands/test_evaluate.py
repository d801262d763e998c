"""`seqkit vision evaluate`."""

import json
import shutil

import pytest
from bars import CLASSES, write_bars
from PIL import Image

import seqkit


@pytest.fixture(scope="module")
def hard(tmp_path_factory):
    """Bars of which some lie in the wrong folder, so that there are mistakes."""
    folder = write_bars(tmp_path_factory.mktemp("hard") / "bars", each=6, seed=5)
    for i in range(2):
        (folder / f"top/00{i}.png").rename(folder / f"bottom/moved{i}.png")
    return folder


def test_the_test_images_of_the_run_are_evaluated_as_text(cli, run, classifier):
    done = cli("vision", "evaluate", "-m", run)
    assert done.lines[0] == "class   precision  recall     F1  images"
    assert [line.split() for line in done.lines[1:4]] == [
        [name, "1.0000", "1.0000", "1.0000", "8"] for name in CLASSES
    ]

    data = classifier.read_test_data()
    report = classifier.evaluate(data)
    assert done.out == f"{report}\n"
    assert done.lines[-1] == f"accuracy 1.0000  top5 1.0000  {report.signature}"
    assert f"data:{data.name}|images:24|" in done.lines[-1]


def test_json_is_the_record_of_the_report(cli, run, classifier):
    report = classifier.evaluate(classifier.read_test_data())
    done = cli("vision", "evaluate", "-m", run, "--json")
    assert done.out == json.dumps(report.record(), ensure_ascii=False) + "\n"


def test_seqkit_evaluate_knows_the_options_of_classifiers(cli, run, photos):
    for data in ([], [photos / "test"], ["--data", photos / "test"]):
        ours = cli("vision", "evaluate", "-m", run, *data, "--json")
        assert cli("evaluate", "-m", run, *data, "--json").lines == ours.lines
    said = cli("evaluate", "-m", run, photos, "--data", photos).complaint(2)
    assert said == "give IMAGES or --data, not both"


def test_text_and_json_say_the_same(cli, run, hard):
    record = json.loads(cli("vision", "evaluate", "-m", run, "--data", hard, "--json").out)
    assert record["confusion"] == [[6, 0, 2], [0, 6, 0], [0, 0, 4]]
    assert record["accuracy"] == 16 / 18
    assert record["per_class"]["top"] == {
        "name": "top",
        "precision": 4 / 6,
        "recall": 1,
        "f1": 0.8,
        "support": 4,
    }
    assert record["signature"].startswith("data:bars|images:18|size:12|")
    lines = cli("vision", "evaluate", "-m", run, "--data", hard).lines
    for line, name in zip(lines[1:4], CLASSES, strict=True):
        figures = record["per_class"][name]
        numbers = [f"{figures[key]:.4f}" for key in ("precision", "recall", "f1")]
        assert line.split() == [name, *numbers, str(figures["support"])]
    assert lines[5].split() == ["predicted"]
    assert lines[6].split() == ["true", *CLASSES]
    assert [line.split() for line in lines[7:10]] == [
        [name, *map(str, row)] for name, row in zip(CLASSES, record["confusion"], strict=True)
    ]
    assert lines[-1].startswith("accuracy 0.8889  top5 1.0000  ")


def test_pictures_are_drawn(cli, run, hard, tmp_path):
    pictures = tmp_path / "c.png", tmp_path / "m.png"
    done = cli(
        "vision",
        "evaluate",
        "-m",
        run,
        "--data",
        hard,
        "--confusion",
        pictures[0],
        "--mistakes",
        pictures[1],
    )
    assert done.code == 0
    for path in pictures:
        with Image.open(path) as image:
            assert len(image.convert("RGB").getcolors(1 << 24)) > 1


def test_a_csv_and_fewer_classes_are_evaluated(cli, run, photos, tmp_path):
    rows = [
        f"{path},{path.parent.name}"
        for path in sorted((photos / "test").rglob("*.png"))
        if path.parent.name != "top"
    ]
    (tmp_path / "images.csv").write_text("\n".join(["path,label", *rows]) + "\n")
    record = json.loads(
        cli("vision", "evaluate", "-m", run, "--data", tmp_path / "images.csv", "--json").out
    )
    assert [figures["support"] for figures in record["per_class"].values()] == [8, 8, 0]
    assert record["accuracy"] == 1


def test_the_run_s_own_test_setting_is_taken_first(cli, train, tmp_path, hard):
    folder = train(
        tmp_path / "run", {"model.name": "softmax-regression", "data.test": str(hard)}
    ).folder
    assert json.loads(cli("vision", "evaluate", "-m", folder, "--json").out)["images"] == 18


def test_the_current_folder_has_a_name_in_the_report(cli, run, hard, monkeypatch):
    monkeypatch.chdir(hard)
    record = json.loads(cli("vision", "evaluate", "-m", run, "--data", ".", "--json").out)
    assert record["signature"].startswith("data:bars|")


def test_bad_files_are_skipped_by_name(cli, run, hard, tmp_path):
    data = shutil.copytree(hard, tmp_path / "data")
    (data / "top/bad.png").write_bytes(b"no image")
    assert (
        "skip such files with --skip-bad"
        in cli("vision", "evaluate", "-m", run, "--data", data).complaint()
    )
    done = cli("vision", "evaluate", "-m", run, "--data", data, "--skip-bad", "--json")
    assert json.loads(done.out)["images"] == 18
    assert f"skipped: {data / 'top/bad.png'} is not an image" in done.err


def test_images_that_were_trained_on_are_never_test_images(cli, train, tmp_path):
    data = write_bars(tmp_path / "data")
    folder = train(
        tmp_path / "run", {"model.name": "softmax-regression", "data.source": str(data)}
    ).folder
    said = cli("vision", "evaluate", "-m", folder).complaint()
    assert (
        said == f"{data} keeps no test images apart: give some with --data, or train with data.test"
    )


def test_evaluating_training_images_prints_a_note(cli, train, tmp_path):
    data = write_bars(tmp_path / "data")
    folder = train(
        tmp_path / "run", {"model.name": "softmax-regression", "data.source": str(data)}
    ).folder
    done = cli("vision", "evaluate", "-m", folder, "--data", data, "--json")
    first = data / "bottom/000.png"
    trained, validated = done.err.splitlines()
    assert trained.startswith(f"note: 27 of 30 images ({first}, ")
    assert "are byte for byte training images of the model" in trained
    assert validated.startswith("note: 3 of 30 images (")
    assert len(json.loads(done.out)["trained_on"]) == 27
    assert json.loads(done.out)["signature"].startswith("data:data|images:30|")
    shutil.move(data, tmp_path / "moved")
    said = cli("vision", "evaluate", "-m", folder).complaint()
    assert said == f"{data}, which the model was trained on, is gone: give images with --data"


def test_mistakes_are_one_clear_line(cli, run, photos, tmp_path):
    evaluate = ["vision", "evaluate", "-m", run]
    assert "no images at '" in cli(*evaluate, "--data", tmp_path / "none").complaint()
    cats = write_bars(tmp_path / "cats", names=["cat", "middle", "top"])
    assert "the model knows no class 'cat'" in cli(*evaluate, "--data", cats).complaint()
    for option in ("--confusion", "--mistakes"):
        assert "cannot draw x.txt: name it *.png" in cli(*evaluate, option, "x.txt").complaint()
        assert (
            "No such file or directory"
            in cli(*evaluate, option, tmp_path / "none/x.png").complaint()
        )
    assert "no model at" in cli("vision", "evaluate", "-m", tmp_path / "none").complaint()
    assert "is not a run folder" in cli("vision", "evaluate", "-m", photos).complaint()
    assert "Missing option '-m'" in cli("vision", "evaluate").complaint(2)


def test_a_translator_is_not_a_classifier_and_a_classifier_not_a_translator(cli, run):
    says = "is a model for 'translation'; this command needs one for 'vision'"
    for command in (["evaluate"], ["predict", "x.png"], ["explain", "x.png"]):
        assert says in cli("vision", *command, "-m", "en-de").complaint()
    with pytest.raises(seqkit.SeqkitError, match=says):
        seqkit.load("en-de", task="vision")
    says = f"{run} is a model for 'vision'; this command needs one for 'translation'"
    assert cli("translate", "-m", run, "Hallo").complaint() == says


def test_a_file_is_not_a_classifier(cli, tmp_path):
    (tmp_path / "words.txt").write_text("".join(f"{'a b' * (i % 5)} c{i}\n" for i in range(40)))
    assert (
        cli(
            "lm", "ngram", tmp_path / "words.txt", "--order", 2, "--out", tmp_path / "words.arpa"
        ).code
        == 0
    )
    for command in (["evaluate"], ["predict", "x.png"], ["explain", "x.png"]):
        said = cli("vision", *command, "-m", tmp_path / "words.arpa").complaint()
        assert said == f"{tmp_path / 'words.arpa'} is a file: a model is a run folder"
        assert (
            "none.pth is a pickle, which can run code"
            in cli("vision", *command, "-m", "none.pth").complaint()
        )
