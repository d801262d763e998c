"""Text → counts → a smoothed model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ..errors import ConfigError, WrongType
from ..parsing import check_count, check_number
from ..text import TokenizerLookup, built_in
from ..text.lines import each_text
from .counts import Counts, NgramCounter
from .model import Model
from .smoothing import Options, estimate, kind_of
from .storage import MEMORY, for_each, release, stretches
from .tables import NEVER, Floats, Grams
from .text import BOS, GrowingVocabulary, PreTokenizer, Unknown, from_lines

LONGEST = 1000  # the highest order


def train(
    lines: Iterable[str],
    *,
    order: int = 5,
    smoothing: str = "modified-kneser-ney",
    prune: Sequence[int] = (),
    tokenizer: str = "whitespace",
    vocabulary: Iterable[str] | None = None,
    unk: Unknown = "refuse",
    interpolate_unigrams: bool = True,
    k: float = 1.0,
    memory: int = MEMORY,
    tokenizers: TokenizerLookup = built_in,
) -> Model:
    """Count and smooth `lines`, by default as KenLM's lmplz does.

    `prune` drops the k-grams that occur at most N times, with one N for each k; the last repeats.
    `vocabulary` holds all words that the model may know. `unk` says what a literal <unk>, <s> or
    </s> in the text is: an error ("refuse"), white space ("skip"), or for <unk> a word ("keep").
    `k` is that of add-k. Beyond `memory` bytes, arrays are in temporary files without names, those
    of the finished model, too. Raises `DataError` or `ConfigError` for what cannot be trained on.
    """
    check_number(k=k)
    if not isinstance(prune, Sequence) or isinstance(prune, str):
        raise WrongType(f"prune = {prune!r} must be a list of numbers, such as [0, 1]")
    for place, number in enumerate(prune):
        size = abs(number) if isinstance(number, int) else number  # below 0: refused with the list
        check_count(**{f"prune[{place}]": size})

    listed = None
    if vocabulary is not None:
        words = each_text(vocabulary, "words of the vocabulary")
        listed = frozenset(word.encode() for word in words)
    return train_blocks(
        _named(lines),
        order=order,
        smoothing=smoothing,
        options=Options(tuple(prune), listed, interpolate_unigrams, k=k),
        unk=unk,
        pre_tokenizer=PreTokenizer.find(tokenizer, tokenizers),
        memory=memory,
    )


def train_blocks(
    blocks: Iterable[tuple[str, bytes]],
    *,
    order: int,
    smoothing: str,
    options: Options,
    unk: Unknown = "refuse",
    pre_tokenizer: PreTokenizer | None = None,
    memory: int = MEMORY,
) -> Model:
    """`train` for blocks of raw, whole lines, each with the name of where it comes from."""
    pre_tokenizer = pre_tokenizer or PreTokenizer()
    counts = count_blocks(blocks, order=order, unk=unk, pre_tokenizer=pre_tokenizer, memory=memory)
    return model_of(
        counts, smoothing=smoothing, options=options, unk=unk, pre_tokenizer=pre_tokenizer
    )


def model_of(
    counts: Counts,
    *,
    smoothing: str,
    options: Options,
    unk: Unknown = "refuse",
    pre_tokenizer: PreTokenizer | None = None,
) -> Model:
    """The smoothed model of these counts; raises as `train`."""
    pre_tokenizer = pre_tokenizer or PreTokenizer()
    found = estimate(counts, smoothing, options)

    grams = []
    for level in found.levels:
        _take_logarithms(level.probabilities, most=0)  # but for rounding, they are at most 0
        _take_logarithms(level.backoffs)
        grams.append(Grams(level.keys, level.probabilities, level.backoffs))

    kind = kind_of(smoothing)
    if kind == "backoff" and grams[0].scores[BOS] == -np.inf:
        grams[0].scores[BOS] = NEVER  # or a file would change the model
    metadata = {
        "smoothing": smoothing,
        "unk": "keep" if unk == "keep" else "unk",
        "unit": pre_tokenizer.name,
    }
    return Model(
        found.words,
        grams,
        kind=kind,
        metadata=metadata,
        pre_tokenizer=pre_tokenizer,
        notes=found.notes,
        training_tokens=counts.tokens,
    )


def _take_logarithms(numbers: Floats, most: float = np.inf) -> None:
    """Replace numbers by their log10, or by `most` where it is more. (n_k,)"""

    def replace(stretch: slice) -> None:
        with np.errstate(divide="ignore"):
            logarithms = np.log10(numbers[stretch])
        numbers[stretch] = np.minimum(logarithms, np.float32(most))
        release(numbers)

    for_each(replace, list(stretches(len(numbers))))


def count(
    lines: Iterable[str],
    *,
    order: int = 5,
    tokenizer: str = "whitespace",
    unk: Unknown = "refuse",
    memory: int = MEMORY,
    tokenizers: TokenizerLookup = built_in,
) -> Counts:
    """Count all n-grams of `lines` up to `order`; see `train`."""
    pre_tokenizer = PreTokenizer.find(tokenizer, tokenizers)
    return count_blocks(
        _named(lines), order=order, unk=unk, pre_tokenizer=pre_tokenizer, memory=memory
    )


def count_blocks(
    blocks: Iterable[tuple[str, bytes]],
    *,
    order: int,
    unk: Unknown = "refuse",
    pre_tokenizer: PreTokenizer | None = None,
    memory: int = MEMORY,
    words: Iterable[bytes] = (),
) -> Counts:
    """`count` for blocks of raw, whole lines, each with the name of where it comes from.

    `words` are in the vocabulary whether they occur or not.
    """
    check_count(memory=memory)
    check_order(order)
    pre_tokenizer = pre_tokenizer or PreTokenizer()
    vocabulary = GrowingVocabulary(unk, words)
    counter = NgramCounter(order, memory)
    for name, block in blocks:
        segmented = pre_tokenizer.segment(block)
        counter.add(vocabulary.encode(segmented, name))
    return counter.finish(vocabulary.words)


def check_order(order: int) -> None:
    """Raise `ConfigError` for an order that no model has, before any text is read."""
    if not isinstance(order, int) or order < 1:
        raise ConfigError(f"the order of an n-gram model is at least 1, not {order!r}")
    if order > LONGEST:
        raise ConfigError(
            f"the order of an n-gram model is at most {LONGEST}: sequences as long as that are "
            "not seen twice. Words need 3 to 5, characters 5 to 10"
        )


def _named(lines: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    return (("the text", block) for block in from_lines(lines))
