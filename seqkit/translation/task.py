"""Translation: raw sentence pairs in, an encoder-decoder out.

Shapes: B sentences, T target positions, D width, count target tokens of a batch.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from ..config import RunConfig, build
from ..data import digest
from ..data.batching import PairBatch, token_batches
from ..data.numbers import with_varied_numbers
from ..data.parallel import ParallelText
from ..data.seen import SeenTexts, joined
from ..errors import ConfigError, DataError
from ..metrics.perplexity import perplexity
from ..nn.loss import linear_cross_entropy
from ..plugins import components
from ..search.settings import SearchConfig
from ..text.tokenizer import TextConfig, Tokenizer
from ..text.vocab import PAD, UNK
from ..training.processes import Processes
from ..training.task import Goal, Step, Task, Totals
from .data_config import TranslationData
from .evaluation import METRICS, TestSet, evaluate_outputs
from .languages import tagged
from .models.contract import TranslationModel, as_translation_model
from .passthrough import forbid_passthrough, may_pass_through, translates_numbers
from .texts import (
    EncodedPairs,
    encoded_pairs,
    read_training_text,
    read_validation_text,
    split_off,
)
from .tokenizers import Tokenizers, load_tokenizers, save_tokenizers, train_tokenizers
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

        self._train_text, self._valid_text = _read_texts(self.data, self.seed)
        self._translates_numbers = translates_numbers(self._train_text)
        if self.data.number_copies:
            self._train_text = with_varied_numbers(
                self._train_text, self.data.number_copies, self.seed
            )
        if folder:
            self.tokenizers = load_tokenizers(folder)
        else:
            self.tokenizers = train_tokenizers(self._train_text, self.text)
        if self.text.subword_regularization:
            self._check_regularization()

        self._train = self._encode(self._train_text, longest=self.data.max_length)
        self._valid = self._encode(self._valid_text, longest=None)
        self._skipped = self._train_text.skipped
        self._skipped.long = len(self._train_text) - len(self._train.sources)
        if not len(self._train.sources):
            raise DataError(
                f"the training text has no pair of 1 to {self.data.max_length} tokens "
                "(data.max_length)"
            )

    def _check_regularization(self) -> None:
        """Fail early, before an existing run is overwritten."""
        rng = random.Random(self.seed)
        self.tokenizers.source.sample("", self.text.subword_regularization, rng)

    def _encode(self, text: ParallelText, *, longest: int | None) -> EncodedPairs:
        sources = self.tokenizers.source.encode_all(self._tagged(text), eos=True)
        targets = self.tokenizers.target.encode_all(text.targets, eos=True)
        return encoded_pairs(sources, targets, longest=longest)

    def _tagged(self, text: ParallelText) -> Sequence[str]:
        return tagged(text.sources, self.search.to, self.tokenizers.source)

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
        return self._digests

    @cached_property
    def _digests(self) -> dict[str, str]:
        return {
            "training text, source side": digest.of_lines(self._train_text.sources),
            "training text, target side": digest.of_lines(self._train_text.targets),
            "validation text, source side": digest.of_lines(self._valid_text.sources),
            "validation text, target side": digest.of_lines(self._valid_text.targets),
        }

    @cached_property
    def _seen(self) -> SeenTexts:
        """What an evaluation compares its test set with; hashed when it is first saved."""
        text = self._train_text
        return SeenTexts.of(sources=text.sources, pairs=map(joined, text.sources, text.targets))

    def dims(self) -> dict[str, int]:
        return self.tokenizers.dims()

    def train_batches(
        self, epoch: int, *, start: int, rank: int, world: int
    ) -> Iterator[PairBatch]:
        pairs = self._train
        if self.text.subword_regularization:
            pairs = self._resample(epoch)

        rng = np.random.default_rng((self.seed, epoch))
        lengths = pairs.sources.lengths, pairs.targets.lengths
        batches = token_batches(*lengths, self.data.batch_tokens, rng)
        for indices in batches[start + rank :: world]:
            yield PairBatch.of(*pairs, indices)

    def _resample(self, epoch: int) -> EncodedPairs:
        """The training text in subwords drawn anew for this epoch."""
        rng = random.Random(f"{self.seed}/{epoch}")
        source, target = self.tokenizers
        sources = self._sample(source, self._tagged(self._train_text), rng)
        targets = self._sample(target, self._train_text.targets, rng)
        return encoded_pairs(sources, targets, longest=2 * self.data.max_length)

    def _sample(
        self, tokenizer: Tokenizer, texts: Iterable[str], rng: random.Random
    ) -> list[list[int]]:
        strength = self.text.subword_regularization
        return [tokenizer.sample(text, strength, rng, eos=True) for text in texts]

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
        test_set = TestSet(self._valid_text.sources, [[*self._valid_text.targets]])
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
        self._seen.save(folder)
        if self._translates_numbers:
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
            copies=may_pass_through(folder, tokenizers.source),
            seen=partial(SeenTexts.load, folder),
        )


def goal_of(name: str) -> Goal:
    """Perplexity, or a registered metric of texts, as what picks the best checkpoint."""
    if name == "perplexity":
        return Goal(name, "lower")
    return Goal(name, components().metrics.load(name).better)


def _read_texts(data: TranslationData, seed: int) -> tuple[ParallelText, ParallelText]:
    """Training and validation text."""
    columns = data.columns[0], data.columns[1]
    train = read_training_text(data.corpus, data.train, columns, data.limit)
    if data.valid:
        return train, read_validation_text(data.corpus, data.valid, columns)
    return split_off(train, data.valid_size, seed)


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
