"""Recurrent layers: plain RNN, GRU and LSTM, written out from their equations and, for speed, through torch's kernels.

Both ways share the parameters, under torch's names, and give the same outputs and gradients.
Shapes: T steps, B sequences, I inputs, H hidden units, L layers, P directions (1 or 2).
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .linear import Dropout

Cell = Literal["rnn", "gru", "lstm"]
Implementation = Literal["auto", "scratch", "torch"]
State = tuple[Tensor, ...]  # (h,), for the LSTM (h, c); each (L * P, B, H)
GATES = {"rnn": 1, "gru": 3, "lstm": 4}


def rnn_step(from_input: Tensor, from_state: Tensor) -> Tensor:
    """Elman 1990: h' = tanh(W_ih x + W_hh h). The two products, (B, H) each, biases included -> h' (B, H)"""
    return torch.tanh(from_input + from_state)


def gru_step(from_input: Tensor, from_state: Tensor, h: Tensor) -> Tensor:
    """Cho et al. 2014, arXiv:1406.1078, with the reset gate after the product (Chung et al. 2014).

    Products of input and of state (B, 3H) in the order reset, update, new; state (B, H) -> (B, H)
    """
    reset_x, update_x, new_x = from_input.chunk(3, dim=-1)
    reset_h, update_h, new_h = from_state.chunk(3, dim=-1)
    reset, update = torch.sigmoid(reset_x + reset_h), torch.sigmoid(update_x + update_h)
    new = torch.tanh(new_x + reset * new_h)
    return (1 - update) * new + update * h


def lstm_step(
    from_input: Tensor, from_state: Tensor, c: Tensor, norm: nn.Module | None = None
) -> tuple[Tensor, Tensor]:
    """Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000.

    Products of input and of state (B, 4H) in the order input, forget, cell, output; cell (B, H) -> h, c (B, H) each.
    `norm` is applied to the cell before the output gate.
    """
    into, forget, cell, out = (from_input + from_state).chunk(4, dim=-1)
    c = torch.sigmoid(forget) * c + torch.sigmoid(into) * torch.tanh(cell)
    return torch.sigmoid(out) * torch.tanh(c if norm is None else norm(c)), c


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
        """`dropout` is on what goes from layer to layer; `locked` holds its mask over time.

        `recurrent_dropout` is on the state, one mask for all steps (Gal & Ghahramani 2016, arXiv:1512.05287);
        `weight_drop` on the matrices of the state (Merity et al. 2017, arXiv:1708.02182, section 2); `layer_norm` on
        both products and the LSTM's cell (Ba et al. 2016, arXiv:1607.06450). Recurrent dropout and layer norm exist in
        the scratch form only, which "auto" then takes; asking "torch" for them raises ValueError.
        """
        super().__init__()
        only_scratch = recurrent_dropout > 0 or layer_norm
        if implementation == "torch" and only_scratch:
            raise ValueError("recurrent dropout and layer norm need the scratch implementation")
        self.scratch = implementation == "scratch" or only_scratch
        self.cell, self.hidden, self.layers, self.directions = (
            cell,
            hidden,
            layers,
            2 if bidirectional else 1,
        )
        self.recurrent_dropout, self.weight_drop = recurrent_dropout, weight_drop
        self.between = LockedDropout(dropout) if locked else Dropout(dropout)
        gates = GATES[cell] * hidden
        self.norms = nn.ModuleDict()
        for layer in range(layers):
            width = inputs if layer == 0 else hidden * self.directions
            for name in self._names(layer):
                for part, shape in (("weight_ih", (gates, width)), ("weight_hh", (gates, hidden))):
                    self.register_parameter(f"{part}_{name}", nn.Parameter(torch.empty(shape)))
                for part in ("bias_ih", "bias_hh"):
                    self.register_parameter(f"{part}_{name}", nn.Parameter(torch.empty(gates)))
                if layer_norm:
                    self.norms[f"ih_{name}"], self.norms[f"hh_{name}"] = (
                        nn.LayerNorm(gates),
                        nn.LayerNorm(gates),
                    )
                    if cell == "lstm":
                        self.norms[f"c_{name}"] = nn.LayerNorm(hidden)
        self.reset()

    def reset(self) -> None:
        """Uniform weights within 1 / sqrt(H), as torch's; forget gates begin open (Jozefowicz et al. 2015)."""
        for name, parameter in self.named_parameters():
            if name.startswith("norms"):
                continue
            nn.init.uniform_(parameter, -(self.hidden**-0.5), self.hidden**-0.5)
            if self.cell == "lstm" and name.startswith("bias"):
                nn.init.constant_(parameter.chunk(4)[1], 1.0 if name.startswith("bias_ih") else 0.0)

    def zero_state(self, batch: int, like: Tensor) -> State:
        """The state before the first step."""
        zeros = like.new_zeros(self.layers * self.directions, batch, self.hidden)
        return (zeros, zeros) if self.cell == "lstm" else (zeros,)

    def forward(
        self, x: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """(T, B, I) and the state before the first step -> (T, B, P * H), the state after the last.

        With `lengths` (B,), what goes backwards begins at each sequence's own end, so that outputs there do not
        depend on padding behind it; outputs in the padding, and the state after it, mean nothing.
        """
        state = state or self.zero_state(x.size(1), x)
        ends: list[State] = []
        for layer in range(self.layers):
            if layer:
                x = self.between(x)
            rows = slice(layer * self.directions, (layer + 1) * self.directions)
            x, end = self._layer(layer, x, tuple(part[rows] for part in state), lengths)
            ends.append(end)
        return x, tuple(torch.cat(parts) for parts in zip(*ends, strict=True))

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One step of a stack that goes forwards: (B, I) -> (B, H), the state after it.

        Weight drop and recurrent dropout are for `forward`: they hold one mask over all of its steps. Raises ValueError
        for a stack that goes both ways, which has no next step.
        """
        if self.directions > 1:
            raise ValueError("a bidirectional stack reads whole sequences: call it, not step")
        after: list[State] = []
        for layer in range(self.layers):
            if layer:
                x = self.between(x[None])[0]
            before = tuple(part[layer] for part in state)
            after.append(self._cell(f"l{layer}", x, before))
            x = after[-1][0]
        return x, tuple(torch.stack(parts) for parts in zip(*after, strict=True))

    def _cell(self, name: str, x: Tensor, state: State) -> State:
        """One step of one layer: (B, I), states (B, H) -> states (B, H)"""
        weights = self._weights(name)
        if self.scratch:
            return self._by_equations(name, x[None], state)[1]
        if self.cell == "lstm":
            return torch.lstm_cell(x, state, *weights)
        return (
            (torch.gru_cell if self.cell == "gru" else torch.rnn_tanh_cell)(x, state[0], *weights),
        )

    def _names(self, layer: int) -> list[str]:
        return [f"l{layer}", f"l{layer}_reverse"][: self.directions]

    def _weights(self, name: str) -> list[Tensor]:
        """weight_ih, weight_hh, bias_ih, bias_hh of a layer in one direction, with weight drop applied."""
        found = [
            getattr(self, f"{part}_{name}")
            for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ]
        if self.weight_drop and self.training:
            found[1] = F.dropout(found[1], self.weight_drop)
        return found

    def _layer(
        self, layer: int, x: Tensor, state: State, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        """One layer, both directions: (T, B, I), states (P, B, H) -> (T, B, P * H), states (P, B, H)"""
        way = self._by_equations if self.scratch else self._by_torch
        outputs, ends = [], []
        for i, name in enumerate(self._names(layer)):
            output, end = way(
                name, backwards(x, lengths) if i else x, tuple(part[i] for part in state)
            )
            outputs.append(backwards(output, lengths) if i else output)
            ends.append(end)
        return torch.cat(outputs, -1), tuple(
            torch.stack(parts) for parts in zip(*ends, strict=True)
        )

    def _by_torch(self, name: str, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One layer in one direction by torch's kernel; oneDNN's for the LSTM on the CPU, cuDNN's on CUDA."""
        if _lacks_bf16_kernel(x):
            with torch.autocast("cpu", enabled=False):
                return self._by_torch(name, x.float(), tuple(part.float() for part in state))
        weights, rest = self._weights(name), (True, 1, 0.0, self.training, False, False)
        first = tuple(part[None] for part in state)
        if self.cell == "lstm":
            output, h, c = torch.lstm(x, first, weights, *rest)
            return output, (h[0], c[0])
        kernel = torch.gru if self.cell == "gru" else torch.rnn_tanh
        output, h = kernel(x, first[0], weights, *rest)
        return output, (h[0],)

    def _by_equations(self, name: str, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One layer in one direction, step by step: (T, B, I), states (B, H) -> (T, B, H), states (B, H)"""
        weight_ih, weight_hh, bias_ih, bias_hh = self._weights(name)
        products = F.linear(
            x, weight_ih, bias_ih
        )  # for all steps at once, since they do not depend on the state
        if self.norms:
            products = self.norms[f"ih_{name}"](products)
        kept = None
        if self.recurrent_dropout and self.training:
            kept = F.dropout(torch.ones_like(state[0]), self.recurrent_dropout)
        outputs = []
        for product in products:
            h = state[0] if kept is None else state[0] * kept
            from_state = F.linear(h, weight_hh, bias_hh)
            if self.norms:
                from_state = self.norms[f"hh_{name}"](from_state)
            if self.cell == "lstm":
                norm = self.norms[f"c_{name}"] if self.norms else None
                state = lstm_step(product, from_state, state[1], norm)
            elif self.cell == "gru":
                state = (gru_step(product, from_state, state[0]),)
            else:
                state = (rnn_step(product, from_state),)
            outputs.append(state[0])
        return torch.stack(outputs), state


def _lacks_bf16_kernel(x: Tensor) -> bool:
    """Whether autocast would ask this CPU for a bf16 kernel that oneDNN has on newer CPUs only."""
    if x.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
        return False
    return not torch.ops.mkldnn._is_mkldnn_bf16_supported()


def backwards(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Each sequence from its end to its beginning, with padding left behind it: (T, B, …), (B,) -> (T, B, …)"""
    if lengths is None:
        return x.flip(0)
    step = torch.arange(x.size(0), device=x.device)[:, None]
    place = torch.where(step < lengths, lengths - 1 - step, step)  # (T, B)
    return x.gather(0, place.view(*place.shape, *[1] * (x.dim() - 2)).expand_as(x))


class LockedDropout(nn.Module):
    """Variational dropout: one mask for all steps. Gal & Ghahramani 2016, arXiv:1512.05287. (T, B, …) -> same"""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        return x * F.dropout(torch.ones_like(x[:1]), self.rate)


def drop_words(weight: Tensor, rate: float, *, training: bool) -> Tensor:
    """Embedding dropout: whole words are left out of this batch (Gal & Ghahramani 2016). (V, D) -> (V, D)"""
    if not training or rate == 0:
        return weight
    return weight * F.dropout(weight.new_ones(weight.size(0), 1), rate)
