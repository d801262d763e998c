"""Work that breaks its contract, and an end that waits for nobody: others are answered anyway."""

import asyncio

import pytest
from batched import Model

from seqkit.services import Pieces, Work
from seqkit.serving.batching import Batcher
from seqkit.serving.errors import Stopping


@pytest.fixture
def model():
    return Model()


def after(model, breaks, **options):
    """What the first request raises, and what a sound one gets after it."""
    model.gate.set()

    async def main():
        batcher = Batcher(**options)
        try:
            first = await asyncio.gather(
                asyncio.wait_for(breaks(batcher), 60), return_exceptions=True
            )
            second = await asyncio.wait_for(batcher.submit(model.work([4])).wait(), 60)
        finally:
            await asyncio.to_thread(batcher.close)
        return first[0], second

    return asyncio.run(main())


def test_results_that_are_too_few_are_an_error_of_their_request_alone(model):
    async def short(batcher):
        work = Work("short", [1, 2], [1, 1], lambda numbers: numbers[:-1], list)
        return await batcher.submit(work).wait()

    error, answer = after(model, short)
    assert str(error) == "2 items gave 1 results"
    assert answer == [8]


def test_what_counts_batches_may_break_without_the_model(model):
    def observe(items, tokens, seconds):
        raise OSError("no room to count")

    async def one(batcher):
        return await batcher.submit(model.work([3])).wait()

    assert after(model, one, observe=observe) == ([6], [8])


def test_pieces_that_do_not_end_well_end_nothing_else(model):
    def grow():
        try:
            while True:
                yield "more"
        finally:
            raise OSError("in its end")

    async def leaves(batcher):
        ticket = batcher.submit(Pieces(grow(), list))
        while not ticket.ready:
            await ticket.change()
        ticket.leave()

    assert after(model, leaves) == (None, [8])


@pytest.mark.parametrize("work", [("k", [1, 2], [1]), ([], [1], [1])])
def test_work_that_cannot_be_batched_is_refused_before_it_meets_others(model, work):
    async def wrong(batcher):
        return await batcher.submit(Work(*work, list, list)).wait()

    error, answer = after(model, wrong)
    assert isinstance(error, ValueError | TypeError)
    assert answer == [8]


def test_an_end_that_is_urgent_waits_for_no_batch(model):
    async def main():
        batcher = Batcher()
        computed = batcher.submit(model.work([1]))
        await asyncio.to_thread(model.began.wait)
        queued = batcher.submit(model.work([2]))
        await asyncio.to_thread(batcher.close, 0.01)
        with pytest.raises(Stopping):
            await queued.wait()
        assert not computed.is_done
        model.gate.set()
        return await computed.wait()

    try:
        assert asyncio.run(main()) == [2]
    finally:
        model.gate.set()
    assert 2 not in model.computed
