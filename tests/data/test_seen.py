"""Test texts that were trained on are found by content."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from seqkit.data.seen import FILE, Seen, SeenTexts, joined
from seqkit.errors import DataError


def test_texts_are_found_byte_for_byte(tmp_path):
    SeenTexts.of(lines=["a b", "ä", "a b", ""]).save(tmp_path)
    seen = SeenTexts.load(tmp_path)
    assert seen.count(lines=["a b", "a  b", "A b", "ä", "a\u0308", "", "  "]) == [
        Seen("lines", 2, 5)
    ]
    assert repr(seen) == "<SeenTexts: 2 lines>"


def test_it_says_number_and_share():
    assert str(Seen("sources", 12, 1000)) == (
        "12 of 1,000 sources (1.20%) are in the training text, byte for byte"
    )
    assert "0 of 0 lines (0.00%)" in str(Seen("lines", 0, 0))


def test_pairs_are_items_too():
    seen = SeenTexts.of(sources=["a", "b"], pairs=[joined("a", "b"), joined("b", "c")])
    found = seen.count(sources=["a", "c"], pairs=[joined("a", "b"), joined("ab", "")], other=["a"])
    assert found == [Seen("sources", 1, 2), Seen("pairs", 1, 2)]


def test_where_nothing_was_kept_nothing_is_known(tmp_path):
    assert SeenTexts.load(tmp_path) is None
    assert SeenTexts.of(lines=[]).count(lines=["a"]) == [Seen("lines", 0, 1)]


def test_five_bytes_a_text_tell_a_hundred_thousand_apart(tmp_path):
    seen = SeenTexts.of(lines=(f"line {i}" for i in range(100_000)))
    seen.save(tmp_path)
    assert (tmp_path / FILE).stat().st_size < 500_200
    (tmp_path / "any").touch()
    assert (tmp_path / FILE).stat().st_mode == (tmp_path / "any").stat().st_mode
    others = [f"other {i}" for i in range(20_000)]
    assert SeenTexts.load(tmp_path).count(lines=[*others, "line 7", "line 99999"])[0].found == 2


def test_a_damaged_file_is_named_with_the_way_out(tmp_path):
    path = tmp_path / FILE
    SeenTexts.of(lines=["a", "b"]).save(tmp_path)
    whole = path.read_bytes()
    for damage in (b"", whole[:-3], b"x" * 99):
        path.write_bytes(damage)
        with pytest.raises(DataError, match=r"seen\.safetensors is damaged .*: delete it"):
            SeenTexts.load(tmp_path)

    for rows in (np.zeros((2, 4), np.uint8), np.zeros((2, 5), np.int32), np.zeros(5, np.uint8)):
        save_file({"lines": rows}, path)
        with pytest.raises(DataError, match=r"seen\.safetensors is damaged .*: delete it"):
            SeenTexts.load(tmp_path)
