"""An encoder and a decoder in a search, by torch: the reference, and for what `compiled` is not.

Shapes: B sentences, S source positions, R rows (hypotheses), D width, V vocabulary.
"""

from __future__ import annotations

from copy import copy

from torch import Tensor

from .arranged import Sides
from .encoding import EncoderReader
from .stepping import DecoderStepper, Memory, Past, select


class PlainLayers:
    """The layers of both sides, with the weights that they have when it is made."""

    def __init__(self, sides: Sides) -> None:
        self._embedding = sides.embedding
        layers, self._encoder_norm = sides.encoder
        self._reader = EncoderReader(layers)
        layers_of_decoder, self._decoder_norm = sides.decoder
        self._stepper = DecoderStepper(layers_of_decoder, sides.output, sides.bias)

    def over(self, tokens: Tensor) -> PlainLayers:
        """The same layers, with logits of these tokens (U,) only."""
        narrowed = copy(self)
        narrowed._stepper = self._stepper.over(tokens)
        return narrowed

    def begin(self, x: Tensor, mask: Tensor | None) -> tuple[Past, Memory]:
        """Before the first step: embedded sources (B, S, D), mask (B, 1, 1, S) or None."""
        encoded = self._encoder_norm(self._reader(x, mask))
        memory = self._stepper.read(encoded, mask)
        return self._stepper.begin(len(x), encoded), memory

    def step(self, ids: Tensor, position: int, past: Past, memory: Memory) -> tuple[Tensor, Past]:
        """The tokens (R,) at one target position -> logits (R, V), the past with it"""
        x = self._embedding.at(ids, position)
        hidden, past = self._stepper.step(x, past, memory)
        return self._stepper.logits(self._decoder_norm(hidden)), past

    def select(self, past: Past, memory: Memory, rows: Tensor) -> tuple[Past, Memory]:
        """What the `rows` (R',) have decoded and read, in that order."""
        return select(past, memory, rows)
