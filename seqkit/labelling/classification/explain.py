"""Which words of a text speak for a class, and which against it.

The influence of a token is gradient × input (Shrikumar et al. 2016, arXiv:1605.01713): what its
vector adds to the log odds of the class, to first order. Where a model pools by attention, its
weights are shown, too; what a model looks at is not always what decides (Jain & Wallace 2019,
N19-1357).

Shapes: W windows of a text, T tokens of the longest, D width, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

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

    Of an ensemble, what a token's vectors in all its models add to the log odds of their mean.
    Raises `ConfigError` for a class that the model does not know, and for an ensemble whose models
    read other tokens than each other.
    """
    check_one(text)
    if label is not None and label not in classifier.labels:
        raise ConfigError(f"no class {label!r}.{hint(label, classifier.classes)}")

    probabilities = classifier.probabilities([text])[0]
    number = int(probabilities.argmax()) if label is None else classifier.labels[label]

    members = [_read_by(member, text, number) for member in classifier.members]
    if any(member.texts != members[0].texts for member in members):
        raise ConfigError(
            "the models of this ensemble cut the text into other tokens than each other, to which "
            "no influence can be given together: explain it with one model at a time"
        )
    return TextExplanation(
        label=classifier.classes[number],
        probability=float(probabilities[number]),
        tokens=_together(members),
        kind=classifier.inputs.tokenizer.model.unit,
    )


@dataclass(frozen=True)
class _Read:
    """A text as one model reads it, token by token."""

    texts: list[str]
    is_known: list[bool]
    influence: Tensor  # (tokens,) on the log odds of the class by this model
    attention: Tensor | None  # (tokens,) shares
    odds: float  # log odds of the class


def _read_by(model: Classifier, text: str, number: int) -> _Read:
    """What one model alone makes of a text and the class of that number."""
    rows = model.inputs.encode([text])
    ids, text_of_row = model.inputs.windows(rows, np.array([0]))
    ids = ids.to(model.device)
    odds, influence, attention = _influence(model, ids, text_of_row, number)

    is_token = (ids != PAD).cpu()
    vocab = model.inputs.tokenizer.vocab
    return _Read(
        texts=_texts(model, text, ids),
        is_known=[vocab.tokens[i] != "<unk>" for i in ids.cpu()[is_token].tolist()],
        influence=influence[is_token],
        attention=None if attention is None else attention[is_token],
        odds=odds,
    )


def _together(members: Sequence[_Read]) -> list[InfluentialToken]:
    """The tokens with their influence on what all models say together."""
    shares = _shares_of_odds([member.odds for member in members])
    weighted = [share * one.influence for share, one in zip(shares, members, strict=True)]
    influence = torch.stack(weighted).sum(0).tolist()

    attentions = [one.attention for one in members if one.attention is not None]
    has_attention = len(attentions) == len(members)
    attention = (
        torch.stack(attentions).mean(0).tolist() if has_attention else [None] * len(influence)
    )

    known = [all(flags) for flags in zip(*(one.is_known for one in members), strict=True)]
    columns = zip(members[0].texts, influence, attention, known, strict=True)
    return [
        InfluentialToken(_readable(text), value, weight, is_known)
        for text, value, weight, is_known in columns
    ]


def _shares_of_odds(odds: Sequence[float]) -> list[float]:
    """How much of a change of each model's log odds becomes one of the log odds of the mean.

    With p_m = sigmoid(o_m) and their mean p over M models, the derivative of log p / (1 - p) by o_m
    is p_m (1 - p_m) / (M p (1 - p)).
    """
    each = torch.tensor(odds, dtype=torch.float64)
    yes, no = logsigmoid(each), logsigmoid(-each)  # log p_m, log (1 - p_m): neither is rounded to 0
    total_yes, total_no = yes.logsumexp(0), no.logsumexp(0)
    shares: list[float] = (yes + no - total_yes - total_no).exp().mul(len(odds)).tolist()
    return shares


def _influence(
    classifier: Classifier, ids: Tensor, text_of_row: Tensor, number: int
) -> tuple[float, Tensor, Tensor | None]:
    """(W, T), (W,) -> the log odds, what each token adds (W, T), its share of attention (W, T)"""
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
    return odds.item(), influence.cpu(), attention


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
