"""What exporters need of a run folder, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from ...config import RunConfig
from ...errors import CheckpointError, ConfigError, reason
from ...text.pieces import PieceTokenizer
from ...text.subword import SentencePieceTokenizer
from ...text.tokenizer import Tokenizer
from ..tokenizers import Tokenizers, load_tokenizers
from ..weights import Weights, weights_of

MODEL = "model.safetensors"

# Settings of a sentencepiece model that others' programs read: a space before the text, no blanks
# beyond one. In its file, the last value of a field holds, so they are put at the end:
# normalizer_spec (3) { add_dummy_prefix (3): true, remove_extra_whitespaces (4): true }
_AS_OTHERS_EXPECT = bytes([3 << 3 | 2, 4, 3 << 3, 1, 4 << 3, 1])


@dataclass(frozen=True)
class Exported:
    """A Transformer of ours, ready to be written for another program."""

    weights: Weights
    model: Mapping[str, Any]  # the complete [model] section
    tokenizers: Tokenizers
    languages: list[str]

    @property
    def tokens(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Source and target tokens by id."""
        source, target = self.tokenizers
        return source.vocab.tokens, target.vocab.tokens

    def pieces(self) -> dict[str, bytes]:
        """The SentencePiece models that cut text into these tokens, by file name.

        None for tokenizers of another kind: tokens are words then, with spaces between them.
        """
        source, target = (_pieces_of(tokenizer) for tokenizer in self.tokenizers)
        if source is None or target is None:
            return {}
        if source == target:
            return {"sentencepiece.model": source}
        return {"source.spm": source, "target.spm": target}


def read_run(config: RunConfig, folder: Path) -> Exported:
    """The Transformer in a step folder.

    Raises `ConfigError` if it is of another kind, `CheckpointError` if it is damaged.
    """
    model = config.model
    if config.task != "translation" or model["name"] != "transformer":
        raise ConfigError(
            f"{folder} is a {model['name']} for {config.task}: only translators that are "
            "Transformers can be exported"
        )
    path = folder / MODEL
    try:
        state = {name: array.astype(np.float32) for name, array in load_file(path).items()}
        layers = model["encoder_layers"], model["decoder_layers"]
        weights = weights_of(state, layers, prenorm=model["prenorm"])
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {reason(error)}") from None
    except (SafetensorError, KeyError, ValueError, IndexError, TypeError):
        raise CheckpointError(f"{path} is damaged, or is not the model in meta.json") from None
    return Exported(
        weights, model, load_tokenizers(folder), list(config.sections["data"]["languages"])
    )


def _pieces_of(tokenizer: Tokenizer) -> bytes | None:
    match tokenizer.model:
        case SentencePieceTokenizer() as model:
            return model.content + _AS_OTHERS_EXPECT
        case PieceTokenizer() as model:
            return model.content
        case _:
            return None
