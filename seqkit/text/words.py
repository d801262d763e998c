"""Words and punctuation apart, in any script, without a list of rules for each language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from typing import Literal, NamedTuple

from .lines import check_many, check_one

JOINER = "￭"  # U+FFED, as in the OpenNMT Tokenizer: no space on this side of the token
JOINER_LOOKALIKE = "■"

_ASCII_PIECES = re.compile(r"\w+(?:'\w+)*|\W", re.ASCII | re.DOTALL)

Kind = Literal["word", "mark", "ideograph", "combining", "apostrophe"]


class _Piece(NamedTuple):
    kind: Kind  # "word", "mark" or "ideograph"
    text: str


def split_words(text: str) -> list[str]:
    """The tokens of `text`; punctuation that touches its neighbour carries a joiner.

    A literal joiner in the text is replaced by a character that looks alike.
    """
    check_one(text)
    chunks = text.replace(JOINER, JOINER_LOOKALIKE).split()
    return list(chain.from_iterable(map(_split_chunk, chunks)))


def join_words(tokens: Iterable[str]) -> str:
    """The text of `tokens`: single spaces between them except where a joiner stands."""
    check_many(tokens, "tokens")
    parts: list[str] = []
    touches = True
    for token in tokens:
        if not touches and not token.startswith(JOINER):
            parts.append(" ")
        parts.append(token.strip(JOINER))
        touches = token.endswith(JOINER) and token != JOINER

    text = "".join(parts)
    check_one(text)
    return text


@lru_cache(maxsize=1 << 17)
def _split_chunk(chunk: str) -> tuple[str, ...]:
    """The tokens of a chunk without white space."""
    if chunk.isascii() and chunk.isalnum():  # most of them
        return (chunk,)

    pieces = _pieces(chunk)
    kinds = [piece.kind for piece in pieces]

    tokens: list[str] = []
    for piece, before, after in zip(pieces, [None, *kinds], [*kinds[1:], None], strict=False):
        left = JOINER if _joins_left(piece.kind, before) else ""
        right = JOINER if _joins_right(piece.kind, after) else ""
        tokens.append(f"{left}{piece.text}{right}")
    return tuple(tokens)


def _joins_left(kind: Kind, before: Kind | None) -> bool:
    """Whether a piece carries the joiner between it and the piece before."""
    if kind == "word":
        return False
    return before == "word" or kind == before == "mark"


def _joins_right(kind: Kind, after: Kind | None) -> bool:
    """Whether a piece carries the joiner between it and the piece after."""
    if kind == "mark":
        return after in ("word", "ideograph")
    return kind == "ideograph" and after is not None


def _pieces(chunk: str) -> list[_Piece]:
    if chunk.isascii():  # the same as below, and several times as fast
        return [_Piece(_kind_of_ascii(text), text) for text in _ASCII_PIECES.findall(chunk)]

    pieces: list[_Piece] = []
    for i, char in enumerate(chunk):
        kind = _kind(char)
        last = pieces[-1] if pieces else None

        if kind == "apostrophe":  # inside a word (don't, l’eau) it belongs to the word
            inside = last is not None and last.kind == "word" and _begins_word(chunk[i + 1 :])
            kind = "word" if inside else "mark"

        if last is not None and _continues(last.kind, kind):
            pieces[-1] = _Piece(last.kind, last.text + char)
        else:
            pieces.append(_Piece("word" if kind == "combining" else kind, char))
    return pieces


def _kind_of_ascii(piece: str) -> Kind:
    return "word" if piece[0].isalnum() or piece[0] == "_" else "mark"


def _begins_word(text: str) -> bool:
    return text != "" and _kind(text[0]) == "word"


def _continues(last: Kind, kind: Kind) -> bool:
    """Whether a character belongs to the piece before it."""
    return kind == "combining" or kind == last == "word"


def _kind(char: str) -> Kind:
    if char in "'’":
        return "apostrophe"
    if char.isascii():
        return "word" if char.isalnum() or char == "_" else "mark"

    category = unicodedata.category(char)
    if category.startswith("M") or char in "\u200c\u200d":
        return "combining"
    if _is_ideograph(char, category):
        return "ideograph"
    return "word" if category[0] in "LN" else "mark"


def _is_ideograph(char: str, category: str) -> bool:
    """Whether it is a Han character or kana, which have no spaces between words; Hangul has."""
    is_hangul = "\uac00" <= char <= "\ud7a3"
    is_wide = unicodedata.east_asian_width(char) == "W"
    return category == "Lo" and is_wide and not is_hangul
