"""Subword tokenizer: BPE and unigram models, trained by the sentencepiece library."""

from __future__ import annotations

import io
import math
import random
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from ..errors import DataError, reason
from .tokenizer_models import Unit
from .vocab import SPECIALS

SPACE = "▁"  # U+2581, how sentencepiece writes a space
_ESCAPE = "\ue000"  # private use; a literal one, and a literal U+2581, are written with it
_LONGEST_WORD = 200  # characters; sampling is quadratic in it


class SentencePieceTokenizer:
    """Text → pieces → exactly the same text, if `byte_fallback` is on.

    Kudo & Richardson 2018, arXiv:1808.06226; BPE: Sennrich et al. 2016, arXiv:1508.07909; unigram and
    subword sampling: Kudo 2018, arXiv:1804.10959; BPE-dropout: Provilkov et al. 2020, arXiv:1910.13267.
    """

    has_own_vocab: ClassVar[bool] = True
    unit: ClassVar[Unit] = "subword"
    FILE = "sentencepiece.model"

    def __init__(self, model: bytes) -> None:
        from sentencepiece import SentencePieceProcessor

        try:
            self._processor: Any = SentencePieceProcessor(model_proto=model)
        except RuntimeError:
            raise DataError("not a sentencepiece model, or a damaged one") from None
        self._model = model
        self.pieces: tuple[str, ...] = tuple(
            self._processor.id_to_piece(i) for i in range(self._processor.get_piece_size())
        )
        if self.pieces[:4] != SPECIALS:
            raise DataError(
                f"the sentencepiece model's first four pieces are not {' '.join(SPECIALS)}"
            )
        self._sampler: _Sampler | None = None

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
    ) -> Self:
        """Train on at most `max_sentences` lines, drawn evenly from the stream by `seed`.

        Raises `DataError` if the lines cannot give `vocab_size` pieces.
        """
        from sentencepiece import SentencePieceTrainer

        sample = _reservoir((line for line in lines if line), max_sentences, random.Random(seed))
        if not sample:
            raise DataError("cannot train a tokenizer: there is no text")
        model = io.BytesIO()
        try:
            SentencePieceTrainer.train(
                sentence_iterator=iter([_to_pieces_alphabet(line) for line in sample]),
                model_writer=model,
                model_type=model_type,
                vocab_size=vocab_size,
                byte_fallback=byte_fallback,
                character_coverage=1.0 if model_type == "bpe" and not byte_fallback else 0.9999,
                normalization_rule_name="identity",
                add_dummy_prefix=False,  # `_to_pieces_alphabet` adds the one that decoding takes away
                remove_extra_whitespaces=False,
                shuffle_input_sentence=False,
                max_sentence_length=1 << 20,
                num_threads=2,  # fixed: the unigram model depends on it
                pad_id=0, unk_id=1, bos_id=2, eos_id=3,
                pad_piece=SPECIALS[0], unk_piece=SPECIALS[1], bos_piece=SPECIALS[2], eos_piece=SPECIALS[3],
                minloglevel=2,
            )  # fmt: skip
        except (RuntimeError, OSError) as error:
            raise DataError(_explain(str(error), vocab_size)) from None
        return cls(model.getvalue())

    def split(self, text: str) -> list[str]:
        pieces: list[str] = self._processor.encode(_to_pieces_alphabet(text), out_type=str)
        return pieces

    def encode_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of many texts at once: the fast way."""
        ids: list[list[int]] = self._processor.encode(
            [_to_pieces_alphabet(text) for text in texts], out_type=int
        )
        return ids

    def sample(self, text: str, strength: float, rng: random.Random) -> list[str]:
        """A random segmentation drawn by `rng`: BPE-dropout of rate `strength`, or a unigram sample with that alpha.

        The library's own sampling cannot be seeded, so this one is ours.
        """
        if self._sampler is None:
            self._sampler = _Sampler(self._processor)
        return self._sampler(_to_pieces_alphabet(text), strength, rng)

    def join(self, tokens: Sequence[str]) -> str:
        return _from_pieces_alphabet(self._processor.decode_pieces(list(tokens)))

    def save(self, folder: Path) -> None:
        (folder / self.FILE).write_bytes(self._model)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read `folder`/sentencepiece.model; raises `DataError` naming the file."""
        path = folder / cls.FILE
        try:
            return cls(path.read_bytes())
        except OSError as error:
            raise DataError(f"cannot read {path}: {reason(error)}") from None
        except DataError as error:
            raise DataError(f"{path}: {error}") from None


def _to_pieces_alphabet(text: str) -> str:
    return " " + text.replace(_ESCAPE, _ESCAPE + "0").replace(SPACE, _ESCAPE + "1")


