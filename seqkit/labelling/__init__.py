"""Labelling: a class for every text, a tag for every word.

classification/  the task "text-classification": reading, task, predictor, reports, explanations
tagging/         the task "tagging": the same for sequences of words
batching.py      texts of similar length in a batch, the same order for the same seed
numbered.py      labels, words and tags by number, for as many texts as the disk holds
pretrained.py    vectors of words that others have trained
from_language_model.py  a language model's weights to start from
comparison.py    two models on the same examples
parameters.py    what scikit-learn asks of an estimator; in_memory.py: how it is trained
service.py       what `seqkit serve` offers of both
models/          one model a file, the contracts that they follow and the parts that they share
commands/        seqkit classify, tag, segment, one command a file
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..registry import Plugin

_MODULE_OF = {
    "Tagger": ".tagging.estimator",
    "TextClassifier": ".classification.estimator",
}
__all__ = ["Tagger", "TextClassifier"]


def __getattr__(name: str) -> Any:
    """Estimators import torch and much of seqkit: they are resolved when they are used.

    Not even type checkers import them here: this package registers names, before all else.
    """
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULE_OF[name], __name__), name)


_TRANSFORMER = "an encoder; Vaswani et al. 2017, arXiv:1706.03762"
_POOLED = "texts; RNN, GRU or LSTM, its states pooled; arXiv:1406.1078, N16-1174"
_BILSTM_CRF = "words; BiLSTM-CRF; arXiv:1508.01991, arXiv:1603.01354, arXiv:1603.01360"
_OF_A_TEXT = "The label of each text."
_MEASURE = "Measure a text classifier: accuracy, F1, confusion, calibration."

_MODELS = (
    ("bag", "bag:Bag", "texts; averaged n-grams; Joulin et al. 2017, E17-2068"),
    ("text-cnn", "text_cnn:TextCNN", "texts; Kim 2014, D14-1181"),
    ("rnn-classifier", "recurrent_classifier:RecurrentClassifier", _POOLED),
    (
        "transformer-classifier",
        "transformer_classifier:TransformerClassifier",
        f"texts; {_TRANSFORMER}",
    ),
    ("rnn-tagger", "rnn_tagger:RNNTagger", _BILSTM_CRF),
    ("transformer-tagger", "transformer_tagger:TransformerTagger", f"words; {_TRANSFORMER}"),
)

_COMMANDS = (
    ("classify", "classify:classify", _OF_A_TEXT),
    ("text-classification/predict", "classify:classify", _OF_A_TEXT),
    ("text-classification/evaluate", "evaluate_classifier:evaluate", _MEASURE),
    ("text-classification/explain", "explain_classifier:explain", "Show which words decided."),
    (
        "text-classification/compare",
        "compare:compare_classifiers",
        "Compare two text classifiers on a test set.",
    ),
    ("tag", "tag:tag", "A tag for each word of a text."),
    ("segment", "segment:segment", "The words of a text written without blanks."),
    ("tagging/evaluate", "evaluate_tagger:evaluate", "Measure a tagger: accuracy, spans, words."),
    ("tagging/compare", "compare:compare_taggers", "Compare two taggers on a test set."),
)


def register(plugin: Plugin) -> None:
    plugin.task(
        "text-classification",
        "seqkit.labelling.classification.task:TextClassification",
        "a class for every text, or several",
    )
    plugin.task(
        "tagging",
        "seqkit.labelling.tagging.task:Tagging",
        "a tag for every word, or the words of a text",
    )
    plugin.service(
        "text-classification", "seqkit.labelling.service:CLASSIFICATION", "predict: labels of texts"
    )
    plugin.service("tagging", "seqkit.labelling.service:TAGGING", "predict: tags of words")

    for name, target, about in _MODELS:
        plugin.model(name, f"seqkit.labelling.models.{target}", about)
    for name, target, about in _COMMANDS:
        plugin.command(name, f"seqkit.labelling.commands.{target}", about)
