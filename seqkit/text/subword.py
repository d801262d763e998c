"""Subword tokenizer: BPE and unigram models, trained by the sentencepiece library."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from ..errors import DataError
from .lines import check_one, each_text
from .pieces import processor_of, read_with
from .subword_sampling import SPACE, SubwordSampler
from .tags import language_tags
from .tokenizer_models import Unit
from .vocab import BOS, EOS, PAD, SPECIALS, UNK

__all__ = ["SPACE", "SentencePieceTokenizer"]

_ESCAPE = "\ue000"  # private use; a literal one, and a literal U+2581, are written with it
_LONGEST_LINE = 1 << 20  # bytes


class SentencePieceTokenizer:
    """Text → pieces → exactly the same text, if `byte_fallback` is on.

    Kudo & Richardson 2018, arXiv:1808.06226. BPE: Sennrich et al. 2016, arXiv:1508.07909. Unigram:
    Kudo 2018, arXiv:1804.10959.
    """

    has_own_vocab: ClassVar[bool] = True
    unit: ClassVar[Unit] = "subword"
    FILE = "sentencepiece.model"

    def __init__(self, model: bytes) -> None:
        """`model` is the content of a model file; raises `DataError` if it is not one of ours."""
        self.content = model
        self._processor, self.pieces = processor_of(model)
        self.tags = _tags_of(self._processor, self.pieces)
        self._sampler: SubwordSampler | None = None

        if self.pieces[: len(SPECIALS)] != SPECIALS:
            raise DataError(
                f"the sentencepiece model's first four pieces are not {' '.join(SPECIALS)}"
            )

    def __repr__(self) -> str:
        return f"<SentencePieceTokenizer: {len(self.pieces):,} pieces>"

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
        tags: Sequence[str] = (),
    ) -> Self:
        """Train on at most `max_sentences` lines, drawn evenly from the stream by `seed`.

        With `split_digits`, a number is spelt digit by digit: models copy what they have never
        seen only so. `tags` become pieces that no text spells.

        Raises `DataError` if the lines cannot give `vocab_size` pieces.
        """
        not_empty = (line for line in each_text(lines, "lines") if line)
        sample = reservoir_sample(not_empty, max_sentences, random.Random(seed))
        if not sample:
            raise DataError("cannot train a tokenizer: there is no text")

        digits = [digit for digit in "0123456789" if any(digit in line for line in sample)]
        covers_all = model_type == "bpe" and not byte_fallback
        settings = _settings(
            vocab_size=vocab_size,
            model_type=model_type,
            byte_fallback=byte_fallback,
            split_digits=split_digits,
            required_chars="".join(digits) if split_digits else "",
            character_coverage=1.0 if covers_all else 0.9999,
            control_symbols=list(tags),
        )
        try:
            return cls(_train(sample, settings))
        except (RuntimeError, OSError) as error:
            raise DataError(_explain(str(error), vocab_size)) from None

    def split(self, text: str) -> list[str]:
        pieces: list[str] = self._processor.encode(_to_library(text), out_type=str)
        return pieces

    def spell(self, text: str) -> str:
        """What `join` makes of the pieces of `text`, unknown ones aside: it is exact."""
        return text

    def encode_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of many texts at once: the fast way."""
        texts = [_to_library(text) for text in each_text(texts)]
        ids: list[list[int]] = self._processor.encode(texts, out_type=int)
        return ids

    def sample(self, text: str, strength: float, rng: random.Random) -> list[str]:
        """A random segmentation drawn by `rng`.

        BPE-dropout of rate `strength`, or a sample of the unigram model with that alpha.
        """
        if self._sampler is None:
            self._sampler = SubwordSampler(self._processor)
        return self._sampler(_to_library(text), strength, rng)

    def join(self, tokens: Sequence[str]) -> str:
        pieces = list(each_text(tokens, "tokens"))
        return _from_library(self._processor.decode_pieces(pieces))

    def save(self, folder: Path) -> None:
        (folder / self.FILE).write_bytes(self.content)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read `folder`/sentencepiece.model; raises `DataError` naming the file."""
        return read_with(cls, folder / cls.FILE)


def _tags_of(processor: Any, pieces: Sequence[str]) -> tuple[str, ...]:
    """The tags of languages; a piece that merely looks like one is text."""
    controls = (piece for i, piece in enumerate(pieces) if processor.is_control(i))
    return tuple(language_tags(controls).values())


# Text as the library gets it


def _to_library(text: str) -> str:
    """`text` after a space, so that its first word looks like any other."""
    check_one(text)
    escaped = text.replace(_ESCAPE, _ESCAPE + "0").replace(SPACE, _ESCAPE + "1")
    return " " + escaped


def _from_library(text: str) -> str:
    # If spaces are rare in the training text (Chinese), no piece has one: it comes back from
    # bytes, as U+2581.
    text = text.replace(SPACE, " ").removeprefix(" ")
    return text.replace(_ESCAPE + "1", SPACE).replace(_ESCAPE + "0", _ESCAPE)


# Training


def reservoir_sample(lines: Iterable[str], size: int, rng: random.Random) -> list[str]:
    """At most `size` of `lines`, each with the same chance, in order of arrival.

    Vitter 1985, algorithm R.
    """
    kept: list[tuple[int, str]] = []
    for n, line in enumerate(lines):
        if n < size:
            kept.append((n, line))
        elif (slot := rng.randrange(n + 1)) < size:
            kept[slot] = (n, line)
    return [line for _, line in sorted(kept)]


def _settings(**chosen: Any) -> dict[str, Any]:
    """Settings of the library's trainer: what the caller chose, and what is the same always."""
    return {
        **chosen,
        "normalization_rule_name": "identity",
        "add_dummy_prefix": False,  # `_to_library` adds the space that decoding takes away
        "remove_extra_whitespaces": False,
        "shuffle_input_sentence": False,
        "max_sentence_length": _LONGEST_LINE,
        "num_threads": 2,  # fixed: the unigram model depends on it
        "pad_id": PAD,
        "unk_id": UNK,
        "bos_id": BOS,
        "eos_id": EOS,
        "pad_piece": SPECIALS[PAD],
        "unk_piece": SPECIALS[UNK],
        "bos_piece": SPECIALS[BOS],
        "eos_piece": SPECIALS[EOS],
        "minloglevel": 2,
    }


