"""Who is computed with whom, and when: with a model that waits until it is told to go on."""

import asyncio
import threading
import time

import pytest
from batched import Model

from seqkit.services import Pieces, Work
from seqkit.serving.batching import Batcher, Bounds
from seqkit.serving.errors import Overloaded, Stopping


@pytest.fixture
def model():
    return Model()


def run(model, scenario, **options):
    """Run `scenario(batcher)` while the model is busy with the number 0."""

    async def main():
        batcher = Batcher(**options)
        try:
            busy = batcher.submit(model.work([0]))
            await asyncio.to_thread(model.began.wait)
            found = await scenario(batcher)
            model.gate.set()
            assert await busy.wait() == [0]
            return found
        finally:
            model.gate.set()
            await asyncio.to_thread(batcher.close)

    return asyncio.run(main())


def test_requests_of_different_clients_are_computed_together(model):
    async def three(batcher):
        tickets = [batcher.submit(model.work([number])) for number in (1, 2, 3)]
        model.gate.set()
        return [await ticket.wait() for ticket in tickets]

    assert run(model, three) == [[2], [4], [6]]
    assert model.batches == [[0], [1, 2, 3]]


def test_other_settings_are_computed_by_themselves(model):
    async def three(batcher):
        kinds = zip((1, 2, 3), ("a", "b", "a"), strict=True)
        tickets = [batcher.submit(model.work([number], kind=kind)) for number, kind in kinds]
        model.gate.set()
        return [await ticket.wait() for ticket in tickets]

    run(model, three)
    assert model.batches == [[0], [1, 3], [2]]


def test_a_long_text_does_not_hold_up_a_short_one(model):
    async def both(batcher):
        long = batcher.submit(model.work(list(range(100, 140))))
        short = batcher.submit(model.work([1]))
        model.gate.set()
        await short.wait()
        return await long.wait()

    assert run(model, both, batch_tokens=10) == [2 * n for n in range(100, 140)]
    assert 1 in model.batches[1]
    assert max(map(len, model.batches)) == 10


def test_two_long_texts_take_turns(model):
    async def both(batcher):
        tickets = [batcher.submit(model.work(list(range(n, n + 6)))) for n in (100, 200)]
        model.gate.set()
        for ticket in tickets:
            await ticket.wait()

    run(model, both, batch_tokens=4)
    assert [sorted(batch) for batch in model.batches[1:]] == [
        [100, 101, 200, 201],
        [102, 103, 202, 203],
        [104, 105, 204, 205],
    ]


def test_a_long_sentence_is_not_computed_with_short_ones(model):
    async def three(batcher):
        long = batcher.submit(model.work([100], [90]))
        tickets = [long, *(batcher.submit(model.work([n], [10])) for n in (1, 2))]
        model.gate.set()
        for ticket in tickets:
            await ticket.wait()

    run(model, three)
    assert model.batches == [[0], [100], [1, 2]]


def test_who_fits_better_does_not_pass_those_who_have_waited_longer(model):
    """Of what came first, as much as fills a batch; only among these does length choose."""

    async def six(batcher):
        costs = enumerate([10, 12, 12, 10, 10, 10], 1)
        tickets = [batcher.submit(model.work([number], [cost])) for number, cost in costs]
        model.gate.set()
        for ticket in tickets:
            await ticket.wait()

    run(model, six, batch_tokens=36)
    assert [sorted(batch) for batch in model.batches] == [[0], [1, 2, 4], [3, 5, 6]]


def test_a_batch_has_no_more_tokens_than_it_may_with_its_padding(model):
    async def several(batcher):
        work = model.work([1, 2, 3, 4, 5], [10, 12, 15, 11, 10])
        model_ticket = batcher.submit(work)
        model.gate.set()
        return await model_ticket.wait()

    assert run(model, several, batch_tokens=30) == [2, 4, 6, 8, 10]
    assert model.batches == [[0], [1, 2], [3, 4], [5]]


def test_one_item_larger_than_a_batch_is_computed_alone(model):
    async def large(batcher):
        ticket = batcher.submit(model.work([1], [500]))
        model.gate.set()
        return await ticket.wait()

    assert run(model, large, batch_tokens=30) == [2]


def test_what_is_too_much_is_refused_and_says_when_to_come_again(model):
    async def many(batcher):
        first = batcher.submit(model.work([1], [90]))
        with pytest.raises(Overloaded) as refused:
            batcher.submit(model.work([2], [20]))
        batcher.submit(model.work([3], [5]))
        with pytest.raises(Overloaded):
            batcher.submit(model.work([4], [1]))
        model.gate.set()
        await first.wait()
        return refused.value

    refused = run(model, many, bounds=Bounds(requests=2, tokens=100))
    assert refused.status == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert 2 not in model.computed


def test_a_request_larger_than_the_queue_is_taken_while_nothing_else_waits(model):
    async def large(batcher):
        ticket = batcher.submit(model.work([1], [500]))
        model.gate.set()
        return await ticket.wait()

    assert run(model, large, bounds=Bounds(tokens=100)) == [2]


