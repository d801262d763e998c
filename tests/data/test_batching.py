import itertools
import os

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.data import batching, read_parallel
from seqkit.data.batching import PairBatch, Rows, _by_length, pad, token_batches
from seqkit.data.corpora import ENVIRONMENT, Corpora
from seqkit.text import BOS, EOS, PAD, TextConfig, Tokenizer

QUICK = settings(deadline=None, database=None)
LENGTHS = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), max_size=80).map(
    lambda pairs: np.array(pairs, dtype=np.int64).reshape(-1, 2).T
)
IDS = st.lists(st.lists(st.integers(4, 2**31 - 1), max_size=9), min_size=1, max_size=9)


def plain(batches):
    return [batch.tolist() for batch in batches]


@QUICK
@given(LENGTHS, st.integers(1, 100), st.sampled_from([None, 0, 1]))
def test_each_pair_is_in_exactly_one_batch_and_no_batch_is_over_the_budget(lengths, budget, seed):
    rng = None if seed is None else np.random.default_rng(seed)
    batches = token_batches(*lengths, budget, rng)

    indices = [i for batch in plain(batches) for i in batch]
    assert sorted(indices) == list(range(lengths.shape[1]))
    for batch in batches:
        assert lengths[1][batch].sum() <= budget or len(batch) == 1


@QUICK
@given(LENGTHS, st.integers(1, 100))
def test_a_batch_is_closed_only_when_the_next_pair_does_not_fit(lengths, budget):
    batches = token_batches(*lengths, budget)
    for batch, after in itertools.pairwise(batches):
        assert lengths[1][batch].sum() + lengths[1][after[0]] > budget