def _train(lines: list[str], settings: dict[str, Any]) -> bytes:
    from sentencepiece import SentencePieceTrainer

    sentences = [_to_library(line) for line in lines]
    model = io.BytesIO()
    SentencePieceTrainer.train(sentence_iterator=iter(sentences), model_writer=model, **settings)
    return model.getvalue()


def _explain(message: str, vocab_size: int) -> str:
    """What an exception of sentencepiece means for the user who chose `vocab_size`."""
    largest = re.search(r"value <= (\d+)", message)
    if largest:
        return (
            f"text.vocab_size = {vocab_size} is more than this text can give: "
            f"set it to {largest[1]} or less"
        )

    if "required_chars" in message:
        smallest = _smallest_size(message)
        needed = f" (it needs {smallest})" if smallest else ""
        return (
            f"text.vocab_size = {vocab_size} is too small "
            f"for the characters of this text{needed}: raise it"
        )

    *_, last_line = message.strip().splitlines()
    return f"cannot train a sentencepiece tokenizer of {vocab_size} pieces: {last_line}"


def _smallest_size(message: str) -> str | None:
    """The number of pieces that the characters alone need, as the library says it."""
    compared = re.search(r"smaller than required_chars\D*\d+\D+(\d+)", message)
    found = compared or re.search(r"required_chars\D*(\d+)", message)
    return found[1] if found else None
