"""Texts and ids in files read back as what was written."""

import pickle
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.data.stored import (
    HeldFile,
    IdWriter,
    Picked,
    StoredTexts,
    blocks_of,
    packed_ids,
    stored_ids,
    write_side_by_side,
)
from seqkit.errors import DataError

TEXTS = ["one", "", "zwei\nZeilen", "三", "🙂 4"]


def write_texts(folder, name, texts):
    write_side_by_side(folder, [name], ([text] for text in texts))


@pytest.fixture
def texts(tmp_path):
    write_texts(tmp_path, "some", TEXTS)
    return StoredTexts(tmp_path, "some")


@settings(deadline=None, database=None)
@given(written=st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_texts_are_read_as_they_were_written(tmp_path_factory, written):
    folder = tmp_path_factory.mktemp("texts")
    write_texts(folder, "some", written)
    assert [*StoredTexts(folder, "some")] == written


def test_texts_are_a_sequence_like_a_list(texts):
    assert len(texts) == 5
    assert [texts[place] for place in (0, 3, -1)] == ["one", "三", "🙂 4"]
    for some in (slice(1, 3), slice(None), slice(4, 1), slice(None, None, -2), slice(-2, 9)):
        assert texts[some] == TEXTS[some]
    with pytest.raises(IndexError):
        texts[5]


def test_more_texts_than_a_block_keep_their_order(tmp_path):
    many = [str(number) for number in range(25_000)]
    write_side_by_side(tmp_path, ["left", "right"], zip(many, reversed(many), strict=True))
    assert [*StoredTexts(tmp_path, "left")] == many
    assert [*StoredTexts(tmp_path, "right")] == many[::-1]


def test_texts_go_to_another_process_as_the_names_of_their_files(texts):
    sent = pickle.dumps(texts)
    assert len(sent) < 500
    assert [*pickle.loads(sent)] == TEXTS  # noqa: S301


def test_texts_whose_file_is_cut_off_meanwhile_are_refused(texts, tmp_path):
    (tmp_path / "some.text").write_bytes(b"one")
    assert texts[0] == "one"
    with pytest.raises(DataError, match=r"some\.text was cut off while it was used"):
        texts[-1]


def test_some_texts_are_picked_by_their_places(texts):
    picked = Picked(texts, np.array([3, 0, 3]))
    assert [*picked] == ["三", "one", "三"]
    assert picked[1:] == ["one", "三"]
    assert (picked[-3], picked[::-2]) == ("三", ["三", "三"])
    with pytest.raises(IndexError):
        picked[3]


@pytest.mark.parametrize("places", [range(24_000), range(0, 24_000, 7), [5], []])
def test_picked_texts_come_in_the_order_of_their_places(tmp_path, places):
    many = [str(number) for number in range(24_000)]
    write_texts(tmp_path, "some", many)
    mixed = random.Random(1).sample(places, len(places))
    for some in (list(places), mixed):
        picked = Picked(StoredTexts(tmp_path, "some"), np.array(some, np.int64))
        assert [*picked] == [many[place] for place in some]


def test_neighbours_among_picked_texts_are_read_together(texts, monkeypatch):
    picked = Picked(texts, np.array([4, 1, 3]))
    reads = []
    read = HeldFile.read
    monkeypatch.setattr(HeldFile, "read", lambda *how: reads.append(how) or read(*how))
    assert [*picked] == ["🙂 4", "", "三"]
    assert len(reads) == 1


@pytest.mark.parametrize(("vocab", "size"), [(1 << 16, 2), ((1 << 16) + 1, 4)])
def test_ids_take_two_bytes_where_they_fit(tmp_path, vocab, size):
    rows = [[5, vocab - 1], [], [7]]
    with IdWriter(tmp_path, "some") as writer:
        writer.add(packed_ids(rows[:1], vocab))
        writer.add(packed_ids(rows[1:], vocab))

    ids, lengths = stored_ids(tmp_path, "some", vocab)
    assert ids.tolist() == [5, vocab - 1, 7]
    assert lengths.tolist() == [2, 0, 1]
    assert (tmp_path / "some.ids").stat().st_size == 3 * size


def test_no_ids_at_all_are_read_too(tmp_path):
    with IdWriter(tmp_path, "none"):
        pass
    assert [part.tolist() for part in stored_ids(tmp_path, "none", 9)] == [[], []]


def test_places_in_blocks_are_all_places_once():
    assert list(blocks_of(7, 3)) == [slice(0, 3), slice(3, 6), slice(6, 7)]
    assert not list(blocks_of(0, 3))
