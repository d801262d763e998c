"""Every name that seqkit itself provides, registered as a plugin registers its own.

Domains register theirs in their own `__init__.py`; what belongs to none is here.
"""

from __future__ import annotations

from . import labelling, language, translation
from .registry import Plugin

_TOKENIZERS = (
    (
        "sentencepiece",
        "subword:SentencePieceTokenizer",
        "BPE or unigram subwords; arXiv:1808.06226",
    ),
    ("word", "tokenizer_models:WordTokenizer", "words and punctuation apart, any script"),
    ("char", "tokenizer_models:CharTokenizer", "Unicode characters"),
    ("whitespace", "tokenizer_models:WhitespaceTokenizer", "text that is already tokenised"),
)

_COMMANDS = (
    ("train", "train:train", "Train a model from a config or a shipped recipe."),
    ("evaluate", "evaluate:evaluate", "Measure a model on test data, whatever its task."),
    ("predict", "predict:predict", "Run a model on new input, whatever its task."),
    ("compare", "verbs:compare", "Compare two models on a test set, whatever their task."),
    ("explain", "verbs:explain", "Show what an answer rests on, whatever the task."),
    ("import", "import_model:import_model", "Make a run folder of another program's model."),
    ("average", "average:average", "Make one model of several: the mean of weights."),
    ("serve", "serve:serve", "Answer other programs over HTTP, with a page for people."),
    ("bulk", "bulk:bulk", "Translate, label, score or select huge texts, on Ray."),
    ("plot", "plot:plot", "Draw the learning curves of a run."),
    ("corpora", "corpora:corpora", "List, show and fetch corpora."),
    ("cache", "cache:cache", "List and delete what was made of training data and is kept."),
    ("models", "about:models", "List the models that can be trained."),
    ("plugins", "about:plugins", "List what is installed, and what is broken."),
    ("config", "about:config", "Print a recipe with every key and its default."),
    ("doctor", "about:doctor", "Check this machine and installation."),
)

_CHECKS = (
    ("python", "cli.checks:python", "Python and the packages seqkit needs"),
    ("compute", "cli.checks:compute", "torch, devices, threads, precision"),
    ("native", "native.library:status", "whether inner loops are compiled"),
    ("corpora", "cli.checks:corpora", "which corpora are on this machine"),
    ("shipped model", "cli.checks:shipped_model", "the model that ships with seqkit translates"),
)


def register(plugin: Plugin) -> None:
    translation.register(plugin)
    language.register(plugin)
    labelling.register(plugin)

    for name, target, about in _TOKENIZERS:
        plugin.tokenizer(name, f"seqkit.text.{target}", about)
    for name, target, about in _COMMANDS:
        plugin.command(name, f"seqkit.cli.{target}", about)
    for name, target, about in _CHECKS:
        plugin.check(name, f"seqkit.{target}", about)
    plugin.recipes("seqkit", "seqkit.data.corpora:root", "recipes for the shipped corpora")
