"""LSTM and GRU layers in bf16 by the compiled library (seqkit/native/recurrent.c), both ways.

For training on CPUs that multiply bf16 numbers themselves. The products of all steps with the
inputs, and all gradients of weights, are torch's; what goes from step to step is one call of the
library forward and one backward. Its twins are `lstm_step` and `gru_step`, step by step. How much
faster than torch's layers it is: benchmarks/HISTORY.md.

Shapes: T steps, B sequences, I inputs, H hidden units, g gates: 4, of the GRU 3; U units, H filled
up to whole vectors of the library; G = g U gates in its order: of each vector of units its gates.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, Literal, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from ..native.library import library
from ..native.recurrent import SAVED, UNITS, Layer
from .linear import is_cast_to_bf16
from .parallel import in_threads, parts_of

_BF16, _FLOAT = torch.bfloat16, torch.float32
_ROWS_OF_A_THREAD = 6  # sequences that the library multiplies at once
_BLOCK = 64  # rows of a matrix that are packed together, unless the gates of 16 units are


def usable(x: Tensor) -> bool:
    """Whether the library has layers for this input: under autocast to bf16, on such CPUs."""
    if not is_cast_to_bf16(x) or not x.numel():
        return False
    opened = library()
    return opened is not None and bool(opened.seqkit_has_bf16())


@cache
def _has_tiles() -> bool:
    """Whether the library may multiply by tiles (AMX): it asks the system once."""
    opened = library()
    assert opened is not None, "ask `usable` first"
    return bool(opened.seqkit_has_tiles())


class Weights(NamedTuple):
    """As `lstm_step` and `gru_step` have them."""

    weight_ih: Tensor  # (g H, I)
    weight_hh: Tensor  # (g H, H)
    bias_ih: Tensor  # (g H,)
    bias_hh: Tensor  # (g H,)


def lstm(x: Tensor, h: Tensor, c: Tensor, weights: Weights) -> tuple[Tensor, Tensor]:
    """Input (T, B, I), state (B, H) each -> states after each step (T, B, H), last cells (B, H)

    The states are in bf16, the cells in float32.
    """
    found = _RecurrentLayer.apply("lstm", x, h, c, *weights)  # type: ignore[no-untyped-call]
    return cast(tuple[Tensor, Tensor], found)


def gru(x: Tensor, h: Tensor, weights: Weights) -> tuple[Tensor, Tensor]:
    """Input (T, B, I), state (B, H) -> states after each step (T, B, H), the last one (B, H)

    The states are in bf16, the last one in float32, in which a step adds to the state before it.
    """
    found = _RecurrentLayer.apply("gru", x, h, h, *weights)  # type: ignore[no-untyped-call]
    return cast(tuple[Tensor, Tensor], found)


class _RecurrentLayer(torch.autograd.Function):
    """What is a cell for the LSTM, is for the GRU its state in float32."""

    @staticmethod
    def forward(
        ctx: Any,
        kind: Literal["lstm", "gru"],
        x: Tensor,
        h: Tensor,
        c: Tensor,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias_ih: Tensor,
        bias_hh: Tensor,
    ) -> tuple[Tensor, Tensor]:
        steps, batch, _ = x.shape
        hidden = h.size(-1)
        units = -(-hidden // UNITS) * UNITS

        of_inputs = _arranged(weight_ih, hidden, _BF16)  # (G, I)
        of_state = _widened(_arranged(weight_hh, hidden, _BF16), units)  # (G, U)
        gates = len(of_state)

        rows = x.flatten(0, 1).to(_BF16)  # (T * B, I)
        states = rows.new_empty(steps + 1, batch, units)
        states[0] = _widened(h, units)
        cells = rows.new_empty(steps + 1, batch, units, dtype=_FLOAT)
        cells[0] = _widened(c, units)
        saved = rows.new_empty(steps, batch, SAVED * units, dtype=torch.int16)

        _call(
            f"seqkit_{kind}_forward",
            states,
            weights=_packed(of_state, gates * UNITS // units),
            inputs=F.linear(rows, of_inputs),
            biases=_biases(kind, bias_ih, bias_hh, hidden),
            cells=cells,
            saved=saved,
        )

        ctx.kind, ctx.hidden = kind, hidden
        ctx.types = x.dtype, h.dtype, c.dtype, weight_ih.dtype
        ctx.save_for_backward(rows, of_inputs, of_state, states, cells, saved)
        ctx.set_materialize_grads(False)
        return states[1:, :, :hidden].contiguous(), cells[-1, :, :hidden].clone()

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, of_outputs: Tensor | None, of_last_cells: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        # Once: activation checkpointing computes them again for the first who asks.
        rows, of_weights, of_state, states, cells, saved = ctx.saved_tensors
        steps, batch, _ = saved.shape
        gates, units = of_state.shape

        if of_outputs is None:
            of_outputs = states.new_zeros(steps, batch, ctx.hidden)
        of_cells = cells.new_zeros(batch, units)
        if of_last_cells is not None:
            of_cells[:, : ctx.hidden] = of_last_cells
        of_first = torch.empty_like(of_cells)
        of_gates = states.new_empty(steps, batch, gates)
        of_inputs = torch.empty_like(of_gates) if ctx.kind == "gru" else of_gates

        _call(
            f"seqkit_{ctx.kind}_backward",
            states,
            weights=_packed(of_state.t(), _BLOCK),
            cells=cells,
            saved=saved,
            of_outputs=_widened(of_outputs, units),
            of_cells=of_cells,
            of_gates=of_gates,
            of_inputs=of_inputs,
            of_first=of_first,
        )
        found = _Gradients(of_inputs.flatten(0, 1), of_gates.flatten(0, 1), of_first, of_cells)
        return None, *_of_state(ctx, of_weights, found), *_of_weights(ctx, rows, states, found)


class _Gradients(NamedTuple):
    """What the library finds."""

    inputs: Tensor  # (T * B, G) of products with inputs
    gates: Tensor  # (T * B, G) of products with states
    first: Tensor  # (B, U) of the first states
    cells: Tensor  # (B, U) of the first cells


def _of_state(ctx: Any, weights: Tensor, found: _Gradients) -> tuple[Tensor | None, ...]:
    """Gradients of the input (T, B, I) and of the state before it, (B, H) each.

    `weights` (G, I) are those of the input.
    """
    _, needs_x, needs_h, needs_c, *_ = ctx.needs_input_grad
    x_type, h_type, c_type, _ = ctx.types

    x = h = c = None
    if needs_x:
        product = found.inputs @ weights
        x = product.unflatten(0, (-1, len(found.first))).to(x_type)
    if needs_h:
        h = found.first[:, : ctx.hidden].to(h_type)
    if needs_c:
        c = found.cells[:, : ctx.hidden].to(c_type)
    return x, h, c


def _of_weights(
    ctx: Any, rows: Tensor, states: Tensor, found: _Gradients
) -> tuple[Tensor | None, ...]:
    """Gradients of `Weights`, from what they multiplied: (T * B, I) and (T + 1, B, U)."""
    hidden, dtype = ctx.hidden, ctx.types[-1]
    *_, needs_weight_ih, needs_weight_hh, needs_bias_ih, needs_bias_hh = ctx.needs_input_grad

    weight_ih = weight_hh = bias_ih = bias_hh = None
    if needs_weight_ih:
        weight_ih = _as_was(found.inputs.t() @ rows, hidden, dtype)
    if needs_weight_hh:
        before = states[:-1].flatten(0, 1)
        product = found.gates.t() @ before
        weight_hh = _as_was(product[:, :hidden], hidden, dtype)
    if needs_bias_ih:
        bias_ih = _as_was(found.inputs.sum(0)[:, None], hidden, dtype)[:, 0]
    if needs_bias_hh:
        bias_hh = _as_was(found.gates.sum(0)[:, None], hidden, dtype)[:, 0]
    return weight_ih, weight_hh, bias_ih, bias_hh


def _biases(kind: str, bias_ih: Tensor, bias_hh: Tensor, hidden: int) -> Tensor:
    """(4 U,) in the order of the library: added up, but for the two of the GRU's new states."""
    both = bias_ih + bias_hh
    if kind == "gru":
        gates = 2 * hidden
        both = torch.cat([both[:gates], bias_ih[gates:], bias_hh[gates:]])
    return _arranged(both[:, None], hidden, _FLOAT)