def test_what_waits_for_a_client_that_has_left_is_dropped(model):
    async def leaves(batcher):
        gone = batcher.submit(model.work([1, 2], [60, 30]))
        stays = batcher.submit(model.work([3]))
        gone.leave()
        batcher.submit(model.work([4], [90]))  # there is room again
        assert batcher.queued == (2, 91)
        model.gate.set()
        return await stays.wait()

    assert run(model, leaves, bounds=Bounds(tokens=100)) == [6]
    assert not {1, 2} & model.computed


def test_an_error_is_told_to_whom_it_belongs_and_to_nobody_else(model):
    async def three(batcher):
        tickets = [batcher.submit(model.work([number])) for number in (1, -1, 3)]
        model.gate.set()
        return await asyncio.gather(*(t.wait() for t in tickets), return_exceptions=True)

    first, error, third = run(model, three)
    assert (first, third) == ([2], [6])
    assert isinstance(error, ValueError)


def test_the_rest_of_a_request_that_has_failed_is_not_computed(model):
    async def fails(batcher):
        ticket = batcher.submit(model.work([-1, 1, 2]))
        other = batcher.submit(model.work([3]))
        model.gate.set()
        with pytest.raises(ValueError, match="no"):
            await ticket.wait()
        return await other.wait()

    assert run(model, fails, batch_tokens=1) == [6]
    assert not {1, 2} & model.computed


def test_results_are_reported_in_order_whatever_is_computed_first(model):
    async def unequal(batcher):
        ticket = batcher.submit(model.work([1, 2, 3], [10, 90, 10]))
        seen = []
        model.gate.set()
        while not ticket.is_done:
            await ticket.change()
            seen.append(ticket.ready)
        return seen, ticket.answer

    seen, answer = run(model, unequal)
    assert model.batches[1:] == [[1, 3], [2]]
    assert seen[-1] == 3
    assert set(seen) <= {1, 3}  # never 2: the second came last
    assert answer == [2, 4, 6]


def test_an_answer_that_grows_lets_others_have_their_turn(model):
    told = threading.Event()

    def grow():
        yield "a"
        told.wait()
        yield "b"
        while not any(9 in batch for batch in model.batches):
            yield "more"

    async def both(batcher):
        growing = batcher.submit(Pieces(grow(), list))
        short = batcher.submit(model.work([9]))
        model.gate.set()
        told.set()
        assert await short.wait() == [18]
        return await growing.wait()

    assert run(model, both)[:2] == ["a", "b"]


def test_an_answer_that_grows_ends_when_its_client_leaves(model):
    closed = threading.Event()

    def grow():
        try:
            while True:
                yield "more"
        finally:
            closed.set()

    async def leaves(batcher):
        ticket = batcher.submit(Pieces(grow(), list))
        model.gate.set()
        while not ticket.ready:
            await ticket.change()
        ticket.leave()
        return await asyncio.to_thread(closed.wait, 60)

    assert run(model, leaves)


def test_all_pieces_are_ready_before_a_request_is_done(model):
    ready = []

    async def whole(batcher):
        work = Pieces((n for n in range(3)), lambda found: ready.append(ticket.ready))
        ticket = batcher.submit(work)
        model.gate.set()
        await ticket.wait()

    run(model, whole)
    assert ready == [3]


def test_what_is_queued_is_answered_before_the_end_and_nothing_is_taken_after_it(model):
    async def main():
        batcher = Batcher()
        first = batcher.submit(model.work([1]))
        await asyncio.to_thread(model.began.wait)
        second = batcher.submit(model.work([2]))
        closing = asyncio.create_task(asyncio.to_thread(batcher.close))
        model.gate.set()
        await closing
        with pytest.raises(Stopping):
            batcher.submit(model.work([3]))
        return await first.wait(), await second.wait()

    assert asyncio.run(main()) == ([2], [4])


def test_many_threads_give_each_client_its_own_answers(model):
    model.gate.set()

    async def main():
        batcher = Batcher(threads=4, batch_tokens=7)
        requests = [list(range(n, n + n % 5)) for n in range(300)]
        tickets = [batcher.submit(model.work(numbers)) for numbers in requests]
        answers = [await ticket.wait() for ticket in tickets]
        await asyncio.to_thread(batcher.close)
        return requests, answers

    requests, answers = asyncio.run(main())
    assert answers == [[2 * number for number in numbers] for numbers in requests]


# More than one thread


def test_one_long_request_is_computed_by_all_threads():
    together = threading.Barrier(2)

    def compute(numbers):
        together.wait(60)  # raises if no other thread comes
        return numbers

    async def main():
        batcher = Batcher(threads=2, batch_tokens=1)
        await asyncio.to_thread(wait_until_idle, batcher)
        numbers = list(range(4))
        answer = await batcher.submit(Work("k", numbers, [1] * 4, compute, list)).wait()
        await asyncio.to_thread(batcher.close)
        return answer

    assert asyncio.run(main()) == [0, 1, 2, 3]


def wait_until_idle(batcher):
    """Until both threads wait: one that only begins would see the queue by itself."""
    end = time.monotonic() + 60
    while len(batcher._changed._waiters) < 2:
        assert time.monotonic() < end
        time.sleep(0.01)
