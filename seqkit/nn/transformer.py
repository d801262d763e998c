"""Transformer layers (Vaswani et al. 2017, arXiv:1706.03762).

Shapes: B sentences, S source positions, T target positions, t of them so far,
D width, H heads, E = D / H.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import DataError, WrongValue
from .attention import KeyValue, MultiHeadAttention
from .checks import Activation, check_sizes
from .checks import check_width as check_width
from .dropout import Dropout
from .linear import linear

# Width from which training in bf16 pays on CPUs that have it. Target tokens a CPU second on an AMD
# EPYC (Zen 5), beside float32: 1.1 times as many at 64, 1.5 to 1.7 times at 128.
WIDE_ENOUGH_FOR_BF16 = 64

_ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "swish": F.silu,
    "gelu": F.gelu,
    "gelu-tanh": partial(F.gelu, approximate="tanh"),
}


class FeedForward(nn.Module):
    """Two linear layers with an activation between them (section 3.3).

    ReLU in the paper; swish, x sigmoid(x): Ramachandran et al. 2017, arXiv:1710.05941; GELU:
    Hendrycks & Gimpel 2016, arXiv:1606.08415, "gelu-tanh" by its approximation in section 2.
    """

    def __init__(
        self, width: int, hidden: int, *, dropout: float, activation: Activation = "relu"
    ) -> None:
        super().__init__()
        check_sizes(width=width, hidden=hidden)
        self.up = nn.Linear(width, hidden)
        self.down = nn.Linear(hidden, width)
        self.dropout = Dropout(dropout)
        self.activation = activation

    @property
    def activate(self) -> Callable[[Tensor], Tensor]:
        return _ACTIVATIONS[self.activation]

    def forward(self, x: Tensor) -> Tensor:
        """(…, D) -> (…, D)"""
        hidden = linear(x, self.up)
        if self.activation == "relu":
            hidden = self.dropout.relu(hidden)
        else:
            hidden = self.dropout(self.activate(hidden))
        return linear(hidden, self.down)


class Residual(nn.Module):
    """Layer norm and residual connection around a sublayer.

    The norm comes before the sublayer (`prenorm`: Xiong et al. 2020, arXiv:2002.04745) or after it.
    """

    def __init__(self, width: int, *, dropout: float, prenorm: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.dropout = Dropout(dropout)
        self.prenorm = prenorm

    def enter(self, x: Tensor) -> Tensor:
        """The input of the sublayer: (…, D) -> (…, D)"""
        if not self.prenorm:
            return x
        normed: Tensor = self.norm(x)
        return normed

    def leave(self, x: Tensor, output: Tensor) -> Tensor:
        """What came in and the output of the sublayer, joined: (…, D), (…, D) -> (…, D)"""
        x = self.dropout.add(x, output)
        if self.prenorm:
            return x
        normed: Tensor = self.norm(x)
        return normed


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward network."""

    def __init__(
        self,
        width: int,
        heads: int,
        hidden: int,
        *,
        dropout: float,
        attention_dropout: float,
        prenorm: bool,
        activation: Activation = "relu",
    ) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(width, heads, dropout=attention_dropout)
        self.feed_forward = FeedForward(width, hidden, dropout=dropout, activation=activation)

        self.around_attention = Residual(width, dropout=dropout, prenorm=prenorm)
        self.around_feed_forward = Residual(width, dropout=dropout, prenorm=prenorm)

    def forward(self, x: Tensor, mask: Tensor | None, *, causal: bool = False) -> Tensor:
        """(B, S, D), mask broadcasting to (B, H, S, S) -> (B, S, D)"""
        y = self.around_attention.enter(x)
        own = self.attention.project(y)
        attended = self.attention(y, own, mask=mask, causal=causal)
        x = self.around_attention.leave(x, attended)

        return self._feed_forward(x)

    def extend(self, x: Tensor, past: Tensor | None) -> tuple[Tensor, Tensor]:
        """The next T positions of a causal network: (B, T, D) -> (B, T, D), the past with them

        `past` is keys and values in one tensor, (2, B, H, t, E) of the t positions before.
        """
        y = self.around_attention.enter(x)
        own = self.attention.project(y)
        now = torch.stack(own)  # (2, B, H, T, E)
        past = now if past is None else torch.cat([past, now], 3)

        seen = KeyValue(past[0], past[1])
        attended = self.attention(y, seen, mask=_earlier(x.size(1), past.size(3), x.device))
        x = self.around_attention.leave(x, attended)
        return self._feed_forward(x), past

    def _feed_forward(self, x: Tensor) -> Tensor:
        """(B, S, D) -> (B, S, D)"""
        y = self.around_feed_forward.enter(x)
        output = self.feed_forward(y)
        return self.around_feed_forward.leave(x, output)


def _earlier(new: int, total: int, device: torch.device) -> Tensor | None:
    """What the last `new` of `total` positions may attend to, (new, total); None for everything."""
    if new == 1:
        return None
    places = torch.arange(total, device=device)
    return places <= places[total - new :, None]


