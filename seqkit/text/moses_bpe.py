"""Subwords by the codes of subword-nmt, after the rules of Moses: what older models are made with.

Argos packages without a SentencePiece model have them. sacremoses puts marks and words apart and
together again, by the rules of a language.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Self

from ..errors import DataError, reason
from ..parsing import json_of, to_json
from .tokenizer_models import Unit

_END = "</w>"
_CONTINUES = "@@"
_VERSIONS = {"0.1": False, "0.2": True}  # whether the end of a word is a part of its last letter
_WORDS = 100_000  # kept, cut


class BpeCodes:
    """Byte-pair encoding of words: Sennrich et al. 2016, arXiv:1508.07909.

    The same as `apply_bpe` of subword-nmt without a vocabulary.
    """

    def __init__(self, text: str) -> None:
        """`text` is the content of a file of codes; raises `DataError` if it is not one."""
        first, _, rest = text.partition("\n")
        version = "0.1"
        if first.startswith("#version:"):
            version, text = first.removeprefix("#version:").strip(), rest
        if version not in _VERSIONS:
            raise DataError(f"BPE codes of version {version!r}; 0.1 and 0.2 are read")
        self._marks_last_letter = _VERSIONS[version]

        self._ranks: dict[tuple[str, str], int] = {}
        for rank, line in enumerate(text.rstrip("\n").split("\n")):
            pair = line.strip("\r\n ").split(" ")
            if len(pair) != 2:
                raise DataError(f"not BPE codes: line {rank + 1} is not two parts of words")
            self._ranks.setdefault((pair[0], pair[1]), rank)
        self._parts: Callable[[str], tuple[str, ...]] = lru_cache(_WORDS)(self._cut)

    def split(self, words: Sequence[str]) -> list[str]:
        """Words in parts, all but the last part of each with "@@" at its end."""
        tokens: list[str] = []
        for word in filter(None, words):
            *before, last = self._parts(word)
            tokens += [part + _CONTINUES for part in before]
            tokens.append(last)
        return tokens

    def _cut(self, word: str) -> tuple[str, ...]:
        if len(word) == 1:
            return (word,)

        parts = [*word, _END]
        if self._marks_last_letter:
            parts = [*word[:-1], word[-1] + _END]
        while len(parts) > 1:
            pairs = [pair for pair in pairwise(parts) if pair in self._ranks]
            if not pairs:
                break
            parts = _merged(parts, min(pairs, key=self._ranks.__getitem__))

        if parts[-1] == _END:
            return tuple(parts[:-1])
        return (*parts[:-1], parts[-1].removesuffix(_END))


def _merged(parts: Sequence[str], pair: tuple[str, str]) -> list[str]:
    """`parts` with each occurrence of a pair, from the left, as one part."""
    merged: list[str] = []
    i = 0
    while i < len(parts):
        if (parts[i], "".join(parts[i + 1 : i + 2])) == pair:
            merged.append(parts[i] + parts[i + 1])
            i += 2
        else:
            merged.append(parts[i])
            i += 1
    return merged


class MosesBpeTokenizer:
    """Text → words and marks by Moses' rules for a language → parts of them by BPE codes."""

    has_own_vocab: ClassVar[bool] = False
    unit: ClassVar[Unit] = "word"
    NAME = "moses-bpe"  # in tokenizer.json; it is never trained, and nobody can choose it
    FILE = "bpe.codes"
    _LANGUAGE = "moses.json"

    def __init__(self, codes: str, language: str) -> None:
        """`codes` is the content of a file of codes; raises `DataError` if it is not one."""
        self.codes = codes
        self.language = language
        self._bpe = BpeCodes(codes)
        self._normalize, self._tokenize, self._detokenize = _moses(language)

    def __repr__(self) -> str:
        return f"<MosesBpeTokenizer: {self.language}>"

    def split(self, text: str) -> list[str]:
        words = " ".join(self._tokenize(self._normalize(text)))
        return self._bpe.split(words.strip("\r\n ").split(" "))

    def join(self, tokens: Sequence[str]) -> str:
        text = " ".join(tokens).replace(f"{_CONTINUES} ", "")
        joined: str = self._detokenize(text.split(" "))
        return joined

    def save(self, folder: Path) -> None:
        (folder / self.FILE).write_text(self.codes, encoding="utf-8")
        text = to_json({"language": self.language}) + "\n"
        (folder / self._LANGUAGE).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; raises `DataError` naming the file."""
        path = folder / cls._LANGUAGE
        try:
            language = json_of(path.read_text(encoding="utf-8"))["language"]
        except OSError as error:
            raise DataError(f"cannot read {path}: {reason(error)}") from None
        except (ValueError, KeyError, TypeError):
            raise DataError(f"{path} is damaged: it names no language") from None
        return cls.read(folder / cls.FILE, str(language))

    @classmethod
    def read(cls, path: Path, language: str) -> Self:
        """Read a file of codes; raises `DataError` naming it."""
        try:
            return cls(path.read_text(encoding="utf-8"), language)
        except OSError as error:
            raise DataError(f"cannot read {path}: {reason(error)}") from None
        except UnicodeDecodeError:
            raise DataError(f"{path} is damaged: not UTF-8") from None
        except DataError as error:
            raise DataError(f"{path}: {error}") from None


def _moses(language: str) -> tuple[Any, Any, Any]:
    """What normalises punctuation, what cuts text into words, and what joins them again."""
    try:
        from sacremoses import MosesDetokenizer, MosesPunctNormalizer, MosesTokenizer
    except ImportError:
        raise DataError(
            "text of this model is cut by the rules of Moses: `pip install 'seqkit[moses]'`"
        ) from None
    return (
        MosesPunctNormalizer(language).normalize,
        MosesTokenizer(language).tokenize,
        MosesDetokenizer(language).detokenize,
    )
