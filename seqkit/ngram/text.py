"""Text as an n-gram model sees it: lines cut at \\n, words at ASCII white space, ids in order of first appearance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..data.files import open_bytes, reading
from ..errors import ConfigError, DataError, UnknownName
from ..text import Tokenizer, TokenizerLookup, built_in
from ..text.lines import check_many, single_line
from ..text.tokenizer_models import TokenizerModel

Ids = NDArray[np.int32]
Unknown = Literal["refuse", "skip", "keep"]
UNK, BOS, EOS = 0, 1, 2  # KenLM's; those of a network's vocabulary are in seqkit.text.vocab
SPECIALS = (b"<unk>", b"<s>", b"</s>")
_END = b"\0"  # stands for the end of a line; no word holds it, for it is white space
_LINE_END = -2  # its id while words are looked up; a typed </s> is a word like any other
_BLOCK = 1 << 24  # bytes of text handled at a time
_SPACE = "\N{LOWER ONE EIGHTH BLOCK}"  # U+2581, as SentencePiece shows it
_WHITE = str.maketrans(dict.fromkeys(" \t\n\v\f\r\0", _SPACE))


def blocks(path: Path | None) -> Iterator[bytes]:
    """The text of a file (of stdin for None) in pieces of whole lines.

    An unterminated last line counts as a line. Raises `DataError` naming file and line for what is not UTF-8.
    """
    name, number, rest = str(path or "stdin"), 0, b""
    with reading(Path(name)), open_bytes(path) as file:
        while data := file.read(_BLOCK):
            head, newline, tail = data.rpartition(b"\n")
            if not newline:
                rest += data
                continue
            block, rest = rest + head + b"\n", tail
            yield _checked(block, name, number)
            number += block.count(b"\n")
        if rest:
            yield _checked(rest + b"\n", name, number)


def from_lines(lines: Iterable[str]) -> Iterator[bytes]:
    """`blocks` for lines that are at hand; raises as `block_of`, and TypeError for one string."""
    check_many(lines)
    return _blocks(lines)


def _blocks(lines: Iterable[str]) -> Iterator[bytes]:
    kept: list[str] = []
    size = 0
    for line in lines:
        kept.append(line)
        size += len(line) + 1
        if size >= _BLOCK:
            yield block_of(kept)
            kept, size = [], 0
    if kept:
        yield block_of(kept)


def block_of(lines: Iterable[str]) -> bytes:
    """These lines as one block; raises `DataError` for a line break inside one, or what UTF-8 cannot express."""
    try:
        return "\n".join([*map(single_line, lines), ""]).encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"half a surrogate pair ({error.object[error.start]!r}) is no text"
        ) from None


def _checked(block: bytes, name: str, before: int) -> bytes:
    try:
        block.decode("utf-8")
    except UnicodeDecodeError as error:
        line = before + block.count(b"\n", 0, error.start) + 1
        raise DataError(f"{name}:{line}: not UTF-8: byte {block[error.start]:#04x}") from None
    return block


class PreTokenizer:
    """Raw lines → lines whose tokens are set apart by spaces, which is all that counting and scoring look at."""

    def __init__(
        self,
        name: str = "whitespace",
        tokenizer: Tokenizer | None = None,
        tokenizers: TokenizerLookup = built_in,
    ) -> None:
        """`name` is that of a registered tokenizer that needs no training; a trained one is given as it is."""
        self.name, self.tokenizer, self.tokenizers = name, tokenizer, tokenizers
        self._split: Callable[[str], list[str]] | None = None
        self._splitter: TokenizerModel | None = None
        if tokenizer:
            self._split, self._splitter = tokenizer.split, tokenizer.model
        elif name != "whitespace":
            model_class: Any = tokenizers(name)
            if model_class.has_own_vocab:
                raise ConfigError(
                    f"the tokenizer {name!r} must be trained: give the folder of a trained one"
                )
            self._splitter = model_class()
            self._split = self._splitter.split

    @classmethod
    def find(cls, name: str, tokenizers: TokenizerLookup = built_in) -> PreTokenizer:
        """By a registered name, or the folder of a trained tokenizer."""
        try:
            return cls(name, tokenizers=tokenizers)
        except UnknownName:
            if not Path(name).exists():
                raise
        trained = Tokenizer.load(Path(name), tokenizers=tokenizers)
        return cls(trained.name, trained)

    def tokens(self, line: str) -> list[str]:
        """The tokens of one line."""
        return [word.decode() for word in words_of(self(block_of([line])))[:-1]]

    def join(self, tokens: Sequence[str]) -> str:
        """Readable text of tokens."""
        return (
            " ".join(tokens)
            if self._splitter is None
            else self._splitter.join(self.readable(tokens))
        )

    def readable(self, tokens: Sequence[str]) -> Sequence[str]:
        """Tokens as the tokenizer gave them: with spaces inside, where counting has U+2581."""
        if self._splitter is None or self._splitter.has_own_vocab:
            return tokens
        return [token.replace(_SPACE, " ") for token in tokens]

    def __call__(self, block: bytes) -> bytes:
        """A block of whole lines, cut. White space inside a token is shown as U+2581."""
        split = self._split
        if split is None:
            return block
        lines = block.decode("utf-8")[:-1].split("\n")
        return "\n".join(
            [*(" ".join(token.translate(_WHITE) for token in split(line)) for line in lines), ""]
        ).encode()


def words_of(block: bytes) -> list[bytes]:
    """The words of a block; the end of each line is the word NUL."""
    if _END in block:
        block = block.replace(_END, b" ")
    return block.replace(b"\n", b" \0 ").split()


class GrowingVocabulary:
    """Gives each new word the next id. Ids 0, 1, 2 are `<unk>`, `<s>`, `</s>`, as in KenLM."""

    def __init__(self, unknown: Unknown = "refuse") -> None:
        """`unknown` says what a literal `<unk>`, `<s>`, `</s>` in the text is.

        "refuse": an error; "skip": white space; "keep": `<unk>` is a word like any other, the others an error.
        """
        if unknown not in get_args(Unknown):
            raise ConfigError(f"unk is 'refuse', 'skip' or 'keep', not {unknown!r}")
        self.unknown = unknown
        self.lines = 0
        self._ids: defaultdict[bytes, int] = defaultdict()
        self._ids.update({SPECIALS[UNK]: UNK, SPECIALS[BOS]: BOS, _END: EOS})
        self._ids.default_factory = self._ids.__len__

    @property
    def words(self) -> list[bytes]:
        """All words by id."""
        return [SPECIALS[EOS] if word == _END else word for word in self._ids]

    def encode(self, block: bytes, name: str = "the text") -> Ids:
        """Ids of a block, `</s>` at the end of each line; raises `DataError` for special words that are refused."""
        words = words_of(block)
        if any(special in block for special in SPECIALS):
            words = self._without_specials(words, name)
        self.lines += block.count(b"\n")
        return np.fromiter(map(self._ids.__getitem__, words), np.int32, count=len(words))

    def _without_specials(self, words: list[bytes], name: str) -> list[bytes]:
        if self.unknown == "skip":
            return [word for word in words if word not in SPECIALS]
        refused = SPECIALS if self.unknown == "refuse" else SPECIALS[BOS:]
        line = self.lines + 1
        for word in words:
            if word in refused:
                way_out = "--unk skip takes it for white space" + (
                    ", --unk keep for a word" if word == SPECIALS[UNK] else ""
                )
                raise DataError(
                    f"{name}:{line}: the text holds the special word {word.decode()}; {way_out}"
                )
            line += word == _END
        return words


class Vocabulary:
    """The words of a finished model."""

    def __init__(self, words: list[bytes], *, keeps_unknown: bool = False) -> None:
        """With `keeps_unknown`, `<unk>` is a word of the training text: a literal one is not out of vocabulary."""
        self.words = words
        self._ids = {word: i for i, word in enumerate(words)}
        self._ids[_END] = _LINE_END
        if not keeps_unknown:
            for word in (SPECIALS[UNK], b"<UNK>"):
                self._ids.pop(word, None)

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word.encode() in self._ids

    def encode(self, block: bytes) -> tuple[Ids, NDArray[np.bool_]]:
        """Ids of a block, `</s>` at the end of each line, -1 for words out of vocabulary; and where lines end."""
        words = words_of(block)
        ids = np.fromiter(map(self._ids.get, words, repeat(-1)), np.int32, count=len(words))
        ends = ids == _LINE_END
        ids[ends] = EOS
        return ids, ends
