"""Raw text → ids → raw text: normaliser, model and vocabulary as one thing that is saved with a model."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from ..config import section, setting
from ..errors import ConfigError, DataError, reason
from .built_in import TokenizerLookup, built_in
from .lines import check_many
from .normalize import Normalizer
from .tokenizer_models import TokenizerModel, is_trained
from .vocab import BOS, EOS, SPECIALS, UNK, Vocab

_BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
_FORMAT = 1


@section
class TextConfig:
    normalize: list[str] = setting(
        "normalisation steps, in order; [] = none", default=["nfc", "spaces", "control", "squeeze"]
    )
    tokenizer: str = setting(
        "sentencepiece, word, char, whitespace, or a plugin's", default="sentencepiece"
    )
    vocab_size: int = setting(
        "tokens of the vocabulary, specials included; for words and characters the most",
        default=8000,
        ge=5,
    )
    min_freq: int = setting("words and characters seen less often become <unk>", default=1, ge=1)
    shared: bool = setting("one vocabulary for source and target", default=True)
    model_type: Literal["bpe", "unigram"] = setting("kind of sentencepiece model", default="bpe")
    byte_fallback: bool = setting(
        "sentencepiece and char: spell unknown characters as bytes, so nothing is lost",
        default=True,
    )
    subword_regularization: float = setting(
        "subword sampling while training: BPE-dropout rate, or unigram alpha; 0 = off",
        default=0.0,
        was="sampling",
        ge=0,
        le=1,
    )
    train_sentences: int = setting(
        "at most so many lines train the tokenizer", default=1_000_000, ge=1
    )
    seed: int = setting("which lines those are", default=1, ge=0)


class Tokenizer:
    """`tokenizer.encode(text)` → ids, `tokenizer.decode(ids)` → text."""

    def __init__(
        self,
        model: TokenizerModel,
        vocab: Vocab,
        *,
        name: str,
        normalize: Sequence[str] = (),
        byte_fallback: bool = False,
    ) -> None:
        """`name` is the splitter's registered name; with `byte_fallback`, `vocab` holds the 256 bytes."""
        self.model, self.vocab, self.name = model, vocab, name
        self.normalizer = Normalizer(normalize)
        self.byte_fallback = byte_fallback

    @classmethod
    def train(
        cls, lines: Iterable[str], config: TextConfig, *, tokenizers: TokenizerLookup = built_in
    ) -> Tokenizer:
        """Learn a tokenizer and its vocabulary, with counts, from a stream of raw lines.

        `tokenizers` finds the class of `config.tokenizer`.
        """
        model_class: Any = tokenizers(config.tokenizer)
        normalizer = Normalizer(config.normalize)
        texts = (normalizer(line) for line in lines)
        if model_class.has_own_vocab:
            kept: list[str] = []
            model = model_class.train(
                _remember(texts, kept, config.train_sentences),
                vocab_size=config.vocab_size,
                model_type=config.model_type,
                byte_fallback=config.byte_fallback,
                max_sentences=config.train_sentences,
                seed=config.seed,
            )
            counts = [0] * len(model.pieces)
            for ids in model.encode_ids(kept):
                for i in ids:
                    counts[i] += 1
            vocab = Vocab(model.pieces[len(SPECIALS) :], counts)
            return cls(model, vocab, name=config.tokenizer, normalize=config.normalize)
        model = model_class()
        byte_fallback = config.byte_fallback and config.tokenizer == "char"
        size = config.vocab_size - (len(_BYTES) if byte_fallback else 0)
        if size <= len(SPECIALS):
            raise ConfigError(
                f"text.vocab_size = {config.vocab_size} leaves no room beside 256 bytes: "
                "raise it, or set byte_fallback = false"
            )
        vocab = Vocab.build(
            (model.split(text) for text in texts), min_freq=config.min_freq, max_size=size
        )
        if byte_fallback:
            vocab = Vocab(
                (*vocab.tokens[len(SPECIALS) :], *_BYTES), (*vocab.counts, *[0] * len(_BYTES))
            )
        return cls(
            model,
            vocab,
            name=config.tokenizer,
            normalize=config.normalize,
            byte_fallback=byte_fallback,
        )

    def split(self, text: str) -> list[str]:
        """Tokens of `text` as readable strings; unknown ones as they stand."""
        return self.model.split(self.normalizer(text))

    def token_strings(self, text: str) -> list[str]:
        """As `split`, but one string for each id that `encode` gives: unknown characters are spelt as bytes."""
        if not self.byte_fallback:
            return self.split(text)
        return [self.vocab.tokens[i] for i in self.encode(text)]

    def encode(self, text: str, *, bos: bool = False, eos: bool = False) -> list[int]:
        """Ids of `text`, with `<bos>` before and `<eos>` after them if asked."""
        return self.encode_all([text], bos=bos, eos=eos)[0]

    def encode_all(
        self, texts: Iterable[str], *, bos: bool = False, eos: bool = False
    ) -> list[list[int]]:
        """`encode` for many texts, faster; raises TypeError for one string."""
        check_many(texts)
        normalized = [self.normalizer(text) for text in texts]
        if is_trained(self.model):
            rows = self.model.encode_ids(normalized)
        else:
            rows = [self._lookup(self.model.split(text)) for text in normalized]
        head, tail = [BOS] if bos else [], [EOS] if eos else []
        return [[*head, *row, *tail] for row in rows] if bos or eos else rows

    def sample(
        self, text: str, strength: float, rng: random.Random, *, eos: bool = False
    ) -> list[int]:
        """Ids of a random segmentation of `text`; only subword tokenizers have several."""
        if not is_trained(self.model):
            raise ConfigError(
                f"text.subword_regularization needs the sentencepiece tokenizer, not {self.name!r}"
            )
        ids = self.vocab.encode(self.model.sample(self.normalizer(text), strength, rng))
        return [*ids, EOS] if eos else ids

    def _lookup(self, tokens: list[str]) -> list[int]:
        """Ids of tokens of a text, which may spell `<unk>` but no other special: a typed `<eos>` ends nothing."""
        ids = [i if i > EOS else UNK for i in self.vocab.encode(tokens)]
        if self.byte_fallback and UNK in ids:
            pairs = zip(tokens, ids, strict=True)
            return [j for token, i in pairs for j in (self._bytes(token) if i == UNK else (i,))]
        return ids

    def _bytes(self, token: str) -> list[int]:
        return [self.vocab[_BYTES[byte]] for byte in token.encode("utf-8")]

    def decode(self, ids: Iterable[int]) -> str:
        """Readable text of the ids up to the first `<eos>`."""
        return self.join(self.vocab.decode(ids))

    def join(self, tokens: list[str]) -> str:
        """Readable text of tokens."""
        return self.model.join(_join_bytes(tokens) if self.byte_fallback else tokens)

    def save(self, folder: str | Path) -> None:
        """Write tokenizer.json, vocab.tsv and what the model keeps into the existing `folder`."""
        folder = Path(folder)
        about = {
            "format": _FORMAT,
            "tokenizer": self.name,
            "normalize": list(self.normalizer.steps),
            "byte_fallback": self.byte_fallback,
        }
        (folder / "tokenizer.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        self.vocab.save(folder / "vocab.tsv")
        self.model.save(folder)

    @classmethod
    def load(cls, folder: str | Path, *, tokenizers: TokenizerLookup = built_in) -> Tokenizer:
        """Read what `save` wrote; raises `DataError` naming the file."""
        folder = Path(folder)
        path = folder / "tokenizer.json"
        try:
            about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if about["format"] != _FORMAT:
                raise DataError(
                    f"{path} has format {about['format']}; this seqkit reads format {_FORMAT}"
                )
            name, normalize, byte_fallback = (
                about["tokenizer"],
                about["normalize"],
                about["byte_fallback"],
            )
            if not (
                isinstance(name, str)
                and isinstance(normalize, list)
                and isinstance(byte_fallback, bool)
            ):
                raise TypeError("a value is of the wrong type")
        except OSError as error:
            raise DataError(f"cannot read tokenizer {path}: {reason(error)}") from None
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} is damaged: {error}") from None
        model: Any = tokenizers(name).load(folder)
        vocab = Vocab.load(folder / "vocab.tsv")
        if model.has_own_vocab and vocab.tokens != model.pieces:
            raise DataError(f"{folder}: vocab.tsv does not belong to the tokenizer's model")
        return cls(model, vocab, name=name, normalize=normalize, byte_fallback=byte_fallback)


def is_byte(token: str) -> bool:
    """Whether a token stands for a byte, such as <0x5B>."""
    return _BYTE.fullmatch(token) is not None


def _remember(texts: Iterable[str], kept: list[str], most: int) -> Iterator[str]:
    """Pass `texts` on and keep the first `most`, to count tokens on when the model is there."""
    for text in texts:
        if len(kept) < most:
            kept.append(text)
        yield text


def _join_bytes(tokens: list[str]) -> list[str]:
    """Runs of byte tokens become the characters that they spell; what spells none becomes U+FFFD."""
    out: list[str] = []
    run = bytearray()
    for token in [*tokens, ""]:
        if is_byte(token):
            run.append(int(token[3:5], 16))
            continue
        if run:
            out.append(run.decode("utf-8", errors="replace"))
            run.clear()
        out.append(token)
    return out[:-1]
