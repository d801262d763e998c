"""What the task "language-modelling" asks of its models.

Shapes: B sequences, T positions, D width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

from torch import Tensor


class NextTokenModel(Protocol):
    """A torch module that reads tokens and says what comes next.

    Made as `Model(config, vocab=…)`. Registered under `model`, with its `Config` as an attribute.
    """

    carries_state: ClassVar[bool]
    """True if its state is carried from window to window, as that of a recurrent network: a text is
    then read from start to end, and each token is predicted from all before it. False if every
    window stands alone, as for a Transformer: the state is None, and a text is scored by windows of
    data.steps tokens that slide by data.stride."""

    output: Tensor
    """(V, D) the matrix of the output layer: logits are hidden states times its transpose, plus
    `bias`. The task computes them itself, and only where a target counts."""

    bias: Tensor
    """(V,)"""

    training: bool
    """As in every torch.nn.Module."""

    def __call__(self, ids: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Ids (B, T) and the state before them -> hidden states (B, T, D) and the state after them.

        The state is a tuple of tensors (…, B, …), whose second dimension are the sequences, or
        None: at the start of a text, and wherever `carries_state` is False. No hidden state may
        depend on ids after its own.
        """


@runtime_checkable
class ExtendableModel(Protocol):
    """A `NextTokenModel` without state that can read a window in parts, each token once.

    What it saves is time: without this, every token that is generated reads its window anew.
    """

    def extend(self, ids: Tensor, past: Any) -> tuple[Tensor, Any]:
        """The next ids of a window, (B, t) -> hidden states (B, t, D) and the past with them.

        The past is None where the window begins, then a tuple of tensors (…, B, …), whose second
        dimension are the sequences, or a `WindowPast`.
        """


class WindowPast(Protocol):
    """What an `ExtendableModel` keeps of windows of one length in a way of its own."""

    def logits(self, hidden: Tensor, /) -> Tensor:
        """What the output layer makes of hidden states: (B, D) -> (B, V)"""

    def select(self, sequences: Tensor, /) -> Self:
        """That of some of the sequences (B',), in this order."""

    def join(self, others: Sequence[Self], /) -> Self | None:
        """That of these sequences, then of others; None if they have to be read again."""
