"""Passes over activations by the compiled library (seqkit/native/training.c), forward and backward.

What torch does in several operations, each with a new tensor, is one pass here. Whoever calls one
asks `usable` first, and has a twin made of torch's operations.

Shapes: N targets, V vocabulary; B sentences, T queries, S keys, H heads, E numbers of a head.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..errors import WrongValue
from ..native import training as native
from ..native.library import library
from .parallel import in_threads, parts_of

_NUMBERS = {torch.float32: 0, torch.bfloat16: 1}  # as numbers.h has them
_VECTOR = 16  # floats, of the largest
_DRAWN = 64  # random bytes that are drawn at once
_NUMBERS_OF_A_THREAD = 1 << 20  # from which a thread more is worth it, for a pass of one step each


def usable(*tensors: Tensor) -> bool:
    """Whether the library has passes for these: float32 or bf16 on the CPU."""
    if torch.compiler.is_compiling() or library() is None:
        return False
    return all(x.device.type == "cpu" and x.dtype in _NUMBERS for x in tensors)


def cross_entropy(
    logits: Tensor, bias: Tensor | None, targets: Tensor, on_target: float, of_bias: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Logits without their bias (N, V), bias (V,), ids (N,) -> normalisers (N,), logits of targets

    The logits are overwritten by their gradient: probabilities, less `on_target` at the target.
    `of_bias` (V,) is a sum that the gradient of the bias is added to, if there is one. Raises
    `WrongValue` if a target is none of the words: the library would write beside the logits.
    """
    rows, words = logits.shape
    _check_targets(targets, rows, words)
    log_totals = _floats(rows)
    of_target = _floats(rows)
    biases = None if bias is None else bias.float().contiguous()
    ids = targets.contiguous()
    call = _function("seqkit_cross_entropy")

    def part(start: int, end: int) -> Tensor | None:
        wide = _floats(words + _VECTOR)
        own_sum = None if of_bias is None else _floats(words).zero_()
        told = native.Loss(
            logits=_at(logits, start),
            bias=_at(biases),
            targets=_at(ids, start),
            rows=end - start,
            words=words,
            on_target=on_target,
            of_bias=_at(own_sum),
            wide=_at(wide),
            log_totals=_at(log_totals, start),
            of_target=_at(of_target, start),
        )
        call(ctypes.byref(told), _instructions(), _NUMBERS[logits.dtype])
        return own_sum

    for own_sum in in_threads(part, parts_of(rows)):
        if of_bias is not None and own_sum is not None:
            of_bias += own_sum
    return log_totals, of_target


def _check_targets(targets: Tensor, rows: int, words: int) -> None:
    if targets.dtype != torch.int64 or targets.shape != (rows,):
        raise WrongValue(f"targets are {rows} whole numbers of 64 bits, one for each row")
    least, greatest = targets.aminmax()
    if least < 0 or greatest >= words:
        wrong = int(least if least < 0 else greatest)
        raise WrongValue(f"target {wrong} is none of {words:,} words")


class Heads(NamedTuple):
    """What attends to what: queries (B, H, T, E), keys and values (B, H, S, E), as `attend` has it.

    `real` (B, S) is True where there is a key; with `causal`, query t attends to keys 0..t.
    """

    queries: Tensor
    keys: Tensor
    values: Tensor
    real: Tensor | None
    causal: bool

    @classmethod
    def of(
        cls, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, causal: bool
    ) -> Heads | None:
        """None where the library has no pass for them: it wants rows of a linear layer's output."""
        if not usable(queries, keys, values) or not queries.dtype == keys.dtype == values.dtype:
            return None
        if keys.shape != values.shape or not _go_together(queries, keys):
            return None
        if _row_of(queries) is None or _row_of(keys) is None or _row_of(keys) != _row_of(values):
            return None

        real = None
        if mask is not None:
            sentences, _, length, _ = keys.shape
            if mask.dtype != torch.bool or mask.shape != (sentences, 1, 1, length):
                return None
            real = mask.reshape(sentences, length)
        return cls(queries, keys, values, real, causal)


def _go_together(queries: Tensor, keys: Tensor) -> bool:
    """Whether sentences, heads and numbers of a head are as many: torch repeats what is single."""
    return queries.shape[:2] == keys.shape[:2] and queries.size(3) == keys.size(3)


def _row_of(x: Tensor) -> int | None:
    """The numbers from a row to the next, if (B, H, S, E) are heads beside each other in B S rows.

    None if they are something else.
    """
    sentences, heads, length, width = x.shape
    by_sentence, by_head, by_row, by_number = x.stride()
    if by_number != 1 or (by_head != width and heads > 1):
        return None
    if length == 1:
        return by_sentence
    return by_row if by_sentence == length * by_row or sentences == 1 else None


def attend(heads: Heads) -> tuple[Tensor, Tensor]:
    """-> what is read, (B, H, T, E), and the logarithms of what weights were divided by (B, H, T)

    What is read has the heads of a row beside each other.
    """
    sentences, count, length, width = heads.queries.shape
    read = heads.queries.new_empty(sentences, length, count, width)
    log_totals = _floats(sentences, count, length)
    _run_attention("seqkit_attend", heads, log_totals, read=read)
    return read.transpose(1, 2), log_totals


