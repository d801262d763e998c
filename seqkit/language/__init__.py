"""Language models: the probability of a text, counted or learned.

task.py             what the trainer must know: batches, the loss, the perplexity
data_config.py      the [data] section
texts.py            training, validation and test text, read from files and cut apart
prepared.py         the same in files of the cache, and as ids
stream.py           a text as one stream of ids, and as windows that score every token once
baseline.py         the n-gram model that every perplexity of a run is shown beside
language_model.py   the predictor: what `seqkit.load` returns for a trained model
states.py           what it remembers of the tokens so far, for decoders; reading.py: read once
scorer.py           what a search asks of it; growing_text.py: text, token by token
held_out.py         the test text of a run
scoring.py          several models on one text, counted or trained: figures and notes
mixtures.py         linear mixtures of such models
selection.py        lines of a general text that are like a domain; domains.py: their models
aligned.py          parallel texts that are read again and again; duplicates.py: lines met before
surprisal.py        a page that colours each token by its surprisal
service.py          what `seqkit serve` offers of it
models/             one model a file, and the contract that they follow
commands/           seqkit lm …, one command a file
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..registry import Plugin


_MODELS = (
    ("rnn", "recurrent:RNN", "language model; Mikolov et al. 2010"),
    ("gru", "recurrent:GRU", "language model; Cho et al. 2014, arXiv:1406.1078"),
    ("lstm", "recurrent:LSTM", "language model; arXiv:1409.2329, arXiv:1708.02182"),
    ("transformer-lm", "transformer:TransformerLM", "causal language model; Radford et al. 2018"),
)


def register(plugin: Plugin) -> None:
    plugin.task(
        "language-modelling", "seqkit.language.task:LanguageModelling", "what comes next in a text"
    )
    plugin.service(
        "language-modelling",
        "seqkit.language.service:SERVICE",
        "score, perplexity, surprisal, complete, generate",
    )
    for name, target, about in _MODELS:
        plugin.model(name, f"seqkit.language.models.{target}", about)
    plugin.command(
        "lm",
        "seqkit.language.commands.lm:lm",
        "Language models: count, train, mix, select text, score, generate.",
    )
