"""SentencePiece models that cut text, in other programs, into the pieces that ours cuts it into.

Our tokenizer normalises text before SentencePiece sees it. Other programs leave that to the model,
which has a table for it: our steps are compiled into that table.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from ...errors import ConfigError
from ...text.normalize import Normalizer
from ...text.pieces import PieceTokenizer
from ...text.subword import SentencePieceTokenizer
from ...text.tokenizer import Tokenizer

_SQUEEZE = "squeeze"
_OF_CONTEXT = ("apart", "letters")  # what they make of a character depends on its neighbours
_HANGUL = range(0xAC00, 0xD7A4)  # syllables, each of two or three letters
_SURROGATES = range(0xD800, 0xE000)
_UNICODE = range(1, 0x110000)


def piece_model(tokenizer: Tokenizer) -> bytes | None:
    """The SentencePiece model for other programs; None for tokenizers of another kind.

    Raises `ConfigError` for normalisation that such a model cannot do.
    """
    model = tokenizer.model
    steps = tokenizer.normalizer.steps
    match model:
        case SentencePieceTokenizer():
            return model.content + _normalization(steps, tokenizer.vocab.tokens)
        case PieceTokenizer() if not steps:
            return model.content
        case PieceTokenizer():
            raise ConfigError(
                f"text.normalize = {list(steps)} comes before a SentencePiece model that has "
                "its own normalisation, and other programs cannot do both"
            )
        case _:
            return None


def _normalization(steps: Sequence[str], tokens: Sequence[str]) -> bytes:
    """The part of a model file that normalises: in such a file, the last value of a field holds.

    It puts the space before a text that our tokenizer puts there, and takes surplus ones away where
    our steps do.
    """
    from sentencepiece import SentencePieceNormalizer, set_min_log_level

    unknown = [step for step in steps if step in _OF_CONTEXT]
    if unknown:
        raise ConfigError(f"text.normalize has {unknown[0]!r}, which other programs cannot do")

    rules = dict(_rules([step for step in steps if step != _SQUEEZE], tokens))
    lines = [f"{_codes(text)}\t{_codes(normal)}\n" for text, normal in sorted(rules.items())]
    set_min_log_level(2)  # it says on stderr what it reads
    with TemporaryDirectory() as folder:
        table = Path(folder) / "rules.tsv"
        table.write_text("".join(lines), encoding="ascii")
        normalizer = SentencePieceNormalizer(
            rule_tsv=str(table) if rules else None,
            rule_name="identity",  # where there are no rules
            add_dummy_prefix=True,
            remove_extra_whitespaces=_SQUEEZE in steps,
            escape_whitespaces=True,
        )
    content: bytes = normalizer.serialized_model_proto()
    return content


def _rules(steps: Sequence[str], tokens: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What `steps` change: each character, and each that is spelt with combining marks."""
    normalize = Normalizer(steps)
    has_hangul = any(ord(letter) in _HANGUL for token in tokens for letter in token)
    for code in _UNICODE:
        if code in _SURROGATES:
            continue
        letter = chr(code)
        if not has_hangul and code in _HANGUL:
            continue
        for spelling in (letter, *_spellings(letter)):
            normal = normalize(spelling)
            if normal != spelling:
                yield spelling, normal


def _spellings(letter: str) -> Iterator[str]:
    """A letter as it is written with combining marks: wholly, and all but the last mark joined."""
    whole = unicodedata.normalize("NFD", letter)
    if len(whole) < 2:
        return
    yield whole
    yield unicodedata.normalize("NFC", whole[:-1]) + whole[-1]


def _codes(text: str) -> str:
    return " ".join(f"{ord(letter):X}" for letter in text)
