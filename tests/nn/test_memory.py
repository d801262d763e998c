"""Which sentences' memory a search keeps: what every selected row finds is its own sentence."""

import itertools

import pytest
import torch

from seqkit.nn.memory import sentences_to_keep


def kept_sentences(selected_rows, rows, sentences):
    """What `sentences_to_keep` says, as a list; all of them where it says None."""
    kept = sentences_to_keep(torch.tensor(selected_rows), rows, sentences)
    return list(range(sentences)) if kept is None else kept.tolist()


def found_by_rows(selected_rows, rows, sentences):
    """The sentence whose memory each selected row reads: rows share the kept ones evenly."""
    kept = kept_sentences(selected_rows, rows, sentences)
    rows_per_sentence = len(selected_rows) // len(kept)
    return [kept[row // rows_per_sentence] for row in range(len(selected_rows))]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_permuted_sentences_take_their_memory_along(order):
    selected_rows = [2 * sentence + row for sentence in order for row in (1, 0)]
    assert found_by_rows(selected_rows, 6, 3) == [s for s in order for _ in range(2)]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_every_row_finds_its_own_sentence_whatever_is_selected(count):
    for selected_rows in itertools.product(range(4), repeat=count):
        wanted = [row // 2 for row in selected_rows]
        assert found_by_rows(selected_rows, 4, 2) == wanted


def test_memory_is_not_copied_where_all_sentences_keep_their_place():
    for selected_rows in ([0, 1, 2, 3], [1, 1, 2, 2], [0, 3], [0, 1, 0, 1, 3, 3, 2, 2]):
        assert sentences_to_keep(torch.tensor(selected_rows), 4, 2) is None


def test_rows_of_a_sentence_share_its_memory_where_all_have_as_many():
    assert kept_sentences([4, 5, 0, 1], 6, 3) == [2, 0]


def test_each_row_gets_a_copy_where_sentences_have_different_numbers_of_rows():
    assert kept_sentences([0, 0, 2], 4, 2) == [0, 0, 1]
