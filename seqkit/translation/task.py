"""Translation: raw sentence pairs in, an encoder-decoder out.

Shapes: B sentences, T target positions, D width, count target tokens of a batch.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from ..config import RunConfig, build
from ..data.batching import Ints, PairBatch, token_batches
from ..data.seen import SeenTexts
from ..data.workers import made_by_workers
from ..errors import ConfigError, DataError
from ..metrics.perplexity import perplexity
from ..nn.loss import linear_cross_entropy
from ..plugins import components
from ..search.settings import SearchConfig
from ..text.tokenizer import TextConfig
from ..text.vocab import PAD, UNK
from ..training.processes import Processes
from ..training.task import Goal, Step, Task, Totals
from .data_config import TranslationData
from .evaluation import METRICS, TestSet, evaluate_outputs
from .models.contract import TranslationModel, as_translation_model
from .passthrough import forbid_passthrough, may_pass_through
from .prepared import PreparedText
from .sampled import SampledPairs
from .texts import short_pairs
from .tokenizers import Tokenizers, load_tokenizers, save_tokenizers
from .translator import Translator

_USUALLY_UNKNOWN = 0.01  # share of subwords: more are of another script
_UNKNOWN_WORDS = 0.2  # of words or characters


class TranslationTask:
    """The task "translation"; see `seqkit.training.task.Task`."""

    contract: ClassVar[type] = TranslationModel
    sections: ClassVar[Mapping[str, type]] = {
        "data": TranslationData,
        "text": TextConfig,
        "search": SearchConfig,
    }

    def __init__(self, config: RunConfig, folder: Path | None = None) -> None:
        self.data = build(TranslationData, config.sections["data"], "[data]")
        self.text = build(TextConfig, config.sections["text"], "[text]")
        self.search = build(SearchConfig, config.sections["search"], "[search]")
        self.goal = goal_of(self.data.goal)
        self.seed = config.train.seed
        self.smoothing = config.optim.label_smoothing

        self._text = PreparedText(self.data, self.seed)
        if folder:
            self.tokenizers = load_tokenizers(folder)
        else:
            self.tokenizers = self._text.tokenizers(self.text)
        if self.text.subword_regularization:
            self._check_regularization()

        every, self._valid = self._text.ids(self.tokenizers, self.search.to)
        self._places = short_pairs(every, self.data.max_length)  # of the pairs in the text
        self._train = every.at(self._places)
        self._skipped = self._text.train.skipped
        self._skipped.long = len(every.sources) - len(self._places)
        if not len(self._places):
            raise DataError(
                f"the training text has no pair of 1 to {self.data.max_length} tokens "
                "(data.max_length)"
            )

    def _check_regularization(self) -> None:
        """Fail early, before an existing run is overwritten."""
        rng = random.Random(self.seed)
        self.tokenizers.source.sample("", self.text.subword_regularization, rng)

    @classmethod
    def own_data(cls, train: Sequence[Path], valid: Sequence[Path] = ()) -> dict[str, Any]:
        if len(train) not in (1, 2) or len(valid) not in (0, len(train)):
            raise ConfigError(
                "parallel text is two files, each other's translation line by line, or one TSV file"
            )
        return {
            "data.corpus": "",
            "data.train": [str(path) for path in train],
            "data.valid": [str(path) for path in valid],
            "data.limit": 0,
            "data.languages": [],
        }

    def describe(self) -> list[str]:
        source, target = self.tokenizers
        tokenizers = [target] if self.tokenizers.one_vocabulary else [source, target]
        sizes = " + ".join(f"{len(tokenizer.vocab):,}" for tokenizer in tokenizers)
        unknown = " + ".join(f"{rows.share(UNK):.2%}" for rows in self._train)

        lines = [
            f"{len(self._train.sources):,} training pairs, "
            f"{len(self._valid.sources):,} for validation",
            f"vocabulary {sizes} tokens; unknown in the training text: {unknown} (source + target)",
        ]
        if str(self._skipped):
            lines.append(str(self._skipped))
        if self._text.cache.note:
            lines.append(self._text.cache.note)
        return [*lines, *self._doubts()]

    def _doubts(self) -> Iterator[str]:
        """A line for a side whose text the vocabulary was hardly made for."""
        for side, tokenizer, rows in zip(
            ("source", "target"), self.tokenizers, self._train, strict=True
        ):
            share = rows.share(UNK)
            usual = _USUALLY_UNKNOWN if tokenizer.model.unit == "subword" else _UNKNOWN_WORDS
            if share > usual:
                yield (
                    f"{share:.1%} of the {side} tokens are unknown to the vocabulary: is the text "
                    "in the language and the script that it was made for?"
                )

    def digests(self) -> dict[str, str]:
        digests: dict[str, str] = self._text.facts["digests"]
        return digests

    def dims(self) -> dict[str, int]:
        return self.tokenizers.dims()

    def train_batches(
        self, epoch: int, *, start: int, rank: int, world: int
    ) -> Iterator[PairBatch]:
        rng = np.random.default_rng((self.seed, epoch))
        lengths = self._train.sources.lengths, self._train.targets.lengths
        batches = token_batches(*lengths, self.data.batch_tokens, rng)[start + rank :: world]
        if self.text.subword_regularization:
            return self._sampled(epoch, batches)
        return (PairBatch.of(*self._train, indices) for indices in batches)

    def _sampled(self, epoch: int, batches: Sequence[Ints]) -> Iterator[PairBatch]:
        """The batches in subwords drawn anew for this epoch, by other processes."""
        pairs = SampledPairs(
            self._text.train,
            self.tokenizers,
            places=self._places,
            seed=f"{self.seed}/{epoch}",
            strength=self.text.subword_regularization,
            to=self.search.to,
        )
        return made_by_workers(pairs.batch, batches)

    def valid_batches(self, *, rank: int = 0, world: int = 1) -> Iterable[PairBatch]:
        lengths = self._valid.sources.lengths, self._valid.targets.lengths
        batches = token_batches(*lengths, self.data.batch_tokens)
        for indices in batches[rank::world]:
            yield PairBatch.of(*self._valid, indices)

    def step(self, model: nn.Module, batch: PairBatch, carry: Any) -> Step:
        translation_model = as_translation_model(model)
        inputs, smoothing = batch.inputs, 0.0
        if model.training:
            smoothing = self.smoothing
            if self.data.scheduled_sampling:
                inputs = self._with_guesses(translation_model, batch)

        real = batch.targets != PAD
        hidden = translation_model(batch.source, inputs)[real]  # (count, D)
        loss, nll = linear_cross_entropy(
            hidden,
            translation_model.output,
            translation_model.output_bias,
            batch.targets[real],
            smoothing=smoothing,
        )
        return Step(loss, sums={"nll": nll})

    @torch.no_grad()
    def _with_guesses(self, model: TranslationModel, batch: PairBatch) -> Tensor:
        """The decoder's inputs (B, T), some of them replaced by the model's own guesses."""
        hidden = model(batch.source, batch.inputs)[:, :-1]
        guesses = torch.stack([model.logits(row).argmax(-1) for row in hidden])  # (B, T - 1)
        torch.clear_autocast_cache()  # its copies of the weights know no gradients

        after_first = batch.inputs[:, 1:]
        drawn = torch.rand(after_first.shape, device=after_first.device)
        replaced = (drawn < self.data.scheduled_sampling) & (after_first != PAD)

        inputs = batch.inputs.clone()
        inputs[:, 1:] = torch.where(replaced, guesses, after_first)
        return inputs

    def metrics(self, model: nn.Module, totals: Totals) -> dict[str, float]:
        """Perplexity of the reference tokens.

        With another goal, BLEU, chrF and the goal's metric of greedy translations as well.
        """
        figures = {"perplexity": perplexity(totals.sums["nll"], totals.count)}
        if self.goal.metric != "perplexity":
            figures |= self._text_metrics(as_translation_model(model))
        return figures

    def _text_metrics(self, model: TranslationModel) -> dict[str, float]:
        valid = self._text.valid
        test_set = TestSet([*valid.sources], [[*valid.targets]])
        translator = Translator(model, *self.tokenizers)
        processes = Processes.joined(model.output.device)
        outputs = processes.share(
            test_set.sources,
            lambda sources: translator.translate(sources, beam=1, split=False, to=self.search.to),
        )

        names = dict.fromkeys([*METRICS, self.goal.metric])
        report = evaluate_outputs(outputs, test_set, names)
        return {name: score.score for name, score in report.scores.items()}

    def save(self, folder: Path) -> None:
        save_tokenizers(folder, self.tokenizers)
        self._text.save_seen(folder)
        if self._text.facts["translates_numbers"]:
            forbid_passthrough(folder)

    @classmethod
    def open(cls, model: nn.Module, folder: Path, config: RunConfig) -> Translator:
        translation_model = as_translation_model(model)
        tokenizers = load_tokenizers(folder)
        _check_sizes(translation_model, tokenizers, folder)

        return Translator(
            translation_model,
            *tokenizers,
            search=build(SearchConfig, config.sections["search"], "[search]"),
            longest=config.sections["data"]["max_length"],
            language="".join(config.sections["data"]["languages"][:1]),
            target_language="".join(config.sections["data"]["languages"][1:]),
            copies=may_pass_through(folder, tokenizers.source),
            seen=partial(SeenTexts.load, folder),
        )


def goal_of(name: str) -> Goal:
    """Perplexity, or a registered metric of texts, as what picks the best checkpoint."""
    if name == "perplexity":
        return Goal(name, "lower")
    return Goal(name, components().metrics.load(name).better)


def _check_sizes(model: TranslationModel, tokenizers: Tokenizers, folder: Path) -> None:
    """Raise `DataError` if vocabularies and model are not of one run."""
    sizes = model.source_vocab, model.output.size(0)
    for tokenizer, size in zip(tokenizers, sizes, strict=True):
        found = len(tokenizer.vocab)
        if found != size:
            raise DataError(
                f"{folder}: vocab.tsv has {found:,} tokens, the model {size:,}: one is damaged"
            )


if TYPE_CHECKING:
    _: type[Task] = TranslationTask  # or mypy says what is missing
