"""A causal Transformer that reads on, by the compiled library: the twin of `EncoderLayer.extend`.

In float32 on the CPU. Keys and values are in slots that all texts share, and each keeps a list of
its own: texts that are selected are not copied.

Shapes: R texts, t tokens of each so far, T new ones, D width, V vocabulary,
W numbers in a slot.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .packed import Compiled, PackedNetwork, Seen, Tokens, multiply
from .packing import Linear, PackedProduct, side_of
from .slots import Store
from .transformer import Embedding, EncoderLayer


class CausalLayers:
    """Layers and the norm after them, with the weights that they have when it is made."""

    def __init__(
        self,
        compiled: Compiled,
        layers: Sequence[EncoderLayer],
        norm: nn.Module,
        output: Linear,
        embedding: Embedding,
    ) -> None:
        """`output` makes logits; `embedding` is used as it is at each step.

        Raises `WrongType` for modules that do more than their weights say.
        """
        self._compiled = compiled
        self._network = PackedNetwork(compiled, side_of(layers, norm))
        self._output = PackedProduct.of(output, compiled.instructions)
        self._embedding = embedding
        self._layers = len(layers)

    def __repr__(self) -> str:
        return f"CausalLayers({self._network!r})"

    def begin(self, texts: int) -> CausalPast:
        """Before the first token."""
        pool = torch.empty(self._layers, 0, self._network.slot_width)
        return CausalPast(self, Store(pool, 0), torch.empty(texts, 0, dtype=torch.int32))

    def extend(self, ids: Tensor, past: CausalPast) -> tuple[Tensor, CausalPast]:
        """The next ids (R, T) of texts -> (R, T, D), the past with them"""
        texts, count = ids.shape
        read = past.paths.size(1)
        past, slots = past.extended(count)
        store, paths = past.store, past.paths

        if count == 1:
            own = Seen(store.pool, paths)
            tokens = Tokens.of(self._embedding, ids[:, 0], read)
            hidden = self._network.run(tokens, paths[:, -1], own)
            return hidden[:, None], past

        seen, first = _earlier(paths, count)
        own = Seen(store.pool, seen, torch.arange(texts * count), first)
        borders = range(0, texts * count + 1, count)
        x = self._embedding(ids, read).flatten(0, 1)
        hidden = self._network.run(x, slots, own, borders=borders)
        return hidden.view(texts, count, -1), past

    def logits(self, hidden: Tensor) -> Tensor:
        """(R, D) -> (R, V)"""
        hidden = hidden.contiguous()
        logits = hidden.new_empty(len(hidden), self._output.outputs)
        multiply(self._compiled, [self._output.structure()], hidden, logits[None])
        return logits


class CausalPast:
    """What texts of one length have read so far."""

    def __init__(self, layers: CausalLayers, store: Store, paths: Tensor) -> None:
        self.layers = layers
        self.store = store
        self.paths = paths  # (R, t) int32, the slots of each text

    def __repr__(self) -> str:
        return f"<CausalPast of {len(self.paths)} texts of {self.paths.size(1)} tokens>"

    def extended(self, count: int) -> tuple[CausalPast, Tensor]:
        """With so many slots more for each text, and these: (R * count,)"""
        texts = len(self.paths)
        store, paths = self.store, self.paths
        slot = store.reserve(texts * count)
        if slot is None:
            store, paths, slot = store.moved(paths, texts * count)

        slots = torch.arange(slot, slot + texts * count, dtype=torch.int32)
        longer = torch.cat([paths, slots.view(texts, count)], 1)
        return CausalPast(self.layers, store, longer), slots

    def logits(self, hidden: Tensor) -> Tensor:
        """(R, D) -> (R, V)"""
        return self.layers.logits(hidden)

    def select(self, texts: Tensor) -> CausalPast:
        """That of some of the texts, in this order."""
        return CausalPast(self.layers, self.store, self.paths[texts])

    def join(self, others: Sequence[CausalPast]) -> CausalPast | None:
        """That of these texts, then of others; None if they are of other lengths or weights."""
        every = [self, *others]
        if len({(past.paths.size(1), past.layers) for past in every}) > 1:
            return None

        stores = {past.store: 0 for past in every}
        if len(stores) == 1:
            return CausalPast(self.layers, self.store, torch.cat([past.paths for past in every]))

        pools, taken = [], 0
        for store in stores:
            stores[store] = taken
            pools.append(store.pool[:, : store.taken])  # once: another thread may take more
            taken += pools[-1].size(1)
        paths = torch.cat([past.paths + stores[past.store] for past in every])
        return CausalPast(self.layers, Store(torch.cat(pools, 1), taken), paths)


def _earlier(paths: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The slots that each of the last `count` tokens of texts sees, one list after the other.

    (R, t) -> (N,), where each list begins (R * count + 1,)
    """
    texts, total = paths.shape
    places = torch.arange(total)
    is_seen = places <= places[-count:, None]  # (count, t)
    lists = paths[:, None].expand(texts, count, total)
    first = F.pad(is_seen.sum(1).repeat(texts).cumsum(0), (1, 0))
    return lists[is_seen.expand_as(lists)], first
