"""Our Transformer as a folder of Hugging Face's transformers.

A Transformer with its norms after the sublayers is a `MarianMTModel`. One with its norms before
them, and one more after each stack, is a `PegasusForConditionalGeneration`, which is that model in
transformers but for the places of the norms. Both have positions with the sines in the first half
of the width, and both take `MarianTokenizer`, which knows pieces by a vocabulary beside its
SentencePiece models. Ids stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from ...errors import ConfigError
from ...parsing import to_json
from ...text.vocab import BOS, EOS, PAD, SPECIALS, UNK
from ..weights import NEVER, Array, Attention, FeedForward, Layer, Linear, Norm, Weights, sinusoids
from .card import card_text, yaml_header
from .run_folder import Exported

Dtype = Literal["float32", "float16"]

_LONGEST = 512  # positions; a text may have so many tokens
_ACTIVATIONS = {"relu": "relu", "swish": "swish", "gelu": "gelu", "gelu-tanh": "gelu_new"}
_CLASSES = {"marian": "MarianMTModel", "pegasus": "PegasusForConditionalGeneration"}

_USE = """
```python
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("{name}")
model = AutoModelForSeq2SeqLM.from_pretrained("{name}")
inputs = tokenizer(["…"], return_tensors="pt", padding=True)
translations = tokenizer.batch_decode(model.generate(**inputs), skip_special_tokens=True)
```
"""


def folder_files(
    exported: Exported, languages: Sequence[str], name: str, *, dtype: Dtype = "float32"
) -> dict[str, bytes]:
    """The files of a folder, by name.

    `languages` are the codes of source and target, or none. Raises `ConfigError` for what
    transformers has no place for.
    """
    source, target = _piece_models(exported)
    kind = _kind_of(exported)
    tags = ["translation", "seqkit", kind]
    card = yaml_header(exported, languages, tags) + card_text(
        exported, name, _USE.format(name=name)
    )
    return {
        "config.json": _json(_config(exported, kind, dtype)),
        "generation_config.json": _json(_generation(exported)),
        "model.safetensors": _tensors(exported, kind, dtype),
        "source.spm": source,
        "target.spm": target,
        **_vocabularies(exported),
        "tokenizer_config.json": _json(_tokenizer(exported, languages)),
        "README.md": card.encode(),
    }


def _json(value: Any) -> bytes:
    return (to_json(value, indent=2, ascii_only=True) + "\n").encode()


# What can be had


def _piece_models(exported: Exported) -> tuple[bytes, bytes]:
    source, target = exported.piece_models()
    if source is None or target is None:
        name = exported.tokenizers[0].name
        raise ConfigError(
            f"MarianTokenizer cuts text by SentencePiece, and this model by {name!r}: "
            "only --to ctranslate2 can be had"
        )
    return source, target


def _kind_of(exported: Exported) -> str:
    """The type of model in transformers; raises `ConfigError` if there is none."""
    model, weights = exported.model, exported.weights
    if not model["source_eos"]:
        raise ConfigError(
            "model.source_eos = false: MarianTokenizer ends each source with <eos>, which this "
            "model must not see; only --to ctranslate2 and --to argos can be had"
        )
    if not model["prenorm"]:
        return "marian"

    if not weights.shared or not weights.tied:
        raise ConfigError(
            "model.prenorm = true without one matrix for source, target and output (text.shared, "
            "model.tie): transformers has no translator like that; only --to ctranslate2 can be had"
        )
    return "pegasus"


# Configs


def _config(exported: Exported, kind: str, dtype: Dtype) -> dict[str, Any]:
    model, weights = exported.model, exported.weights
    source, target = exported.tokens
    sizes = {
        f"{side}_{name}": model[key]
        for side in ("encoder", "decoder")
        for name, key in (("attention_heads", "heads"), ("ffn_dim", "hidden"))
    }
    own: dict[str, Any] = {}
    if kind == "marian":
        own = {
            "decoder_vocab_size": len(target),
            "share_encoder_decoder_embeddings": weights.shared,
        }
    return {
        "architectures": [_CLASSES[kind]],
        "model_type": kind,
        "d_model": weights.width,
        "encoder_layers": len(weights.encoder),
        "decoder_layers": len(weights.decoder),
        **sizes,
        "vocab_size": len(source),
        **own,
        "activation_function": _ACTIVATIONS[model["activation"]],
        "dropout": model["dropout"],
        "attention_dropout": model["attention_dropout"],
        "activation_dropout": model["dropout"],
        "max_position_embeddings": _positions(weights),
        "normalize_before": model["prenorm"],
        "scale_embedding": True,
        "static_position_embeddings": weights.positions is None,
        "tie_word_embeddings": weights.tied,
        "is_encoder_decoder": True,
        "pad_token_id": PAD,
        "bos_token_id": BOS,
        "eos_token_id": EOS,
        "forced_eos_token_id": EOS,
        "decoder_start_token_id": BOS,
        "use_cache": True,
        "dtype": dtype,
    }


def _positions(weights: Weights) -> int:
    return _LONGEST if weights.positions is None else len(weights.positions)


def _generation(exported: Exported) -> dict[str, Any]:
    """The search that the run has, as far as `generate` knows it."""
    search = exported.search
    never = [PAD, BOS, UNK] if exported.tokenizers.target.byte_fallback else [PAD, BOS]
    return {
        "pad_token_id": PAD,
        "bos_token_id": BOS,
        "eos_token_id": EOS,
        "forced_eos_token_id": EOS,
        "decoder_start_token_id": BOS,
        "suppress_tokens": sorted(never),
        "num_beams": search["beam"],
        "length_penalty": search["length_penalty"],
        "early_stopping": True,
        "max_length": _positions(exported.weights),
    }


def _tokenizer(exported: Exported, languages: Sequence[str]) -> dict[str, Any]:
    source, target = languages or (None, None)
    tokens = dict(zip(("pad", "unk", "bos", "eos"), SPECIALS, strict=True))
    return {
        "tokenizer_class": "MarianTokenizer",
        "source_lang": source,
        "target_lang": target,
        "separate_vocabs": not exported.tokenizers.one_vocabulary,
        "model_max_length": _positions(exported.weights),
        "clean_up_tokenization_spaces": False,
        **{f"{name}_token": tokens[name] for name in ("pad", "unk", "eos")},
    }


def _vocabularies(exported: Exported) -> dict[str, bytes]:
    source, target = exported.tokens
    files = {"vocab.json": _ids(source)}
    if not exported.tokenizers.one_vocabulary:
        files["target_vocab.json"] = _ids(target)
    return files


def _ids(tokens: Sequence[str]) -> bytes:
    return _json({token: number for number, token in enumerate(tokens)})


# Weights


def _tensors(exported: Exported, kind: str, dtype: Dtype) -> bytes:
    named = dict(_named(exported.weights, exported.model, kind))
    arrays: dict[str, NDArray[Any]] = {
        name: np.ascontiguousarray(array, dtype=dtype) for name, array in named.items()
    }
    content: bytes = save(arrays, metadata={"format": "pt"})
    return content


def _named(weights: Weights, model: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Array]]:
    """The tensors by their names in transformers; a matrix with two uses once."""
    yield from _embeddings(weights, zero_start=model["zero_start"])
    bias = np.zeros(len(weights.output), np.float32)
    if weights.output_bias is not None:
        bias = weights.output_bias.copy()
    if model["zero_start"]:
        bias[BOS] = NEVER  # its row, which may be tied, is zeros: without a bias it were likely
    yield "final_logits_bias", bias[None]

    positions = weights.positions
    if positions is None and kind == "pegasus":  # Marian makes its own
        positions = sinusoids(_LONGEST, weights.width)
    for side, layers, norm in (
        ("encoder", weights.encoder, weights.encoder_norm),
        ("decoder", weights.decoder, weights.decoder_norm),
    ):
        if positions is not None:
            yield f"model.{side}.embed_positions.weight", positions
        for number, layer in enumerate(layers):
            yield from _layer(f"model.{side}.layers.{number}", layer)
        if norm is not None:
            yield from _norm(f"model.{side}.layer_norm", norm)


def _embeddings(weights: Weights, *, zero_start: bool) -> Iterator[tuple[str, Array]]:
    target = weights.target_embedding
    if zero_start:  # our model looks its <bos> up as zeros, whatever the row is
        target = target.copy()
        target[BOS] = 0

    if weights.shared:
        yield "model.shared.weight", target
    else:
        yield "model.encoder.embed_tokens.weight", weights.source_embedding
        yield "model.decoder.embed_tokens.weight", target
    if not weights.tied:
        yield "lm_head.weight", weights.output


def _layer(prefix: str, layer: Layer) -> Iterator[tuple[str, Array]]:
    yield from _attention(f"{prefix}.self_attn", layer.attention)
    if layer.cross_attention is not None:
        yield from _attention(f"{prefix}.encoder_attn", layer.cross_attention)
    yield from _feed_forward(prefix, layer.feed_forward)


def _attention(prefix: str, attention: Attention) -> Iterator[tuple[str, Array]]:
    yield from _linear(f"{prefix}.q_proj", attention.query)
    yield from _linear(f"{prefix}.k_proj", attention.key)
    yield from _linear(f"{prefix}.v_proj", attention.value)
    yield from _linear(f"{prefix}.out_proj", attention.out)
    yield from _norm(f"{prefix}_layer_norm", attention.norm)


def _feed_forward(prefix: str, forward: FeedForward) -> Iterator[tuple[str, Array]]:
    yield from _linear(f"{prefix}.fc1", forward.up)
    yield from _linear(f"{prefix}.fc2", forward.down)
    yield from _norm(f"{prefix}.final_layer_norm", forward.norm)


def _linear(prefix: str, linear: Linear) -> Iterator[tuple[str, Array]]:
    yield f"{prefix}.weight", linear.weight
    yield f"{prefix}.bias", linear.bias


def _norm(prefix: str, norm: Norm) -> Iterator[tuple[str, Array]]:
    yield f"{prefix}.weight", norm.weight
    yield f"{prefix}.bias", norm.bias