def _from_pieces_alphabet(text: str) -> str:
    # A text in which spaces are rare (Chinese) may leave no piece for one: it comes back from bytes, as U+2581.
    return (
        text.replace(SPACE, " ")
        .removeprefix(" ")
        .replace(_ESCAPE + "1", SPACE)
        .replace(_ESCAPE + "0", _ESCAPE)
    )


def _reservoir(lines: Iterable[str], size: int, rng: random.Random) -> list[str]:
    """At most `size` of `lines`, each with the same chance, in order of arrival (Vitter 1985, algorithm R)."""
    kept: list[tuple[int, str]] = []
    for n, line in enumerate(lines):
        if n < size:
            kept.append((n, line))
        elif (slot := rng.randrange(n + 1)) < size:
            kept[slot] = (n, line)
    return [line for _, line in sorted(kept)]


def _explain(message: str, vocab_size: int) -> str:
    """What sentencepiece's exception means for the person who chose `vocab_size`."""
    most = re.search(r"value <= (\d+)", message)
    if most:
        return f"text.vocab_size = {vocab_size} is more than this text can give: set it to {most[1]} or less"
    least = re.search(r"smaller than required_chars\D*(\d+)\D+(\d+)", message) or re.search(
        r"required_chars[^\d]*(\d+)", message
    )
    if "required_chars" in message:
        needed = f" (it needs {least[least.lastindex or 0]})" if least else ""
        return f"text.vocab_size = {vocab_size} is too small for the characters of this text{needed}: raise it"
    return f"cannot train a sentencepiece tokenizer of {vocab_size} pieces: {message.strip().splitlines()[-1]}"


class _Sampler:
    """Random segmentations of a text, word by word: no piece crosses from a word to the space after it."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor
        special = (processor.is_byte, processor.is_control, processor.is_unknown)
        ids = [i for i in range(processor.get_piece_size()) if not any(test(i) for test in special)]
        self._score: dict[str, float] = {
            processor.id_to_piece(i): processor.get_score(i) for i in ids
        }
        self._bpe = all(
            score.is_integer() for score in self._score.values()
        )  # BPE's are ranks, unigram's log probabilities
        self._longest = max(map(len, self._score), default=1)

    def __call__(self, text: str, strength: float, rng: random.Random) -> list[str]:
        pieces: list[str] = []
        for word in re.findall(f"{SPACE}+[^{SPACE}]*", text.replace(" ", SPACE)):
            if len(word) > _LONGEST_WORD:
                pieces += self._processor.encode(word.replace(SPACE, " "), out_type=str)
            elif self._bpe:
                pieces += self._merge(word, strength, rng)
            else:
                pieces += self._draw(word, strength, rng)
        return pieces

    def _merge(self, word: str, rate: float, rng: random.Random) -> list[str]:
        """BPE in which every merge is left out with probability `rate` each time it could be made."""
        symbols, score, draw = list(word), self._score, rng.random
        while len(symbols) > 1:
            best, place = -math.inf, -1
            for i in range(len(symbols) - 1):
                value = score.get(symbols[i] + symbols[i + 1])
                if value is not None and value > best and draw() >= rate:
                    best, place = value, i
            if place < 0:
                break
            symbols[place : place + 2] = [symbols[place] + symbols[place + 1]]
        return self._spell(symbols)

    def _draw(self, word: str, alpha: float, rng: random.Random) -> list[str]:
        """Forward filtering, backward sampling over the lattice, P(segmentation) ∝ P_unigram ** alpha."""
        unknown = min(self._score.values(), default=0.0) - 10.0  # as the library does
        arcs: list[list[tuple[float, int]]] = [[] for _ in range(len(word) + 1)]
        total = [0.0] + [-math.inf] * len(word)
        for end in range(1, len(word) + 1):
            for start in range(max(0, end - self._longest), end):
                piece = self._score.get(word[start:end], unknown if end - start == 1 else None)
                if piece is not None:
                    arcs[end].append((total[start] + alpha * piece, start))
            highest = max(weight for weight, _ in arcs[end])
            total[end] = highest + math.log(
                sum(math.exp(weight - highest) for weight, _ in arcs[end])
            )
        symbols, end = [], len(word)
        while end:
            weights = [math.exp(weight - total[end]) for weight, _ in arcs[end]]
            start = rng.choices(arcs[end], weights)[0][1]
            symbols.append(word[start:end])
            end = start
        return self._spell(symbols[::-1])

    def _spell(self, symbols: list[str]) -> list[str]:
        """Replace what is no piece by what the library makes of it: bytes, or `<unk>`."""
        pieces: list[str] = []
        for symbol in symbols:
            pieces += (
                [symbol]
                if symbol in self._score
                else self._processor.encode(symbol.replace(SPACE, " "), out_type=str)
            )
        return pieces
