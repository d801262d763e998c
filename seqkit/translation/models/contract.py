"""What the task "translation" asks of its models.

Shapes: D width, V target vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from ...search.decoder import StepDecoder
from ...search.forced_decoding import EncoderDecoder


class TranslationModel(EncoderDecoder, StepDecoder[Any], Protocol):
    """An encoder-decoder that is trained on whole outputs and searched step by step.

    A `torch.nn.Module` made as `Model(config, target_vocab=…, source_vocab=…)`. A `source_vocab` of
    0 means that source and target share one vocabulary.
    """

    training: bool

    @property
    def output(self) -> Tensor:
        """The matrix of the output layer (V, D): logits are hidden states times its transpose."""

    @property
    def output_bias(self) -> Tensor | None:
        """What is added to the logits (V,), or None."""

    @property
    def source_vocab(self) -> int:
        """The size of the source vocabulary."""

    def train(self, mode: bool = True) -> Any:
        """Set training or evaluation mode, as `nn.Module` does."""

    def modules(self) -> Iterator[nn.Module]:
        """The model and all that it is made of, as `nn.Module` gives them."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """All weights, as `nn.Module` gives them."""


def as_translation_model(model: nn.Module) -> TranslationModel:
    """The same model, typed: `seqkit.runs.build.make_model` has checked it against the contract."""
    return cast(TranslationModel, model)


def device_of(model: TranslationModel) -> torch.device:
    return next(model.parameters()).device
