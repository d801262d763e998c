"""The SentencePiece model of a target language, made again from a vocabulary.

To translate, nobody needs it: the decoder says pieces, and these are joined. So an Argos package of
an OPUS-MT model has the source's alone. It is needed to train on, to score or to explain given
translations: cut by the source's model, "newspaper" is "n ew sp a per", which the decoder of a
Chinese-English model has never seen.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence

from ...errors import DataError
from ...text.pieces import PieceTokenizer

_FEW = 0.01  # share of a vocabulary that may be missing from a model that is for both languages

# Fields of SentencePiece's ModelProto and of what is in it, by the tags of its .proto.
_PIECE = 1
_TRAINER_SPEC = 2
_UNIGRAM = bytes([_TRAINER_SPEC << 3 | 2, 2, 3 << 3, 1])  # trainer_spec { model_type: UNIGRAM }
_NORMAL, _UNKNOWN, _CONTROL = 1, 2, 3  # types of pieces


def target_pieces(source: PieceTokenizer, tokens: Sequence[str]) -> PieceTokenizer:
    """`source` if it knows the tokens of the vocabulary, else a model of all of them.

    `tokens` are the most frequent first, as Marian has them, so Zipf's law gives their
    probabilities: 1 / rank, over the sum of these. Of 396 outputs of Argos' Chinese-English model,
    94 % are cut into the pieces that the decoder had said; the source's model does 0.8 %.
    """
    known = set(source.pieces)
    missing = sum(token not in known for token in tokens)
    if missing <= _FEW * len(tokens):
        return source
    return PieceTokenizer(_unigram_model(source.content, tokens))


def _unigram_model(model: bytes, tokens: Sequence[str]) -> bytes:
    """The file of `model`, normalisation and all, with other pieces."""
    all_ranks = range(1, len(tokens) + 1)
    log_total = math.log(sum(1 / rank for rank in all_ranks))

    parts: list[bytes] = []
    for rank, token in zip(all_ranks, tokens, strict=True):
        parts.append(_piece(token, -math.log(rank) - log_total))
    parts += [whole for number, whole in _fields(model) if number != _PIECE]
    return b"".join([*parts, _UNIGRAM])


def _piece(token: str, score: float) -> bytes:
    kind = _NORMAL
    if token == "<unk>":
        kind = _UNKNOWN
    elif token.startswith("<") and token.endswith(">") and len(token) > 2:
        kind = _CONTROL

    text = token.encode("utf-8", "surrogatepass")
    content = b"\x0a" + _number(len(text)) + text
    content += b"\x15" + struct.pack("<f", score) + b"\x18" + _number(kind)
    return b"\x0a" + _number(len(content)) + content


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The number and the whole bytes of each field of a protobuf message."""
    start = 0
    try:
        while start < len(message):
            tag, end = _read_number(message, start)
            match tag & 7:
                case 0:
                    _, end = _read_number(message, end)
                case 1:
                    end += 8
                case 2:
                    length, end = _read_number(message, end)
                    end += length
                case 5:
                    end += 4
                case _:
                    raise IndexError
            yield tag >> 3, message[start:end]
            start = end
    except IndexError:
        raise DataError("not a sentencepiece model, or a damaged one") from None


def _number(value: int) -> bytes:
    """A varint: seven bits a byte, the lowest first."""
    parts: list[int] = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _read_number(message: bytes, start: int) -> tuple[int, int]:
    """The varint at `start`, and where it ends."""
    value = shift = 0
    while True:
        byte = message[start]
        value |= (byte & 0x7F) << shift
        start += 1
        shift += 7
        if byte < 0x80:
            return value, start
