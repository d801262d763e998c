"""Translation: raw sentence pairs in, an encoder-decoder out."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np
import torch
from pydantic import ValidationInfo, field_validator
from torch import Tensor, nn

from ..config import RunConfig, build, section, setting
from ..data.batching import PairBatch, Rows, token_batches
from ..data.corpora import locate
from ..data.parallel import ParallelText, read_parallel
from ..errors import ConfigError, DataError
from ..metrics.overlap import bleu, chrf
from ..metrics.perplexity import perplexity
from ..nn.loss import linear_cross_entropy
from ..plugins import components
from ..search.settings import SearchConfig
from ..text.tokenizer import TextConfig, Tokenizer
from ..text.vocab import PAD, UNK
from ..training.task import Goal, Step, Task, Totals
from .models.contract import TranslationModel
from .translator import Translator

GOALS = {
    goal.metric: goal
    for goal in (Goal("perplexity", "lower"), Goal("bleu", "higher"), Goal("chrf", "higher"))
}


@section
class TranslationData:
    corpus: str = setting(
        "corpus whose folder holds the files below; '' = they are ordinary paths", default=""
    )
    train: list[str] = setting(
        "training text: [source file, target file] or [TSV file]; .gz is fine", default=[]
    )
    valid: list[str] = setting(
        "validation text, likewise; [] = cut valid_size pairs off the training text", default=[]
    )
    valid_size: int = setting(
        "pairs to cut off (at most a tenth) where there is no validation text", default=1000, ge=1
    )
    columns: list[int] = setting(
        "source and target column of a TSV file, counted from 1",
        default=[1, 2],
        min_length=2,
        max_length=2,
    )
    limit: int = setting("take only the first so many training pairs; 0 = all", default=0, ge=0)
    max_length: int = setting(
        "pairs with more tokens on a side are left out of training", default=100, ge=1
    )
    batch_tokens: int = setting("real target tokens in a batch, at most", default=3000, ge=1)
    scheduled_sampling: float = setting(
        "constant share of the decoder's inputs that are its own guesses instead of the right tokens, all guessed in "
        "a pass before (arXiv:1506.03099, arXiv:1906.04331); 0 = teacher forcing",
        default=0.0,
        ge=0,
        le=1,
    )
    goal: Literal["bleu", "chrf", "perplexity"] = setting(
        "what picks the best checkpoint: bleu, chrf or perplexity, on validation text",
        default="bleu",
    )

    @field_validator("train", "valid")
    @classmethod
    def _absolute(cls, paths: list[str], info: ValidationInfo) -> list[str]:
        """So that a run's config.toml repeats the run from anywhere."""
        return paths if info.data.get("corpus") else [str(Path(path).absolute()) for path in paths]


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
        self.seed, self.smoothing = config.train.seed, config.optim.label_smoothing
        self.goal = GOALS[self.data.goal]
        train, valid = self._read()
        self.source, self.target = (
            load_tokenizers(folder) if folder else self._train_tokenizers(train)
        )
        if self.text.subword_regularization:
            self.source.sample(
                "", self.text.subword_regularization, random.Random(self.seed)
            )  # complain before an old run is replaced
        self._raw_train, self._raw_valid = train, valid
        self._train, dropped = self._encode(train)
        self._valid, _ = self._encode(valid, keep_all=True)
        self._skipped = train.skipped
        self._skipped.long = dropped
        if not len(self._train[0]):
            raise DataError(
                f"the training text has no pair of 1 to {self.data.max_length} tokens (data.max_length)"
            )

    def _read(self) -> tuple[ParallelText, ParallelText]:
        columns = (self.data.columns[0], self.data.columns[1])
        if not self.data.train:
            raise ConfigError(
                "[data]: no training text: set data.train to [source, target] or [tsv]"
            )
        train = read_parallel(locate(self.data.corpus, self.data.train), columns)
        if not len(train):
            raise DataError(f"{', '.join(self.data.train)}: the training text is empty")
        if self.data.limit:
            n = self.data.limit
            train = ParallelText(train.sources[:n], train.targets[:n], train.skipped)
        if self.data.valid:
            valid = read_parallel(locate(self.data.corpus, self.data.valid), columns)
            if not len(valid):
                raise DataError(f"{', '.join(self.data.valid)}: the validation text is empty")
            return train, valid
        return cut(train, self.data.valid_size, self.seed)

    def _train_tokenizers(self, text: ParallelText) -> tuple[Tokenizer, Tokenizer]:
        if self.text.shared:
            both = _train([*text.sources, *text.targets], self.text)
            return both, both
        return _train(text.sources, self.text), _train(text.targets, self.text)

    def _encode(
        self, text: ParallelText, *, keep_all: bool = False
    ) -> tuple[tuple[Rows, Rows], int]:
        sources = self.source.encode_all(text.sources, eos=True)
        targets = self.target.encode_all(text.targets, eos=True)
        return _fitting(sources, targets, 0 if keep_all else self.data.max_length)

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
        }

    def describe(self) -> list[str]:
        vocabularies = (
            [self.target.vocab]
            if self.source is self.target
            else [self.source.vocab, self.target.vocab]
        )
        sizes = " + ".join(f"{len(vocab):,}" for vocab in vocabularies)
        unknown = " + ".join(f"{rows.share(UNK):.2%}" for rows in self._train)
        lines = [
            f"{len(self._train[0]):,} training pairs, {len(self._valid[0]):,} for validation",
            f"vocabulary {sizes} tokens; unknown in the training text: {unknown} (source + target)",
        ]
        return [*lines, str(self._skipped)] if str(self._skipped) else lines

    def dims(self) -> dict[str, int]:
        shared = self.source is self.target
        return {
            "target_vocab": len(self.target.vocab),
            "source_vocab": 0 if shared else len(self.source.vocab),
        }

    def train_batches(
        self, epoch: int, *, start: int, rank: int, world: int
    ) -> Iterator[PairBatch]:
        (sources, targets), rng = self._train, np.random.default_rng((self.seed, epoch))
        if self.text.subword_regularization:
            sources, targets = self._sample(epoch)
        batches = token_batches(sources.lengths, targets.lengths, self.data.batch_tokens, rng)
        for indices in batches[start + rank :: world]:
            yield PairBatch.of(sources, targets, indices)

    def _sample(self, epoch: int) -> tuple[Rows, Rows]:
        """The training text in subwords drawn anew for this epoch."""
        rng = random.Random(f"{self.seed}/{epoch}")
        encode: Callable[[Tokenizer, str], list[int]] = lambda tokenizer, text: tokenizer.sample(  # noqa: E731
            text, self.text.subword_regularization, rng, eos=True
        )
        sources = [encode(self.source, text) for text in self._raw_train.sources]
        targets = [encode(self.target, text) for text in self._raw_train.targets]
        return _fitting(sources, targets, 2 * self.data.max_length)[0]

    def valid_batches(self) -> Iterable[PairBatch]:
        sources, targets = self._valid
        for indices in token_batches(sources.lengths, targets.lengths, self.data.batch_tokens):
            yield PairBatch.of(sources, targets, indices)

    def step(self, model: nn.Module, batch: PairBatch, carry: Any) -> Step:
        inputs = (
            self._guessed(model, batch)
            if model.training and self.data.scheduled_sampling
            else batch.inputs
        )
        hidden = model(batch.source, inputs)[batch.targets != PAD]  # (count, D)
        smoothing = self.smoothing if model.training else 0.0
        targets = batch.targets[batch.targets != PAD]
        loss, nll = linear_cross_entropy(
            hidden, cast(Tensor, model.output), None, targets, smoothing=smoothing
        )
        return Step(loss, sums={"nll": nll})

    @torch.no_grad()
    def _guessed(self, model: nn.Module, batch: PairBatch) -> Tensor:
        """The decoder's inputs (B, T) with some of them replaced by what the model would have said there."""
        hidden = model(batch.source, batch.inputs)[:, :-1]
        said = torch.stack(
            [cast(Any, model).logits(row).argmax(-1) for row in hidden]
        )  # (B, T - 1)
        inputs, later = batch.inputs.clone(), batch.inputs[:, 1:]
        torch.clear_autocast_cache()  # its copies of the weights know no gradients
        swapped = (torch.rand(later.shape, device=later.device) < self.data.scheduled_sampling) & (
            later != PAD
        )
        inputs[:, 1:] = torch.where(swapped, said, later)
        return inputs

    def metrics(self, model: nn.Module, totals: Totals) -> dict[str, float]:
        """Perplexity of the reference tokens; with such a goal, BLEU and chrF of greedy translations as well."""
        found = {"perplexity": perplexity(totals.sums["nll"], totals.count)}
        if self.goal.metric != "perplexity":
            outputs = Translator(model, self.source, self.target).translate(
                self._raw_valid.sources, beam=1, split=False
            )
            found["bleu"] = bleu(outputs, [self._raw_valid.targets]).score
            found["chrf"] = chrf(outputs, [self._raw_valid.targets]).score
        return found

    def save(self, folder: Path) -> None:
        save_tokenizers(folder, self.source, self.target)

    @classmethod
    def open(cls, model: nn.Module, folder: Path, config: RunConfig) -> Translator:
        source, target = load_tokenizers(folder)
        sizes = [cast(Any, model).source_vocab, cast(Tensor, model.output).size(0)]
        for tokenizer, size in zip((source, target), sizes, strict=True):
            found = len(tokenizer.vocab)
            if found != size:
                raise DataError(
                    f"{folder}: vocab.tsv has {found:,} tokens, the model {size:,}: one is damaged"
                )
        search = build(SearchConfig, config.sections["search"], "[search]")
        return Translator(
            model, source, target, search=search, longest=config.sections["data"]["max_length"]
        )


