"""An LSTM layer in bf16 by the compiled library (seqkit/native/lstm.c), forward and backward.

For training on CPUs that multiply bf16 numbers themselves. The products of all steps with the
inputs, and all gradients of weights, are torch's; what goes from step to step is one call of the
library each way. Its twin is `lstm_step`, step by step. Beside oneDNN's LSTM in bf16, training a
layer of 650 units is 1.6 times as fast (benchmarks/RESULTS.md), and cells stay in float32.

Shapes: T steps, B sequences, I inputs, H hidden units; U units, H filled up to whole vectors of the
library, G = 4 U gates in its order: of each vector of units the four gates.
"""

from __future__ import annotations

import ctypes
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from ..native.library import library
from ..native.lstm import GATES, UNITS, Lstm
from .parallel import in_threads, parts_of

_ROWS_OF_A_THREAD = 6  # sequences that the library multiplies at once


def usable(x: Tensor) -> bool:
    """Whether the library has a layer for this input: under autocast to bf16, on such CPUs."""
    if x.device.type != "cpu" or x.dtype not in (torch.float32, torch.bfloat16):
        return False
    if not torch.is_autocast_enabled("cpu") or torch.compiler.is_compiling():
        return False
    if torch.get_autocast_dtype("cpu") != torch.bfloat16 or not x.numel():
        return False
    opened = library()
    return opened is not None and bool(opened.seqkit_has_bf16())


