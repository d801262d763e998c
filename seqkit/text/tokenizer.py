"""Raw text → ids → raw text: normaliser, tokenizer model and vocabulary, saved as one thing."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from inspect import signature
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ..config import section, setting
from ..errors import ConfigError, DataError, SeqkitError, WrongType
from ..parsing import json_of, path_of
from .byte_tokens import BYTE_TOKENS, join_bytes, spell
from .decoding import read_file
from .lines import check_many, check_one, each_text
from .lookup import TokenizerLookup, built_in, find_class
from .moses_bpe import MosesBpeTokenizer
from .normalize import Normalizer
from .pieces import PieceTokenizer
from .tags import split_tag, tag_of
from .tokenizer_models import (
    TokenizerModel,
    TrainedTokenizerModel,
    is_trained,
    is_trained_class,
    tags_of,
)
from .vocab import BOS, EOS, SPECIALS, UNK, Vocab

_FILE = "tokenizer.json"
_VOCAB_FILE = "vocab.tsv"
_FORMAT = 1


@section
class TextConfig:
    """Normalisation, tokenizer and vocabulary."""

    normalize: list[str] = setting(
        "normalisation steps, in order; [] = none", default=["nfc", "spaces", "control", "squeeze"]
    )
    tokenizer: str = setting(
        "sentencepiece, word, char, whitespace, or a plugin's", default="sentencepiece"
    )
    vocab_size: int = setting(
        "tokens of the vocabulary, specials included; a maximum for words and characters",
        default=8000,
        ge=5,
    )
    min_freq: int = setting("words and characters seen less often become <unk>", default=1, ge=1)
    shared: bool = setting("one vocabulary for source and target", default=True)
    model_type: Literal["bpe", "unigram"] = setting("kind of sentencepiece model", default="bpe")
    byte_fallback: bool = setting(
        "subwords and characters: spell unknown characters as bytes, so that nothing is lost",
        default=True,
    )
    split_digits: bool = setting(
        "subwords: each digit is a piece of its own, so that models learn to copy numbers",
        default=True,
    )
    subword_regularization: float = setting(
        "subword sampling while training: BPE-dropout rate, or unigram alpha; 0 = off",
        default=0.0,
        was="sampling",
        ge=0,
        le=1,
        with_init="own",
    )
    train_sentences: int = setting(
        "the most lines that train the tokenizer", default=1_000_000, ge=1
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
        """`name` is the registered one of `model`.

        With `byte_fallback`, `vocab` holds the 256 byte tokens. `language_tags` are the tokens that
        name a target language, such as `>>deu<<`, by its code.
        """
        self.model = model
        self.vocab = vocab
        self.name = name
        self.normalizer = Normalizer(normalize)
        self.byte_fallback = byte_fallback
        self.language_tags = tags_of(model, vocab.tokens)
        self._tag_ids = frozenset(vocab.encode(list(self.language_tags.values())))

    def __repr__(self) -> str:
        steps = ", ".join(self.normalizer.steps) or "nothing"
        return f"<Tokenizer {self.name!r}: {len(self.vocab):,} tokens, normalises {steps}>"

    @classmethod
    def train(
        cls,
        lines: Iterable[str],
        config: TextConfig,
        *,
        tokenizers: TokenizerLookup = built_in,
        languages: Sequence[str] = (),
    ) -> Tokenizer:
        """Learn a tokenizer and its vocabulary, with counts, from a stream of raw lines.

        `tokenizers` finds the class of `config.tokenizer`. `languages` are codes of target
        languages; each gets a token, its tag. Raises `UnknownName` for a name it does not know,
        `ConfigError` and `DataError` for settings that do not fit the text.
        """
        if not isinstance(config, TextConfig):
            raise WrongType(f"give a TextConfig, such as TextConfig(), not {type(config).__name__}")
        model_class = find_class(config.tokenizer, tokenizers)
        normalizer = Normalizer(config.normalize)
        texts = (normalizer(line) for line in each_text(lines, "lines"))
        tags = [tag_of(language) for language in languages]

        if is_trained_class(model_class):
            trained, vocab = _train_model(model_class, texts, config, tags)
            return cls(trained, vocab, name=config.tokenizer, normalize=config.normalize)

        model = model_class()
        byte_fallback = config.byte_fallback and model.unit == "character"
        vocab = _build_vocab(model, texts, config, byte_fallback, tags)
        return cls(
            model,
            vocab,
            name=config.tokenizer,
            normalize=config.normalize,
            byte_fallback=byte_fallback,
        )

    def split(self, text: str) -> list[str]:
        """Tokens of `text` as readable strings; unknown ones as they are in the text."""
        tag, rest = self._tag_and_text(text)
        tokens = self.model.split(rest)
        return [tag, *tokens] if tag else tokens

    def token_strings(self, text: str) -> list[str]:
        """As `split`, but one string for each id of `encode`: unknown characters are bytes."""
        if not self.byte_fallback:
            return self.split(text)
        return [self.vocab.tokens[i] for i in self.encode(text)]

    def encode(self, text: str, *, bos: bool = False, eos: bool = False) -> list[int]:
        """Ids of `text`, with `<bos>` before and `<eos>` after them if asked for."""
        return self.encode_all([text], bos=bos, eos=eos)[0]

    def encode_all(
        self, texts: Iterable[str], *, bos: bool = False, eos: bool = False
    ) -> list[list[int]]:
        """`encode` for many texts, faster; raises TypeError for one string."""
        split = [self._tag_and_text(text) for text in each_text(texts)]
        rests = [rest for _, rest in split]
        if is_trained(self.model):
            rows = self.model.encode_ids(rests)
        else:
            rows = [self._look_up(self.model.split(rest)) for rest in rests]

        if not bos and not eos and not self.language_tags:
            return rows
        begin = [BOS] if bos else []
        end = [EOS] if eos else []
        heads = (self.vocab.encode([tag] if tag else []) for tag, _ in split)
        return [[*begin, *head, *row, *end] for head, row in zip(heads, rows, strict=True)]

    def sample(
        self, text: str, strength: float, rng: random.Random, *, eos: bool = False
    ) -> list[int]:
        """Ids of a random segmentation of `text`, which only trained tokenizers have."""
        if not is_trained(self.model):
            raise ConfigError(
                "text.subword_regularization needs a tokenizer of subwords "
                f"such as sentencepiece, not {self.name!r}"
            )
        tag, rest = self._tag_and_text(text)
        pieces = self.model.sample(rest, strength, rng)
        ids = self.vocab.encode([tag, *pieces] if tag else pieces)
        return [*ids, EOS] if eos else ids

    def _tag_and_text(self, text: str) -> tuple[str, str]:
        """The language tag that a text begins with, "" for none, and the rest, normalised.

        In this order: `lower` would make another tag of it, and `apart` no tag at all.
        """
        check_one(text)
        if not self.language_tags:
            return "", self.normalizer(text)
        tag, rest = split_tag(text, self.language_tags)
        return tag, self.normalizer(rest)

    def _look_up(self, tokens: list[str]) -> list[int]:
        """Ids of the tokens of a text, without the tag at its head.

        A text may spell `<unk>` but no other special: a typed `<eos>` ends nothing. Nor does it
        hold tags: only the one at its head chooses a language.
        """
        ids = [UNK if i <= EOS or i in self._tag_ids else i for i in self.vocab.encode(tokens)]
        if not self.byte_fallback or UNK not in ids:
            return ids

        spelt: list[int] = []
        for token, i in zip(tokens, ids, strict=True):
            if i == UNK:
                spelt += self.vocab.encode(spell(token))
            else:
                spelt.append(i)
        return spelt

    def decode(self, ids: Iterable[int]) -> str:
        """Readable text of the ids up to the first `<eos>`."""
        return self.join(self.vocab.decode(ids))

    def join(self, tokens: list[str]) -> str:
        """Readable text of tokens; raises `WrongType` for one string."""
        check_many(tokens, "tokens")
        return self.model.join(join_bytes(tokens) if self.byte_fallback else tokens)

    def save(self, folder: str | Path) -> None:
        """Write tokenizer.json, vocab.tsv and the model's own files into an existing `folder`."""
        folder = path_of(folder, "folder of a tokenizer")
        description = {
            "format": _FORMAT,
            "tokenizer": self.name,
            "normalize": list(self.normalizer.steps),
            "byte_fallback": self.byte_fallback,
        }
        text = json.dumps(description, indent=2) + "\n"
        (folder / _FILE).write_text(text, encoding="utf-8")
        self.vocab.save(folder / _VOCAB_FILE)
        self.model.save(folder)

    @classmethod
    def load(cls, folder: str | Path, *, tokenizers: TokenizerLookup = built_in) -> Tokenizer:
        """Read what `save` wrote; raises `DataError` naming the file.

        `tokenizers` finds the class of the tokenizer by its name.
        """
        folder = path_of(folder, "folder of a tokenizer")
        saved = _read_description(folder / _FILE)
        model = _class_of(saved.tokenizer, tokenizers).load(folder)
        vocab = Vocab.load(folder / _VOCAB_FILE)

        _check_fit(folder, saved, model, vocab)
        return cls(
            model,
            vocab,
            name=saved.tokenizer,
            normalize=saved.normalize,
            byte_fallback=saved.byte_fallback,
        )


