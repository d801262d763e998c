"""Translation: sentences in, sentences out.

task.py          what the trainer must know: parallel text as batches, the loss, the figures
data_config.py   the [data] section; sources.py: where the text of a run comes from
texts.py         parallel text read, split for validation, encoded; tokenizers.py: its tokenizers
prepared.py      the same as ids in the cache; sampled.py: in subwords drawn anew each epoch
passthrough.py   whether lines without letters are copied
translator.py    the predictor: what `seqkit.load` returns for a trained model
ensembles.py     several of them as one
constraints.py   prefix, phrases, suppressed tokens and rules of plugins, as token ids
glossary.py      terms to be translated one way; terms.py: found in a text, as token ids;
                 replaced_terms.py: put in the place of other words; documents/: whole files
languages.py     the target language of a multilingual model, by a tag
segments.py      lines in parts, whose translations are joined again; cutting.py cuts them
stand_ins.py     what is read as a name that the model copies; stand_in_search.py: if one is lost
casing.py        capitals and, in marks.py, typographic marks, read as what models know better
candidates.py    what a search found, as text
predictions.py   what the predictor gives for a line; evaluation.py: what it gives for a test set
language_models.py  the language model that a search hears; fusion.py: its tokens and ours
nbest.py         n-best lists in Moses' format; rescoring.py: ranked anew
shortlist.py     which target tokens those of a source may become
explain.py       attention, probabilities and runners-up; explained_words.py: by words;
                 attention_maps.py: pictures of them
beam_sweep.py    quality, speed and search errors at several beam widths
service.py       what `seqkit serve` offers of it; requests.py: what may be asked, continuing.py:
                 a beginning that is given, service_search.py: what a search costs
engines/         what searches: our own search by torch, and the same by CTranslate2
models/          one model a file, and the contract that all of them follow
importers/       translators of other programs, read as ours; exporters/: ours, for other programs
weights.py       the weights of a Transformer in no one's layout, between the two; weights_file.py:
                 read without torch
commands/        seqkit translate, evaluate, export, compare, score, rescore, explain, shortlist
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..registry import Plugin


_RNN = "encoder-decoder with attention; arXiv:1409.0473, arXiv:1508.04025"
_SHORTLIST = "Learn which tokens translations are made of, for a faster search."

_MODELS = (
    (
        "transformer",
        "transformer:Transformer",
        "encoder-decoder; Vaswani et al. 2017, arXiv:1706.03762",
    ),
    ("rnn-seq2seq", "rnn_seq2seq:RecurrentSeq2Seq", _RNN),
)

_METRICS = (
    ("bleu", "BLEU", "corpus BLEU by sacrebleu, W18-6319"),
    ("chrf", "CHRF", "corpus chrF2 by sacrebleu, W15-3049"),
)

_IMPORTERS = (
    ("ctranslate2", "CTRANSLATE2", "folders of CTranslate2's Transformers"),
    ("argos", "ARGOS", "packages of Argos Translate"),
    ("huggingface", "HUGGINGFACE", "Hugging Face folders of Marian models: OPUS-MT"),
    ("marian", "MARIAN", "Marian's own .npz with a Transformer"),
)

_COMMANDS = (
    ("translate", "translate:translate", "Translate raw text."),
    ("translation/predict", "translate:translate", "Translate raw text."),
    (
        "translation/evaluate",
        "evaluate:evaluate",
        "Score a model's output: BLEU, chrF and other metrics.",
    ),
    ("translation/compare", "compare:compare", "Compare two translators on a test set."),
    ("translation/explain", "explain:explain", "Explain what a translation attends to."),
    ("export", "export:export", "Write a translator in the format of another program."),
    ("score", "score:score", "Log probability of given translations."),
    ("rescore", "rescore:rescore", "Rank an n-best list anew."),
    ("shortlist", "shortlist:shortlist", _SHORTLIST),
)


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

    for name, target, about in _MODELS:
        plugin.model(name, f"seqkit.translation.models.{target}", about)
    for name, target, about in _METRICS:
        plugin.metric(name, f"seqkit.metrics.overlap:{target}", about)
    for name, target, about in _IMPORTERS:
        plugin.importer(name, f"seqkit.translation.importers.formats:{target}", about)
    for name, target, about in _COMMANDS:
        plugin.command(name, f"seqkit.translation.commands.{target}", about)
    plugin.check(
        "engines", "seqkit.translation.engines.compute:engines", "what searches for translations"
    )
