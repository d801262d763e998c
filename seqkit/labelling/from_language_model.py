"""Classifiers and taggers that start from a language model.

The idea of ULMFiT (Howard & Ruder 2018, arXiv:1801.06146): the layers that read a text have learned
from texts without labels what comes next; the layer that names the class is new.

Shapes: V words, D width of their embeddings, F of the other inputs, H hidden units, G gates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..config import describe, with_init
from ..errors import ConfigError, shortened
from ..plugins import components
from ..runs.finding import task_in
from ..runs.open import config_of, open_run
from ..text.vocab import Vocab
from ..tokenizers import load_tokenizer
from ..training import checkpoint

TASK = "language-modelling"
_TOKENIZER_OF = {"words": "whitespace", "characters": "char"}
_NOT_OF_THE_READER = {"tie", "locked", "implementation"}  # settings of the output and of training


def is_language_model(folder: Path) -> bool:
    """Whether a step folder holds one."""
    return bool(task_in(checkpoint.read_meta(folder)) == TASK)


def check_no_vectors(path: str) -> None:
    """Raise `ConfigError` if there are pretrained vectors, too."""
    if path:
        raise ConfigError(
            "choose one of data.vectors and --init: a language model has vectors of its own"
        )


def vocabulary_of(folder: Path, unit: str) -> Vocab:
    """The words, or the characters, that a language model knows.

    Raises `ConfigError` for one that reads its text in other units than a tagger of `unit` does.
    """
    tokenizer = load_tokenizer(folder)
    wanted = _TOKENIZER_OF[unit]
    if tokenizer.name != wanted:
        raise ConfigError(
            f"a tagger of {unit} (data.unit) starts from a language model of {unit}, and that in "
            f"{folder} has text.tokenizer = {tokenizer.name!r}: train one with text.tokenizer = "
            f"{wanted!r}"
        )
    return tokenizer.vocab


@dataclass(frozen=True)
class Fit:
    """How one of our models starts from one kind of language model."""

    model: str  # ours
    same: Mapping[str, str]  # its settings that have other names in the language model, or the same
    follows: Mapping[str, Any]  # its settings that follow from the kind
    tensors: Mapping[str, str]  # beginnings of names, in the language model and in ours

    def settings(self, trained: Mapping[str, Any]) -> dict[str, Any]:
        """Those of our model that the [model] of a language model decides.

        Raises `ConfigError` for a language model whose layers ours does not have.
        """
        kind = trained["name"]
        cls = components().models.load(kind, TASK).Config
        for key, default, _ in describe(cls):
            value = trained[key]
            is_carried_over = key in self.same.values() and value != 0
            is_free = key in _NOT_OF_THE_READER or with_init(cls, key) == "own"
            if not is_carried_over and not is_free and value != default:
                raise ConfigError(
                    f"a language model {kind!r} with model.{key} = {value!r} is not the start of "
                    f"{self.model!r}, which has nothing like it: train one with model.{key} = "
                    f"{default!r}"
                )

        carried_over = {ours: trained[theirs] for ours, theirs in self.same.items()}
        return {"name": self.model, **carried_over, **self.follows}

    @torch.no_grad()
    def fill(self, model: nn.Module, trained: nn.Module) -> list[str]:
        """Copy the tensors of a language model; returns the names of those that stay new."""
        given = trained.state_dict()
        new: dict[str, Tensor] = dict(model.named_parameters())
        for theirs, ours in self.tensors.items():
            for name in [name for name in given if name.startswith(theirs)]:
                _copy(given[name], new.pop(ours + name.removeprefix(theirs)))

        for module in model.modules():
            if isinstance(module, nn.Embedding) and module.padding_idx is not None:
                # An output layer that shares the matrix has changed this row.
                module.weight[module.padding_idx].zero_()
        return list(new)


def _copy(tensor: Tensor, into: Tensor) -> None:
    """Fill `into`; the columns of inputs that the language model does not have become zeros.

    (GH, D) into (GH, D + F): letters and features of words, or the other direction of the layer
    below. What the layer computes is then what it was.
    """
    if into.shape != tensor.shape:
        into.zero_()
        into = into[:, : tensor.size(1)]
    into.copy_(tensor)


@dataclass(frozen=True)
class FromLanguageModel:
    """How the models of a task start; see `seqkit.training.task.StartsFromOtherTask`."""

    fits: Mapping[str, Fit]  # by the name of the language model

    def settings(self, trained: Mapping[str, Any], name: str | None) -> dict[str, Any]:
        kind = trained["name"]
        fit = self.fits.get(kind)
        if fit is None:
            raise ConfigError(
                f"a language model {kind!r} is not the start of any model for this task: train one "
                f"of {shortened(sorted(self.fits))}"
            )

        if name is not None and name != fit.model:
            others = sorted(other for other, its in self.fits.items() if its.model == name)
            instead = f", or start from one of {shortened(others)}" if others else ""
            raise ConfigError(
                f"the language model is of the kind {kind!r}, the start of {fit.model!r}, and this "
                f"recipe trains {name!r}: set model.name = {fit.model!r}{instead}"
            )
        return fit.settings(trained)

    def fill(self, model: nn.Module, folder: Path) -> list[str]:
        config, _ = config_of(folder)
        kind = config.model["name"]
        language_model = open_run(folder, device="cpu", task=TASK)
        new = self.fits[kind].fill(model, language_model.model)

        notes = [
            f"from {folder}: the embedding and the layers of the language model ({kind}); new, and "
            f"random: {shortened(new)}"
        ]
        if not language_model.model.carries_state:
            notes.append(
                f"the language model has read windows of {language_model.steps:,} tokens: later "
                "positions are new to it (data.longest)"
            )
        return notes


_RECURRENT = ("lstm", "gru", "rnn")


def _recurrent_classifier(cell: str) -> Fit:
    return Fit(
        "rnn-classifier",
        same={"width": "embedding", "hidden": "hidden", "layers": "layers"},
        follows={"cell": cell, "bidirectional": False, "pooling": "concat"},
        tensors={"embedding.": "words.embedding.", "recurrent.": "recurrent."},
    )


_TRANSFORMER_CLASSIFIER = Fit(
    "transformer-classifier",
    same={"width": "width", "hidden": "hidden", "heads": "heads", "layers": "layers"},
    follows={"causal": True, "pooling": "concat"},
    tensors={"embedding.tokens.": "words.tokens.", "layers.": "layers.", "norm.": "norm."},
)


def _recurrent_tagger(cell: str) -> Fit:
    """Its forward direction is the language model's; the backward one, if it has one, is new."""
    return Fit(
        "rnn-tagger",
        same={"embedding": "embedding", "hidden": "hidden", "layers": "layers"},
        follows={"cell": cell},
        tensors={"embedding.": "embedding.words.", "recurrent.": "recurrent."},
    )


CLASSIFIER = FromLanguageModel(
    {
        **{cell: _recurrent_classifier(cell) for cell in _RECURRENT},
        "transformer-lm": _TRANSFORMER_CLASSIFIER,
    }
)

TAGGER = FromLanguageModel({cell: _recurrent_tagger(cell) for cell in _RECURRENT})
