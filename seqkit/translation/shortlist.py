"""Which target tokens the tokens of a source may become: a lexicon learned from parallel text.

The lexicon is IBM model 1 (Brown et al. 1993, "The Mathematics of Statistical Machine Translation",
J93-2003) of tokens, each counted once a sentence; as shortlists of other toolkits (Jean et al.
2015, arXiv:1412.2007, section 4.2), those of a sentence are the likeliest of each of its tokens and
the most frequent ones.

Shapes: V source tokens, F frequent target tokens, E entries of the lexicon, L links (pairs of a
source and a target token of the same sentence).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ..data import digest
from ..data.aside import replacing
from ..errors import CheckpointError, ConfigError, reason
from ..search.settings import MOST_OF_SHORTLIST
from ..text.vocab import SPECIALS
from ..training import checkpoint
from .tokenizers import Tokenizers

if TYPE_CHECKING:
    from .texts import EncodedPairs

FILE = "shortlist.safetensors"
_FREQUENT = 300  # target tokens that are on every list
_LINKS = 25_000_000  # that are learned from, of pairs drawn at random
_AT_ONCE = 1 << 20  # ids that are counted
_ROUNDS = 4  # of expectation and maximisation
_ARRAYS = ("tokens", "first", "frequent", "known")  # in the file
_LARGEST_SHARE = 0.5  # of the vocabulary: a longer list saves nothing

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Lexicon:
    """The target tokens that each source token brings, likeliest first, and those always there."""

    tokens: NDArray[np.int32]  # (E,) those of source token 0, of 1, …
    first: NDArray[np.int64]  # (V + 1,) where those of each source token begin
    frequent: NDArray[np.int32]  # (F,)
    known: NDArray[np.bool_]  # (V,) whether a source token was learned from
    vocab: int  # target tokens that there are

    def __repr__(self) -> str:
        return f"<Lexicon: {len(self.tokens):,} entries for {self.known.sum():,} source tokens>"

    def lists(self, sources: Sequence[Sequence[int]], each: int) -> list[Ints | None]:
        """The tokens of the outputs of each source, ascending, `each` of a source token at most.

        None, any token, for a source with a token that was not learned from, and for one whose list
        would be half of the vocabulary.
        """
        return [self._list(np.unique(source), each) for source in sources]

    def _list(self, source: NDArray[Any], each: int) -> Ints | None:
        if not self.known[source].all():
            return None

        starts = self.first[source]
        ends = np.minimum(self.first[source + 1], starts + each)
        brought = [self.tokens[start:end] for start, end in zip(starts, ends, strict=True)]
        found = np.unique(np.concatenate([np.arange(len(SPECIALS)), self.frequent, *brought]))
        return found if len(found) < _LARGEST_SHARE * self.vocab else None

    def save(self, path: Path, tokenizers: Tokenizers) -> None:
        """Write the file; raises `DataError` where it cannot be written."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        with replacing(path) as part:
            save_file(arrays, part, metadata=_digests(tokenizers))

    @classmethod
    def load(cls, path: Path, tokenizers: Tokenizers) -> Lexicon:
        """Read what `save` wrote.

        Raises `ConfigError` for a file of other vocabularies, `CheckpointError` for one that is
        damaged or cannot be read.
        """
        try:
            with safe_open(path, "np") as file:
                metadata = file.metadata()
                arrays = {name: file.get_tensor(name) for name in _ARRAYS}
        except OSError as error:
            raise CheckpointError(f"cannot read {path}: {reason(error)}") from None
        except SafetensorError:
            raise CheckpointError(f"{path} is damaged: learn it anew (seqkit shortlist)") from None

        if metadata != _digests(tokenizers):
            raise ConfigError(
                f"{path} was learned with other vocabularies than this model's: learn it anew "
                "(seqkit shortlist)"
            )
        return cls(**arrays, vocab=len(tokenizers.target.vocab))


def _digests(tokenizers: Tokenizers) -> dict[str, str]:
    source, target = tokenizers
    return {
        "source": digest.of_lines(source.vocab.tokens),
        "target": digest.of_lines(target.vocab.tokens),
    }


# A run's


def path_beside(step: Path) -> Path:
    """Where the lexicon of a step folder is: in the run folder around it, if it stands in one."""
    return (checkpoint.run_of(step) or step) / FILE


