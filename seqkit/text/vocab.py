"""Tokens ↔ ids. The special ids are constants: they never depend on a corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DataError, reason

if TYPE_CHECKING:
    from .torchtext import TorchtextLike, TorchtextVocab

PAD, UNK, BOS, EOS = range(4)
SPECIALS = ("<pad>", "<unk>", "<bos>", "<eos>")
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_UNESCAPES = {escaped[1]: plain for plain, escaped in _ESCAPES.items()}


class Vocab:
    """An immutable list of tokens; `<pad> <unk> <bos> <eos>` are ids 0..3 always.

    `vocab[token]` gives the id (`UNK` for an unknown token), `vocab.tokens[id]` the token,
    `vocab.counts[id]` how often it occurred where the vocabulary was built (0 if not known).
    """

    def __init__(self, tokens: Iterable[str], counts: Sequence[int] | None = None) -> None:
        """`tokens` without the specials, most wanted first; raises `DataError` if one occurs twice."""
        self.tokens: tuple[str, ...] = (*SPECIALS, *tokens)
        self._ids = {token: i for i, token in enumerate(self.tokens)}
        if len(self._ids) != len(self.tokens):
            twice = [token for token, n in Counter(self.tokens).items() if n > 1]
            raise DataError(
                f"vocabulary has the same token twice: {', '.join(map(repr, twice[:5]))}"
            )
        self.counts: tuple[int, ...] = (0,) * len(self.tokens) if counts is None else tuple(counts)
        if len(self.counts) != len(self.tokens):
            raise DataError(
                f"vocabulary has {len(self.tokens)} tokens but {len(self.counts)} counts"
            )

    @classmethod
    def build(
        cls, sentences: Iterable[Iterable[str]], *, min_freq: int = 1, max_size: int = 0
    ) -> Vocab:
        """Count a stream of tokenised sentences; keep tokens seen `min_freq` times, at most `max_size` in all.

        Sorted by falling count, then by token, so that the ids do not depend on the order of the
        corpus. `max_size` includes the four specials; 0 is no limit. A literal special in the text
        (such as Penn Treebank's `<unk>`) counts for that special. What is left out counts for `<unk>`.
        """
        counter: Counter[str] = Counter()
        for sentence in sentences:
            counter.update(sentence)
        counts = [counter.pop(special, 0) for special in SPECIALS]
        ranked = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
        kept = [(token, n) for token, n in ranked if n >= min_freq]
        if max_size:
            kept = kept[: max(0, max_size - len(SPECIALS))]
        counts[UNK] += counter.total() - sum(n for _, n in kept)
        return cls((token for token, _ in kept), [*counts, *(n for _, n in kept)])

    def __len__(self) -> int:
        return len(self.tokens)

    def __iter__(self) -> Iterator[str]:
        return iter(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._ids

    def __getitem__(self, token: str) -> int:
        return self._ids.get(token, UNK)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocab) and self.tokens == other.tokens

    def __hash__(self) -> int:
        return hash(self.tokens)

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Ids of `tokens`; no special is added."""
        return [self._ids.get(token, UNK) for token in tokens]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Tokens up to the first `<eos>`; `<pad>` and `<bos>` are left out."""
        tokens = []
        for i in ids:
            if i == EOS:
                break
            if i not in (PAD, BOS):
                tokens.append(self.tokens[i])
        return tokens

    @property
    def oov_rate(self) -> float:
        """Share of the running tokens of the corpus it was built on that became `<unk>`."""
        total = sum(self.counts)
        return self.counts[UNK] / total if total else 0.0

    def save(self, path: str | Path) -> None:
        """Write `token TAB count` lines, id order; backslash, tab and line ends are escaped."""
        lines = [
            f"{_escape(token)}\t{count}\n"
            for token, count in zip(self.tokens, self.counts, strict=True)
        ]
        Path(path).write_text("".join(lines), encoding="utf-8", newline="\n")

    @classmethod
    def load(cls, path: str | Path) -> Vocab:
        """Read what `save` wrote; raises `DataError` with file and line."""
        try:
            text = Path(path).read_bytes().decode("utf-8")
        except OSError as error:
            raise DataError(f"cannot read vocabulary {path}: {reason(error)}") from None
        except UnicodeDecodeError:
            raise DataError(f"vocabulary {path} is not UTF-8") from None
        tokens, counts = [], []
        for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
            token, tab, count = line.rpartition("\t")
            if not tab or not count.isdecimal():
                raise DataError(f"{path}:{number}: expected TOKEN<tab>COUNT")
            tokens.append(_unescape(token))
            counts.append(int(count))
        if tuple(tokens[: len(SPECIALS)]) != SPECIALS:
            raise DataError(f"{path}: the first four tokens must be {' '.join(SPECIALS)}")
        try:
            return cls(tokens[len(SPECIALS) :], counts)
        except DataError as error:
            raise DataError(f"{path}: {error}") from None

    @classmethod
    def from_torchtext(cls, vocab: TorchtextLike) -> Vocab:
        """Take the tokens of anything with torchtext's `get_itos()`, in order; see `seqkit.text.torchtext`."""
        from .torchtext import from_torchtext

        return from_torchtext(vocab)

    def to_torchtext(self) -> TorchtextVocab:
        """An object with the methods of `torchtext.vocab.Vocab`; torchtext itself is not needed."""
        from .torchtext import TorchtextVocab

        return TorchtextVocab(self)


def _escape(token: str) -> str:
    return "".join(_ESCAPES.get(char, char) for char in token)


def _unescape(token: str) -> str:
    parts, chars = [], iter(token)
    for char in chars:
        parts.append(
            _UNESCAPES.get(following := next(chars, ""), following) if char == "\\" else char
        )
    return "".join(parts)
