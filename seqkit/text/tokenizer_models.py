"""Tokenizers that need no training: words, characters, white space. Text → tokens → the same text."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal, Protocol, Self, TypeGuard

JOINER = "￭"  # U+FFED, as in the OpenNMT Tokenizer: no space on this side of the token
_JOINER_LIKE = "■"


Unit = Literal["word", "character", "subword"]


class TokenizerModel(Protocol):
    """What is registered under `tokenizer`: how text is cut into tokens and put together again."""

    has_own_vocab: ClassVar[bool]
    """True if the tokens are fixed by training (subwords), False if a vocabulary is counted."""
    unit: ClassVar[Unit]
    """What a token is; a subword that begins a word begins with U+2581."""

    def split(self, text: str) -> list[str]: ...
    def join(self, tokens: Sequence[str]) -> str: ...
    def save(self, folder: Path) -> None: ...
    @classmethod
    def load(cls, folder: Path) -> Self: ...


class TrainedTokenizerModel(TokenizerModel, Protocol):
    """A splitter whose tokens come from training: `has_own_vocab` is True.

    The first four pieces are the specials, in their order; a piece that begins a word begins with U+2581.
    """

    pieces: tuple[str, ...]
    """All tokens by id."""

    @classmethod
    def train(
        cls,
        lines: Iterable[str],
        *,
        vocab_size: int,
        model_type: Literal["bpe", "unigram"] = "bpe",
        byte_fallback: bool = True,
        max_sentences: int = 1_000_000,
        seed: int = 1,
    ) -> Self: ...
    def encode_ids(self, texts: Sequence[str]) -> list[list[int]]: ...
    def sample(self, text: str, strength: float, rng: random.Random) -> list[str]:
        """A random segmentation; `strength` is BPE-dropout's rate, or the unigram model's alpha."""


def is_trained(splitter: TokenizerModel) -> TypeGuard[TrainedTokenizerModel]:
    return splitter.has_own_vocab


class _Untrained:
    has_own_vocab: ClassVar[bool] = False
    unit: ClassVar[Unit] = "word"

    def save(self, folder: Path) -> None:
        """Nothing to save."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls()


class CharTokenizer(_Untrained):
    """One token for each Unicode code point, white space included; exact."""

    unit: ClassVar[Unit] = "character"

    def split(self, text: str) -> list[str]:
        return list(text)

    def join(self, tokens: Iterable[str]) -> str:
        return "".join(tokens)


class WhitespaceTokenizer(_Untrained):
    """For text that is already tokenised (Penn Treebank, WikiText); exact but for the amount of white space.

    White space is ASCII's, as for n-grams and in KenLM: a no-break space is part of a token.
    """

    def split(self, text: str) -> list[str]:
        return [token.decode() for token in text.encode().split()]

    def join(self, tokens: Iterable[str]) -> str:
        return " ".join(tokens)


class WordTokenizer(_Untrained):
    """Words and punctuation apart, in any script; every Chinese character and kana is a word.

    Punctuation that touches its neighbour carries a joiner (`Hello￭ ￭,` …: U+FFED on the side without a
    space), so `join` is exact for text whose white space is single spaces. A literal U+FFED becomes U+25A0.
    """

    def split(self, text: str) -> list[str]:
        return [
            token
            for chunk in text.replace(JOINER, _JOINER_LIKE).split()
            for token in _split_chunk(chunk)
        ]

    def join(self, tokens: Sequence[str]) -> str:
        parts: list[str] = []
        glued = True
        for token in tokens:
            if not glued and not token.startswith(JOINER):
                parts.append(" ")
            parts.append(token.strip(JOINER))
            glued = token.endswith(JOINER) and token != JOINER
        return "".join(parts)


@lru_cache(maxsize=1 << 17)
def _split_chunk(chunk: str) -> tuple[str, ...]:
    """Cut a chunk without white space; the joiner goes to punctuation, or to an ideograph's right."""
    pieces: list[tuple[str, str]] = []  # (kind, text)
    for i, char in enumerate(chunk):
        kind = _kind(char)
        if kind == "apostrophe":  # inside a word (don't, l’eau) it belongs to the word
            inside = (
                pieces
                and pieces[-1][0] == "word"
                and i + 1 < len(chunk)
                and _kind(chunk[i + 1]) == "word"
            )
            kind = "word" if inside else "mark"
        if (pieces and kind == "combining") or (pieces and kind == pieces[-1][0] == "word"):
            pieces[-1] = (pieces[-1][0], pieces[-1][1] + char)
        else:
            pieces.append(("word" if kind == "combining" else kind, char))
    tokens = []
    for i, (kind, text) in enumerate(pieces):
        before = pieces[i - 1][0] if i else None
        after = pieces[i + 1][0] if i + 1 < len(pieces) else None
        left = (kind != "word" and before == "word") or (kind == before == "mark")
        right = (kind == "mark" and after in ("word", "ideograph")) or (
            kind == "ideograph" and after is not None
        )
        tokens.append(f"{JOINER if left else ''}{text}{JOINER if right else ''}")
    return tuple(tokens)


def _kind(char: str) -> str:
    if char.isascii():
        return "word" if char.isalnum() or char == "_" else "apostrophe" if char == "'" else "mark"
    if char == "’":
        return "apostrophe"
    category = unicodedata.category(char)
    if category[0] == "M" or char in "\u200c\u200d":
        return "combining"
    if (
        category == "Lo"
        and unicodedata.east_asian_width(char) == "W"
        and not "\uac00" <= char <= "\ud7a3"
    ):
        return "ideograph"  # Han and kana have no spaces between words; Hangul has
    return "word" if category[0] in "LN" else "mark"