def _arranged(weight: Tensor, hidden: int, dtype: torch.dtype) -> Tensor:
    """(g H, I) -> (G, I), in the order of the library"""
    of_gate = weight.unflatten(0, (-1, hidden))  # (g, H, I)
    rest = -hidden % UNITS
    if rest:
        of_gate = F.pad(of_gate, (0, 0, 0, rest))
    vectors: Tensor = of_gate.unflatten(1, (-1, UNITS)).transpose(0, 1)  # (U / 16, g, 16, I)
    return vectors.to(dtype, memory_format=torch.contiguous_format).flatten(0, 2)


def _as_was(arranged: Tensor, hidden: int, dtype: torch.dtype) -> Tensor:
    """(G, I) -> (g H, I): what `_arranged` does, undone."""
    vectors = -(-hidden // UNITS)
    by_vector = arranged.unflatten(0, (vectors, -1, UNITS))
    of_gate: Tensor = by_vector.transpose(0, 1)  # (g, U / 16, 16, I)
    whole = of_gate.to(dtype, memory_format=torch.contiguous_format).flatten(1, 2)
    return whole[:, :hidden].flatten(0, 1)


def _widened(x: Tensor, units: int) -> Tensor:
    """(…, H) -> (…, U), contiguous"""
    rest = units - x.size(-1)
    return F.pad(x, (0, rest)) if rest else x.contiguous()


def _packed(matrix: Tensor, block: int) -> Tensor:
    """A matrix, which may be a transposed view, as the library multiplies by it."""
    packed = matrix.new_empty(matrix.numel())
    opened = library()
    assert opened is not None, "ask `usable` first"
    opened.seqkit_pack_bf16(
        matrix.data_ptr(), *matrix.shape, *matrix.stride(), block, packed.data_ptr()
    )
    return packed


def _call(name: str, states: Tensor, **arrays: Tensor) -> None:
    """Call a function of the library for all sequences, in as many threads as torch has."""
    after, batch, units = states.shape
    addresses = {array: tensor.data_ptr() for array, tensor in arrays.items()}
    sizes = {"steps": after - 1, "batch": batch, "units": units, "tiles": _has_tiles()}
    told = Layer(**sizes, states=states.data_ptr(), **addresses)
    function = getattr(library(), name)

    def part(start: int, end: int) -> None:
        function(ctypes.byref(told), start, end)

    in_threads(part, parts_of(batch, least=_ROWS_OF_A_THREAD))
