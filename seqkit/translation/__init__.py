"""Translation: sentences in, sentences out.

task.py          what the trainer must know: parallel text as batches, the loss, the figures
texts.py         parallel text read, split for validation, encoded; tokenizers.py: its tokenizers
passthrough.py   whether lines without letters are copied
translator.py    the predictor: what `seqkit.load` returns for a trained model
ensembles.py     several of them as one
constraints.py   prefix, phrases, suppressed tokens and rules of plugins, as token ids
glossary.py      terms to be translated one way; terms.py: found in a text, as token ids;
                 replaced_terms.py: put in the place of other words; documents/: whole files
segments.py      lines cut into sentences, and their translations joined again
candidates.py    what a search found, as text
predictions.py   what the predictor gives for a line; evaluation.py: what it gives for a test set
language_models.py  the language model that a search hears; fusion.py: its tokens and ours
nbest.py         n-best lists in Moses' format; rescoring.py: ranked anew
shortlist.py     which target tokens those of a source may become
explain.py       attention, probabilities and runners-up; attention_maps.py: pictures of them
beam_sweep.py    quality, speed and search errors at several beam widths
service.py       what `seqkit serve` offers of it
engines/         what searches: our own search by torch, and the same by CTranslate2
models/          one model a file, and the contract that all of them follow
importers/       translators of other programs, read as ours; exporters/: ours, for other programs
weights.py       the weights of a Transformer in no one's layout, between the two
commands/        seqkit translate, evaluate, export, compare, score, rescore, explain, shortlist
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
        opener="seqkit.translation.engines.opening:open_light",
    )

    plugin.service(
        "translation",
        "seqkit.translation.service:SERVICE",
        "translate, explain, score, alternatives",
    )
    _add_models(plugin)
    _add_metrics(plugin)
    _add_importers(plugin)
    _add_commands(plugin)
    plugin.check(
        "engines", "seqkit.translation.engines.compute:engines", "what searches for translations"
    )


def _add_models(plugin: Plugin) -> None:
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


def _add_metrics(plugin: Plugin) -> None:
    plugin.metric("bleu", "seqkit.metrics.overlap:BLEU", "corpus BLEU by sacrebleu, W18-6319")
    plugin.metric("chrf", "seqkit.metrics.overlap:CHRF", "corpus chrF2 by sacrebleu, W15-3049")


def _add_importers(plugin: Plugin) -> None:
    formats = "seqkit.translation.importers.formats"
    plugin.importer(
        "ctranslate2", f"{formats}:CTRANSLATE2", "folders of CTranslate2's Transformers"
    )
    plugin.importer("argos", f"{formats}:ARGOS", "packages of Argos Translate")
    plugin.importer(
        "huggingface", f"{formats}:HUGGINGFACE", "Hugging Face folders of Marian models: OPUS-MT"
    )
    plugin.importer("marian", f"{formats}:MARIAN", "Marian's own .npz with a Transformer")


def _add_commands(plugin: Plugin) -> None:
    plugin.command(
        "translate", "seqkit.translation.commands.translate:translate", "Translate raw text."
    )
    plugin.command(
        "translation/predict",
        "seqkit.translation.commands.translate:translate",
        "Translate raw text.",
    )
    plugin.command(
        "translation/evaluate",
        "seqkit.translation.commands.evaluate:evaluate",
        "Score a model's output: BLEU, chrF and other metrics.",
    )
    plugin.command(
        "export",
        "seqkit.translation.commands.export:export",
        "Write a translator in the format of another program.",
    )
    plugin.command(
        "translation/compare",
        "seqkit.translation.commands.compare:compare",
        "Compare two translators on a test set.",
    )
    plugin.command(
        "score", "seqkit.translation.commands.score:score", "Log probability of given translations."
    )
    plugin.command(
        "rescore", "seqkit.translation.commands.rescore:rescore", "Rank an n-best list anew."
    )
    plugin.command(
        "shortlist",
        "seqkit.translation.commands.shortlist:shortlist",
        "Learn which tokens translations are made of, for a faster search.",
    )
    plugin.command(
        "translation/explain",
        "seqkit.translation.commands.explain:explain",
        "Explain what a translation attends to.",
    )
