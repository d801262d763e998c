"""Processes of one machine add numbers up in memory that they share.

Through gloo's sockets, the gradients of 4 million weights take each process 9 ms of CPU time, and
four numbers half a millisecond: time in which its core does not train.
"""

from __future__ import annotations

import mmap
import os
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import IO, Any

import torch
from torch import Tensor

PIECE = 1 << 22  # bytes of each process that are added up at once: they stay in the cache

_SECONDS = 1800.0  # for a process that is late, as gloo waits
_HERE = b"."
_GONE = "another process has ended"


class OneMachine:
    """Memory that processes share, and sockets between the first of them and the others.

    The memory is a piece for each process, and one for their sum. Once found, neither it nor the
    sockets have a name that a crash could leave behind.
    """

    def __init__(self, rank: int, memory: mmap.mmap, sockets: Sequence[socket.socket]) -> None:
        self._rank = rank
        self._sockets = sockets  # of the first process to all others, of another one to the first
        *self._pieces, self._sum = torch.frombuffer(memory, dtype=torch.uint8).split(PIECE)

        for each in sockets:
            each.settimeout(_SECONDS)
        os.register_at_fork(after_in_child=self._close)  # or nobody would notice that we end

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Add tensors of one type up over all processes, in place; all get the same, bit for bit.

        Raises OSError if another process has ended, and then in all others, too.
        """
        flat = [tensor.reshape(-1) for tensor in tensors]
        try:
            for parts in _in_pieces(flat):
                self._add_up_piece(parts)
        except OSError:
            self._close()  # those who wait for this one learn of it now, not when it ends
            raise

        for tensor, result in zip(tensors, flat, strict=True):
            if not tensor.is_contiguous():  # so that the result is in a copy
                tensor.copy_(result.view_as(tensor))

    def _add_up_piece(self, parts: list[Tensor]) -> None:
        """Each process adds its share of the numbers up."""
        sizes = [len(part) for part in parts]
        dtype = parts[0].dtype
        used = sum(sizes) * dtype.itemsize
        pieces = [piece[:used].view(dtype) for piece in self._pieces]
        total = self._sum[:used].view(dtype)
        share = self._share_of(len(total))

        torch._foreach_copy_(pieces[self._rank].split(sizes), parts)
        self._meet()
        first, second, *others = (piece[share] for piece in pieces)
        torch.add(first, second, out=total[share])
        for other in others:
            total[share].add_(other)
        self._meet()
        torch._foreach_copy_(parts, total.split(sizes))

    def _share_of(self, count: int) -> slice:
        world = len(self._pieces)
        return slice(count * self._rank // world, count * (self._rank + 1) // world)

    def _meet(self) -> None:
        """Wait until all are here: they say so to the first one, which then answers."""
        if self._rank:
            self._sockets[0].sendall(_HERE)
        for other in self._sockets:
            if not other.recv(1):
                raise ConnectionError(_GONE)
        if not self._rank:
            for other in self._sockets:
                other.sendall(_HERE)

    def _close(self) -> None:
        for each in self._sockets:
            each.close()


def _in_pieces(flat: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Parts of them in order, as many at once as a piece of memory holds."""
    parts: list[Tensor] = []
    room = PIECE
    for rest in flat:
        while len(rest):
            fitting = room // rest.itemsize
            parts.append(rest[:fitting])
            room -= parts[-1].nbytes
            rest = rest[fitting:]
            if not room:
                yield parts
                parts, room = [], PIECE
    if parts:
        yield parts


def found_machine(rank: int, world: int, gather: Callable[[Any], list[Any]]) -> OneMachine | None:
    """What the processes share, or None if they are not all on one machine, or it cannot do this.

    All of them call it; `gather` gives each what all have given.
    """
    return _found_by_another(rank, gather) if rank else _found_by_the_first(world, gather)


def _found_by_the_first(world: int, gather: Callable[[Any], list[Any]]) -> OneMachine | None:
    """Makes the memory, and hands it to those who find its socket."""
    address = ""
    with ExitStack() as stack:
        try:
            file = stack.enter_context(_anonymous_file())
            os.truncate(file.fileno(), PIECE * (world + 1))
            memory = mmap.mmap(file.fileno(), 0)

            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="seqkit-"))
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(os.path.join(folder, "first"))
            listener.listen(world)
            address = listener.getsockname()
        except (OSError, AttributeError):  # Windows has no such sockets
            pass

        gather(address)
        if not all(gather(bool(address))):
            return None
        sockets = [listener.accept()[0] for _ in range(world - 1)]
        for each in sockets:
            socket.send_fds(each, [_HERE], [file.fileno()])
        return OneMachine(0, memory, sockets)


def _found_by_another(rank: int, gather: Callable[[Any], list[Any]]) -> OneMachine | None:
    first = _connected(gather("")[0])
    if not all(gather(first is not None)) or first is None:
        if first is not None:
            first.close()
        return None

    _, files, _, _ = socket.recv_fds(first, 1, 1)
    if not files:
        raise ConnectionError(_GONE)
    with os.fdopen(files[0], "r+b") as file:
        memory = mmap.mmap(file.fileno(), 0)
    return OneMachine(rank, memory, [first])


def _connected(address: str) -> socket.socket | None:
    if not address:
        return None
    first = socket.socket(socket.AF_UNIX)
    try:
        first.connect(address)
    except OSError:  # it is an address on another machine
        first.close()
        return None
    return first


def _anonymous_file() -> IO[bytes]:
    """In memory on Linux, where /dev/shm is often small: 64 MB in a container."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("seqkit"), "r+b")
    return tempfile.TemporaryFile()
