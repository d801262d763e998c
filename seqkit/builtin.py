"""Every name that seqkit itself provides, registered as a plugin registers its own.

Domains register theirs in their own `__init__.py`; what belongs to none is here.
"""

from __future__ import annotations

from . import labelling, language, translation
from .registry import Plugin


def register(plugin: Plugin) -> None:
    translation.register(plugin)
    language.register(plugin)
    labelling.register(plugin)

    _add_tokenizers(plugin)
    _add_commands(plugin)
    _add_checks(plugin)
    plugin.recipes("seqkit", "seqkit.data.corpora:root", "recipes for the shipped corpora")


def _add_tokenizers(plugin: Plugin) -> None:
    plugin.tokenizer(
        "sentencepiece",
        "seqkit.text.subword:SentencePieceTokenizer",
        "BPE or unigram subwords; arXiv:1808.06226",
    )
    plugin.tokenizer(
        "word",
        "seqkit.text.tokenizer_models:WordTokenizer",
        "words and punctuation apart, any script",
    )
    plugin.tokenizer("char", "seqkit.text.tokenizer_models:CharTokenizer", "Unicode characters")
    plugin.tokenizer(
        "whitespace",
        "seqkit.text.tokenizer_models:WhitespaceTokenizer",
        "text that is already tokenised",
    )


def _add_commands(plugin: Plugin) -> None:
    plugin.command(
        "train", "seqkit.cli.train:train", "Train a model from a config or a shipped recipe."
    )
    plugin.command(
        "evaluate",
        "seqkit.cli.evaluate:evaluate",
        "Measure a model on test data, whatever its task.",
    )
    plugin.command(
        "predict", "seqkit.cli.predict:predict", "Run a model on new input, whatever its task."
    )
    plugin.command(
        "compare",
        "seqkit.cli.verbs:compare",
        "Compare two models on a test set, whatever their task.",
    )
    plugin.command(
        "explain", "seqkit.cli.verbs:explain", "Show what an answer rests on, whatever the task."
    )
    plugin.command(
        "import",
        "seqkit.cli.import_model:import_model",
        "Make a run folder of another program's model.",
    )
    plugin.command(
        "average", "seqkit.cli.average:average", "Make one model of several: the mean of weights."
    )
    plugin.command(
        "serve",
        "seqkit.cli.serve:serve",
        "Answer other programs over HTTP, with a page for people.",
    )
    plugin.command(
        "bulk", "seqkit.cli.bulk:bulk", "Translate, label, score or select huge texts, on Ray."
    )
    plugin.command("plot", "seqkit.cli.plot:plot", "Draw the learning curves of a run.")
    plugin.command("corpora", "seqkit.cli.corpora:corpora", "List, show and fetch corpora.")
    plugin.command(
        "cache",
        "seqkit.cli.cache:cache",
        "List and delete what was made of training data and is kept.",
    )
    plugin.command("models", "seqkit.cli.about:models", "List the models that can be trained.")
    plugin.command(
        "plugins", "seqkit.cli.about:plugins", "List what is installed, and what is broken."
    )
    plugin.command(
        "config", "seqkit.cli.about:config", "Print a recipe with every key and its default."
    )
    plugin.command("doctor", "seqkit.cli.about:doctor", "Check this machine and installation.")


def _add_checks(plugin: Plugin) -> None:
    plugin.check("python", "seqkit.cli.checks:python", "Python and the packages seqkit needs")
    plugin.check("compute", "seqkit.cli.checks:compute", "torch, devices, threads, precision")
    plugin.check("native", "seqkit.native.library:status", "whether inner loops are compiled")
    plugin.check("corpora", "seqkit.cli.checks:corpora", "which corpora are on this machine")
    plugin.check(
        "shipped model",
        "seqkit.cli.checks:shipped_model",
        "the model that ships with seqkit translates",
    )
