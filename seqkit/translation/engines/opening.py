"""A run folder opened for CTranslate2: read and converted without torch; or for our own int8.

Only what is as it should be is opened here. Whatever is damaged, or is another kind of model, is
left to `seqkit.runs.open`, which says what is wrong or opens it with torch.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...config import build, quiet_renames
from ...data.seen import SeenTexts
from ...errors import ConfigError, SeqkitError
from ...plugins import components
from ...search.settings import SearchConfig
from ...threads import threads
from ...training import checkpoint
from ..data_config import TranslationData
from ..exporters.ctranslate2 import model_files
from ..models.transformer_config import TransformerConfig
from ..passthrough import may_pass_through
from ..shortlist import Shortlists
from ..tokenizers import Tokenizers, load_tokenizers
from ..translator import Translator
from ..weights import Weights, weights_of
from ..weights_file import read_state
from .attention import AttentionReader
from .compute import (
    AUTO,
    CTRANSLATE2,
    DEFAULT,
    INT8,
    TORCH,
    check_names,
    is_own_int8,
    library,
    number_type,
    why_missing,
)
from .ctranslate2 import CTranslate2
from .searcher import OWN_INT8, Deferred

if TYPE_CHECKING:
    from ..models.contract import TranslationModel
    from .packed import PackedTransformer

_MODEL = "transformer"
_POSITIONS = 2048  # that a model with sinusoids is given
_OF_ENCODER_LAYER, _OF_DECODER_LAYER = 14, 22  # tensors


def open_light(
    folder: Path, meta: Mapping[str, Any], *, device: str, engine: str, compute: str
) -> Translator | None:
    """The translator of a step folder and its metadata; None if it is to be opened with torch.

    `engine` and `compute` are as in `seqkit.load`. Raises `ConfigError` if one of them is asked for
    in particular and cannot be had.
    """
    number = chosen_number(device, engine, compute, why_not=_why_not(meta))
    if number is None:
        return None
    try:
        return _translator(folder, meta, number, only=engine == CTRANSLATE2)
    except FAILURES as error:
        check_not_needed(error, folder, number, engine, compute)
        return None


FAILURES = (SeqkitError, LookupError, TypeError, ValueError, AttributeError)
"""What goes wrong with a model that is not as it should be."""


def chosen_number(device: str, engine: str, compute: str, *, why_not: str = "") -> str | None:
    """The type of numbers that CTranslate2 is to compute with, or `OWN_INT8`; None for torch.

    `why_not` is what it cannot do with the model. Raises `ConfigError` as `open_light`.
    """
    check_names(engine, compute)
    if is_own_int8(engine, compute):
        _check_own_int8(device, why_not)
        return OWN_INT8
    if engine == TORCH:
        return None

    why_not = why_missing() or why_not or _why_not_here(device, engine)
    if why_not:
        _refuse_if_asked_for(engine, compute, why_not)
        return None
    return number_type(compute)


def _check_own_int8(device: str, why_not: str) -> None:
    """Raise `ConfigError` if our own search cannot compute in int8 there, or not by the model."""
    from ...training.devices import pick_device  # imports torch, which searches then anyway

    if why_not:
        raise ConfigError(f"compute = {INT8!r}: {why_not}")
    if pick_device(device).type != "cpu":
        raise ConfigError(
            f"compute = {INT8!r} is for the CPU: give device = 'cpu', or leave it out"
        )


def check_not_needed(error: Exception, model: Path, number: str, engine: str, compute: str) -> None:
    """Raise `ConfigError` if `error` keeps a model from what it was asked for.

    In our own int8, torch may say what is wrong with the model itself: it raises `SeqkitError`.
    """
    why = f": {error}" if isinstance(error, SeqkitError) else ""
    if number == OWN_INT8:
        model_in_torch(model)
        raise ConfigError(f"compute = {INT8!r}: {model} cannot be searched in it{why}") from None
    _refuse_if_asked_for(engine, compute, f"{model} cannot be converted for CTranslate2{why}")


def _refuse_if_asked_for(engine: str, compute: str, why_not: str) -> None:
    if engine == CTRANSLATE2:
        raise ConfigError(f"engine = {engine!r}: {why_not}")
    if compute not in (AUTO, DEFAULT):
        raise ConfigError(f"compute = {compute!r}: {why_not}")


def _why_not(meta: Mapping[str, Any]) -> str:
    """Why CTranslate2 does not run a model; "" if it does."""
    name = _model_name(meta)
    is_ours = components().models.full_name(_MODEL, "translation") == _MODEL
    if name != _MODEL or not is_ours:
        return f"CTranslate2 and our own int8 run Transformers, and the model is {name!r}"
    return ""


def _why_not_here(device: str, engine: str) -> str:
    """Why CTranslate2 is not used on a device; "" if it is."""
    if device not in ("auto", "cpu"):
        return f"CTranslate2 computes on the CPU here, not on {device!r}"
    if device == "auto" and engine == AUTO and _has_gpu():
        return "there is a GPU, which torch uses: give device = 'cpu' to use the CPU"
    return ""


def _model_name(meta: Mapping[str, Any]) -> Any:
    try:
        return meta["config"]["model"]["name"]
    except (KeyError, TypeError):
        return None


def _has_gpu() -> bool:
    """Whether torch may find a GPU: CUDA's, or Apple's."""
    return sys.platform == "darwin" or bool(library().get_cuda_device_count())


def _translator(folder: Path, meta: Mapping[str, Any], number: str, *, only: bool) -> Translator:
    """Raises an error of some kind for anything that is not as it should be."""
    config = meta["config"]
    settings = {key: value for key, value in config["model"].items() if key != "name"}
    with quiet_renames():
        model = build(TransformerConfig, settings, "[model]")
        data = build(TranslationData, config["data"], "[data]")
        search = build(SearchConfig, config["search"], "[search]")

    language, target_language = data.only_languages()
    tokenizers = load_tokenizers(folder)
    if meta["dims"] != tokenizers.dims():
        raise ValueError("vocabularies of another model")
    packed = engine = None
    if number == OWN_INT8:
        packed = packed_transformer(partial(_weights, folder, model, tokenizers), model)
    else:
        engine = CTranslate2(
            partial(_files, folder, model, tokenizers),
            tokenizers.source.vocab.tokens,
            tokenizers.target.vocab.tokens,
            number=number,
            positions=positions_of(model),
            threads=threads(),
            only=only,
        )
        engine.load()
    return Translator(
        deferred(folder, partial(_reader, folder, model, tokenizers), packed),
        *tokenizers,
        search=search,
        longest=data.max_length,
        language=language,
        target_language=target_language,
        copies=may_pass_through(folder, tokenizers.source),
        seen=partial(SeenTexts.load, folder),
        engine=engine,
        shortlists=Shortlists(folder, tokenizers),
    )


def packed_transformer(read: Callable[[], Weights], config: TransformerConfig) -> PackedTransformer:
    """What our own search in int8 has of weights, which are read now."""
    from .packed import PackedTransformer  # imports torch

    packed = PackedTransformer(read, config)
    packed.load()
    return packed


def deferred(
    path: Path, reader: Callable[[], AttentionReader], packed: PackedTransformer | None
) -> Deferred:
    """The model at `path`, to be opened when torch is needed.

    Until then, `reader` is what aligns words and `packed`, if any, what our own search has.
    """
    return Deferred("Transformer", True, partial(model_in_torch, path), reader, packed)


def positions_of(model: TransformerConfig) -> int:
    """How many tokens a source or an output can have."""
    return model.learned_positions or _POSITIONS


def model_in_torch(path: Path) -> TranslationModel:
    """The model of whatever is at `path`, in torch."""
    from ...runs.open import open_run

    opened: Translator = open_run(path, device="cpu", task="translation")
    return opened.model


# The weights


def _files(folder: Path, model: TransformerConfig, tokenizers: Tokenizers) -> dict[str, bytes]:
    """The files of a CTranslate2 folder.

    Raises `ValueError` for weights that do not fit, `ConfigError` for what it has no place for.
    """
    weights = _weights(folder, model, tokenizers)
    if weights.source_positions is not None:
        raise ConfigError("it has learned positions for the source and others for the target")
    source, target = tokenizers.source.vocab.tokens, tokenizers.target.vocab.tokens
    return model_files(weights, vars(model), source, target)


def _reader(folder: Path, model: TransformerConfig, tokenizers: Tokenizers) -> AttentionReader:
    return AttentionReader(_weights(folder, model, tokenizers), model)


def _weights(folder: Path, model: TransformerConfig, tokenizers: Tokenizers) -> Weights:
    """Raises `ValueError` for those that do not fit."""
    state = read_state(folder / checkpoint.MODEL)
    if not all(np.isfinite(array).all() for array in state.values()):
        raise ValueError("weights that are no numbers")

    layers = model.encoder_layers, model.decoder_layers
    weights = weights_of(state, layers, prenorm=model.prenorm)
    source, target = tokenizers.source.vocab.tokens, tokenizers.target.vocab.tokens
    sizes = len(weights.source_embedding), len(weights.target_embedding)
    is_whole = len(state) == _tensors(model, weights) and sizes == (len(source), len(target))
    is_as_wide = (weights.width, weights.hidden) == (model.width, model.hidden)
    if not is_whole or not is_as_wide or weights.misfit(model.heads):
        raise ValueError("weights of another model")
    return weights


def _tensors(model: TransformerConfig, weights: Weights) -> int:
    """How many tensors a model has in its file."""
    embeddings = 1 if weights.shared else 2
    number = _OF_ENCODER_LAYER * model.encoder_layers + _OF_DECODER_LAYER * model.decoder_layers
    number += embeddings if weights.tied else embeddings + 1
    number += 4 if model.prenorm else 0  # after the last layers
    number += 1 if model.output_bias else 0
    return number + (embeddings if model.learned_positions else 0)
