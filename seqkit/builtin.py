"""Every name that seqkit itself provides, registered as a plugin registers its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .plugins import Plugin


def register(plugin: Plugin) -> None:
    plugin.task("translation", "seqkit.tasks.translation:TranslationTask", "sentence to sentence, from parallel text")

    plugin.task("language-modelling", "seqkit.tasks.language_modelling:LanguageModelling", "what comes next in a text")

    plugin.model("rnn", "seqkit.models.recurrent_lm:RNN", "language model; Mikolov et al. 2010")
    plugin.model("gru", "seqkit.models.recurrent_lm:GRU", "language model; Cho et al. 2014, arXiv:1406.1078")
    plugin.model("lstm", "seqkit.models.recurrent_lm:LSTM", "language model; arXiv:1409.2329, arXiv:1708.02182")
    plugin.model(
        "transformer-lm", "seqkit.models.transformer_lm:TransformerLM", "causal language model; Radford et al. 2018"
    )
    plugin.model(
        "transformer", "seqkit.models.transformer:Transformer", "encoder-decoder; Vaswani et al. 2017, arXiv:1706.03762"
    )

    plugin.model(
        "rnn-seq2seq",
        "seqkit.models.rnn_seq2seq:RecurrentSeq2Seq",
        "encoder-decoder with attention; arXiv:1409.0473, arXiv:1508.04025",
    )

    plugin.tokenizer(
        "sentencepiece", "seqkit.text.subword:SentencePieceSplitter", "BPE or unigram subwords; arXiv:1808.06226"
    )
    plugin.tokenizer("word", "seqkit.text.splitters:WordSplitter", "words and punctuation apart, any script")
    plugin.tokenizer("char", "seqkit.text.splitters:CharSplitter", "Unicode characters")
    plugin.tokenizer("whitespace", "seqkit.text.splitters:WhitespaceSplitter", "text that is already tokenised")

    plugin.recipes("seqkit", "seqkit.data.corpora:root", "recipes for the shipped corpora")

    plugin.command("translate", "seqkit.cli.translate:translate", "Translate raw text.")
    plugin.command("train", "seqkit.cli.train:train", "Train a model from a config or a shipped recipe.")
    plugin.command("evaluate", "seqkit.cli.evaluate:evaluate", "Score a model's output: BLEU and chrF.")
    plugin.command("compare", "seqkit.cli.compare:compare", "Compare two translators on a test set.")
    plugin.command("score", "seqkit.cli.score:score", "Log probability of given translations.")
    plugin.command("explain", "seqkit.cli.explain:explain", "Show what a translation attends to.")
    plugin.command("lm", "seqkit.cli.lm:lm", "Language models: train, score, perplexity, generate.")
    plugin.command("plot", "seqkit.cli.plot:plot", "Draw the learning curves of a run.")
    plugin.command("corpora", "seqkit.cli.corpora:corpora", "List, show and fetch corpora.")
    plugin.command("models", "seqkit.cli.about:models", "List the models that can be trained.")
    plugin.command("plugins", "seqkit.cli.about:plugins", "List what is installed, and what is broken.")
    plugin.command("config", "seqkit.cli.about:config", "Print a recipe with every key and its default.")
    plugin.command("doctor", "seqkit.cli.about:doctor", "Check this machine and installation.")

    plugin.check("python", "seqkit.checks:python", "Python and the packages seqkit rests on")
    plugin.check("compute", "seqkit.checks:compute", "torch, devices, threads, precision")
    plugin.check("corpora", "seqkit.checks:corpora", "which corpora are on this machine")
    plugin.check("shipped model", "seqkit.checks:shipped_model", "the model that ships with seqkit translates")
