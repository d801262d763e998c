"""Which words of a text speak for a class, and which against it.

The influence of a token is gradient × input (Shrikumar et al. 2016, arXiv:1605.01713): what its
vector adds to the log odds of the class, to first order. Where a model pools by attention, its
weights are shown, too; what a model looks at is not always what decides (Jain & Wallace 2019,
N19-1357).

Shapes: W windows of a text, T tokens of the longest, D width, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import ConfigError, hint
from ...text.lines import check_one
from ...text.vocab import PAD
from ...text.words import JOINER
from .classifier import Classifier
from .inputs import combined

_SPACE = "\u2581"  # SentencePiece's, at the beginning of a word


@dataclass(frozen=True)
class InfluentialToken:
    """A token of a text, as readers know it."""

    text: str
    influence: float  # on the log odds of the class, nats
    attention: float | None  # share; None if the model has none
    is_known: bool

    def record(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "influence": self.influence,
            "attention": self.attention,
            "known": self.is_known,
        }


@dataclass(frozen=True)
class TextExplanation:
    """Why a model gives a text a class."""

    label: str
    probability: float
    tokens: list[InfluentialToken]  # those that the model reads, in their order
    kind: str  # of a token: word, character or subword

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        tokens = [token.record() for token in self.tokens]
        return {"label": self.label, "probability": self.probability, "tokens": tokens}

    def most_influential(self, most: int) -> list[InfluentialToken]:
        """The tokens with the greatest influence for or against the class."""
        ranked = sorted(self.tokens, key=lambda token: -abs(token.influence))
        return ranked[:most]

    def __str__(self) -> str:
        lines = [f"{self.label} {self.probability:.4f}"]
        for token in self.tokens:
            columns = [f"{token.influence:+.4f}"]
            if token.attention is not None:
                columns.append(f"{token.attention:.4f}")
            unknown = "  (unknown)" if not token.is_known else ""
            lines.append("  ".join([*columns, f"{token.text}{unknown}"]))
        return "\n".join(lines)


def explain(classifier: Classifier, text: str, label: str | None = None) -> TextExplanation:
    """Why `classifier` gives `text` the class `label`; without one, the likeliest.

    Raises `ConfigError` for a class that the model does not know.
    """
    check_one(text)
    if label is not None and label not in classifier.labels:
        raise ConfigError(f"no class {label!r}.{hint(label, classifier.classes)}")

    probabilities = classifier.probabilities([text])[0]
    number = int(probabilities.argmax()) if label is None else classifier.labels[label]

    rows = classifier.inputs.encode([text])
    ids, text_of_row = classifier.inputs.windows(rows, np.array([0]))
    ids = ids.to(classifier.device)
    influence, attention = _influence(classifier, ids, text_of_row, number)

    is_token = (ids != PAD).cpu()
    every = ids.cpu()[is_token].tolist()
    weights = [None] * len(every) if attention is None else attention[is_token].tolist()
    vocab = classifier.inputs.tokenizer.vocab
    texts = _texts(classifier, text, ids)

    tokens = [
        InfluentialToken(_readable(shown), value, weight, vocab.tokens[i] != "<unk>")
        for shown, value, weight, i in zip(
            texts, influence[is_token].tolist(), weights, every, strict=True
        )
    ]
    return TextExplanation(
        label=classifier.classes[number],
        probability=float(probabilities[number]),
        tokens=tokens,
        kind=classifier.inputs.tokenizer.model.unit,
    )


def _influence(
    classifier: Classifier, ids: Tensor, text_of_row: Tensor, number: int
) -> tuple[Tensor, Tensor | None]:
    """(W, T), (W,) -> what each token adds to the log odds (W, T), its share of attention (W, T)"""
    model = classifier.model
    with torch.enable_grad():
        vectors = model.embed(ids).detach().requires_grad_()
        logits = combined(model.classify(vectors, ids).float(), text_of_row.to(ids.device), 1)[0]
        odds = logits[number] if classifier.several else _log_odds(logits, number)
        (gradient,) = torch.autograd.grad(odds, vectors)

    with torch.no_grad():
        attention = model.attention(vectors, ids)
        influence = (gradient * vectors).sum(-1).float()
    if attention is not None:
        attention = attention.float().cpu() / len(ids)
    return influence.cpu(), attention


def _log_odds(logits: Tensor, number: int) -> Tensor:
    """Log p / (1 - p) of one of the classes: (K,) -> ()"""
    others = torch.cat([logits[:number], logits[number + 1 :]])
    return logits[number] - others.logsumexp(0)


def _texts(classifier: Classifier, text: str, ids: Tensor) -> list[str]:
    """The tokens that are read, as they are in the text: unknown ones, too."""
    tokens = [*classifier.inputs.tokenizer.token_strings(text), "<eos>"]
    read = int((ids != PAD).sum())
    return tokens[-read:] if classifier.inputs.long == "tail" else tokens[:read]


def _readable(token: str) -> str:
    """A token without the marks that say where there was a space."""
    return token.replace(JOINER, "").replace(_SPACE, " ")