def lstm(
    x: Tensor, h: Tensor, c: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor]:
    """Input (T, B, I), state (B, H) each, weights (4H, I), (4H, H), (4H,) as `lstm_step` has them

    -> the states after each step (T, B, H) in bf16, the last cells (B, H) in float32.
    """
    found = _Layer.apply(x, h, c, weight_ih, weight_hh, bias)  # type: ignore[no-untyped-call]
    return cast(tuple[Tensor, Tensor], found)


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        h: Tensor,
        c: Tensor,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias: Tensor,
    ) -> tuple[Tensor, Tensor]:
        steps, batch, _ = x.shape
        hidden = h.size(-1)
        units = -(-hidden // UNITS) * UNITS

        of_inputs = _arranged(weight_ih)  # (G, I)
        of_state = _widened(_arranged(weight_hh), units)  # (G, U)
        biases = _arranged(bias[:, None], torch.float32)

        rows = x.flatten(0, 1).to(torch.bfloat16)  # (T * B, I)
        inputs = F.linear(rows, of_inputs)
        states = torch.empty(steps + 1, batch, units, dtype=torch.bfloat16)
        states[0] = _widened(h, units)
        cells = torch.empty(steps + 1, batch, units)
        cells[0] = _widened(c, units)
        gates = torch.empty(steps, batch, GATES * units, dtype=torch.int16)

        _call(
            "seqkit_lstm_forward",
            states,
            _packed(of_state),
            inputs=inputs,
            biases=biases,
            cells=cells,
            gates=gates,
        )

        ctx.hidden = hidden
        ctx.types = x.dtype, h.dtype, c.dtype, weight_ih.dtype
        ctx.save_for_backward(rows, of_inputs, of_state, states, cells, gates)
        ctx.set_materialize_grads(False)
        return states[1:, :, :hidden].contiguous(), cells[-1, :, :hidden].clone()

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, of_outputs: Tensor | None, of_last_cells: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        _, _, of_state, states, cells, gates = ctx.saved_tensors
        steps, batch, _ = gates.shape
        units = states.size(-1)

        outputs = states.new_zeros(steps, batch, units)
        if of_outputs is not None:
            outputs = _widened(of_outputs, units)
        of_cells = cells.new_zeros(batch, units)
        if of_last_cells is not None:
            of_cells[:, : ctx.hidden] = of_last_cells
        of_gates = torch.empty(steps, batch, GATES * units, dtype=torch.bfloat16)
        of_first = torch.empty(batch, units)

        _call(
            "seqkit_lstm_backward",
            states,
            _packed(of_state.t()),
            cells=cells,
            gates=gates,
            of_outputs=outputs,
            of_cells=of_cells,
            of_gates=of_gates,
            of_first=of_first,
        )
        return _gradients(ctx, of_gates.flatten(0, 1), of_first, of_cells)


def _gradients(
    ctx: Any, of_gates: Tensor, of_first: Tensor, of_cells: Tensor
) -> tuple[Tensor | None, ...]:
    """From those of gates (T * B, G), first states (B, U) and first cells (B, U), those of all."""
    rows, of_inputs, _, states, _, _ = ctx.saved_tensors
    x_type, h_type, c_type, weight_type = ctx.types
    needs_x, needs_h, needs_c, needs_ih, needs_hh, needs_bias = ctx.needs_input_grad

    x = h = c = weight_ih = weight_hh = bias = None
    if needs_x:
        product = of_gates @ of_inputs
        x = product.view(-1, of_first.size(0), product.size(1)).to(x_type)
    if needs_h:
        h = of_first[:, : ctx.hidden].to(h_type)
    if needs_c:
        c = of_cells[:, : ctx.hidden].to(c_type)

    if needs_ih:
        weight_ih = _as_was(of_gates.t() @ rows, ctx.hidden, weight_type)
    if needs_hh:
        before = states[:-1].flatten(0, 1)
        product = of_gates.t() @ before
        weight_hh = _as_was(product[:, : ctx.hidden], ctx.hidden, weight_type)
    if needs_bias:
        total = of_gates.sum(0)
        bias = _as_was(total[:, None], ctx.hidden, weight_type)[:, 0]
    return x, h, c, weight_ih, weight_hh, bias


def _arranged(weight: Tensor, dtype: torch.dtype = torch.bfloat16) -> Tensor:
    """(4H, I) -> (G, I) in the order of the library"""
    of_gate = weight.unflatten(0, (GATES, -1))  # (4, H, I)
    rest = -of_gate.size(1) % UNITS
    if rest:
        of_gate = F.pad(of_gate, (0, 0, 0, rest))
    vectors = of_gate.unflatten(1, (-1, UNITS)).transpose(0, 1)  # (U / 16, 4, 16, I)
    return vectors.to(dtype, memory_format=torch.contiguous_format).flatten(0, 2)


def _as_was(arranged: Tensor, hidden: int, dtype: torch.dtype) -> Tensor:
    """(G, I) -> (4H, I), what `_arranged` has done undone."""
    vectors = arranged.unflatten(0, (-1, GATES, UNITS)).transpose(0, 1)  # (4, U / 16, 16, I)
    of_gate = vectors.to(dtype, memory_format=torch.contiguous_format).flatten(1, 2)
    return of_gate[:, :hidden].flatten(0, 1)


def _widened(x: Tensor, units: int) -> Tensor:
    """(…, H) -> (…, U), contiguous"""
    rest = units - x.size(-1)
    return F.pad(x, (0, rest)) if rest else x.contiguous()


def _packed(matrix: Tensor) -> Tensor:
    """A matrix, which may be a transposed view, as the library multiplies by it."""
    packed = torch.empty(matrix.numel(), dtype=torch.bfloat16)
    rows, columns = matrix.shape
    opened = library()
    assert opened is not None, "ask `usable` first"
    opened.seqkit_pack_bf16(matrix.data_ptr(), rows, columns, *matrix.stride(), packed.data_ptr())
    return packed


def _call(name: str, states: Tensor, weights: Tensor, **arrays: Tensor) -> None:
    """Call a function of the library for all sequences, in as many threads as torch has."""
    after, batch, units = states.shape
    addresses = {array: tensor.data_ptr() for array, tensor in arrays.items()}
    told = Lstm(
        steps=after - 1,
        batch=batch,
        units=units,
        weights=weights.data_ptr(),
        states=states.data_ptr(),
        **addresses,
    )
    function = getattr(library(), name)

    def part(start: int, end: int) -> None:
        function(ctypes.byref(told), start, end)

    in_threads(part, parts_of(batch, least=_ROWS_OF_A_THREAD))
