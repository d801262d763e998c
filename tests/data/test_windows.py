"""Splitting one long text into batches."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.data.windows import WindowBatch, random_windows, sequential, sliding, whole

QUICK = settings(deadline=None, database=None)
SIZES = given(
    length=st.integers(2, 90),
    batch=st.integers(1, 4),
    steps=st.integers(1, 9),
    seed=st.integers(0, 5),
)


def text(length):
    return np.arange(length, dtype=np.int32)


def follows(batch):
    return torch.equal(batch.targets, batch.inputs + 1)


@QUICK
@SIZES
def test_sequential_batches_continue_where_the_last_one_ended(length, batch, steps, seed):
    batches = list(sequential(text(length), batch, steps, seed=seed, epoch=0))
    for number, made in enumerate(batches):
        assert made.inputs.shape == (batch, steps)
        assert follows(made)
        assert made.fresh == (number == 0)
        if number:
            assert torch.equal(made.inputs[:, 0], batches[number - 1].inputs[:, -1] + 1)
    seen = [i for made in batches for i in made.targets.flatten().tolist()]
    assert len(set(seen)) == len(seen)
    most_lost = batch * (2 * steps) + batch  # an end of each part, and the offset
    assert len(seen) > length - 1 - most_lost


@QUICK
@SIZES
def test_random_windows_cover_the_text_once(length, batch, steps, seed):
    batches = list(random_windows(text(length), batch, steps, seed=seed, epoch=0))
    for made in batches:
        assert made.fresh
        assert follows(made)
        assert made.inputs.shape == (batch, steps)
    seen = [i for made in batches for i in made.targets.flatten().tolist()]
    assert len(set(seen)) == len(seen)
    assert len(seen) > length - 1 - steps * (batch + 2)


@pytest.mark.parametrize("batches_of", [sequential, random_windows])
def test_batches_depend_on_seed_and_epoch_only_and_start_anywhere(batches_of):
    def made(seed, epoch, start=0):
        batches = batches_of(text(500), 3, 7, seed=seed, epoch=epoch, start=start)
        return [batch.inputs.tolist() for batch in batches]

    assert made(1, 0) == made(1, 0)
    assert made(1, 0)[5:] == made(1, 0, start=5)
    assert any(made(1, 0) != made(1, epoch) for epoch in range(1, 4))
    assert any(made(1, 0) != made(seed, 0) for seed in range(2, 5))


@QUICK
@given(length=st.integers(0, 60), steps=st.integers(1, 20))
def test_whole_gives_every_target_once_in_order(length, steps):
    batches = list(whole(text(length), steps))
    assert [i for made in batches for i in made.targets[0].tolist()] == list(range(1, length))
    assert all(follows(made) for made in batches)
    assert [made.fresh for made in batches] == [number == 0 for number in range(len(batches))]


@QUICK
@given(
    length=st.integers(0, 80), window=st.integers(1, 12), data=st.data(), batch=st.integers(1, 4)
)
def test_sliding_scores_every_target_once_with_enough_tokens_before_it(length, window, data, batch):
    stride = data.draw(st.integers(1, window))
    seen = []
    for number, made in enumerate(sliding(text(length), window, stride, batch)):
        assert follows(made)
        scored = made.scored
        if scored is None:
            scored = torch.ones_like(made.inputs, dtype=torch.bool)
        assert made.count == int(scored.sum())
        seen += made.targets[scored].tolist()
        if number:
            before = scored.float().argmax(1)  # tokens of the window before the first scored one
            assert (before >= window - stride).all()
    assert sorted(seen) == list(range(1, length))


def test_a_batch_moves_to_a_device_as_a_whole():
    scored = torch.tensor([[True, False]])
    batch = WindowBatch(torch.ones(1, 2), torch.ones(1, 2), fresh=True, scored=scored)
    moved = batch.to(torch.device("meta"))
    assert moved.fresh
    for tensor in (moved.inputs, moved.targets, moved.scored):
        assert tensor.device.type == "meta"


def test_only_scored_targets_are_picked_and_counted():
    scored = torch.tensor([[True, False], [True, True]])
    targets = torch.tensor([[1, 2], [3, 4]])
    hidden = torch.arange(12.0).reshape(2, 2, 3)

    batch = WindowBatch(targets - 1, targets, fresh=True, scored=scored)
    assert batch.count == 3
    picked, wanted = batch.pick_scored(hidden)
    assert wanted.tolist() == [1, 3, 4]
    assert torch.equal(picked, hidden.reshape(4, 3)[[0, 2, 3]])

    everywhere = WindowBatch(targets - 1, targets, fresh=True)
    assert everywhere.count == 4
    assert everywhere.pick_scored(hidden)[1].tolist() == [1, 2, 3, 4]


def test_a_batch_has_a_short_repr():
    first, second = list(sequential(text(33), 2, 7, seed=1, epoch=0))
    assert repr(first) == "<WindowBatch: 2 × 7, 14 targets, fresh>"
    assert repr(second) == "<WindowBatch: 2 × 7, 14 targets, with carried state>"
