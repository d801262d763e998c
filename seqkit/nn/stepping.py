"""The decoder of a Transformer in a search: one target position at a time, without dropout.

Shapes: B sentences, K rows (hypotheses) of each, R = B * K; L layers, M slots taken of C, S source
positions, D width, H heads, E = D / H.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .arranged import ArrangedLayer, norm_of
from .attention import KeyValue
from .memory import sentences_to_keep
from .products import Product
from .transformer import DecoderLayer

_HIDDEN = -3e4  # added to the scores of what a row may not attend to: its weight becomes 0
_STEPS = 8  # that a store has room for

# Sentences from which batched products are quicker than torch's kernel on the CPU, which takes
# each head of each sentence alone: 190 microseconds and 260 for 64 sentences, 54 and 61 for 16,
# 14 and 10 for one (beam 5, 18 keys, an AMD EPYC).
_MANY = 8


class _Store:
    """Keys and values of the positions decoded so far. Each step takes one slot for each row."""

    def __init__(self, slots: Tensor, taken: int = 0) -> None:
        self.slots = slots  # (L, 2, B, H, C, E), keys before values
        self.layers = slots.unbind()
        self.taken = taken


class Past(NamedTuple):
    """What the rows of a search have decoded so far.

    The hypotheses of a sentence share its slots. When they change places, nothing is copied: only
    what each of them sees changes. Slots that none sees any more are dropped now and then.
    """

    store: _Store
    taken: int  # M; the store has more once another state has gone on from this one
    rows: int  # R
    sentences: Tensor | None  # (B,) of the store, picked by the next step; None: as they are
    hidden: Tensor | None  # (B, K, M), 0 where a row sees a slot; None: each sees all


class Memory(NamedTuple):
    """What the rows of a search read of their sources."""

    layers: tuple[KeyValue, ...]  # (B, H, S, E)
    hidden: Tensor | None  # (B, H, 1, S), 0 where the source has a token; None: everywhere

    @property
    def sentences(self) -> int:
        return self.layers[0].keys.size(0)

    def select(self, sentences: Tensor) -> Memory:
        """Of these sentences, in that order."""
        hidden = None if self.hidden is None else self.hidden[sentences]
        layers = [KeyValue(of.keys[sentences], of.values[sentences]) for of in self.layers]
        return Memory(tuple(layers), hidden)


class DecoderStepper:
    """The layers of a decoder as a search needs them.

    Its weights are those that the layers have when it is made.
    """

    def __init__(self, layers: Sequence[DecoderLayer], output: Tensor, bias: Tensor | None) -> None:
        """`output` (V, D) and `bias` (V,) make logits of hidden states."""
        self.layers = [_StepLayer(layer) for layer in layers]
        self.heads = layers[0].attention.heads
        self.width = layers[0].attention.out.in_features
        self.logits = Product(output, bias)

    def over(self, tokens: Tensor) -> DecoderStepper:
        """The same layers, with logits of these tokens (U,) only."""
        narrowed = copy(self)
        narrowed.logits = self.logits.rows(tokens)
        return narrowed

    def begin(self, sentences: int, like: Tensor) -> Past:
        """Before the first position: one row for each sentence."""
        sizes = len(self.layers), 2, sentences, self.heads, _STEPS, self.width // self.heads
        slots = like.new_empty(sizes, dtype=_number_type(like))
        return Past(_Store(slots), 0, sentences, None, None)

    def read(self, memory: Tensor, mask: Tensor | None) -> Memory:
        """What the encoder has made of the sources, (B, S, D), for all steps.

        `mask` (B, 1, 1, S) is True where a source has a token.
        """
        number_type = _number_type(memory)
        layers = [layer.read(memory, number_type) for layer in self.layers]

        hidden = None
        if mask is not None:
            each = torch.zeros_like(mask, dtype=number_type).masked_fill(~mask, _HIDDEN)
            hidden = each.repeat(1, self.heads, 1, 1)
        return Memory(tuple(layers), hidden)

    def step(self, x: Tensor, past: Past, memory: Memory) -> tuple[Tensor, Past]:
        """One target position: (R, D) -> (R, D), the past with it"""
        past = _with_room(past, memory.sentences)
        store, taken = past.store, past.taken
        rows = past.rows // memory.sentences

        hidden = _with_own_slots(past.hidden, memory.sentences, rows, like=store.slots)
        seen = None if hidden is None else hidden[:, None].expand(-1, self.heads, -1, -1)
        attend = attention_for(store.slots, memory.sentences)
        if seen is not None and attend is attend_by_products:
            seen = seen.contiguous()  # once for all layers

        for layer, slots, source in zip(self.layers, store.layers, memory.layers, strict=True):
            x = layer.step(x, slots, taken, seen, source, memory.hidden, attend)

        store.taken = taken + rows
        return x, past._replace(taken=store.taken, hidden=hidden)


def select(past: Past, memory: Memory, rows: Tensor) -> tuple[Past, Memory]:
    """What the `rows` (R',) have decoded and read, in that order.

    Sentences whose rows stay together in equal number keep one copy of what they share; otherwise
    each row gets one of its own.
    """
    before = memory.sentences
    kept = sentences_to_keep(rows, past.rows, before)
    sentences = past.sentences
    if kept is not None:
        sentences = kept if sentences is None else sentences[kept]
        memory = memory.select(kept)

    rows_of_each = rows.numel() // memory.sentences
    hidden = past.hidden
    if hidden is not None:
        hidden = hidden.view(past.rows, -1)[rows].view(memory.sentences, rows_of_each, -1)
    elif rows_of_each > 1:
        hidden = past.store.slots.new_zeros(memory.sentences, rows_of_each, past.taken)

    return past._replace(rows=rows.numel(), sentences=sentences, hidden=hidden), memory


def _number_type(like: Tensor) -> torch.dtype:
    """What attention computes in: on the CPU, torch's is twice as slow in bf16 as in float32."""
    is_half = like.dtype in (torch.bfloat16, torch.float16)
    return torch.float32 if is_half and like.device.type == "cpu" else like.dtype


def _with_own_slots(
    hidden: Tensor | None, sentences: int, rows: int, *, like: Tensor
) -> Tensor | None:
    """What each row sees after a step, its own slot the only one of the new ones.

    (B, K, M) -> (B, K, M + K)
    """
    if hidden is None and rows == 1:
        return None
    own = like.new_full((rows, rows), _HIDDEN).fill_diagonal_(0.0).expand(sentences, -1, -1)
    return own if hidden is None else torch.cat([hidden, own], 2)


def _with_room(past: Past, sentences: int) -> Past:
    """With room for another slot for each row, and nothing of another search in it."""
    rows = past.rows // sentences
    capacity = past.store.slots.size(4)
    is_latest = past.store.taken == past.taken
    if past.sentences is None and is_latest and past.taken + rows <= capacity:
        return past

    slots, hidden = _slots_in_use(past)
    taken = slots.size(4)
    room = max(rows * _STEPS, taken // 4)
    larger = slots.new_empty(*slots.shape[:4], taken + room, slots.size(5))
    larger[:, :, :, :, :taken] = slots
    return Past(_Store(larger, taken), taken, past.rows, None, hidden)


def _slots_in_use(past: Past) -> tuple[Tensor, Tensor | None]:
    """Of each sentence the slots that a row sees, and what each sees.

    (L, 2, B, H, M', E), (B, K, M')
    """
    slots, taken, hidden = past.store.slots, past.taken, past.hidden
    if hidden is None:
        slots = slots[:, :, :, :, :taken]
        return (slots if past.sentences is None else slots.index_select(2, past.sentences)), None

    used = (hidden == 0).any(1)  # (B, M)
    most = int(used.sum(1).max()) if taken else 0
    order = used.byte().argsort(dim=1, descending=True, stable=True)[:, :most]
    hidden = hidden.gather(2, order[:, None].expand(-1, hidden.size(1), -1))

    layers, _, before, heads, capacity, width = slots.shape
    sentences = past.sentences
    if sentences is None:
        sentences = torch.arange(before, device=slots.device)
    head = sentences[:, None] * heads + torch.arange(heads, device=slots.device)  # (B, H)
    place = (head * capacity)[:, :, None] + order[:, None]
    picked = slots.view(layers, 2, -1, width).index_select(2, place.flatten())
    return picked.view(layers, 2, len(sentences), heads, most, width), hidden


# A layer


class _StepLayer(ArrangedLayer):
    """A layer of a decoder."""

    def __init__(self, layer: DecoderLayer) -> None:
        super().__init__(layer)
        source = layer.cross_attention
        self.source_query = Product.of(source.query)
        self.source_key_value = Product.of(source.key_value)
        self.source_out = Product.of(source.out)
        self.source_norm = norm_of(layer.around_cross_attention.norm)

    def read(self, memory: Tensor, number_type: torch.dtype) -> KeyValue:
        """What all steps read of the sources, (B, S, D)."""
        rows = memory.reshape(-1, memory.size(2))
        both = self.source_key_value(rows).to(number_type)
        by_head = both.view(*memory.shape[:2], 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        return KeyValue(*by_head.contiguous().unbind())

    def step(
        self,
        x: Tensor,
        slots: Tensor,
        taken: int,
        seen: Tensor | None,
        source: KeyValue,
        hidden: Tensor | None,
        attend: Attend,
    ) -> Tensor:
        """(R, D), slots (2, B, H, C, E), seen (B, H, K, M + K), hidden (B, H, 1, S) -> (R, D)

        Writes keys and values into the slots from `taken` on.
        """
        sentences = slots.size(1)
        y = self.enter(self.own_norm, x)
        by_head = self._split(self.all(y), sentences, 3)
        new = by_head.size(3)
        slots[:, :, :, taken : taken + new] = by_head[1:]
        keys, values = slots[:, :, :, : taken + new].unbind()

        read = attend(by_head[0].to(slots.dtype), keys, values, seen)
        x = self.leave(self.own_norm, x, self.out(_joined(read, x)))

        y = self.enter(self.source_norm, x)
        queries = self._split(self.source_query(y), sentences, 1)[0]
        read = attend(queries.to(slots.dtype), *source, hidden)
        x = self.leave(self.source_norm, x, self.source_out(_joined(read, x)))

        return self.feed_forward(x)

    def _split(self, x: Tensor, sentences: int, parts: int) -> Tensor:
        """(R, parts D) -> (parts, B, H, K, E)"""
        return x.view(sentences, -1, parts, self.heads, self.head).permute(2, 0, 3, 1, 4)


def _joined(read: Tensor, like: Tensor) -> Tensor:
    """(B, H, K, E) -> (R, D)"""
    return read.transpose(1, 2).reshape(like.shape).to(like.dtype)


# Attention: queries (B, H, K, E), keys and values (B, H, S, E), what is added to the scores


Attend = Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor]


def attention_for(like: Tensor, sentences: int) -> Attend:
    """What is fastest for the hypotheses of so many sentences."""
    is_many = sentences >= _MANY and like.device.type == "cpu"
    return attend_by_products if is_many else attend_by_kernel


def attend_by_kernel(
    queries: Tensor, keys: Tensor, values: Tensor, hidden: Tensor | None
) -> Tensor:
    return F.scaled_dot_product_attention(queries, keys, values, attn_mask=hidden)


def attend_by_products(
    queries: Tensor, keys: Tensor, values: Tensor, hidden: Tensor | None
) -> Tensor:
    """The same by two batched products."""
    scale = queries.size(-1) ** -0.5
    added = queries.new_zeros(1) if hidden is None else hidden.flatten(0, 1)
    by_query, by_key = queries.flatten(0, 1), keys.flatten(0, 1)

    scores = torch.baddbmm(added, by_query, by_key.mT, alpha=scale)  # (B H, K, S)
    weights = scores.softmax(-1)
    read = torch.bmm(weights, values.flatten(0, 1))
    return read.view(queries.shape)
