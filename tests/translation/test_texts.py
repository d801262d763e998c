"""Parallel text of a translation task: what is split off for validation, what is left out."""

import pytest

from seqkit.data.batching import Rows
from seqkit.data.parallel import ParallelText, Skipped
from seqkit.errors import DataError
from seqkit.translation.texts import EncodedPairs, short_pairs, split_off, training_pairs, without


def text_of(sources):
    return ParallelText(list(sources), [f"{source} {i}" for i, source in enumerate(sources)])


@pytest.mark.parametrize("limit", [0, 20, 40])
def test_files_that_are_not_parallel_are_refused_whatever_the_limit(tmp_path, limit):
    paths = [tmp_path / "source", tmp_path / "target"]
    for path, count in zip(paths, (50, 40), strict=True):
        path.write_text("a line\n" * count)
    with pytest.raises(DataError, match=r"not parallel: .*target has 40 lines, .*source has 50"):
        list(training_pairs(paths, (1, 2), limit, Skipped()))


def test_pairs_beyond_the_limit_are_neither_given_nor_counted(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("one\teins\n\tnull\ntwo\tzwei\n\tnull\nthree\tdrei\n")
    skipped = Skipped()
    pairs = training_pairs([path], (1, 2), 2, skipped)
    assert list(pairs) == [("one", "eins"), ("two", "zwei")]
    assert skipped.empty == 1


def parts_of(text, size, seed=1):
    """Training and validation text."""
    valid = split_off(text, size, seed, name="text.tsv")
    return without(text, {*valid.sources}, name="text.tsv"), valid


def test_no_validation_source_stays_in_the_training_text():
    text = text_of([f"line {i % 30}" for i in range(120)])  # every source occurs four times
    train, valid = parts_of(text, 5)
    assert len(valid) == 5
    assert not set(valid.sources) & set(train.sources)
    assert len(train) == 120 - 4 * len(set(valid.sources))


def test_every_pair_stays_a_pair():
    text = text_of([f"line {i}" for i in range(50)])
    pairs = set(zip(text.sources, text.targets, strict=True))
    for part in parts_of(text, 4):
        assert set(zip(part.sources, part.targets, strict=True)) <= pairs


def test_at_most_a_tenth_is_split_off():
    text = text_of([f"line {i}" for i in range(50)])
    assert [len(part) for part in parts_of(text, 1000)] == [45, 5]


def test_the_seed_decides_what_is_split_off():
    text = text_of([f"line {i}" for i in range(50)])
    first, again, other = (parts_of(text, 5, seed)[1].sources[:] for seed in (1, 1, 2))
    assert first == again != other


def test_what_was_skipped_while_reading_is_still_known():
    text = text_of([f"line {i}" for i in range(50)])
    text.skipped.empty = 3
    assert parts_of(text, 5)[0].skipped.empty == 3


def test_a_text_of_which_nothing_is_held_out_stays_as_it_is():
    text = text_of(["one", "two"])
    assert without(text, {"three"}, name="text.tsv") is text


def test_too_little_text_to_split_is_refused():
    with pytest.raises(DataError, match=r"^text\.tsv: 9 pairs are too few to cut validation"):
        parts_of(text_of("abcdefghi"), 5)
    with pytest.raises(DataError, match=r"^text\.tsv: each sentence .* so that none is left"):
        parts_of(text_of(["same"] * 20), 2)


def test_pairs_with_a_long_side_are_left_out():
    sources = Rows([[5, 3], [5, 5, 3], [5, 3]])  # <eos> is not counted
    targets = Rows([[6, 3], [6, 3], [6, 6, 3]])
    pairs = EncodedPairs(sources, targets)
    assert short_pairs(pairs, 1).tolist() == [0]
    assert short_pairs(pairs, 2).tolist() == [0, 1, 2]

    short = pairs.at(short_pairs(pairs, 1))
    assert [short.sources[0], short.targets[0]] == [[5, 3], [6, 3]]
    assert len(short.sources) == 1