# Training


def _train_model(
    model_class: type[TrainedTokenizerModel],
    texts: Iterable[str],
    config: TextConfig,
    tags: Sequence[str],
) -> tuple[TrainedTokenizerModel, Vocab]:
    """A trained model and its pieces, counted on the first `train_sentences` texts."""
    if tags and "tags" not in signature(model_class.train).parameters:
        raise ConfigError(
            f"the tokenizer {config.tokenizer!r} has no place for the tags of several target "
            "languages: sentencepiece, word, char and whitespace have"
        )
    more: dict[str, Any] = {"tags": tags} if tags else {}
    first: list[str] = []
    model = model_class.train(
        _pass_and_keep(texts, first, config.train_sentences),
        vocab_size=config.vocab_size,
        model_type=config.model_type,
        byte_fallback=config.byte_fallback,
        split_digits=config.split_digits,
        max_sentences=config.train_sentences,
        seed=config.seed,
        **more,
    )

    counter: Counter[int] = Counter()
    for ids in model.encode_ids(first):
        counter.update(ids)
    counts = [counter[i] for i in range(len(model.pieces))]
    return model, Vocab(model.pieces[len(SPECIALS) :], counts)


def _pass_and_keep(texts: Iterable[str], kept: list[str], most: int) -> Iterator[str]:
    """Pass `texts` on and keep the first `most`: a stream can be read only once."""
    for text in texts:
        if len(kept) < most:
            kept.append(text)
        yield text


