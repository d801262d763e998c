"""A trained language model as searches ask it: one forward pass for all hypotheses.

Shapes: R rows (hypotheses), T tokens so far, D width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ..data.batching import pad
from ..data.windows import window_of
from ..search.soundness import check_numbers
from ..text.tokenizer import Tokenizer
from ..text.vocab import EOS, UNK
from .models.contract import NextTokenModel

Nats = NDArray[np.float32]
Rows = Sequence[int] | NDArray[np.integer[Any]]


class NetworkStates(NamedTuple):
    """What a network has made of each hypothesis."""

    ids: list[tuple[int, ...]]  # R x T, the end of the line before them included
    hidden: tuple[Tensor, ...] | None  # of a recurrent network: (layers, R, …) each
    nats: Tensor  # (R, V) what may come next


class NetworkScorer:
    """The states and scores of a `LanguageModel`; see `seqkit.search.scorer.LanguageScorer`."""

    unknown = UNK

    def __init__(
        self, model: NextTokenModel, tokenizer: Tokenizer, *, steps: int, stride: int
    ) -> None:
        """`steps` and `stride` are the windows of a network that carries no state."""
        self.model = model
        self.tokenizer = tokenizer
        self.steps = steps
        self.stride = stride

    def __repr__(self) -> str:
        return f"<NetworkScorer of {type(self.model).__name__}>"

    @property
    def tokens(self) -> Sequence[str]:
        """(V,) The tokens by id, as they are written in a text."""
        return self.tokenizer.vocab.tokens

    def encode(self, text: str) -> list[int]:
        """The ids of the tokens of a text, that of `<unk>` for unknown ones."""
        return self.tokenizer.encode(text)

    def begin(self, rows: int) -> NetworkStates:
        """The states at the beginning of a line, with no text before it, R times."""
        first = self._read([(EOS,)], None)
        return self.select(first, [0] * rows)

    def step(self, states: NetworkStates, ids: Rows) -> tuple[Nats, NetworkStates]:
        """A token after each state: its log probability (R,), and the states after it."""
        new = torch.as_tensor(np.asarray(ids, np.int64))
        scores = states.nats.gather(1, new[:, None].to(states.nats.device))[:, 0]

        longer = [(*row, token) for row, token in zip(states.ids, new.tolist(), strict=True)]
        found: Nats = scores.cpu().numpy()
        return found, self._read(longer, states.hidden)

    def following(self, states: NetworkStates) -> Nats:
        """The log probabilities of every token after each state. -> (R, V)"""
        found: Nats = states.nats.cpu().numpy()
        return found

    def finish(self, states: NetworkStates) -> Nats:
        """The log probability that the line ends after each state. -> (R,)"""
        found: Nats = states.nats[:, EOS].cpu().numpy()
        return found

    def select(self, states: NetworkStates, rows: Rows) -> NetworkStates:
        """The states of `rows`, in that order."""
        index = torch.as_tensor(np.asarray(rows, np.int64)).to(states.nats.device)
        hidden = states.hidden
        if hidden is not None:
            hidden = tuple(part.index_select(1, index) for part in hidden)
        ids = [states.ids[row] for row in index.tolist()]
        return NetworkStates(ids, hidden, states.nats[index])

    def join(self, states: Sequence[NetworkStates]) -> NetworkStates:
        """The rows of several states, one after the other."""
        ids = [row for each in states for row in each.ids]
        nats = torch.cat([each.nats for each in states])

        hidden = None
        parts = [each.hidden for each in states if each.hidden is not None]
        if parts:
            hidden = tuple(torch.cat(same, 1) for same in zip(*parts, strict=True))
        return NetworkStates(ids, hidden, nats)

    @torch.no_grad()
    def _read(self, ids: list[tuple[int, ...]], hidden: tuple[Tensor, ...] | None) -> NetworkStates:
        """The states after these tokens, of which a recurrent network has read all but the last."""
        device = self.model.output.device
        if self.model.carries_state:
            inputs = torch.tensor([row[-1:] for row in ids], device=device)
            outputs, hidden = self.model(inputs, hidden)
            last = outputs[:, -1]
        else:
            windows = [self._window(row) for row in ids]
            ends = torch.tensor([len(window) - 1 for window in windows], device=device)
            outputs, _ = self.model(pad(windows).to(device), None)
            last = outputs[torch.arange(len(ids), device=device), ends]  # (R, D)

        logits = F.linear(last, self.model.output, self.model.bias)
        nats = logits.float().log_softmax(-1)
        check_numbers(nats)
        return NetworkStates(ids, hidden, nats)

    def _window(self, ids: tuple[int, ...]) -> list[int]:
        """The tokens from which the next one is predicted."""
        begin = window_of(len(ids) - 1, self.steps, self.stride)
        return list(ids[begin:])
