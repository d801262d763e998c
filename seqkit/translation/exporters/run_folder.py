"""What exporters need of a run folder, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from ...config import RunConfig, build, plain
from ...errors import CheckpointError, ConfigError, reason
from ...runs.card import card_of
from ...search.settings import SearchConfig
from ..data_config import TranslationData
from ..tokenizers import Tokenizers, load_tokenizers
from ..weights import Weights, weights_of
from .pieces import piece_model

MODEL = "model.safetensors"
_OWN_SEARCH = (
    "normalize",
    "coverage_penalty",
    "min_length",
    "no_repeat_ngram",
    "suppress",
    "must",
    "prefix",
    "rules",
    "groups",
    "sample",
    "mbr",
)


@dataclass(frozen=True)
class Exported:
    """A Transformer of ours, ready to be written for another program."""

    weights: Weights
    model: Mapping[str, Any]  # the complete [model] section
    tokenizers: Tokenizers
    languages: list[str]  # codes, such as en and de; none if the run does not say
    search: Mapping[str, Any]  # the complete [search] section
    corpora: list[str]  # that it was trained on, by name; none if that is not known
    card: str  # what it says of itself; "" if it has no card

    @property
    def tokens(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Source and target tokens by id."""
        source, target = self.tokenizers
        return source.vocab.tokens, target.vocab.tokens

    def own_search(self) -> list[str]:
        """What the run asks of the search, and other programs cannot be told in these files."""
        defaults = plain(SearchConfig())
        return [
            f"search.{key} = {self.search[key]!r}"
            for key in _OWN_SEARCH
            if self.search[key] != defaults[key]
        ]

    def pieces(self) -> dict[str, bytes]:
        """The SentencePiece models that cut text into these tokens, by file name.

        None for tokenizers of another kind: tokens are words then, with spaces between them.
        """
        source, target = self.piece_models()
        if source is None or target is None:
            return {}
        if source == target:
            return {"sentencepiece.model": source}
        return {"source.spm": source, "target.spm": target}

    def piece_models(self) -> tuple[bytes | None, bytes | None]:
        """The SentencePiece models of source and target; None for another kind of tokenizer."""
        source, target = self.tokenizers
        found = piece_model(source)
        return found, found if source is target else piece_model(target)


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
    if weights.source_positions is not None:
        raise ConfigError(
            f"{folder} has learned positions for the source and others for the target, "
            "which no other program has a place for"
        )
    data = build(TranslationData, config.sections["data"], "[data]")
    languages = data.only_languages()
    return Exported(
        weights,
        model,
        load_tokenizers(folder),
        languages=list(languages) if all(languages) else [],
        search=config.sections["search"],
        corpora=data.corpora(),
        card=_card(folder),
    )


def _card(folder: Path) -> str:
    path = card_of(folder)
    return "" if path is None else path.read_text(encoding="utf-8", errors="replace").strip()
