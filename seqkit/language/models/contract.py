"""What the task "language-modelling" asks of its models.

Shapes: B sequences, T positions, D width, V vocabulary.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from torch import Tensor


class NextTokenModel(Protocol):
    """A network that reads tokens and says what comes next. Made as `Model(config, vocab=…)`."""

    carries_state: ClassVar[
        bool
    ]  # True if its state goes on from window to window; False if it sees one window
    output: Tensor  # (V, D) the matrix of the output layer
    bias: Tensor  # (V,)

    def __call__(self, ids: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Ids (B, T) and the state before them, or None -> hidden states (B, T, D), the state after them."""