def attend_gradient(
    heads: Heads, log_totals: Tensor, of_read: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of queries, keys and values, from that of what was read: all (B, H, …, E)"""
    sentences, count, length, width = heads.queries.shape
    keys = heads.keys.size(2)
    by_row = of_read.transpose(1, 2).contiguous()
    of_query = by_row.new_empty(sentences, length, count, width)
    of_memory = by_row.new_empty(sentences, keys, 2, count, width)
    of_key, of_value = of_memory.unbind(2)

    _run_attention(
        "seqkit_attend_gradient",
        heads,
        log_totals,
        of_read=by_row,
        of_query=of_query,
        of_key=of_key,
        of_value=of_value,
    )
    return of_query.transpose(1, 2), of_key.transpose(1, 2), of_value.transpose(1, 2)


def _run_attention(name: str, heads: Heads, log_totals: Tensor, **others: Tensor) -> None:
    sentences, count, length, width = heads.queries.shape
    keys = heads.keys.size(2)
    real = None if heads.real is None else heads.real.contiguous()
    call = _function(name)
    floats = _function("seqkit_attention_scratch")(keys, width)

    def part(start: int, end: int) -> None:
        scratch = _floats(floats)
        told = native.Attention(
            query=_at(heads.queries),
            key=_at(heads.keys),
            value=_at(heads.values),
            query_stride=_row_of(heads.queries),
            memory_stride=_row_of(heads.keys),
            real=_at(real),
            causal=heads.causal,
            heads=count,
            head=width,
            queries=length,
            keys=keys,
            start=start,
            end=end,
            scale=width**-0.5,
            log_totals=_at(log_totals),
            scratch=_at(scratch),
            **{name: _at(other) for name, other in others.items()},
        )
        call(ctypes.byref(told), _instructions(), _NUMBERS[heads.queries.dtype])

    in_threads(part, parts_of(sentences * count))


class Drawn(NamedTuple):
    """Which numbers to drop: those whose random byte is below `dropped`. Others go times `scale`.

    Number i has byte i % 8 of output i // 8 of splitmix64, begun with `seed`.
    """

    seed: int  # of 64 bits
    dropped: int
    scale: float


def drop(x: Tensor, drawn: Drawn, *, relu: bool = False) -> Tensor:
    """Drop numbers of x; with `relu`, of what is greater than 0."""
    to = torch.empty_like(x, memory_format=torch.contiguous_format)
    _run_dropout("seqkit_drop", to, drawn, relu=relu, x=x.contiguous())
    return to


def drop_relu_gradient(grad: Tensor, output: Tensor, drawn: Drawn) -> Tensor:
    """The gradient of x of `drop` with `relu`, whose output tells what was dropped."""
    to = torch.empty_like(output)
    _run_dropout("seqkit_drop_relu_gradient", to, drawn, x=grad.contiguous(), output=output)
    return to


def drop_and_add(given: Tensor, x: Tensor, drawn: Drawn) -> Tensor:
    """Drop numbers of x, and add float32 numbers: float32"""
    to = torch.empty_like(given, memory_format=torch.contiguous_format)
    whole = given.contiguous()
    _run_dropout("seqkit_drop_and_add", to, drawn, given=whole, x=x.contiguous())
    return to


def drop_gradient(grad: Tensor, dtype: torch.dtype, drawn: Drawn) -> Tensor:
    """The gradient of x of `drop_and_add`, in its type."""
    to = torch.empty(grad.shape, dtype=dtype, device="cpu")
    _run_dropout("seqkit_drop_gradient", to, drawn, given=grad.contiguous())
    return to


def _run_dropout(
    name: str, to: Tensor, drawn: Drawn, *, relu: bool = False, **parts: Tensor
) -> None:
    call = _function(name)
    numbers = _NUMBERS[parts.get("x", to).dtype]
    count = to.numel()

    def part(first: int, last: int) -> None:
        start = first * _DRAWN
        places = {
            key: value.data_ptr() + start * value.element_size() for key, value in parts.items()
        }
        told = native.Dropout(
            seed=drawn.seed,
            start=start,
            dropped=drawn.dropped,
            scale=drawn.scale,
            is_relu=relu,
            count=min(last * _DRAWN, count) - start,
            to=to.data_ptr() + start * to.element_size(),
            **places,
        )
        call(ctypes.byref(told), _instructions(), numbers)

    blocks = -(-count // _DRAWN)
    in_threads(part, parts_of(blocks, least=_NUMBERS_OF_A_THREAD // _DRAWN))


def _floats(*shape: int) -> Tensor:
    """Room for what the library writes, whatever torch's default type and device are."""
    return torch.empty(shape, dtype=torch.float32, device="cpu")


def _function(name: str) -> Any:
    opened = library()
    assert opened is not None, "ask `usable` first"
    return getattr(opened, name)


@cache
def _instructions() -> int:
    """The set of instructions that this processor has."""
    found: int = _function("seqkit_instructions")()
    return found


def _at(tensor: Tensor | None, row: int = 0) -> int | None:
    """The address of a row of a tensor."""
    if tensor is None:
        return None
    return tensor.data_ptr() + row * tensor.stride(0) * tensor.element_size()
