"""An encoder and a decoder in a search, by the compiled library.

The twin of `searching.PlainLayers`, for float32 on the CPU. Padding is not computed. What has been
decoded is in slots that all hypotheses share, and each keeps a list of its own: when they change
places, lists change and nothing else.

Shapes: B sentences, S source positions, P of them with a token, R rows (hypotheses), t target
positions so far, D width, V vocabulary, W numbers in a slot.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..native.layers import NO_SUCH_PLACE
from .packed import Compiled, PackedNetwork, Seen, Tokens
from .transformer import DecoderLayer, Embedding, EncoderLayer

_STEPS = 8  # that there is room for at least
_LEAST_ROOM = 64  # slots


class _Store:
    """Slots. Each step takes one for each row; they are written once."""

    def __init__(self, pool: Tensor, taken: int) -> None:
        self.pool = pool  # (layers, slots, W)
        self.taken = taken


class CompiledPast(NamedTuple):
    """What the rows of a search have decoded so far, and which sentence each has read."""

    store: _Store
    paths: Tensor  # (R', t) int32, the slots of each row
    sentence: Tensor  # (R',)
    rows: Tensor | None = None  # (R,) of these, picked by the next step; None: all, as they are

    def picked(self) -> CompiledPast:
        """With those rows only."""
        if self.rows is None:
            return self
        return CompiledPast(self.store, self.paths[self.rows], self.sentence[self.rows])


class CompiledMemory(NamedTuple):
    """What the rows of a search can read."""

    pool: Tensor  # (layers, P, W)
    slots: Tensor  # (P,) int32: 0, 1, 2, …
    first: Tensor  # (B + 1,) where each sentence begins


class CompiledLayers:
    """The layers of both sides, with the weights that they have when it is made."""

    def __init__(
        self,
        compiled: Compiled,
        encoder: tuple[Sequence[EncoderLayer], nn.Module],
        decoder: tuple[Sequence[DecoderLayer], nn.Module],
        embedding: Embedding,
        output: Tensor,
        bias: Tensor | None,
    ) -> None:
        """Of either side layers and the norm after them; the target `embedding`, which is used as
        it is then; `output` (V, D), `bias` (V,).
        """
        self._library = compiled.library
        self._embedding = embedding
        self._output, self._bias = output, bias
        self._encoder = PackedNetwork(compiled, *encoder)
        self._decoder = PackedNetwork(compiled, *decoder, output, bias)

    def __repr__(self) -> str:
        return f"CompiledLayers({self._encoder!r}, {self._decoder!r})"

    def over(self, tokens: Tensor) -> CompiledLayers:
        """The same layers, with logits of these tokens (U,) only."""
        narrowed = copy(self)
        bias = None if self._bias is None else self._bias[tokens]
        narrowed._decoder = self._decoder.with_output(self._output[tokens], bias)
        return narrowed

    def begin(self, x: Tensor, mask: Tensor | None) -> tuple[CompiledPast, CompiledMemory] | None:
        """Before the first step: embedded sources (B, S, D), mask (B, 1, 1, S) or None.

        None for a source without a token, which nothing can be read of.
        """
        sentences, length, width = x.shape
        if mask is None:
            first = torch.arange(sentences + 1, device=x.device) * length
            tokens = x.reshape(-1, width)
        else:
            real = mask.view(sentences, length)
            counts = real.sum(1)
            if not bool(counts.all()):
                return None
            first = counts.new_zeros(sentences + 1)
            torch.cumsum(counts, 0, out=first[1:])
            tokens = x[real]

        sentence = torch.arange(sentences, device=x.device)
        of_token = sentence.repeat_interleave(first.diff())
        slots = torch.arange(len(tokens), dtype=torch.int32, device=x.device)
        pool = x.new_empty(1, len(tokens), self._encoder.slot_width)
        own = Seen(pool, slots, of_token, first)
        encoded = self._encoder.run(tokens, slots, own, borders=first.tolist())

        memory = CompiledMemory(self._decoder.read(encoded), slots, first)
        store = _Store(memory.pool.new_empty(len(memory.pool), 0, self._decoder.slot_width), 0)
        paths = slots.new_empty(sentences, 0)
        return CompiledPast(store, paths, sentence), memory

    def step(
        self, ids: Tensor, position: int, past: CompiledPast, memory: CompiledMemory
    ) -> tuple[Tensor, CompiledPast]:
        """The tokens (R,) at one target position -> logits (R, V), the past with it"""
        past = self._extended(_with_room(past, len(ids)), len(ids))
        own = Seen(past.store.pool, past.paths)
        source = Seen(memory.pool, memory.slots, past.sentence, memory.first)
        tokens = Tokens(ids.contiguous(), self._embedding, position)
        return self._decoder.run(tokens, past.paths[:, -1], own, source), past

    def _extended(self, past: CompiledPast, rows: int) -> CompiledPast:
        """With another slot for each row."""
        store, picked = past.store, past.rows
        before, length = past.paths.shape
        paths = past.paths.new_empty(rows, length + 1)
        sentence = past.sentence.new_empty(rows)
        done = self._library.seqkit_extend_paths(
            before,
            length,
            past.paths.data_ptr(),
            past.sentence.data_ptr(),
            rows,
            None if picked is None else picked.data_ptr(),
            store.taken,
            paths.data_ptr(),
            sentence.data_ptr(),
        )
        if done == NO_SUCH_PLACE:
            raise IndexError(f"a search goes on from a row that is none of its {before}")
        store.taken += rows
        return CompiledPast(store, paths, sentence)

    def select(
        self, past: CompiledPast, memory: CompiledMemory, rows: Tensor
    ) -> tuple[CompiledPast, CompiledMemory]:
        """What the `rows` (R',) have decoded and read, in that order."""
        return past.picked()._replace(rows=rows.to(torch.int64).contiguous()), memory


def _with_room(past: CompiledPast, rows: int) -> CompiledPast:
    """With room for another slot for each of the rows: what none sees is left behind."""
    layers, capacity, width = past.store.pool.shape
    if past.store.taken + rows <= capacity:
        return past

    past = past.picked()
    used, renamed = past.paths.unique(return_inverse=True)
    taken = len(used)
    room = max(_STEPS * rows, taken, _LEAST_ROOM)
    larger = past.store.pool.new_empty(layers, taken + room, width)
    for before, after in zip(past.store.pool, larger, strict=True):
        torch.index_select(before, 0, used, out=after[:taken])
    return past._replace(store=_Store(larger, taken), paths=renamed.to(torch.int32))
