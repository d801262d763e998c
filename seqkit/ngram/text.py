"""Text as an n-gram model sees it: lines end at \\n, words at ASCII white space, words get ids.

A block is UTF-8 text of whole lines, as bytes. Letters: T tokens of a block.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..data.files import read_blocks, read_lines
from ..errors import ConfigError, DataError, UnknownName
from ..native.library import library
from ..native.ngrams import WordIndex
from ..text import TokenizerLookup, TokenizerModel, built_in
from ..text.lines import check_one, each_text, single_line
from ..text.lookup import find_class
from ..text.spelling import Spelling, spelling_of_lines, spelling_of_words
from ..text.surrogates import encoded
from ..text.tokenizer_models import Unit
from .recognition import refuse_model, refuse_model_file

if TYPE_CHECKING:
    from ..text import Tokenizer

Ids = NDArray[np.int32]
Unknown = Literal["refuse", "skip", "keep"]
UNK, BOS, EOS = 0, 1, 2  # KenLM's; those of a network's vocabulary are in seqkit.text.vocab
SPECIALS = (b"<unk>", b"<s>", b"</s>")
_END = b"\0"  # stands for the end of a line: no word holds it, because it is white space
_LINE_END = -2  # its id while words are looked up; a typed </s> is a word like any other
_BLOCK = 1 << 20  # bytes of text handled at a time: larger arrays cost more than they save
_SPACE = "\N{LOWER ONE EIGHTH BLOCK}"  # U+2581, as SentencePiece shows a space
_INDEX_PAYS = 1 << 15  # bytes of a block: less is encoded sooner than an index is made
_WORDS_MET = 1 << 16  # whose ids are remembered, some 10 MB
_WHITE = str.maketrans(dict.fromkeys(" \t\n\v\f\r\0", _SPACE))


def blocks(path: Path | None, *, at_once: bool = False) -> Iterator[bytes]:
    """The text of a file, or of stdin for None or "-", block by block.

    With `at_once`, a block holds the lines that are there, so that a pipe is answered line by line.
    An unterminated last line counts as a line. Raises `DataError` naming file and line where the
    text is not UTF-8, and for a model that is given as text.
    """
    for block in read_blocks(path, _BLOCK, full=not at_once, check=refuse_model):
        yield block.replace(b"\r\n", b"\n") if b"\r" in block else block


def text_lines(path: Path) -> Iterator[str]:
    """The lines of a file of text; raises `DataError`, also for a model that is given as text."""
    refuse_model_file(path)
    yield from read_lines(path)


def from_lines(lines: Iterable[str], *, most: int = 0) -> Iterator[bytes]:
    """Blocks of lines in memory, of about `most` characters (0: a million) or of one longer line.

    Raises as `block_of`, and `WrongType` for anything but texts.
    """
    return _from_lines(each_text(lines), most or _BLOCK)


def _from_lines(lines: Iterable[str], most: int) -> Iterator[bytes]:
    held: list[str] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line) + 1
        if size >= most:
            yield block_of(held)
            held = []
            size = 0

    if held:
        yield block_of(held)


def block_of(lines: Iterable[str]) -> bytes:
    """These lines as one block.

    Raises `DataError` for a line break inside a line, and for text that UTF-8 cannot express.
    """
    text = "\n".join([*map(single_line, lines), ""])
    return encoded(text.replace("\r\n", "\n"))


class PreTokenizer:
    """Splits raw lines into the words of an n-gram model: at white space, or by a tokenizer."""

    def __init__(
        self,
        name: str = "whitespace",
        tokenizer: Tokenizer | None = None,
        tokenizers: TokenizerLookup = built_in,
    ) -> None:
        """`name` is a tokenizer's that needs no training; `tokenizer` is a trained one instead.

        Raises `UnknownName` for a name that `tokenizers` does not know, and `ConfigError` for a
        tokenizer that must be trained.
        """
        self.name = name
        self.tokenizer = tokenizer
        self._split: Callable[[str], list[str]] | None = None
        self._model: TokenizerModel | None = None
        if tokenizer:
            self._split = tokenizer.split
            self._model = tokenizer.model
        elif name != "whitespace":
            self._model = _untrained(name, tokenizers)
            self._split = self._model.split

    @property
    def token_kind(self) -> Unit:
        """What a token is: a word, a character or a subword."""
        return "word" if self._model is None else self._model.unit

    @classmethod
    def trained(cls, tokenizer: Tokenizer) -> PreTokenizer:
        """The pre-tokenizer that splits lines as `tokenizer` does."""
        return cls(tokenizer.name, tokenizer)

    @classmethod
    def find(cls, name: str, tokenizers: TokenizerLookup = built_in) -> PreTokenizer:
        """By the name of a tokenizer, or the folder of a trained one."""
        check_one(name, "tokenizer")
        try:
            return cls(name, tokenizers=tokenizers)
        except UnknownName:
            if not Path(name).exists():
                raise

        from ..text import Tokenizer  # needs pydantic, splitting at white space does not

        return cls.trained(Tokenizer.load(Path(name), tokenizers=tokenizers))

    def segment(self, block: bytes) -> bytes:
        """A raw block with its words set apart by white space.

        White space inside a word becomes U+2581.
        """
        split = self._split
        if split is None:
            return block

        lines = block.decode("utf-8")[:-1].split("\n")
        segmented = []
        for line in lines:
            words = [word.translate(_WHITE) for word in split(line)]
            segmented.append(" ".join(words))

        return "\n".join([*segmented, ""]).encode()

    def spelling(self, block: bytes, ends: NDArray[np.bool_]) -> Spelling:
        """How long the text is that the words of a raw block spell; `ends` as in `Scores`."""
        if self._model is None:
            return spelling_of_words(block, ends)

        lines = block.decode("utf-8")[:-1].split("\n")
        if self.tokenizer:
            lines = [self.tokenizer.normalizer(line) for line in lines]
        return spelling_of_lines(lines, self._model)

    def split(self, line: str) -> list[str]:
        """The words of one line."""
        block = self.segment(block_of([line]))
        return [word.decode() for word in words_of(block)[:-1]]

    def stored(self, word: str) -> bytes:
        """A word that `split` or `readable` gave, as vocabularies hold it.

        Raises `DataError` for what is not one word.
        """
        check_one(word, "word")
        stored = encoded(word.translate(_WHITE) if self._model else word)
        if words_of(stored) != [stored]:
            raise DataError(f"{word!r} is not one word: give words one by one")
        return stored

    def join(self, words: Sequence[str]) -> str:
        """Readable text of words."""
        if self._model is None:
            return " ".join(words)
        return self._model.join(self.readable(words))

    def readable(self, words: Sequence[str]) -> Sequence[str]:
        """Words as the tokenizer gave them, with white space where counting has U+2581."""
        if self._model is None or self._model.has_own_vocab:
            return words
        return [word.replace(_SPACE, " ") for word in words]

    def __repr__(self) -> str:
        return f"PreTokenizer({self.name!r})"


def _untrained(name: str, tokenizers: TokenizerLookup) -> TokenizerModel:
    model_class = find_class(name, tokenizers)
    if model_class.has_own_vocab:
        raise ConfigError(
            f"the tokenizer {name!r} must be trained: give the folder of a trained one"
        )
    return model_class()


def words_of(block: bytes) -> list[bytes]:
    """The words of a block; the end of each line is the word NUL."""
    if _END in block:
        block = block.replace(_END, b" ")
    return block.replace(b"\n", b" \0 ").split()


class GrowingVocabulary:
    """Gives each new word the next id. Ids 0, 1, 2 are `<unk>`, `<s>`, `</s>`, as in KenLM."""

    def __init__(self, unknown: Unknown = "refuse", words: Iterable[bytes] = ()) -> None:
        """`unknown` says what a literal `<unk>`, `<s>`, `</s>` in the text is.

        "refuse": an error; "skip": white space; "keep": `<unk>` is a word like any other, the
        others are an error. `words` have ids from the beginning, whether they occur or not.
        """
        if unknown not in get_args(Unknown):
            raise ConfigError(f"unk is 'refuse', 'skip' or 'keep', not {unknown!r}")
        self.unknown = unknown
        self.lines = 0
        self._ids: defaultdict[bytes, int] = defaultdict()
        self._ids.update({SPECIALS[UNK]: UNK, SPECIALS[BOS]: BOS, _END: EOS})
        self._ids.default_factory = self._ids.__len__
        for word in words:
            self._ids[word]  # which gives it the next id

    @property
    def words(self) -> list[bytes]:
        """All words by id."""
        return [SPECIALS[EOS] if word == _END else word for word in self._ids]

    def encode(self, block: bytes, name: str = "the text") -> Ids:
        """Ids of a block, with `</s>` at the end of each line. -> (T,)

        Raises `DataError` naming `name` and line for special words that are refused.
        """
        words = words_of(block)
        if any(special in block for special in SPECIALS):
            words = self._without_specials(words, name)

        self.lines += block.count(b"\n")
        found = map(self._ids.__getitem__, words)
        return np.fromiter(found, np.int32, count=len(words))

    def _without_specials(self, words: list[bytes], name: str) -> list[bytes]:
        if self.unknown == "skip":
            return [word for word in words if word not in SPECIALS]

        refused = SPECIALS if self.unknown == "refuse" else SPECIALS[BOS:]
        line = self.lines + 1
        for word in words:
            if word in refused:
                raise _refusal(word, f"{name}:{line}")
            if word == _END:
                line += 1
        return words

    def __repr__(self) -> str:
        return f"<GrowingVocabulary of {len(self._ids):,} words>"


def _refusal(word: bytes, where: str) -> DataError:
    remedy = "--unk skip takes it for white space"
    if word == SPECIALS[UNK]:
        remedy += ", --unk keep for a word"
    return DataError(f"{where}: the text holds the special word {word.decode()}; {remedy}")


class Vocabulary:
    """The words of a finished model."""

    def __init__(self, words: list[bytes], *, keeps_unknown: bool = False) -> None:
        """With `keeps_unknown`, `<unk>` was a word of the training text, so it is known."""
        self.words = words
        self._ids = {word: i for i, word in enumerate(words)}
        self._ids[_END] = _LINE_END
        if not keeps_unknown:
            for word in (SPECIALS[UNK], b"<UNK>"):
                self._ids.pop(word, None)

    def __getstate__(self) -> dict[str, Any]:
        """Without the index, which is made again: it holds addresses of this process."""
        return {name: value for name, value in vars(self).items() if name != "_index"}

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return encoded(word, "the word") in self._ids

    def id_of(self, word: bytes) -> int:
        """The id of one word; -1 out of vocabulary."""
        found = self._ids.get(word, -1)
        return -1 if found == _LINE_END else found

    def encode_line(self, block: bytes) -> list[int]:
        """Ids of the words of a block of one line, -1 out of vocabulary, without its end."""
        words = words_of(block)[:-1]
        return [self._ids.get(word, -1) for word in words]

    def encode(self, block: bytes) -> tuple[Ids, NDArray[np.bool_]]:
        """Ids of a block, and where its lines end. -> (T,), (T,)

        `</s>` stands at the end of each line, -1 for words out of vocabulary. The same with the
        compiled library and without.
        """
        if len(block) >= _INDEX_PAYS and library():
            return self._index.encode(block)

        words = words_of(block)
        found = map(self._ids.get, words, repeat(-1))
        ids = np.fromiter(found, np.int32, count=len(words))
        ends = ids == _LINE_END
        ids[ends] = EOS
        return ids, ends

    @cached_property
    def _index(self) -> WordIndex:
        compiled = library()
        assert compiled
        known = {word: i for word, i in self._ids.items() if i != _LINE_END}
        return WordIndex(compiled, known)

    def __repr__(self) -> str:
        return f"<Vocabulary of {len(self):,} words>"


class WordIds:
    """The ids of words given one by one, as a decoder does; those met are remembered."""

    def __init__(self, vocabulary: Vocabulary, pre_tokenizer: PreTokenizer) -> None:
        self._vocabulary = vocabulary
        self._pre_tokenizer = pre_tokenizer
        self._met: dict[str, int] = {}

    def of(self, word: str) -> int:
        """The id of a word, -1 out of vocabulary; raises as `PreTokenizer.stored`."""
        try:
            return self._met[word]
        except (KeyError, TypeError):
            return self._find(word)

    def _find(self, word: str) -> int:
        stored = self._pre_tokenizer.stored(word)
        if len(self._met) >= _WORDS_MET:
            self._met.clear()
        found = self._vocabulary.id_of(stored)
        self._met[word] = found
        return found

    def __repr__(self) -> str:
        return f"<WordIds, {len(self._met):,} met>"
