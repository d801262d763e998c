"""What the tasks ask of their models.

Shapes: B texts or sentences, T tokens or words of the longest, D width, K classes or tags.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor, nn

from ...nn.crf import LinearChainCRF
from ..tagging.encoding import Tokens


class TextModel(Protocol):
    """A torch module that classifies texts: the contract of the task "text-classification".

    Made as `Model(config, vocab=…, classes=…)`. Registered under `model`, with its `Config` as an
    attribute. It reads in two steps, so that the influence of every token can be measured between
    them: `model(ids)` is `model.classify(model.embed(ids), ids)`.
    """

    embedding: nn.Embedding
    """(V, …) the vectors of words, which pretrained ones may fill."""

    output: nn.Module
    """The last layer."""

    training: bool
    """As in every torch.nn.Module."""

    def __call__(self, ids: Tensor) -> Tensor:
        """Ids (B, T), padded at the end -> logits (B, K); padding changes none of them."""

    def embed(self, ids: Tensor) -> Tensor:
        """The input as vectors, one for each token: (B, T) -> (B, T, D)"""

    def classify(self, vectors: Tensor, ids: Tensor) -> Tensor:
        """(B, T, D), (B, T) -> logits (B, K)"""

    def attention(self, vectors: Tensor, ids: Tensor) -> Tensor | None:
        """How much the model attends to each token: (B, T), a sum of 1 for each text.

        None if it has no attention.
        """


class TaggingModel(Protocol):
    """A torch module that scores tags for words: the contract of the task "tagging".

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
