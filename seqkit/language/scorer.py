"""A trained language model as searches ask it: one forward pass for all hypotheses.

Shapes: R rows (hypotheses), T tokens so far, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..search.scorer import Nats, Rows
from ..text.tokenizer import Tokenizer
from ..text.vocab import EOS, UNK
from .models.contract import NextTokenModel
from .reading import Reading, TokenReader, log_probabilities


class NetworkStates(NamedTuple):
    """What a network has made of each hypothesis."""

    ids: list[tuple[int, ...]]  # R x T, the end of the line before them included
    reading: Reading
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
        self.reader = TokenReader(model, steps=steps, stride=stride)

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
        new = torch.from_numpy(np.array(ids, np.int64))
        scores = states.nats.gather(1, new[:, None].to(states.nats.device))[:, 0]

        longer = [(*row, token) for row, token in zip(states.ids, new.tolist(), strict=True)]
        found: Nats = scores.cpu().numpy()
        return found, self._read(longer, states.reading)

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
        index = torch.from_numpy(np.array(rows, np.int64)).to(states.nats.device)
        ids = [states.ids[row] for row in index.tolist()]
        return NetworkStates(ids, states.reading.select(index), states.nats[index])

    def join(self, states: Sequence[NetworkStates]) -> NetworkStates:
        """The rows of several states, one after the other."""
        ids = [row for each in states for row in each.ids]
        first, *others = [each.reading for each in states]
        nats = torch.cat([each.nats for each in states])
        return NetworkStates(ids, first.join(others), nats)

    def _read(self, ids: list[tuple[int, ...]], before: Reading | None) -> NetworkStates:
        """The states after these tokens; `before` is what was made of all but the last ones."""
        logits, reading = self.reader.read(ids, before)
        return NetworkStates(ids, reading, log_probabilities(logits))
