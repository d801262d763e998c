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
from ..data import digest
from ..data.batching import Ints, PairBatch, token_batches
from ..data.dealing import costs_of, dealt
from ..data.mixture import Drawn, Mixture
from ..data.seen import SeenTexts
from ..data.sources import own_files
from ..data.workers import made_by_workers
from ..errors import ConfigError, DataError
from ..metrics.perplexity import perplexity
from ..nn.loss import linear_cross_entropy
from ..parsing import to_json
from ..plugins import components
from ..search.settings import SearchConfig
from ..text.tokenizer import TextConfig
from ..text.vocab import PAD
from ..training.processes import Processes
from ..training.task import Goal, Step, Task, Totals
from .data_config import TranslationData
from .evaluation import METRICS, TestSet, evaluate_outputs
from .languages import chosen_language, tagged
from .models.contract import TranslationModel, as_translation_model
from .passthrough import forbid_passthrough, may_pass_through
from .prepared import PreparedText
from .sampled import SampledPairs
from .shortlist import Shortlists
from .sources import mixture_of, target_languages
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
        self._accumulate = config.train.accumulate

        self._text = PreparedText(self.data, self.seed)
        if folder:
            self.tokenizers = load_tokenizers(folder)
        else:
            self.tokenizers = self._text.tokenizers(self.text)
        if self.text.subword_regularization:
            self._check_regularization()

        self._check_tags()
        encoded = self._text.ids(self.tokenizers, self.search.to)
        every, self._valid = encoded.train, encoded.valid
        self._places = short_pairs(every, self.data.max_length)  # of the pairs in the text
        self._unknown = encoded.unknown_shares(self._places)
        self._train = every.at(self._places)
        self._skipped = self._text.train.skipped
        self._skipped.long = len(every.sources) - len(self._places)
        if not len(self._places):
            raise DataError(
                f"the training text has no pair of 1 to {self.data.max_length} tokens "
                "(data.max_length)"
            )
        self._mixture = self._mixture_of_places() if len(self._text.sources) > 1 else None

    def _check_tags(self) -> None:
        """Raise `ConfigError` for a target language that the model has no tag for.

        One to start from may have none, and so may the model of a run that is resumed.
        """
        languages = target_languages(self._text.sources)
        missing = [each for each in languages if each not in self.tokenizers.source.language_tags]
        if missing:
            raise ConfigError(
                f"data.sources has the target languages {', '.join(languages)}, and this model's "
                f"vocabulary no tag for {', '.join(missing)}: train anew, without --init and "
                "--resume, or on text of the languages that it has"
            )
        _, own = self.data.only_languages()
        chosen_language(self.search.to, own, self.tokenizers.source)

    def _mixture_of_places(self) -> Mixture:
        """What an epoch takes of each source; raises `DataError` if all of one is too long."""
        sources = self._text.sources
        ends = [span.places.stop for span in self._text.spans("train", self.search.to)]
        sizes = np.diff(np.searchsorted(self._places, ends), prepend=0).tolist()
        for source, size in zip(sources, sizes, strict=True):
            if not size:
                raise DataError(
                    f"{source.name}: no pair of 1 to {self.data.max_length} tokens "
                    "(data.max_length)"
                )
        return mixture_of(sources, sizes, self.data.temperature, self.seed)

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
            **own_files(train, valid),
            "data.limit": 0,
            "data.languages": [],
        }

    def describe(self) -> list[str]:
        source, target = self.tokenizers
        tokenizers = [target] if self.tokenizers.one_vocabulary else [source, target]
        sizes = " + ".join(f"{len(tokenizer.vocab):,}" for tokenizer in tokenizers)
        unknown = " + ".join(f"{share:.2%}" for share in self._unknown)

        lines = [
            f"{len(self._train.sources):,} training pairs, "
            f"{len(self._valid.sources):,} for validation",
            f"vocabulary {sizes} tokens; unknown in the training text: {unknown} (source + target)",
        ]
        lines += self._description_of_mixture()
        if str(self._skipped):
            lines.append(str(self._skipped))
        if self._text.cache.note:
            lines.append(self._text.cache.note)
        return [*lines, *self._doubts()]

    def _description_of_mixture(self) -> Iterator[str]:
        """A line for each of several sources: what an epoch holds of it."""
        if self._mixture is None:
            return
        counts = self._mixture.counts
        total = sum(counts)
        for source, count in zip(self._text.sources, counts, strict=True):
            names = " and ".join(path.name for path in source.train)
            language = f"{source.direction}, " if source.direction else ""
            yield f"{language}{names}: {count:,} pairs of an epoch ({count / total:.1%})"

    def _doubts(self) -> Iterator[str]:
        """A line for a side whose text the vocabulary was hardly made for."""
        for side, tokenizer, share in zip(
            ("source", "target"), self.tokenizers, self._unknown, strict=True
        ):
            usual = _USUALLY_UNKNOWN if tokenizer.model.unit == "subword" else _UNKNOWN_WORDS
            if share > usual:
                yield (
                    f"{share:.1%} of the {side} tokens are unknown to the vocabulary: is the text "
                    "in the language and the script that it was made for?"
                )

    def digests(self) -> dict[str, str]:
        digests: dict[str, str] = self._text.facts["digests"]
        if self._mixture is None:
            return digests
        sources = [
            to_json([source.languages, source.weight, count])
            for source, count in zip(self._text.sources, self._mixture.counts, strict=True)
        ]
        return {**digests, "languages and weights of data.sources": digest.of_lines(sources)}

    def dims(self) -> dict[str, int]:
        return self.tokenizers.dims()

    def train_batches(
        self, epoch: int, *, start: int, rank: int, world: int
    ) -> Iterator[PairBatch]:
        rng = np.random.default_rng((self.seed, epoch))
        drawn = self._mixture.epoch(epoch) if self._mixture else None
        pairs = self._train if drawn is None else self._train.at(drawn.places)
        lengths = pairs.sources.lengths, pairs.targets.lengths
        every = token_batches(*lengths, self.data.batch_tokens, rng)
        batches = every[start:]
        if world > 1:
            costs = costs_of(every, *lengths)
            places = dealt(costs, start=start, rank=rank, world=world, each=self._accumulate)
            batches = [every[place] for place in places]
        if self.text.subword_regularization:
            return self._sampled(epoch, batches, drawn)
        return (PairBatch.of(*pairs, indices) for indices in batches)

    def _sampled(
        self, epoch: int, batches: Sequence[Ints], drawn: Drawn | None
    ) -> Iterator[PairBatch]:
        """The batches in subwords drawn anew for this epoch, by other processes."""
        pairs = SampledPairs(
            self._text.train,
            self.tokenizers,
            places=self._places if drawn is None else self._places[drawn.places],
            rounds=np.zeros_like(self._places) if drawn is None else drawn.rounds,
            seed=f"{self.seed}/{epoch}",
            strength=self.text.subword_regularization,
            spans=self._text.spans("train", self.search.to),
        )
        return made_by_workers(pairs.batch, batches)

    def valid_batches(self, *, rank: int = 0, world: int = 1) -> Iterable[PairBatch]:
        every: list[tuple[str, Ints]] = []
        for direction, places in self._valid_groups().items():
            group = self._valid.at(places)
            lengths = group.sources.lengths, group.targets.lengths
            batches = token_batches(*lengths, self.data.batch_tokens)
            every += [(direction, places[indices]) for indices in batches]
        for direction, indices in every[rank::world]:
            yield PairBatch.of(*self._valid, indices, direction)

    def _valid_groups(self) -> dict[str, Ints]:
        """The places of the validation pairs of each pair of languages; {"": all} if of one."""
        spans = self._text.spans("valid", self.search.to)
        directions = dict.fromkeys(span.direction for span in spans)
        every = np.arange(len(self._valid.sources))
        if len(directions) < 2:
            return {"": every}
        return {
            direction: np.concatenate(
                [every[span.places] for span in spans if span.direction == direction]
            )
            for direction in directions
        }

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
        return Step(loss, sums={"nll": nll, **_sums_of_group(batch, nll)})

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

        With another goal, BLEU, chrF and the goal's metric of greedy translations as well. Where
        there are several pairs of languages, each has figures of its own, and BLEU and the like are
        their mean.
        """
        sums = totals.sums
        figures = {"perplexity": perplexity(sums["nll"], totals.count)}
        for group in self._valid_groups():
            if group:
                count = round(sums[f"count {group}"])
                figures[f"perplexity {group}"] = perplexity(sums[f"nll {group}"], count)
        if self.goal.metric != "perplexity":
            figures |= self._text_metrics(as_translation_model(model))
        return figures

    def _text_metrics(self, model: TranslationModel) -> dict[str, float]:
        valid = self._text.valid
        sources = self._tagged_sources()
        translator = Translator(model, *self.tokenizers)
        processes = Processes.joined(model.output.device)
        outputs = processes.share(
            sources,
            lambda sources: translator.translate(sources, beam=1, split=False, passthrough=False),
        )

        groups = self._valid_groups()
        names = dict.fromkeys([*METRICS, self.goal.metric])
        figures = dict.fromkeys(names, 0.0)
        for group, places in groups.items():
            of_group = places.tolist()
            test_set = TestSet(
                [valid.sources[i] for i in of_group], [[valid.targets[i] for i in of_group]]
            )
            report = evaluate_outputs([outputs[i] for i in of_group], test_set, names)
            for name, score in report.scores.items():
                figures[name] += score.score / len(groups)
                if group:
                    figures[f"{name} {group}"] = score.score
        return figures

    def _tagged_sources(self) -> list[str]:
        """The validation sources, each after the tag of its target language, if there are tags."""
        sources: list[str] = []
        for span in self._text.spans("valid", self.search.to):
            texts = self._text.valid.sources[span.places]
            sources += tagged(texts, span.to, self.tokenizers.source)
        return sources

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
        data = build(TranslationData, config.sections["data"], "[data]")
        language, target_language = data.only_languages()

        return Translator(
            translation_model,
            *tokenizers,
            search=build(SearchConfig, config.sections["search"], "[search]"),
            longest=data.max_length,
            language=language,
            target_language=target_language,
            copies=may_pass_through(folder, tokenizers.source),
            seen=partial(SeenTexts.load, folder),
            shortlists=Shortlists(folder, tokenizers),
        )


def _sums_of_group(batch: PairBatch, nll: Tensor) -> dict[str, Tensor]:
    """What is totalled for a group of its own: its negative log likelihood and its targets."""
    if not batch.group:
        return {}
    return {f"nll {batch.group}": nll, f"count {batch.group}": torch.tensor(batch.count)}


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
