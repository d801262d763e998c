"""Processes that add up in memory which they share, and how they find out that they can."""

import socket
import threading
import time

import pytest
import torch
from torch import nn

from seqkit.errors import TrainingError
from seqkit.training import one_machine, together
from seqkit.training.one_machine import found_machine
from seqkit.training.processes import Processes


class Untrained:
    """A task whose steps nobody takes."""


class Gathering:
    """What processes tell each other through gloo; here they are threads."""

    def __init__(self, world):
        self.told = [None] * world
        self.barrier = threading.Barrier(world, timeout=60)

    def of(self, rank):
        def gather(value):
            self.told[rank] = value
            self.barrier.wait()
            everything = list(self.told)
            self.barrier.wait()
            return everything

        return gather


def by_each(world, work):
    """What `work(rank)` returns in a thread for each rank."""
    found = [None] * world

    def run(rank):
        found[rank] = work(rank)

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(world)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def machines(world):
    gathering = Gathering(world)
    return by_each(world, lambda rank: found_machine(rank, world, gathering.of(rank)))


@pytest.fixture
def closing():
    """Closes what a test has made."""
    made = []
    yield made.extend
    for machine in made:
        machine._close()


@pytest.mark.parametrize("world", [2, 3, 5])
@pytest.mark.parametrize("count", [0, 1, 7, 1000])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64])
def test_numbers_are_added_up_over_all(monkeypatch, closing, world, count, dtype):
    """A piece holds 32 bytes: 1,000 numbers are many pieces, and the last is not full."""
    monkeypatch.setattr(one_machine, "PIECE", 32)
    joined = machines(world)
    closing(joined)

    def add_up(rank):
        numbers = torch.arange(count).to(dtype) * 3 + rank
        joined[rank].add_up([numbers])
        return numbers

    expected = torch.arange(count).to(dtype) * 3 * world + sum(range(world))
    for found in by_each(world, add_up):
        assert torch.equal(found, expected)


def test_tensors_of_any_shape_are_added_up_as_one(monkeypatch, closing):
    monkeypatch.setattr(one_machine, "PIECE", 32)
    joined = machines(2)
    closing(joined)

    def add_up(rank):
        turned = torch.arange(12.0).view(3, 4).t()
        tensors = [torch.ones(2, 5), torch.tensor(2.0), torch.ones(0), turned]
        tensors = [tensor.mul_(rank + 1) for tensor in tensors]
        joined[rank].add_up(tensors)
        return tensors

    expected = [torch.ones(2, 5) * 3, torch.tensor(6.0), torch.ones(0)]
    for found in by_each(2, add_up):
        torch.testing.assert_close(found, [*expected, torch.arange(12.0).view(3, 4).t() * 3])


def test_all_get_the_same_bit_for_bit(closing):
    joined = machines(3)
    closing(joined)
    numbers = torch.randn(3, 1001, generator=torch.Generator().manual_seed(1))
    expected = numbers[0] + numbers[1] + numbers[2]

    def add_up(rank):
        own = numbers[rank].clone()
        joined[rank].add_up([own])
        return own

    for found in by_each(3, add_up):
        assert torch.equal(found, expected)


@pytest.mark.parametrize("gone", [0, 2])
def test_the_end_of_one_is_an_error_in_the_others(closing, gone):
    joined = machines(3)
    closing(joined)

    def add_up(rank):
        if rank == gone:
            joined[rank]._close()
            return None
        try:
            joined[rank].add_up([torch.ones(4)])
        except OSError as error:
            return error
        return None

    found = by_each(3, add_up)
    assert [isinstance(error, OSError) for error in found] == [rank != gone for rank in range(3)]


def test_the_end_of_the_first_before_it_has_shared_is_an_error_in_another(monkeypatch):
    ended, own = socket.socketpair()
    ended.close()
    monkeypatch.setattr(one_machine, "_connected", lambda address: own)
    with own, pytest.raises(ConnectionError):
        found_machine(1, 2, lambda value: [True, True])


def test_the_first_waits_for_one_that_is_late(closing):
    joined = machines(2)
    closing(joined)

    def add_up(rank):
        if rank:
            time.sleep(0.2)
        numbers = torch.full((3,), float(rank + 1))
        joined[rank].add_up([numbers])
        return numbers.tolist()

    assert by_each(2, add_up) == [[3.0] * 3] * 2


def begun(rank, joined, gathering, model):
    """What the process trains in, with `model`, or why it does not."""
    telling = {"gather_records": lambda self, record: gathering.of(rank)(record)}
    group = type("Joined", (Processes,), {"machine": joined[rank], **telling})
    try:
        return together.joined(Untrained(), model, group(rank, len(joined)))
    except TrainingError as error:
        return str(error)


def test_all_begin_with_the_weights_and_buffers_of_the_first(monkeypatch, closing):
    """Also where two share memory, and do not fit into a piece together."""
    monkeypatch.setattr(one_machine, "PIECE", 32)
    joined, gathering = machines(2), Gathering(2)
    closing(joined)

    def begin(rank):
        model = nn.BatchNorm1d(3)
        model.register_buffer("seen", model.weight.detach())
        for tensor in model.state_dict().values():
            tensor.fill_(rank + 1)
        assert isinstance(begun(rank, joined, gathering, model), together.Beside)
        return model

    for model in by_each(2, begin):
        assert isinstance(model, nn.Module)
        assert all(bool((tensor == 1).all()) for tensor in model.state_dict().values())


def test_processes_that_have_made_different_models_all_say_so(closing):
    joined, gathering = machines(3), Gathering(3)
    closing(joined)
    widths = [4, 4, 5]
    found = by_each(3, lambda rank: begun(rank, joined, gathering, nn.Linear(widths[rank], 2)))
    assert [why.partition(":")[0] for why in found] == [
        "process 2 has made another model than process 0"
    ] * 3


def test_one_on_another_machine_is_known_by_all(monkeypatch):
    """It does not find the socket."""
    connected = one_machine._connected
    monkeypatch.setattr(
        one_machine,
        "_connected",
        lambda address: connected(
            "/elsewhere" if threading.current_thread().name == "far" else address
        ),
    )

    gathering = Gathering(3)

    def find(rank):
        threading.current_thread().name = "far" if rank == 2 else "near"
        return found_machine(rank, 3, gathering.of(rank))

    assert by_each(3, find) == [None] * 3


def test_a_machine_without_such_sockets_does_without(monkeypatch):
    monkeypatch.delattr("socket.AF_UNIX")
    assert machines(2) == [None, None]
