"""An encoder and a decoder in a search, by the compiled library.

The twin of `searching.PlainLayers` on the CPU, in float32 or with products in 8 bits. Padding is
not computed. What has been decoded is in slots that all hypotheses share, and each keeps a list of
its own: when they change places, lists change and nothing else.

Shapes: B sentences, S source positions, P of them with a token, R rows (hypotheses), t target
positions so far, D width, V vocabulary, W numbers in a slot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from functools import cached_property, partial
from typing import Any, NamedTuple, NoReturn

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import WrongType, WrongValue
from ..native.layers import NO_SUCH_PLACE
from .arranged import Sides
from .encoding import EncoderReader
from .packed import Compiled, PackedNetwork, Seen, Tokens
from .packing import Linear, side_of
from .slots import Store
from .transformer import EncoderLayer

# Positions beyond which sources are read by torch: its attention goes through many keys in tiles.
# One source on one core of an AMD EPYC (Zen 5), ours and torch's, four layers of width 192 and two
# of 512: 300 tokens 10 and 9 ms, 30 and 24; 1,000 tokens 83 and 51, 177 and 102.
_LONG = 300


class CompiledPast(NamedTuple):
    """What the rows of a search have decoded so far, and which sentence each has read."""

    store: Store
    paths: Tensor  # (R', t) int32, the slots of each row
    sentence: Tensor  # (R',)
    rows: Tensor | None = None  # (R,) of these, picked by the next step; None: all, as they are

    @property
    def height(self) -> int:
        """How many rows there are, R."""
        return len(self.paths if self.rows is None else self.rows)

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


Embed = Callable[[Tensor, int], Tokens]
"""(R,) ids of tokens that all stand at one position, and that -> what they are embedded by."""


class CompiledLayers:
    """The layers of both sides, with the weights that they have when it is made."""

    def __init__(
        self,
        encoder: PackedNetwork,
        decoder: PackedNetwork,
        embed: Embed,
        read_long: _LongReader | None = None,
    ) -> None:
        """`embed` is for target tokens; `read_long` makes of long sources what `encoder` does."""
        self._encoder = encoder
        self._decoder = decoder
        self._embed = embed
        self._read_long = read_long

    @classmethod
    def of(cls, compiled: Compiled, sides: Sides) -> CompiledLayers:
        """In float32, with the weights of modules, and their embeddings as these then are."""
        return cls(
            PackedNetwork(compiled, side_of(*sides.encoder)),
            PackedNetwork(compiled, side_of(*sides.decoder), Linear(sides.output, sides.bias)),
            partial(Tokens.of, sides.embedding),
            _LongReader(*sides.encoder),
        )

    def __repr__(self) -> str:
        return f"CompiledLayers({self._encoder!r}, {self._decoder!r})"

    def __copy__(self) -> CompiledLayers:
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def __deepcopy__(self, _: dict[int, Any]) -> CompiledLayers:
        return self  # nothing in it changes

    def __reduce__(self) -> NoReturn:
        raise WrongType(
            "the state of a search by the compiled library cannot be pickled, since its weights "
            "are packed for this processor: begin the search again where it goes on"
        )

    def over(self, tokens: Tensor) -> CompiledLayers:
        """The same layers, with logits of these tokens (U,) only."""
        narrowed = copy(self)
        narrowed._decoder = self._decoder.over(tokens)
        return narrowed

    def begin(self, x: Tensor, mask: Tensor | None) -> tuple[CompiledPast, CompiledMemory] | None:
        """Before the first step: embedded sources (B, S, D), mask (B, 1, 1, S) or None.

        None for what the library cannot read: a source without a token, other than float32 on the
        CPU.
        """
        if x.dtype != torch.float32 or x.device.type != "cpu":
            return None
        sentences, length, _ = x.shape
        real = x.new_ones(sentences, length, dtype=torch.bool)
        if mask is not None:
            real = mask.view(sentences, length)
        counts = real.sum(1)
        if not bool(counts.all()):
            return None

        first = F.pad(counts.cumsum(0), (1, 0))
        slots = torch.arange(int(first[-1]), dtype=torch.int32, device=x.device)
        sentence = torch.arange(sentences, device=x.device)
        if self._read_long is not None and length > _LONG:
            encoded = self._read_long(x, mask)[real]
        else:
            pool = x.new_empty(1, len(slots), self._encoder.slot_width)
            own = Seen(pool, slots, sentence.repeat_interleave(counts), first)
            encoded = self._encoder.run(x[real], slots, own, borders=first.tolist())

        memory = CompiledMemory(self._decoder.read(encoded), slots, first)
        store = Store(memory.pool.new_empty(len(memory.pool), 0, self._decoder.slot_width), 0)
        return CompiledPast(store, slots.new_empty(sentences, 0), sentence), memory

    def step(
        self, ids: Tensor, position: int, past: CompiledPast, memory: CompiledMemory
    ) -> tuple[Tensor, CompiledPast]:
        """The tokens (R,) at one target position -> logits (R, V), the past with it

        Raises `WrongValue` if there is not one token for each row.
        """
        if len(ids) != past.height:
            raise WrongValue(f"a step takes {past.height} tokens, one for each row, not {len(ids)}")
        tokens = self._embed(ids, position)
        past = self._extended(past)
        own = Seen(past.store.pool, past.paths)
        source = Seen(memory.pool, memory.slots, past.sentence, memory.first)
        return self._decoder.run(tokens, past.paths[:, -1], own, source), past

    def _extended(self, past: CompiledPast) -> CompiledPast:
        """With another slot for each row."""
        rows = past.height
        slot = past.store.reserve(rows)
        if slot is None:
            past = past.picked()
            store, moved, slot = past.store.moved(past.paths, rows)
            past = past._replace(store=store, paths=moved)

        picked = past.rows
        before, length = past.paths.shape
        paths = past.paths.new_empty(rows, length + 1)
        sentence = past.sentence.new_empty(rows)
        done = self._decoder.compiled.library.seqkit_extend_paths(
            before,
            length,
            past.paths.data_ptr(),
            past.sentence.data_ptr(),
            rows,
            None if picked is None else picked.data_ptr(),
            slot,
            paths.data_ptr(),
            sentence.data_ptr(),
        )
        if done == NO_SUCH_PLACE:
            raise IndexError(f"a search goes on from a row that is none of its {before}")
        return CompiledPast(past.store, paths, sentence)

    def select(
        self, past: CompiledPast, memory: CompiledMemory, rows: Tensor
    ) -> tuple[CompiledPast, CompiledMemory]:
        """What the `rows` (R',) have decoded and read, in that order."""
        return past.picked()._replace(rows=rows.to("cpu", torch.int64).contiguous()), memory


class _LongReader:
    """An encoder by torch, whose weights are arranged when there is something to read."""

    def __init__(self, layers: Sequence[EncoderLayer], norm: nn.Module) -> None:
        self._layers = layers
        self._norm = norm

    @cached_property
    def _reader(self) -> EncoderReader:
        return EncoderReader(self._layers)

    def __call__(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, S, D), mask (B, 1, 1, S) -> (B, S, D)"""
        encoded: Tensor = self._norm(self._reader(x, mask))
        return encoded
