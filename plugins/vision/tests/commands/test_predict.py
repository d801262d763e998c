"""`seqkit vision predict`."""

import json

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


def test_images_that_cannot_be_read_stop_it_or_are_skipped_by_name(cli, run, test_images, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"")
    said = cli("vision", "predict", "-m", run, bad).complaint()
    assert said == f"{bad} is an empty file"
    done = cli("vision", "predict", "-m", run, test_images[0], bad, test_images[1], "--skip-bad")
    assert [line.split("\t")[0] for line in done.lines] == [str(path) for path in test_images[:2]]
    assert done.err.splitlines()[0] == f"skipped: {bad} is an empty file"


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
