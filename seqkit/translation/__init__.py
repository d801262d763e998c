"""Translation: sentences in, sentences out.

task.py          what the trainer must know: parallel text as batches, the loss, the figures
translator.py    the predictor: what `seqkit.load` returns for a trained model
explain.py       attention, probabilities and runners-up of a translation
beam_sweep.py    quality, speed and search errors at several beam widths
models/          one model a file
commands/        seqkit translate, evaluate, compare, score, explain
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..registry import Plugin


def register(plugin: Plugin) -> None:
    plugin.task(
        "translation",
        "seqkit.translation.task:TranslationTask",
        "sentence to sentence, from parallel text",
    )

    plugin.model(
        "transformer",
        "seqkit.translation.models.transformer:Transformer",
        "encoder-decoder; Vaswani et al. 2017, arXiv:1706.03762",
    )
    plugin.model(
        "rnn-seq2seq",
        "seqkit.translation.models.rnn_seq2seq:RecurrentSeq2Seq",
        "encoder-decoder with attention; arXiv:1409.0473, arXiv:1508.04025",
    )

    plugin.command(
        "translate", "seqkit.translation.commands.translate:translate", "Translate raw text."
    )
    plugin.command(
        "translation/evaluate",
        "seqkit.translation.commands.evaluate:evaluate",
        "Score a model's output: BLEU and chrF.",
    )
    plugin.command(
        "translation/predict",
        "seqkit.translation.commands.translate:translate",
        "Translate raw text.",
    )
    plugin.command(
        "compare",
        "seqkit.translation.commands.compare:compare",
        "Compare two translators on a test set.",
    )
    plugin.command(
        "score", "seqkit.translation.commands.score:score", "Log probability of given translations."
    )
    plugin.command(
        "explain",
        "seqkit.translation.commands.explain:explain",
        "Show what a translation attends to.",
    )
