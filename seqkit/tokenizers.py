"""The tokenizers of runs: trained, saved and loaded, those of plugins among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from .plugins import components
from .text.tokenizer import TextConfig, Tokenizer

_NAME = "tokenizer"  # of its folder in a step folder


def train_tokenizer(
    lines: Iterable[str], config: TextConfig, languages: Sequence[str] = ()
) -> Tokenizer:
    """Learn a tokenizer from lines; `languages` are target languages that get a tag."""
    find = components().tokenizers.load
    return Tokenizer.train(lines, config, tokenizers=find, languages=languages)


def save_tokenizer(folder: Path, tokenizer: Tokenizer, name: str = _NAME) -> None:
    """Write `folder`/NAME, which may not be there yet."""
    (folder / name).mkdir()
    tokenizer.save(folder / name)


def load_tokenizer(folder: Path, name: str = _NAME) -> Tokenizer:
    """Read what `save_tokenizer` wrote; raises `DataError` naming the file."""
    return Tokenizer.load(folder / name, tokenizers=components().tokenizers.load)
