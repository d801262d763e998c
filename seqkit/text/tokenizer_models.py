"""What a tokenizer is made of, and those that need no training: words, characters, white space."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar, Literal, Protocol, Self, TypeGuard

from .lines import check_many, check_one
from .tags import language_tags
from .words import join_words, split_words

Unit = Literal["word", "character", "subword"]
"""What a token is.

word: a word or a punctuation mark. Which of them had a space between them only `join` knows.
character: tokens hold their own white space, and a text is its tokens one after the other. So
unknown ones can be spelt as bytes (`text.byte_fallback`).
subword: a word or a part of one. One that begins a word begins with U+2581, which stands for the
space before it.
"""


class TokenizerModel(Protocol):
    """How text is split into tokens and joined again: what a plugin registers as a tokenizer.

    A class that is not trained is made without arguments. What others need to know about its
    tokens is `unit`; nobody asks for a tokenizer by name.
    """

    has_own_vocab: ClassVar[bool]
    """True if the tokens are fixed by training (subwords), False if a vocabulary is counted."""
    unit: ClassVar[Unit]
    """What a token is."""

    def split(self, text: str) -> list[str]:
        """The tokens of a text, none of them empty; the same ones every time."""

    def join(self, tokens: Sequence[str]) -> str:
        """The text of tokens: what `split` was given, as far as it keeps it."""

    def save(self, folder: Path) -> None:
        """Write what `load` needs into the existing `folder`."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; raises `DataError` naming the file."""


class TrainedTokenizerModel(TokenizerModel, Protocol):
    """A tokenizer whose tokens come from training: `has_own_vocab` is True."""

    pieces: tuple[str, ...]
    """All tokens by id; the first four are the specials of `seqkit.text.vocab`, in order."""

    @classmethod
    def train(
        cls,
        lines: Iterable[str],
        *,
        vocab_size: int,
        model_type: Literal["bpe", "unigram"] = "bpe",
        byte_fallback: bool = True,
        split_digits: bool = True,
        max_sentences: int = 1_000_000,
        seed: int = 1,
    ) -> Self:
        """Learn `vocab_size` pieces from at most `max_sentences` of the lines."""

    def encode_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of many texts."""

    def sample(self, text: str, strength: float, rng: random.Random) -> list[str]:
        """A random segmentation; `strength` is the rate of BPE-dropout, or the unigram alpha."""


class TaggedTokenizerModel(TrainedTokenizerModel, Protocol):
    """One that can hold the tags of target languages: `train` takes them by the name `tags`."""

    tags: tuple[str, ...]
    """Those of its tokens that name a target language, such as ">>deu<<"; no text spells them."""


def is_trained(model: TokenizerModel) -> TypeGuard[TrainedTokenizerModel]:
    return model.has_own_vocab


def is_trained_class(cls: type[TokenizerModel]) -> TypeGuard[type[TrainedTokenizerModel]]:
    return cls.has_own_vocab


def holds_tags(tokenizer: TokenizerModel) -> TypeGuard[TaggedTokenizerModel]:
    return is_trained(tokenizer) and hasattr(tokenizer, "tags")


def tags_of(model: TokenizerModel, tokens: Sequence[str]) -> dict[str, str]:
    """The tokens that name a language, by its code; `tokens` are those of the vocabulary."""
    if holds_tags(model):
        return language_tags(model.tags)
    return {} if is_trained(model) else language_tags(tokens)


class _Untrained:
    """A tokenizer that has nothing to learn or to save."""

    has_own_vocab: ClassVar[bool] = False
    unit: ClassVar[Unit] = "word"

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def save(self, folder: Path) -> None:
        """Nothing to save."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls()


class CharTokenizer(_Untrained):
    """One token for each Unicode code point, white space included; exact."""

    unit: ClassVar[Unit] = "character"

    def split(self, text: str) -> list[str]:
        check_one(text)
        return list(text)

    def join(self, tokens: Iterable[str]) -> str:
        check_many(tokens, "tokens")
        text = "".join(tokens)
        check_one(text)
        return text


class WhitespaceTokenizer(_Untrained):
    """For text that is tokenised already (Penn Treebank, WikiText).

    Exact except for the amount of white space. White space is ASCII's, as for n-grams and in
    KenLM: a no-break space is part of a token.
    """

    def split(self, text: str) -> list[str]:
        check_one(text)
        return [token.decode() for token in text.encode().split()]

    def join(self, tokens: Iterable[str]) -> str:
        check_many(tokens, "tokens")
        text = " ".join(tokens)
        check_one(text)
        return text


class WordTokenizer(_Untrained):
    """Words and punctuation apart, in any script; every Chinese character and kana is a word.

    Punctuation that touches its neighbour carries a joiner (`Hello ￭, world ￭!`: U+FFED on the side
    without a space), so `join` is exact for text whose white space is single spaces. A literal
    U+FFED becomes U+25A0.
    """

    def split(self, text: str) -> list[str]:
        return split_words(text)

    def spell(self, text: str) -> str:
        """What `join` makes of the tokens of `text`: its white space is single spaces."""
        return " ".join(text.split())

    def join(self, tokens: Iterable[str]) -> str:
        return join_words(tokens)
