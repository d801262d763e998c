"""The tokenizers of a translation model: one for both languages, or one for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from ..data.parallel import ParallelText
from ..errors import ConfigError
from ..plugins import components
from ..text.tokenizer import TextConfig, Tokenizer


class Tokenizers(NamedTuple):
    source: Tokenizer
    target: Tokenizer  # the same object if the vocabulary is shared

    @property
    def shared(self) -> bool:
        return self.source is self.target

    @property
    def one_vocabulary(self) -> bool:
        """Whether an id means the same token on both sides, however text is split."""
        return self.source.vocab == self.target.vocab

    def dims(self) -> dict[str, int]:
        """The sizes that models are made with; a source size of 0 means one vocabulary."""
        return {
            "target_vocab": len(self.target.vocab),
            "source_vocab": 0 if self.one_vocabulary else len(self.source.vocab),
        }


def check_compatible(mine: Tokenizer, other: Tokenizer) -> None:
    """Raise `ConfigError` unless both give the same ids for the same text."""
    if mine.vocab.tokens != other.vocab.tokens or _splitting(mine) != _splitting(other):
        raise ConfigError(
            "models can decode together only if they share vocabulary, tokenizer and normalisation"
        )


def _splitting(tokenizer: Tokenizer) -> tuple[object, ...]:
    """What decides, besides the vocabulary, how a text is split."""
    return tokenizer.name, tokenizer.byte_fallback, tokenizer.normalizer.steps


def train_tokenizers(
    text: ParallelText, config: TextConfig, languages: Sequence[str] = ()
) -> Tokenizers:
    """Train one tokenizer on both sides of the text, or one on each.

    `languages` are the target languages for which that of the source side has tags.
    """
    if config.shared:
        both = _train(chain(text.sources, text.targets), config, languages)
        return Tokenizers(both, both)
    source = _train(text.sources, config, languages)
    return Tokenizers(source, _train(text.targets, config, ()))


def _train(lines: Iterable[str], config: TextConfig, languages: Sequence[str]) -> Tokenizer:
    find = components().tokenizers.load
    return Tokenizer.train(lines, config, tokenizers=find, languages=languages)


def save_tokenizers(folder: Path, tokenizers: Tokenizers) -> None:
    """Write `folder`/tokenizer, or source-tokenizer and target-tokenizer if there are two."""
    if tokenizers.shared:
        _save(tokenizers.source, folder / "tokenizer")
    else:
        _save(tokenizers.source, folder / "source-tokenizer")
        _save(tokenizers.target, folder / "target-tokenizer")


def _save(tokenizer: Tokenizer, folder: Path) -> None:
    folder.mkdir()
    tokenizer.save(folder)


def load_tokenizers(folder: Path) -> Tokenizers:
    """Read what `save_tokenizers` wrote."""
    if (folder / "source-tokenizer").exists():
        return Tokenizers(_load(folder / "source-tokenizer"), _load(folder / "target-tokenizer"))
    both = _load(folder / "tokenizer")
    return Tokenizers(both, both)


def _load(folder: Path) -> Tokenizer:
    return Tokenizer.load(folder, tokenizers=components().tokenizers.load)
