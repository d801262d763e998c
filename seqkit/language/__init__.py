"""Language models: the probability of a text, counted or learned.

task.py             what the trainer must know: one long text as windows, the loss, the perplexity
language_model.py   the predictor: what `seqkit.load` returns for a trained model
mixtures.py         linear mixtures of models of any kind
surprisal.py        a page that colours each token by its surprisal
models/             one model a file
commands/           seqkit lm …
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..registry import Plugin


def register(plugin: Plugin) -> None:
    plugin.task(
        "language-modelling", "seqkit.language.task:LanguageModelling", "what comes next in a text"
    )

    plugin.model(
        "rnn", "seqkit.language.models.recurrent:RNN", "language model; Mikolov et al. 2010"
    )
    plugin.model(
        "gru",
        "seqkit.language.models.recurrent:GRU",
        "language model; Cho et al. 2014, arXiv:1406.1078",
    )
    plugin.model(
        "lstm",
        "seqkit.language.models.recurrent:LSTM",
        "language model; arXiv:1409.2329, arXiv:1708.02182",
    )
    plugin.model(
        "transformer-lm",
        "seqkit.language.models.transformer:TransformerLM",
        "causal language model; Radford et al. 2018",
    )

    plugin.command(
        "lm",
        "seqkit.language.commands.lm:lm",
        "Language models: train, score, perplexity, generate.",
    )
