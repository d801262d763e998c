"""The tokenizers of a translation model: one for both languages, or one for each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from ..data.parallel import ParallelText
from ..errors import ConfigError
from ..text.tokenizer import TextConfig, Tokenizer
from ..tokenizers import load_tokenizer, save_tokenizer, train_tokenizer

_SOURCE = "source-tokenizer"  # folders of two
_TARGET = "target-tokenizer"


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
        both = train_tokenizer(chain(text.sources, text.targets), config, languages)
        return Tokenizers(both, both)
    source = train_tokenizer(text.sources, config, languages)
    return Tokenizers(source, train_tokenizer(text.targets, config))


def save_tokenizers(folder: Path, tokenizers: Tokenizers) -> None:
    """Write `folder`/tokenizer, or source-tokenizer and target-tokenizer if there are two."""
    if tokenizers.shared:
        save_tokenizer(folder, tokenizers.source)
    else:
        save_tokenizer(folder, tokenizers.source, _SOURCE)
        save_tokenizer(folder, tokenizers.target, _TARGET)


def load_tokenizers(folder: Path) -> Tokenizers:
    """Read what `save_tokenizers` wrote."""
    if (folder / _SOURCE).exists():
        return Tokenizers(load_tokenizer(folder, _SOURCE), load_tokenizer(folder, _TARGET))
    both = load_tokenizer(folder)
    return Tokenizers(both, both)