class Shortlists:
    """The lists of a model, whose lexicon is read when it is first asked for."""

    def __init__(self, step: Path, tokenizers: Tokenizers) -> None:
        """`step` is the step folder."""
        self._step = step
        self._tokenizers = tokenizers
        self._lexicon: Lexicon | None = None

    def __repr__(self) -> str:
        return f"<Shortlists: {self._lexicon or 'not read yet'}>"

    def lists(self, sources: Sequence[Sequence[int]], each: int) -> list[Ints | None]:
        """See `Lexicon.lists`. Raises `ConfigError` or `CheckpointError` if there is no lexicon."""
        if self._lexicon is None:
            self._lexicon = self._read(each)
        return self._lexicon.lists(sources, each)

    def _read(self, each: int) -> Lexicon:
        path = path_beside(self._step)
        if not path.exists():
            raise ConfigError(
                f"search.shortlist = {each}: there is no {path}; `seqkit shortlist -m "
                f"{path.parent}` learns it"
            )
        return Lexicon.load(path, self._tokenizers)


# Learning


class _Links(NamedTuple):
    """Pairs of a source and a target token of the same sentence."""

    entry: NDArray[np.int32]  # (L,) of the lexicon
    word: NDArray[np.int32]  # (L,) the target token as it stands in its sentence, from 0
    keys: Ints  # (E,) source token * V + target token of each entry, ascending


def learn(pairs: EncodedPairs, sources: int, targets: int, *, seed: int = 1) -> Lexicon:
    """The lexicon of pairs of ids, with vocabularies of so many tokens.

    Of a large text, pairs drawn at random by `seed` are learned from.
    """
    frequent = _frequent(pairs, targets)
    links = _links(pairs, targets, seed)
    source, target = np.divmod(links.keys, targets)
    share = _model_1(links, source)

    known = np.bincount(source, minlength=sources) > 0
    is_kept = ~np.isin(target, frequent)
    source, target, share = source[is_kept], target[is_kept], share[is_kept]
    order = np.lexsort((target, -share, source))
    source, target = source[order], target[order]

    begin = np.searchsorted(source, np.arange(sources))
    rank = np.arange(len(source)) - begin[source]
    is_kept = rank < MOST_OF_SHORTLIST
    counts = np.bincount(source[is_kept], minlength=sources)
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Lexicon(target[is_kept].astype(np.int32), first, frequent, known, targets)


def _frequent(pairs: EncodedPairs, targets: int) -> NDArray[np.int32]:
    ids = pairs.targets.ids
    counts = np.zeros(targets, np.int64)
    for begin in range(0, len(ids), _AT_ONCE):
        counts += np.bincount(ids[begin : begin + _AT_ONCE], minlength=targets)
    order = np.argsort(-counts, kind="stable")[:_FREQUENT]
    return np.sort(order[counts[order] > 0]).astype(np.int32)


def _links(pairs: EncodedPairs, targets: int, seed: int) -> _Links:
    order = np.random.default_rng(seed).permutation(len(pairs.sources))
    sizes = pairs.sources.lengths[order].astype(np.int64) * pairs.targets.lengths[order]
    enough = int(np.searchsorted(np.cumsum(sizes), _LINKS)) + 1

    keys: list[Ints] = []
    words: list[NDArray[np.int32]] = []
    count = 0
    for place in order[:enough].tolist():
        source, target = np.unique(pairs.sources[place]), np.unique(pairs.targets[place])
        keys.append((source[:, None] * targets + target).ravel())
        word = np.arange(count, count + len(target), dtype=np.int32)
        words.append(np.tile(word, len(source)))
        count += len(target)

    every = np.concatenate(keys)
    keys.clear()
    unique, entry = np.unique(every, return_inverse=True)
    return _Links(entry.astype(np.int32), np.concatenate(words), unique)


def _model_1(links: _Links, source: Ints) -> NDArray[np.float64]:
    """How likely the target token of each entry is, given its source token (E,)."""
    share = np.ones(len(links.keys))
    for _ in range(_ROUNDS):
        weight = share[links.entry]
        of_word = np.bincount(links.word, weights=weight)
        weight /= of_word[links.word]
        expected = np.bincount(links.entry, weights=weight, minlength=len(share))
        share = expected / np.bincount(source, weights=expected)[source]
    return share
