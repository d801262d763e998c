"""Tokens ↔ ids. The special ids of text are constants: they never depend on a corpus."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..errors import DataError, WrongType
from ..parsing import check_count, path_of
from .decoding import read_file
from .lines import check_many, check_one, check_texts, each_text
from .torchtext import TorchtextLike, TorchtextVocab

PAD, UNK, BOS, EOS = range(4)
SPECIALS = ("<pad>", "<unk>", "<bos>", "<eos>")

_TORCHTEXT_SPECIALS = frozenset({*SPECIALS, "<s>", "<sos>", "</s>", "[PAD]", "[UNK]"})
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_ESCAPED = re.compile(r"\\(.?)", re.DOTALL)
_UNESCAPES = {"t": "\t", "n": "\n", "r": "\r"}
_SHOWN = 8  # tokens in a repr
_LONGEST_COUNT = 18  # digits


class Vocab:
    """An immutable list of tokens, special ones first.

    `vocab[token]` gives the id, `vocab.tokens[id]` the token, and `vocab.counts[id]` how often it
    occurred where the vocabulary was built (0 if not known).

    A vocabulary of text has `<pad> <unk> <bos> <eos>` as ids 0 to 3. One with `specials=()` is a
    plain list, such as a set of tags. An unknown token has the id of `<unk>`; without `<unk>` it
    raises `DataError`.
    """

    def __init__(
        self,
        tokens: Iterable[str],
        counts: Sequence[int] | None = None,
        *,
        specials: Sequence[str] = SPECIALS,
    ) -> None:
        """`tokens` come without the specials, most important first; `counts` include them.

        Raises `DataError` if a token occurs twice, or if there are not as many counts as tokens.
        """
        check_many(specials, "special tokens")
        self.specials: tuple[str, ...] = tuple(specials)
        self.tokens: tuple[str, ...] = (*self.specials, *each_text(tokens, "tokens"))
        if counts is None:
            counts = [0] * len(self.tokens)
        self.counts: tuple[int, ...] = tuple(counts)

        self._ids = {token: i for i, token in enumerate(self.tokens)}
        self._check()

        self._unknown = self._special_id("<unk>")
        self._end = self._special_id("<eos>")
        padding = self._special_id("<pad>")
        begin = self._special_id("<bos>")
        self._unwritten = {padding, begin}

    def _special_id(self, token: str) -> int | None:
        return self._ids[token] if token in self.specials else None

    def _check(self) -> None:
        size = len(self.tokens)
        if len(self._ids) != size:
            occurrences = Counter(self.tokens)
            repeated = [token for token, n in occurrences.items() if n > 1]
            shown = ", ".join(map(repr, repeated[:5]))
            raise DataError(f"vocabulary has the same token twice: {shown}")

        counts = len(self.counts)
        if counts != size:
            raise DataError(f"vocabulary has {size} tokens but {counts} counts")

    @classmethod
    def build(
        cls,
        sentences: Iterable[Iterable[str]],
        *,
        min_freq: int = 1,
        max_size: int = 0,
        specials: Sequence[str] = SPECIALS,
    ) -> Vocab:
        """Count a stream of tokenised sentences; keep the frequent tokens.

        A token is kept if it occurs `min_freq` times, and at most `max_size` tokens are kept,
        specials included (0 = no limit). They are sorted by falling count, then by token, so that
        ids do not depend on the order of the corpus.

        A literal special in the text, such as Penn Treebank's `<unk>`, counts for that special.
        Tokens that are not kept count for `<unk>`.
        """
        check_many(sentences, "sentences, each a list of tokens")
        check_many(specials, "special tokens")
        check_count(min_freq=min_freq, max_size=max_size)
        counter: Counter[str] = Counter()
        for number, sentence in enumerate(sentences, 1):
            check_many(sentence, f"tokens for sentence {number}")
            counter.update(sentence)
        check_texts(counter, "tokens")

        special_counts = {special: counter.pop(special, 0) for special in specials}
        ranked = sorted(counter.items(), key=_by_falling_count)
        kept = [(token, n) for token, n in ranked if n >= min_freq]
        if max_size:
            room = max(0, max_size - len(special_counts))
            kept = kept[:room]

        kept_counts = [n for _, n in kept]
        if "<unk>" in special_counts:
            special_counts["<unk>"] += counter.total() - sum(kept_counts)

        tokens = [token for token, _ in kept]
        counts = [*special_counts.values(), *kept_counts]
        return cls(tokens, counts, specials=specials)

    def __len__(self) -> int:
        return len(self.tokens)

    def __iter__(self) -> Iterator[str]:
        return iter(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._ids

    def __getitem__(self, token: str) -> int:
        check_one(token, "token")
        found = self._ids.get(token, self._unknown)
        if found is None:
            raise DataError(f"the vocabulary has no token {token!r}, and no <unk> to stand for it")
        return found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocab):
            return NotImplemented
        return (self.tokens, self.specials) == (other.tokens, other.specials)

    def __hash__(self) -> int:
        return hash(self.tokens)

    def __repr__(self) -> str:
        specials = len(self.specials)
        ordinary = self.tokens[specials:]
        shown = " ".join(map(repr, ordinary[:_SHOWN]))
        more = " …" if len(ordinary) > _SHOWN else ""
        return f"<Vocab: {len(self):,} tokens, {specials} special: {shown}{more}>"

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Ids of `tokens`; no special is added. Raises as `each_text` for what is no token."""
        check_many(tokens, "tokens")
        tokens = tokens if isinstance(tokens, list) else list(tokens)
        if self._unknown is None:
            return [self[token] for token in tokens]

        ids = [self._ids.get(token, self._unknown) for token in tokens]
        if self._unknown in ids:
            check_texts(tokens, "tokens")  # known ones were checked when they came in
        return ids

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Tokens up to the first `<eos>`; `<pad>` and `<bos>` are left out."""
        tokens = []
        try:
            for i in ids:
                if i == self._end:
                    break
                if i not in self._unwritten:
                    tokens.append(self.tokens[i])
        except (IndexError, TypeError):
            raise WrongType(f"give ids from 0 to {len(self) - 1}, the tokens' places") from None
        return tokens

    @property
    def oov_rate(self) -> float:
        """Share of the tokens of the corpus it was built on that became `<unk>`."""
        total = sum(self.counts)
        if self._unknown is None or not total:
            return 0.0

        unknown = self.counts[self._unknown]
        return unknown / total

    def save(self, path: str | Path) -> None:
        """Write lines `token TAB count` in the order of ids; tab, line ends and \\ are escaped."""
        pairs = zip(self.tokens, self.counts, strict=True)
        lines = [f"{_escape(token)}\t{count}\n" for token, count in pairs]
        text = "".join(lines)
        path_of(path, "vocabulary").write_text(text, encoding="utf-8", newline="\n")

    @classmethod
    def load(cls, path: str | Path, *, specials: Sequence[str] = SPECIALS) -> Vocab:
        """Read what `save` wrote; raises `DataError` naming file and line."""
        tokens: list[str] = []
        counts: list[int] = []
        for number, line in enumerate(_lines(path), 1):
            token, tab, count = line.rpartition("\t")
            if not tab or not count.isdecimal() or len(count) > _LONGEST_COUNT:
                raise DataError(f"{path}:{number}: expected TOKEN<tab>COUNT")

            tokens.append(_unescape(token))
            counts.append(int(count))

        expected = list(specials)
        first = tokens[: len(expected)]
        rest = tokens[len(expected) :]
        if first != expected:
            shown = " ".join(specials)
            raise DataError(f"{path}: the first tokens must be {shown}")

        try:
            return cls(rest, counts, specials=specials)
        except DataError as error:
            raise DataError(f"{path}: {error}") from None

    @classmethod
    def from_torchtext(cls, vocab: TorchtextLike) -> Vocab:
        """The tokens of a `torchtext.vocab.Vocab`, or of anything with its `get_itos()`, in order.

        Its specials, wherever they are and under their usual spellings, become ids 0 to 3, so ids
        differ from torchtext's: encode again, or map old ids by `ours[theirs.get_itos()[i]]`.
        """
        if not callable(getattr(vocab, "get_itos", None)):
            name = type(vocab).__name__
            raise DataError(f"{name} is not a torchtext vocabulary: it has no get_itos()")

        tokens = vocab.get_itos()
        ordinary = [token for token in tokens if token not in _TORCHTEXT_SPECIALS]
        return cls(ordinary)

    def to_torchtext(self) -> TorchtextVocab:
        """An object with the methods of `torchtext.vocab.Vocab`; torchtext is not needed."""
        return TorchtextVocab(self.tokens, self._unknown)


def _by_falling_count(item: tuple[str, int]) -> tuple[int, str]:
    token, count = item
    return -count, token


def _lines(path: str | Path) -> list[str]:
    text = read_file(path, "vocabulary")
    if not text:
        return []
    lines = text.removesuffix("\n").split("\n")
    return [line.removesuffix("\r") for line in lines]  # where git or an editor put it


def _escape(token: str) -> str:
    return token.translate(_ESCAPES)


def _unescape(token: str) -> str:
    if "\\" not in token:
        return token
    return _ESCAPED.sub(lambda match: _UNESCAPES.get(match[1], match[1]), token)