def _build_vocab(
    model: TokenizerModel,
    texts: Iterable[str],
    config: TextConfig,
    byte_fallback: bool,
    tags: Sequence[str],
) -> Vocab:
    """The most frequent tokens, the tags, and the 256 byte tokens if they are asked for."""
    fallback = BYTE_TOKENS if byte_fallback else ()
    size = config.vocab_size - len(fallback) - len(tags)
    if size <= len(SPECIALS):
        beside = ["256 bytes"] if byte_fallback else []
        if tags:
            beside.append(f"{len(tags)} tags of languages")
        way_out = "raise it, or set byte_fallback = false" if byte_fallback else "raise it"
        raise ConfigError(
            f"text.vocab_size = {config.vocab_size} leaves no room beside {' and '.join(beside)}: "
            f"{way_out}"
        )

    sentences = (model.split(text) for text in texts)
    vocab = Vocab.build(sentences, min_freq=config.min_freq, max_size=size)

    tokens = [token for token in vocab.tokens[len(SPECIALS) :] if token not in tags]
    counts = [vocab.counts[vocab[token]] for token in tokens]
    others = [*tags, *fallback]
    return Vocab([*tokens, *others], [*vocab.counts[: len(SPECIALS)], *counts, *[0] * len(others)])


# Files


class _Description(NamedTuple):
    """What tokenizer.json holds."""

    tokenizer: str
    normalize: list[str]
    byte_fallback: bool


def _class_of(name: str, tokenizers: TokenizerLookup) -> type[TokenizerModel]:
    """The class of a saved tokenizer; that of an imported one is not among those to choose from."""
    for imported in (PieceTokenizer, MosesBpeTokenizer):
        if name == imported.NAME:
            return imported
    return find_class(name, tokenizers)


def _read_description(path: Path) -> _Description:
    """Raises `DataError` naming the file for whatever is wrong with it."""
    text = _text_of(path)
    try:
        raw: Any = json_of(text)
        if raw["format"] != _FORMAT:
            raise DataError(
                f"{path} has format {raw['format']}; this seqkit reads format {_FORMAT}"
            )
        found = _Description(raw["tokenizer"], raw["normalize"], raw["byte_fallback"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged: {error}") from None

    types = zip(found, (str, list, bool), strict=True)
    if not all(isinstance(value, expected) for value, expected in types):
        raise DataError(f"{path} is damaged: a value has the wrong type")

    try:
        Normalizer(found.normalize)
    except SeqkitError as error:
        raise DataError(f"{path} is damaged: {error}") from None
    return found


def _text_of(path: Path) -> str:
    try:
        return read_file(path, "tokenizer")
    except DataError as error:
        is_there = path.is_file()
        raise DataError(f"{path} is damaged: {error}" if is_there else str(error)) from None


def _check_fit(folder: Path, saved: _Description, model: TokenizerModel, vocab: Vocab) -> None:
    """Raise `DataError` for files of one tokenizer that do not belong together."""
    if is_trained(model):
        if vocab.tokens != model.pieces:
            raise DataError(f"{folder}: {_VOCAB_FILE} does not belong to the tokenizer's model")
        return

    if saved.byte_fallback and any(token not in vocab for token in BYTE_TOKENS):
        raise DataError(
            f"{folder}: {_VOCAB_FILE} has not the 256 byte tokens of which {_FILE} speaks"
        )
