"""Recurrent layers: plain RNN, GRU and LSTM.

Written out from their equations and, for speed, through torch's kernels and the compiled library
(`recurrence`). All ways share the parameters, under torch's names, and give the same outputs and
gradients.

Shapes: T steps, B sequences, I inputs, H hidden units, G gates, L layers, P directions (1 or 2).
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import WrongValue
from . import recurrence
from .checks import check_name, check_rates, check_shape, check_sizes
from .dropout import Dropout, LockedDropout

Cell = Literal["rnn", "gru", "lstm"]
Implementation = Literal["auto", "scratch", "torch"]
State = tuple[Tensor, ...]  # (h,), for the LSTM (h, c); each (L * P, B, H)
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
_PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def rnn_step(from_input: Tensor, from_state: Tensor) -> Tensor:
    """Elman 1990: h' = tanh(W_ih x + W_hh h).

    The two products, (B, H) each, biases included -> h' (B, H)
    """
    return torch.tanh(from_input + from_state)


def gru_step(from_input: Tensor, from_state: Tensor, h: Tensor) -> Tensor:
    """Cho et al. 2014, arXiv:1406.1078.

    With the reset gate after the product (Chung et al. 2014, arXiv:1412.3555). Products of input
    and of state (B, 3H) in the order reset, update, new; state (B, H) -> (B, H)
    """
    reset_x, update_x, new_x = from_input.chunk(3, dim=-1)
    reset_h, update_h, new_h = from_state.chunk(3, dim=-1)

    reset = torch.sigmoid(reset_x + reset_h)
    update = torch.sigmoid(update_x + update_h)
    remembered = reset * new_h
    new = torch.tanh(new_x + remembered)

    changed = (1 - update) * new
    return changed + update * h


def lstm_step(
    from_input: Tensor, from_state: Tensor, c: Tensor, norm: nn.Module | None = None
) -> tuple[Tensor, Tensor]:
    """Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000.

    Products of input and of state (B, 4H) in the order input, forget, cell, output; cell (B, H) ->
    h, c (B, H) each. `norm` is applied to the cell before the output gate.
    """
    products = from_input + from_state
    input_gate, forget_gate, new, output_gate = products.chunk(4, dim=-1)

    forget = torch.sigmoid(forget_gate)
    remembered = forget * c
    let_in = torch.sigmoid(input_gate)
    added = let_in * torch.tanh(new)
    c = remembered + added

    shown = c if norm is None else norm(c)
    let_out = torch.sigmoid(output_gate)
    h = let_out * torch.tanh(shown)
    return h, c


class Recurrent(nn.Module):
    """A stack of recurrent layers: (T, B, I) -> (T, B, P * H)."""

    def __init__(
        self,
        cell: Cell,
        inputs: int,
        hidden: int,
        *,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        locked: bool = False,
        recurrent_dropout: float = 0.0,
        weight_drop: float = 0.0,
        layer_norm: bool = False,
        implementation: Implementation = "auto",
    ) -> None:
        """`dropout` is between layers; with `locked`, one mask serves all steps.

        `recurrent_dropout` is on the state, one mask for all steps (Gal & Ghahramani 2016,
        arXiv:1512.05287); `weight_drop` on the matrices of the state (Merity et al. 2017,
        arXiv:1708.02182, section 2); `layer_norm` on both products and the LSTM's cell (Ba et al.
        2016, arXiv:1607.06450). Recurrent dropout and layer norm exist in the scratch form only,
        which "auto" then takes; asking "torch" for them raises `WrongValue`, as do unknown names.
        """
        super().__init__()
        check_name("cell", cell, GATES)
        check_name("implementation", implementation, get_args(Implementation))
        check_sizes(inputs=inputs, hidden=hidden, layers=layers)
        check_rates(recurrent_dropout=recurrent_dropout, weight_drop=weight_drop)

        only_scratch = recurrent_dropout > 0 or layer_norm
        if implementation == "torch" and only_scratch:
            raise WrongValue("recurrent dropout and layer norm need the scratch implementation")
        self.scratch = implementation == "scratch" or only_scratch
        self.any_kernel = implementation == "auto"

        self.cell = cell
        self.hidden = hidden
        self.layers = layers
        self.directions = 2 if bidirectional else 1
        self.recurrent_dropout = recurrent_dropout
        self.weight_drop = weight_drop
        self.between = LockedDropout(dropout) if locked else Dropout(dropout)
        self.norms = nn.ModuleDict()

        for layer in range(layers):
            width = inputs if layer == 0 else hidden * self.directions
            for name in self._names(layer):
                self._add_parameters(name, width)
                if layer_norm:
                    self._add_norms(name)
        self.reset()

    def _add_parameters(self, name: str, width: int) -> None:
        gates = GATES[self.cell] * self.hidden
        shapes = [
            (gates, width),
            (gates, self.hidden),
            (gates,),
            (gates,),
        ]
        for part, shape in zip(_PARAMETERS, shapes, strict=True):
            empty = torch.empty(shape)
            parameter = nn.Parameter(empty)
            self.register_parameter(f"{part}_{name}", parameter)

    def _add_norms(self, name: str) -> None:
        gates = GATES[self.cell] * self.hidden
        self.norms[f"ih_{name}"] = nn.LayerNorm(gates)
        self.norms[f"hh_{name}"] = nn.LayerNorm(gates)
        if self.cell == "lstm":
            self.norms[f"c_{name}"] = nn.LayerNorm(self.hidden)

    def reset(self) -> None:
        """Uniform weights within 1 / sqrt(H), as torch's.

        Forget gates begin open (Jozefowicz et al. 2015).
        """
        bound = self.hidden**-0.5
        for name, parameter in self.named_parameters():
            if name.startswith("norms"):
                continue
            nn.init.uniform_(parameter, -bound, bound)

            is_bias = name.startswith("bias")
            if self.cell == "lstm" and is_bias:
                _, forget_gate, _, _ = parameter.chunk(4)
                openness = 1.0 if name.startswith("bias_ih") else 0.0
                nn.init.constant_(forget_gate, openness)

    def zero_state(self, batch: int, like: Tensor) -> State:
        """The state before the first step."""
        layers = self.layers * self.directions
        zeros = like.new_zeros(layers, batch, self.hidden)
        if self.cell == "lstm":
            return zeros, zeros
        return (zeros,)

    def forward(
        self, x: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """(T, B, I), the state before the first step -> (T, B, P * H), the state after the last

        With `lengths` (B,), the backward direction begins at each sequence's own end, so that
        outputs there do not depend on the padding; outputs in the padding, and the state after it,
        mean nothing. Raises `WrongValue` for a state of other sizes.
        """
        if not state:
            state = self.zero_state(x.size(1), x)
        wanted = (self.layers * self.directions, x.size(1), self.hidden)
        for part in state:  # nobody else looks, and kernels in bf16 would write elsewhere
            check_shape("state", part, wanted)

        ends: list[State] = []
        for layer in range(self.layers):
            if layer:
                x = self.between(x)

            first = layer * self.directions
            own = slice(first, first + self.directions)
            own_state = tuple(part[own] for part in state)
            x, end = self._layer(layer, x, own_state, lengths)
            ends.append(end)

        by_part = zip(*ends, strict=True)
        after = tuple(torch.cat(parts) for parts in by_part)
        return x, after

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One step of a unidirectional stack: (B, I) -> (B, H), the state after it

        Weight drop and recurrent dropout are for `forward`, where one mask serves all steps. Raises
        `WrongValue` for a bidirectional stack, which has no next step.
        """
        if self.directions > 1:
            raise WrongValue("a bidirectional stack reads whole sequences: call it, not step")

        after: list[State] = []
        for layer in range(self.layers):
            if layer:
                dropped = self.between(x[None])
                x = dropped[0]

            before = tuple(part[layer] for part in state)
            end = self._cell(f"l{layer}", x, before)
            after.append(end)
            x = end[0]
        return x, _stacked(after)

    def _cell(self, name: str, x: Tensor, state: State) -> State:
        """One step of one layer: (B, I), states (B, H) -> states (B, H)"""
        if self.scratch:
            _, end = self._by_equations(name, x[None], state)
            return end

        weights = self._weights(name)
        if self.cell == "lstm":
            return torch.lstm_cell(x, state, *weights)

        kernel = torch.gru_cell if self.cell == "gru" else torch.rnn_tanh_cell
        h = kernel(x, state[0], *weights)
        return (h,)

    def _names(self, layer: int) -> list[str]:
        names = [f"l{layer}", f"l{layer}_reverse"]
        return names[: self.directions]

    def _weights(self, name: str) -> list[Tensor]:
        """`_PARAMETERS` of a layer in one direction, with weight drop applied."""
        names = [f"{part}_{name}" for part in _PARAMETERS]
        weights: list[Tensor] = [getattr(self, full_name) for full_name in names]

        if self.weight_drop and self.training:
            weight_hh = weights[1]
            weights[1] = F.dropout(weight_hh, self.weight_drop)
        return weights

    def _layer(
        self, layer: int, x: Tensor, state: State, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        """One layer, all directions.

        (T, B, I), states (P, B, H) -> (T, B, P * H), states (P, B, H)
        """
        run = self._by_equations if self.scratch else self._by_kernel
        forward, *backward = self._names(layer)

        first = tuple(part[0] for part in state)
        output, end = run(forward, x, first)
        outputs = [output]
        ends = [end]

        for name in backward:
            reversed_x = reverse(x, lengths)
            first = tuple(part[1] for part in state)
            output, end = run(name, reversed_x, first)
            outputs.append(reverse(output, lengths))
            ends.append(end)

        joined = torch.cat(outputs, -1)
        return joined, _stacked(ends)

    def _by_kernel(self, name: str, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One layer in one direction, by the fastest kernel unless torch's is asked for.

        (T, B, I), states (B, H) -> (T, B, H), states (B, H)
        """
        if self.cell == "rnn" or not self.any_kernel or not recurrence.usable(x):
            return self._by_torch(name, x, state)

        weights = recurrence.Weights(*self._weights(name))
        if self.cell == "gru":
            (h,) = state
            output, end = recurrence.gru(x, h, weights)
            return output, (end,)

        h, c = state
        output, end = recurrence.lstm(x, h, c, weights)
        return output, (output[-1], end)

    def _by_torch(self, name: str, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One layer in one direction by torch's kernel.

        (T, B, I), states (B, H) -> (T, B, H), states (B, H). On the CPU oneDNN's kernel for the
        LSTM, on CUDA cuDNN's.
        """
        if _lacks_bf16_kernel(x):
            wide_state = tuple(part.float() for part in state)
            with torch.autocast("cpu", enabled=False):
                return self._by_torch(name, x.float(), wide_state)

        weights = self._weights(name)
        first = tuple(part[None] for part in state)
        # with biases, layers, dropout, training, not bidirectional, time first
        options = (True, 1, 0.0, self.training, False, False)
        if self.cell == "lstm":
            output, h, c = torch.lstm(x, first, weights, *options)
            return output, (h[0], c[0])

        (first_h,) = first
        kernel = torch.gru if self.cell == "gru" else torch.rnn_tanh
        output, h = kernel(x, first_h, weights, *options)
        return output, (h[0],)

    def _by_equations(self, name: str, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One layer in one direction, step by step.

        (T, B, I), states (B, H) -> (T, B, H), states (B, H)
        """
        weight_ih, weight_hh, bias_ih, bias_hh = self._weights(name)
        from_inputs = F.linear(x, weight_ih, bias_ih)  # (T, B, G * H), of all steps at once
        if self.norms:
            norm_ih = self.norms[f"ih_{name}"]
            from_inputs = norm_ih(from_inputs)

        mask = None
        if self.recurrent_dropout and self.training:
            ones = torch.ones_like(state[0])
            mask = F.dropout(ones, self.recurrent_dropout)

        outputs = []
        for from_input in from_inputs:
            h = state[0]
            if mask is not None:
                h = h * mask
            from_state = F.linear(h, weight_hh, bias_hh)
            if self.norms:
                norm_hh = self.norms[f"hh_{name}"]
                from_state = norm_hh(from_state)

            state = self._equation(name, from_input, from_state, state)
            outputs.append(state[0])
        return torch.stack(outputs), state

    def _equation(self, name: str, from_input: Tensor, from_state: Tensor, state: State) -> State:
        """Both products of one step (B, G * H), states (B, H) -> states (B, H)"""
        if self.cell == "lstm":
            _, c = state
            norm = self.norms[f"c_{name}"] if self.norms else None
            return lstm_step(from_input, from_state, c, norm)

        (h,) = state
        if self.cell == "gru":
            after = gru_step(from_input, from_state, h)
        else:
            after = rnn_step(from_input, from_state)
        return (after,)


def _stacked(states: list[State]) -> State:
    """Those of layers or directions, in one: each (B, H) -> (layers or directions, B, H)"""
    by_part = zip(*states, strict=True)
    return tuple(torch.stack(parts) for parts in by_part)


def _lacks_bf16_kernel(x: Tensor) -> bool:
    """Whether autocast would ask for a bf16 kernel, which oneDNN has only on newer CPUs."""
    if x.device.type != "cpu":
        return False
    if not torch.is_autocast_enabled("cpu"):
        return False
    return not torch.ops.mkldnn._is_mkldnn_bf16_supported()


def reverse(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Each sequence backwards, its padding left at the end: (T, B, …), (B,) -> (T, B, …)"""
    if lengths is None:
        return x.flip(0)

    steps = torch.arange(x.size(0), device=x.device)
    step = steps[:, None]
    inside = step < lengths
    mirrored = lengths - 1 - step
    place = torch.where(inside, mirrored, step)  # (T, B)

    trailing = [1] * (x.dim() - 2)
    index = place.view(*place.shape, *trailing)
    return x.gather(0, index.expand_as(x))
