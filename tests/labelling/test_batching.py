"""Which texts share a batch."""

import numpy as np

from seqkit.labelling.batching import reading_order, training_order

LENGTHS = np.random.default_rng(0).integers(1, 50, size=103)


def test_an_epoch_has_every_text_once_and_only_one_batch_is_smaller():
    batches = training_order(LENGTHS, 8, seed=1, epoch=0)
    assert sorted(np.concatenate(batches)) == list(range(103))
    assert sorted(map(len, batches)) == [7, *[8] * 12]


def test_epochs_differ_and_each_is_the_same_again():
    first, second = (training_order(LENGTHS, 8, seed=1, epoch=epoch) for epoch in (0, 1))
    again = training_order(LENGTHS, 8, seed=1, epoch=0)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert {tuple(sorted(b)) for b in first} != {tuple(sorted(b)) for b in second}


def test_texts_of_a_batch_have_similar_lengths():
    padding = [LENGTHS[b].max() - LENGTHS[b].min() for b in reading_order(LENGTHS, 8)]
    assert max(padding) < 10  # of lengths from 1 to 49
    shuffled = [np.ptp(LENGTHS[b]) for b in training_order(LENGTHS, 8, seed=1, epoch=0)]
    assert max(shuffled) < 10
