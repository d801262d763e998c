"""What the task "translation" asks of its models.

Shapes: B sentences, S source positions, T target positions, D width, V target vocabulary, R rows of a search.
"""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor

from ...search.decoder import StepDecoder
from ...search.forced_decoding import EncoderDecoder


class TranslationModel(EncoderDecoder, StepDecoder[Any], Protocol):
    """An encoder-decoder that is trained on whole outputs and searched step by step.

    Made as `Model(config, target_vocab=…, source_vocab=…)`; a `source_vocab` of 0 means that source and target share
    one vocabulary.
    """

    output: Tensor  # (V, D) the matrix of the output layer: logits are hidden states times its transpose
    source_vocab: int  # size of the source vocabulary
