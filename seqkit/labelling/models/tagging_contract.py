"""What the task "tagging" asks of its models.

Shapes: B sentences, T words, K tags.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor, nn

from ...nn.crf import LinearChainCRF
from ..tagging.encoding import Tokens


class TaggingModel(Protocol):
    """A torch module that scores tags for words.

    Made as `Model(config, words=…, letters=…, features=…, per_word=…, tags=…)`: the sizes of the
    vocabularies of words, of letters (0 = none are read) and of features, the number of features
    of a word, and K. Registered under `model`, with its `Config` as an attribute.
    """

    word_embedding: nn.Embedding
    """(V, …) the vectors of words, which pretrained ones may fill."""

    output: nn.Module
    """The last layer, which gives the emissions."""

    crf: LinearChainCRF | None
    """What the tags score by their order; None where each is scored for itself."""

    training: bool
    """As in every torch.nn.Module."""

    def __call__(self, tokens: Tokens) -> Tensor:
        """Emissions (B, T, K). Those of a word may not depend on the padding."""