class DecoderLayer(nn.Module):
    """Self-attention over earlier positions, attention to the source, a feed-forward network.

    A search takes its steps by `compiled.CompiledLayers` or `stepping.DecoderStepper`.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        hidden: int,
        *,
        dropout: float,
        attention_dropout: float,
        prenorm: bool,
        activation: Activation = "relu",
    ) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(width, heads, dropout=attention_dropout)
        self.cross_attention = MultiHeadAttention(width, heads, dropout=attention_dropout)
        self.feed_forward = FeedForward(width, hidden, dropout=dropout, activation=activation)

        self.around_attention = Residual(width, dropout=dropout, prenorm=prenorm)
        self.around_cross_attention = Residual(width, dropout=dropout, prenorm=prenorm)
        self.around_feed_forward = Residual(width, dropout=dropout, prenorm=prenorm)

    def forward(self, x: Tensor, memory: Tensor | KeyValue, mask: Tensor | None) -> Tensor:
        """All target positions at once: (B, T, D), memory of (B, S) positions -> (B, T, D)

        The memory is (B, S, D), or what `cross_attention.project` made of it. `mask` is True at
        source positions that may be attended to; it broadcasts to (B, H, T, S).
        """
        if isinstance(memory, Tensor):
            memory = self.cross_attention.project(memory)
        x = self._self_attention(x)

        y = self.around_cross_attention.enter(x)
        attended = self.cross_attention(y, memory, mask=mask)
        x = self.around_cross_attention.leave(x, attended)

        return self._feed_forward(x)

    def cross_attention_weights(self, x: Tensor, memory: KeyValue, mask: Tensor | None) -> Tensor:
        """How much each target position attends to each source position.

        (B, T, D) -> (B, H, T, S)
        """
        x = self._self_attention(x)
        y = self.around_cross_attention.enter(x)
        return self.cross_attention.weights(y, memory, mask)

    def _self_attention(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)"""
        y = self.around_attention.enter(x)
        own = self.attention.project(y)
        attended = self.attention(y, own, causal=True)
        return self.around_attention.leave(x, attended)

    def _feed_forward(self, x: Tensor) -> Tensor:
        """(…, D) -> (…, D)"""
        y = self.around_feed_forward.enter(x)
        output = self.feed_forward(y)
        return self.around_feed_forward.leave(x, output)


def sinusoids(length: int, width: int) -> Tensor:
    """Fixed position encodings (section 3.5): (length, width)"""
    positions = torch.arange(length, dtype=torch.float32)
    even = torch.arange(0, width, 2, dtype=torch.float32)
    decay = -math.log(10_000.0) / width
    rate = torch.exp(even * decay)
    angle = positions[:, None] * rate  # (length, width / 2), rounded up

    sines = torch.sin(angle)
    cosines = torch.cos(angle)
    table = torch.zeros(length, width)
    table[:, 0::2] = sines
    table[:, 1::2] = cosines[:, : width // 2]
    return table


class Embedding(nn.Module):
    """Token embeddings times sqrt(D), plus positions (sections 3.4 and 3.5)."""

    positions: Tensor

    def __init__(
        self,
        vocab: int,
        width: int,
        *,
        dropout: float,
        padding: int,
        zero: int | None = None,
        learned_positions: int = 0,
    ) -> None:
        """Positions are sinusoids, or `learned_positions` vectors that training changes.

        The token `zero` is embedded as zeros, whatever its weights are.
        """
        super().__init__()
        check_sizes(vocab=vocab, width=width)
        if not 0 <= padding < vocab:
            raise WrongValue(f"padding = {padding} is none of the {vocab} tokens")

        self.tokens = nn.Embedding(vocab, width, padding_idx=padding)
        weight = self.tokens.weight
        scale = width**-0.5
        nn.init.normal_(weight, std=scale)
        with torch.no_grad():
            weight[padding].zero_()

        self.dropout = Dropout(dropout)
        self.zero = zero
        self.longest = learned_positions
        if learned_positions:
            self.positions = nn.Parameter(sinusoids(learned_positions, width))
        else:
            self.register_buffer("positions", sinusoids(256, width), persistent=False)

    def forward(self, ids: Tensor, start: int = 0) -> Tensor:
        """(B, T) ids at positions start, start + 1, … -> (B, T, D)

        Raises `DataError` for more positions than are learned.
        """
        width = self.positions.size(1)
        end = start + ids.size(1)
        if end > self.positions.size(0):
            self._make_longer(end)
        positions = self.positions[start:end]

        scale = math.sqrt(width)
        embedded = self.tokens(ids) * scale
        if self.zero is not None:
            embedded = embedded.masked_fill((ids == self.zero)[..., None], 0.0)
        x = embedded + positions
        output: Tensor = self.dropout(x)
        return output

    def at(self, ids: Tensor, position: int) -> Tensor:
        """(R,) ids, all at this position -> (R, D), without dropout: a step of a search"""
        added = self.position(position)
        embedded = F.embedding(ids, self.tokens.weight) * math.sqrt(len(added))
        if self.zero is not None:
            embedded = embedded.masked_fill((ids == self.zero)[:, None], 0.0)
        return embedded + added

    def position(self, position: int) -> Tensor:
        """What is added to the token at a position: (D,)"""
        if position >= self.positions.size(0):
            self._make_longer(position + 1)
        return self.positions[position]

    def _make_longer(self, length: int) -> None:
        if self.longest:
            raise DataError(
                f"the model has learned {self.longest} positions, and a text has {length} tokens"
            )
        longer = sinusoids(2 * length, self.positions.size(1))
        self.positions = longer.to(self.positions)


def initialise(model: nn.Module) -> None:
    """Xavier for all matrices except embeddings (Glorot & Bengio 2010), zeros for biases."""
    for name, parameter in model.named_parameters():
        is_matrix = parameter.dim() == 2
        if is_matrix and "embedding" not in name:
            nn.init.xavier_uniform_(parameter)
        elif name.endswith(".bias"):
            nn.init.zeros_(parameter)