@QUICK
@given(LENGTHS, st.sampled_from([None, 0, 1]), st.sampled_from([1, 300]))
def test_pairs_come_in_the_order_of_a_sort_by_all_keys_at_once(lengths, seed, factor):
    sources, targets = lengths * factor  # 300: keys of more than 16 bits
    ties = np.arange(len(targets)) if seed is None else rng_of(seed).permutation(len(targets))
    signed = np.where(targets // 2 % 2 == 1, -sources, sources)
    expected = np.lexsort((ties, targets, signed, targets // 2))

    rng = None if seed is None else rng_of(seed)
    assert _by_length(sources, targets, rng).tolist() == expected.tolist()


def rng_of(seed):
    return np.random.default_rng(seed)


def test_a_pair_longer_than_the_budget_has_a_batch_of_its_own():
    batches = token_batches(np.array([3, 50, 3]), np.array([4, 60, 4]), 10)
    assert sorted(map(sorted, plain(batches))) == [[0, 2], [1]]


@QUICK
@given(LENGTHS, st.integers(1, 100), st.integers(0, 9), st.integers(0, 9))
def test_batches_are_a_pure_function_of_seed_and_epoch(lengths, budget, seed, epoch):
    np.random.seed(seed)
    first = plain(token_batches(*lengths, budget, np.random.default_rng((seed, epoch))))
    np.random.seed(99)
    assert plain(token_batches(*lengths, budget, np.random.default_rng((seed, epoch)))) == first


def test_another_seed_or_epoch_gives_another_order_and_other_batches():
    sources, targets = np.random.default_rng(0).integers(1, 20, (2, 500))

    def batches_of(*key):
        return plain(token_batches(sources, targets, 100, np.random.default_rng(key)))

    first, other_epoch, other_seed = batches_of(1, 0), batches_of(1, 1), batches_of(2, 0)
    assert first != other_epoch != other_seed != first

    as_sets = [{frozenset(b) for b in batches} for batches in (first, other_epoch, other_seed)]
    assert as_sets[0] != as_sets[1] != as_sets[2]

    longest = [max(targets[batch]) for batch in first]
    assert longest != sorted(longest), "batches must not come in the order of their length"


def test_without_pairs_there_are_no_batches():
    none = np.array([], dtype=np.int64)
    assert token_batches(none, none, 10, np.random.default_rng(1)) == []


def test_at_least_95_percent_of_the_padded_area_of_multi30k_is_real_tokens():
    if not os.environ.get(ENVIRONMENT):
        pytest.skip(f"{ENVIRONMENT} is not set: the real corpus is not here")

    text = read_parallel(Corpora().locate("multi30k", ["train.de.gz", "train.en.gz"]))
    assert len(text) == 29_000
    tokenizer = Tokenizer.train([*text.sources, *text.targets], TextConfig(train_sentences=20_000))
    sources = Rows(tokenizer.encode_all(text.sources, eos=True))
    targets = Rows(tokenizer.encode_all(text.targets, eos=True))

    real = padded = 0
    rng = np.random.default_rng((1, 0))
    for indices in token_batches(sources.lengths, targets.lengths, 3000, rng):
        batch = PairBatch.of(sources, targets, indices)
        assert batch.count == int((batch.targets != PAD).sum()) <= 3000
        real += int((batch.source != PAD).sum()) + batch.count
        padded += batch.source.numel() + batch.targets.numel()

    assert real == sources.lengths.sum() + targets.lengths.sum()
    assert real / padded >= 0.95


@QUICK
@given(IDS, st.data())
def test_rows_hold_what_plain_lists_hold(lists, data):
    rows = Rows(iter(lists))
    assert len(rows) == len(lists)
    assert rows.lengths.tolist() == [len(row) for row in lists]
    assert [rows[i] for i in range(len(rows))] == lists

    chosen = data.draw(st.lists(st.integers(0, len(lists) - 1), min_size=1))
    longest = max(len(lists[i]) for i in chosen)
    expected = [lists[i] + [PAD] * (longest - len(lists[i])) for i in chosen]
    table = rows.padded(np.array(chosen))
    assert table.shape == (len(chosen), longest)
    assert table.dtype == torch.int64
    assert table.tolist() == expected


def test_there_may_be_no_rows():
    assert len(Rows([])) == 0
    assert Rows([]).share(4) == 0


def test_the_share_of_a_token_is_counted_over_all_rows():
    assert Rows([[4, 5, 4], [], [6]]).share(4) == 0.5


def test_some_of_the_rows_share_the_ids_of_all():
    rows = Rows([[4, 5, 4], [], [6], [7, 4]])
    some = rows.at(np.array([3, 0, 1]))
    assert [some[i] for i in range(3)] == [[7, 4], [4, 5, 4], []]
    assert some.ids.tolist() == [7, 4, 4, 5, 4]
    assert some.share(4) == 3 / 5
    assert some.padded(np.array([0, 2])).tolist() == [[7, 4], [PAD, PAD]]


@QUICK
@given(IDS, st.data())
def test_the_ids_of_chosen_rows_are_theirs_in_their_order(lists, data):
    chosen = data.draw(st.lists(st.integers(0, len(lists) - 1)))
    some = Rows(lists).at(np.array(chosen, np.int64))
    expected = [token for i in chosen for token in lists[i]]
    assert some.ids.tolist() == expected
    assert some.share(4) == (expected.count(4) / len(expected) if expected else 0)


def test_the_ids_of_rows_in_another_order_come_in_that_order():
    rows = Rows([[4, 5, 6], [7], []])
    assert rows.at(np.array([2, 1, 0])).ids.tolist() == [7, 4, 5, 6]
    assert rows.at(np.array([], np.int64)).ids.tolist() == []


def test_more_ids_than_a_block_are_all_counted(monkeypatch):
    monkeypatch.setattr(batching, "_IDS", 3)
    assert Rows([[4, 5, 4, 4], [], [6, 4, 7, 8]]).share(4) == 0.5


def test_rows_can_be_made_of_flat_arrays():
    ids = np.array([4, 5, 6, 7], np.uint16)
    rows = Rows.of_arrays(ids, np.array([1, 0, 3], np.int32))
    assert [rows[i] for i in range(3)] == [[4], [], [5, 6, 7]]
    assert rows.ids is ids


@QUICK
@given(IDS)
def test_pad_agrees_with_pad_sequence_of_torch(lists):
    tensors = [torch.tensor(row, dtype=torch.int64) for row in lists]
    theirs = torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True, padding_value=PAD)
    assert torch.equal(pad(lists), theirs)


@QUICK
@given(IDS, IDS, st.randoms(use_true_random=False))
def test_the_decoder_input_is_the_target_one_step_later(left, right, random):
    n = min(len(left), len(right))
    left = [[*row, EOS] for row in left[:n]]
    right = [[*row, EOS] for row in right[:n]]
    order = random.sample(range(n), n)
    batch = PairBatch.of(Rows(left), Rows(right), np.array(order))
    assert batch.inputs.shape == batch.targets.shape
    assert batch.count == sum(map(len, right))
    for place, i in enumerate(order):
        length = len(right[i])
        assert batch.source[place, : len(left[i])].tolist() == left[i]
        assert batch.targets[place, :length].tolist() == right[i]
        assert batch.inputs[place, :length].tolist() == [BOS, *right[i][:-1]]
        assert set(batch.targets[place, length:].tolist()) <= {PAD}


def test_a_batch_moves_to_a_device_as_a_whole():
    batch = PairBatch.of(Rows([[5, EOS]]), Rows([[6, 7, EOS]]), np.array([0]))
    moved = batch.to(torch.device("meta"))
    for tensor in (moved.source, moved.inputs, moved.targets):
        assert tensor.device.type == "meta"
    assert moved.count == 3


def test_rows_and_batches_have_a_short_repr():
    rows = Rows([[5, 6, EOS], [7, EOS]])
    assert repr(rows) == "<Rows: 2 sequences, 5 ids>"
    batch = PairBatch.of(rows, Rows([[6, 7, 8, EOS], [6, EOS]]), np.array([0, 1]))
    assert repr(batch) == "<PairBatch: 2 pairs, 3 and 4 long, 6 targets>"


def test_rows_are_the_same_whatever_is_a_list_at_once(monkeypatch):
    every = [[1, 2], [], [3], [4, 5, 6], []]
    for size in (1, 2, 5, 9):
        monkeypatch.setattr(batching, "_ROWS", size)
        rows = Rows(row for row in every)
        assert [rows[i] for i in range(len(rows))] == every
        assert (rows.total, rows.ids.tolist()) == (6, [1, 2, 3, 4, 5, 6])
    assert len(Rows([])) == 0
