"""`seqkit vision predict`."""

import json
import shutil

import pytest


@pytest.fixture
def test_images(photos):
    return sorted((photos / "test").rglob("*.png"))


def test_each_image_is_a_line_with_its_likeliest_class(cli, run, classifier, test_images):
    done = cli("vision", "predict", "-m", run, *test_images)
    wanted = classifier.predict(test_images)
    assert done.lines == [
        f"{one.image}\t{one.classes[0]} {one.probabilities[0]:.4f}" for one in wanted
    ]


def test_seqkit_predict_knows_the_options_of_classifiers(cli, run, photos):
    ours = cli("vision", "predict", "-m", run, photos / "test", "--topk", 2, "--json")
    assert cli("predict", "-m", run, photos / "test", "--topk", 2, "--json").lines == ours.lines


def test_folders_are_searched_for_images_in_order(cli, run, photos, test_images):
    lines = cli("vision", "predict", "-m", run, photos / "test", test_images[0]).lines
    assert [line.split("\t")[0] for line in lines] == [
        str(path) for path in (*test_images, test_images[0])
    ]


def test_several_classes_are_columns_and_json_says_the_same(cli, run, classifier, test_images):
    given = ["vision", "predict", "-m", run, "--topk", 3, *test_images]
    lines, records = cli(*given).lines, [json.loads(line) for line in cli(*given, "--json").lines]
    for line, record, path in zip(lines, records, test_images, strict=True):
        assert record["image"] == str(path)
        shares = list(record["classes"].values())
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) == pytest.approx(1)
        assert line == "\t".join(
            [str(path), *(f"{name} {share:.4f}" for name, share in record["classes"].items())]
        )


def test_images_that_cannot_be_read_are_an_error_or_skipped_by_name(
    cli, run, test_images, tmp_path
):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"")
    said = cli("vision", "predict", "-m", run, bad).complaint()
    assert said == f"{bad} is an empty file"
    given = ["vision", "predict", "-m", run, test_images[0], bad, test_images[1]]
    done = cli(*given, "--skip-bad")
    assert [line.split("\t")[0] for line in done.lines] == [str(path) for path in test_images[:2]]
    assert done.err.splitlines() == [f"skipped: {bad} is an empty file"]
    assert done.code == 0

    done = cli(*given)
    shown = [line.split("\t")[0] for line in done.out.splitlines()]
    assert shown == [str(path) for path in test_images[:2]]
    assert done.err == f"error: {bad} is an empty file\n"
    assert done.code == 1


def test_a_folder_is_covered_or_what_is_not_is_named(cli, run, test_images, tmp_path):
    for i, path in enumerate(test_images[:20]):
        shutil.copy(path, tmp_path / f"{i:02}.png")
        (tmp_path / f"{i:02}.heic").write_bytes(b"\0\0\0\x18ftypheic")
    for name in ("notes.txt", ".hidden.png"):
        (tmp_path / name).touch()
    done = cli("vision", "predict", "-m", run, tmp_path)
    assert len(done.out.splitlines()) == 20
    assert done.code == 1
    first, *skipped, error = done.err.splitlines()
    assert first == f"left out of {tmp_path}: 1 .txt, 1 hidden"
    assert [line.split()[1] for line in skipped] == [
        str(tmp_path / f"{i:02}.heic") for i in range(20)
    ]
    assert error.startswith("error: 20 of 40 images could not be read, as named above; --skip-bad")

    done = cli("vision", "predict", "-m", run, tmp_path, "--skip-bad")
    assert (len(done.lines), done.code) == (20, 0)
    assert len(done.err.splitlines()) == 21


def test_links_are_followed_and_nothing_is_said_where_nothing_is_left_out(
    cli, run, photos, tmp_path
):
    (tmp_path / "link").symlink_to(photos / "test")
    (tmp_path / "link2").symlink_to(tmp_path / "link/top")
    done = cli("vision", "predict", "-m", run, tmp_path)
    assert (len(done.lines), done.code) == (24, 0)
    assert "1 behind a link to a folder that is read anyway" in done.err
    assert cli("vision", "predict", "-m", run, photos / "test").err == ""


@pytest.mark.parametrize("command", ["evaluate", "explain", "predict"])
def test_a_second_model_is_refused(cli, command):
    told = cli("vision", command, "-m", "runs/a", "-m", "runs/b", "x.png").complaint()
    assert told == "one model is asked here: choose one of runs/a, runs/b"


def test_mistakes_are_one_clear_line(cli, run, test_images, tmp_path):
    predict = ["vision", "predict", "-m", run]
    missing = tmp_path / "none.png"
    assert cli(*predict, missing).complaint() == f"cannot read {missing}: No such file or directory"
    assert cli(*predict, tmp_path).complaint() == f"{tmp_path} holds no images"
    assert (
        cli(*predict, test_images[0], "--topk", 4).complaint()
        == "top = 4: the model knows 3 classes"
    )
    assert "0 is not in the range x>=1" in cli(*predict, test_images[0], "--topk", 0).complaint(2)
    assert "Missing argument 'IMAGES...'" in cli(*predict).complaint(2)
    assert "Missing option '-m'" in cli("vision", "predict", test_images[0]).complaint(2)