def cut(text: ParallelText, size: int, seed: int) -> tuple[ParallelText, ParallelText]:
    """Split off `size` pairs for validation, a tenth of `text` at most; no source of theirs stays in the rest."""
    size = min(size, len(text) // 10)
    if not size:
        raise DataError(
            f"{len(text)} pairs are too few to cut validation text off: give 10 or more, or data.valid"
        )
    chosen = np.random.default_rng(seed).permutation(len(text))[:size]
    held = {text.sources[i] for i in chosen}
    valid = ParallelText([text.sources[i] for i in chosen], [text.targets[i] for i in chosen])
    rest = [i for i, source in enumerate(text.sources) if source not in held]
    train = ParallelText(
        [text.sources[i] for i in rest], [text.targets[i] for i in rest], text.skipped
    )
    if not rest:
        raise DataError(
            "the training text repeats so few sentences that none is left after cutting off validation text"
        )
    return train, valid


def _fitting(
    sources: list[list[int]], targets: list[list[int]], longest: int
) -> tuple[tuple[Rows, Rows], int]:
    """The pairs of at most `longest` tokens a side (0: all), end marks aside, and how many were left out."""
    pairs = zip(sources, targets, strict=True)
    kept = [(s, t) for s, t in pairs if not longest or max(len(s), len(t)) <= longest + 1]
    return (Rows([s for s, _ in kept]), Rows([t for _, t in kept])), len(sources) - len(kept)


def save_tokenizers(folder: Path, source: Tokenizer, target: Tokenizer) -> None:
    """Write `folder`/tokenizer, or source-tokenizer and target-tokenizer if there are two."""
    named = (
        {"tokenizer": source}
        if source is target
        else {"source-tokenizer": source, "target-tokenizer": target}
    )
    for name, tokenizer in named.items():
        (folder / name).mkdir()
        tokenizer.save(folder / name)


def load_tokenizers(folder: Path) -> tuple[Tokenizer, Tokenizer]:
    """What `save_tokenizers` wrote."""
    find = components().tokenizers.load
    if (folder / "source-tokenizer").exists():
        source = Tokenizer.load(folder / "source-tokenizer", tokenizers=find)
        target = Tokenizer.load(folder / "target-tokenizer", tokenizers=find)
        return source, target
    both = Tokenizer.load(folder / "tokenizer", tokenizers=find)
    return both, both


def _train(lines: Iterable[str], config: TextConfig) -> Tokenizer:
    return Tokenizer.train(lines, config, tokenizers=components().tokenizers.load)


if TYPE_CHECKING:
    _: type[Task] = TranslationTask  # or mypy says what is missing
