"""The picture of a confusion matrix."""

import numpy as np
import pytest
from PIL import Image

from seqkit.drawing import confusion
from seqkit.drawing.confusion import draw_confusion
from seqkit.errors import ConfigError, DataError

THREE = ["bottom", "middle", "top"]
TABLE = np.array([[8, 2, 0], [1, 9, 0], [3, 0, 7]])


@pytest.fixture
def drawn(monkeypatch):
    """What is drawn, instead of files."""
    kept = []
    monkeypatch.setattr(confusion, "save", lambda picture, path: kept.append(picture))
    return kept


def test_it_has_counts_and_named_axes(tmp_path, drawn):
    draw_confusion(TABLE, THREE, tmp_path / "x.png", title="bars: accuracy 0.8000")
    axes = drawn[0].axes[0]
    written = {text.get_position(): int(text.get_text()) for text in axes.texts}
    assert written == {(0, 0): 8, (1, 0): 2, (0, 1): 1, (1, 1): 9, (0, 2): 3, (2, 2): 7}
    assert [label.get_text() for label in axes.get_yticklabels()] == THREE
    assert [label.get_text() for label in axes.get_xticklabels()] == THREE
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    assert axes.get_title() == "bars: accuracy 0.8000"
    np.testing.assert_allclose(axes.images[0].get_array(), TABLE / 10)


def test_a_class_without_examples_has_an_empty_row(tmp_path, drawn):
    table = np.array([[1, 0, 1], [0, 0, 0], [0, 0, 0]])
    draw_confusion(table, THREE, tmp_path / "x.png", title="t")
    np.testing.assert_array_equal(
        drawn[0].axes[0].images[0].get_array(), [[0.5, 0, 0.5], [0, 0, 0], [0, 0, 0]]
    )


@pytest.mark.parametrize(("count", "numbers"), [(2, 2), (31, 0)])
def test_many_classes_have_no_numbers_in_the_cells(tmp_path, drawn, count, numbers):
    names = [f"class {i}" for i in range(count)]
    draw_confusion(np.eye(count, dtype=np.int64), names, tmp_path / "x.png", title="t")
    assert len(drawn[0].axes[0].texts) == numbers


def test_names_with_odd_characters_are_drawn_unchanged(tmp_path):
    path = tmp_path / "x.png"
    names = ["$_$", "象", r"$\nope$", "a\nb"]
    draw_confusion(np.eye(4, dtype=np.int64), names, path, title="a $_$ b $^$")
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert min(image.size) > 50


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot draw .*x\.gif: name it \*\.png"):
        draw_confusion(TABLE, THREE, tmp_path / "x.gif", title="t")
    with pytest.raises(DataError, match=r"cannot write .*none/x\.png: No such file"):
        draw_confusion(TABLE, THREE, tmp_path / "none/x.png", title="t")
