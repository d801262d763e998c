"""A translator of another program, as the importers read it, and how it becomes one of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ...errors import DataError
from ...text.moses_bpe import MosesBpeTokenizer
from ...text.pieces import PieceTokenizer
from ...text.tokenizer import Tokenizer
from ...text.tokenizer_models import TokenizerModel, WhitespaceTokenizer
from ...text.vocab import SPECIALS, Vocab
from ..tokenizers import Tokenizers
from ..weights import NEVER, Array, Weights, in_our_order, state_of

Dtype = Literal["float32", "float16"]

_PADS = ("<pad>", "<blank>")
_LONGEST = 200  # tokens of a source, beyond which lines are cut


Pieces = PieceTokenizer | MosesBpeTokenizer


@dataclass(frozen=True)
class Vocabulary:
    """The tokens of one language, or of both, by their ids."""

    path: Path
    tokens: Sequence[str]

    @classmethod
    def of_ids(cls, path: Path, ids: Mapping[str, Any]) -> Vocabulary:
        """The tokens in a file that gives each its id; raises `DataError` naming it."""
        try:
            tokens = sorted(ids, key=lambda token: int(ids[token]))
            is_whole = [int(ids[token]) for token in tokens] == list(range(len(tokens)))
        except (TypeError, ValueError):
            is_whole = False
        if not is_whole:
            raise DataError(f"{path} is damaged: ids are not 0, 1, 2, …")
        return cls(path, tokens)


def card_in(folder: Path) -> str:
    """What a model says of itself; "" if it has no card."""
    path = folder / "README.md"
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


@dataclass(frozen=True)
class Foreign:
    """A translator of another program: an encoder-decoder Transformer."""

    format: str
    weights: Weights
    heads: int
    prenorm: bool
    activation: str
    zero_start: bool
    source_eos: bool
    source: Vocabulary
    target: Vocabulary  # the same object if both languages share it
    start: str  # the token that outputs begin after
    unknown: str
    end: str
    source_pieces: Pieces | None = None
    target_pieces: Pieces | None = None  # the same object if there is one for both
    languages: tuple[str, str] | None = None
    card: str = ""  # what the model says of itself

    @property
    def one_vocabulary(self) -> bool:
        return self.source is self.target

    def check(self) -> None:
        """Raise `DataError` unless all fits together, and all weights are numbers."""
        self.check_sizes()
        if not self.weights.is_finite():
            raise DataError(
                f"the weights beside {self.target.path} are damaged: some are nan or infinite"
            )

    def check_sizes(self) -> None:
        """Raise `DataError` unless each token has a row, and all layers fit together."""
        pairs = (
            (self.source, self.weights.source_embedding),
            (self.target, self.weights.target_embedding),
            (self.target, self.weights.output),
        )
        for vocabulary, rows in pairs:
            if len(rows) != len(vocabulary.tokens):
                raise DataError(
                    f"{vocabulary.path} has {len(vocabulary.tokens):,} tokens, "
                    f"the model {len(rows):,}"
                )
        misfit = self.weights.misfit(self.heads)
        if misfit:
            raise DataError(f"the weights beside {self.target.path} do not fit: {misfit}")

    def names(self, vocabulary: Vocabulary) -> list[str]:
        """Its own tokens by our ids; of a special token that it does not have, our name."""
        specials, others = self._order(vocabulary)
        found = [
            ours if id_ is None else vocabulary.tokens[id_]
            for ours, id_ in zip(SPECIALS, specials, strict=True)
        ]
        return [*found, *(vocabulary.tokens[id_] for id_ in others)]

    # As one of ours

    def config(self) -> dict[str, Any]:
        """The config of a run with this model, without defaults."""
        weights = self.weights
        tokenizer = self.source_pieces.NAME if self.source_pieces else "whitespace"
        positions = 0 if weights.positions is None else len(weights.positions)
        model = {
            "name": "transformer",
            "width": weights.width,
            "hidden": len(weights.encoder[0].feed_forward.up.weight),
            "heads": self.heads,
            "encoder_layers": len(weights.encoder),
            "decoder_layers": len(weights.decoder),
            "prenorm": self.prenorm,
            "activation": self.activation,
            "output_bias": True,
            "zero_start": self.zero_start,
            "source_eos": self.source_eos,
            "learned_positions": positions,
            "tie": weights.tied,
        }
        return {
            "task": "translation",
            "data": {
                "languages": list(self.languages or ()),
                "max_length": min(_LONGEST, positions // 2 or _LONGEST),
            },
            "text": {
                "normalize": [],
                "tokenizer": tokenizer,
                "vocab_size": len(self.target.tokens) + len(SPECIALS),
                "shared": self.one_vocabulary,
            },
            "model": model,
            "train": {"steps": 1000},
        }

    def dims(self) -> dict[str, int]:
        source, target = self.tokenizers
        return {
            "target_vocab": len(target.vocab),
            "source_vocab": 0 if self.one_vocabulary else len(source.vocab),
        }

    @cached_property
    def tokenizers(self) -> Tokenizers:
        target = self._tokenizer(self.target, self.target_pieces)
        is_one = self.one_vocabulary and self.source_pieces is self.target_pieces
        source = target if is_one else self._tokenizer(self.source, self.source_pieces)
        return Tokenizers(source, target)

    def _tokenizer(self, vocabulary: Vocabulary, pieces: Pieces | None) -> Tokenizer:
        _, others = self._order(vocabulary)
        tokens = [vocabulary.tokens[i] for i in others]
        try:
            vocab = Vocab(tokens)
        except DataError as error:
            raise DataError(f"{vocabulary.path}: {error}") from None
        model: TokenizerModel = pieces or WhitespaceTokenizer()
        return Tokenizer(model, vocab, name=pieces.NAME if pieces else "whitespace")

    def state(self) -> dict[str, Array]:
        """The state of our Transformer, in float32."""
        return state_of(self.ours())

    def ours(self) -> Weights:
        """The weights with their rows in the order of our vocabularies."""
        rows = self._rows(self.target)
        weights = self.weights
        target = in_our_order(weights.target_embedding, rows)
        output = target if weights.tied else in_our_order(weights.output, rows)
        source = target
        if not weights.shared:
            source = in_our_order(weights.source_embedding, self._rows(self.source))

        bias = weights.output_bias
        if bias is None:
            bias = np.zeros(len(weights.output), np.float32)
        return replace(
            weights,
            source_embedding=source,
            target_embedding=target,
            output=output,
            output_bias=in_our_order(bias, rows, missing=NEVER),
        )

    def _rows(self, vocabulary: Vocabulary) -> list[int | None]:
        specials, others = self._order(vocabulary)
        return [*specials, *others]

    def _order(self, vocabulary: Vocabulary) -> tuple[list[int | None], list[int]]:
        """Ids of what our four special tokens are there, and all others in order."""
        ids = {token: i for i, token in enumerate(vocabulary.tokens)}
        padding = next((ids[token] for token in _PADS if token in ids), None)
        start = ids.get(self.start)
        if start is not None and start == padding:  # Marian begins after its padding
            start, padding = (None, padding) if self.zero_start else (start, None)
        specials = [padding, ids.get(self.unknown), start, ids.get(self.end)]
        if specials[-1] is None:
            raise DataError(f"{vocabulary.path} has no {self.end!r}, which ends an output")

        used = set(specials)
        return specials, [i for i in range(len(vocabulary.tokens)) if i not in used]
