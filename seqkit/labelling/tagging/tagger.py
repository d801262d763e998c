"""A trained tagger: sentences in, a tag for each word out; or text in, its words out.

Shapes: B sentences, T words, K tags.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...data.batching import token_batches
from ...data.seen import SeenTexts
from ...errors import DataError, WrongType, WrongValue, hint
from ...nn.crf import marginals, viterbi
from ...search.soundness import check_numbers
from ...text.lines import check_many, check_texts, single_line
from ..models.contract import TaggingModel
from .baseline import Baseline, load_baseline
from .data_config import TaggingData
from .decoding import allowed_tags, chain_of
from .encoding import Encoder
from .evaluation import HeldOutSentences, measure
from .predictions import Segmented, Tagged
from .prepared import read_test
from .reading import Sentence, read_sentences
from .report import TaggingReport
from .schemes import convert, spans_of
from .splitting import Split, split_text
from .tags import TagSet

_AT_ONCE = 256  # sentences that are read before the first is answered
_BATCH = 4000  # words of a batch
_SPLITS: tuple[Split, ...] = get_args(Split)

Floats = NDArray[np.float32]


class SequenceTagger:
    """What `seqkit.load` returns for a run of the task "tagging".

    It follows `seqkit.runs.predictor.Predictor`.
    """

    reads: ClassVar[Literal["lines", "files"]] = "lines"

    def __init__(
        self,
        model: TaggingModel,
        encoder: Encoder,
        tags: TagSet,
        *,
        data: TaggingData,
        name: str = "",
        settings: Mapping[str, Any] | None = None,
        folder: Path | None = None,
    ) -> None:
        """`folder` is the step folder it was opened from, `settings` are those of the network."""
        self.model = model
        self.encoder = encoder
        self.tags = tags
        self.data = data
        self.name = name
        self.settings = dict(settings or {})
        self._folder = folder
        self._allowed = allowed_tags(tags.names, tags.scheme)

    def __repr__(self) -> str:
        does = "segmentation" if self.segments else f"{len(self.tags)} tags ({self.tags.written})"
        return (
            f"<SequenceTagger: {self.name}, {does}, {len(self.encoder.words):,} {self.data.unit}>"
        )

    @property
    def segments(self) -> bool:
        """Whether it finds the words of a text, and no tags of words."""
        return self.data.unit == "characters"

    @property
    def device(self) -> torch.device:
        module: Any = self.model
        return torch.device(next(module.parameters()).device)

    # Prediction

    def predict(
        self,
        inputs: Iterable[str | Sequence[str]],
        *,
        split: Split = "words",
        probabilities: bool = False,
    ) -> Iterator[Tagged | Segmented]:
        """The tags of each sentence, or the words of each text, lazily and in order.

        A sentence is a line of text or a list of its words. `split` says how a line becomes words:
        "words" takes punctuation and known clitics ('s, n't) apart, "spaces" leaves it as it is.
        White space in a text to be segmented stays a border. With `probabilities`, that of each
        tag found, over all sequences, is given, too.

        Raises `WrongValue` at once for an unknown `split`, and `WrongType` or `DataError` for what
        is no line and no list of words.
        """
        check_many(inputs, "sentences")
        if split not in _SPLITS:
            raise WrongValue(f"split = {split!r}.{hint(split, _SPLITS)}")
        return self._predictions(iter(inputs), split, probabilities)

    def _predictions(
        self, inputs: Iterator[str | Sequence[str]], split: Split, probabilities: bool
    ) -> Iterator[Tagged | Segmented]:
        while group := list(islice(inputs, _AT_ONCE)):
            sentences = [self._words(one, split) for one in group]
            found = self.tag(sentences)
            shares = self._shares(sentences, found) if probabilities else [None] * len(found)
            for given, words, tags, share in zip(group, sentences, found, shares, strict=True):
                yield self._prediction(given, words, tags, share)

    def _words(self, given: str | Sequence[str], split: Split) -> list[str]:
        """The words of a sentence as the model reads them."""
        if isinstance(given, str):
            line = single_line(given)
            if self.segments:
                return list("".join(line.split()))
            return split_text(line, split, self.encoder.words)

        check_many(given, "words")
        words = list(given)
        check_texts(words, "words")
        if self.segments:
            raise WrongType("this model finds the words itself: give texts, not lists of words")
        if not all(word.strip() for word in words):
            raise DataError("a word of a sentence is empty: leave it out")
        return words

    def _prediction(
        self, given: str | Sequence[str], words: list[str], tags: list[str], shares: Any
    ) -> Tagged | Segmented:
        if self.segments:
            return Segmented.of(str(given), spans_of(tags))
        written = convert(tags, self.tags.written) if self.tags.spells_spans else tags
        spans = spans_of(tags) if self.tags.spells_spans else None
        return Tagged(words, written, spans, shares)

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """The tags of sentences, in the scheme that was learned; lists of words, or of characters.

        What a sentence gets does not depend on the others.
        """
        found: list[list[str]] = [[] for _ in sentences]
        for indices, emissions, real in self._emissions(sentences):
            chain = chain_of(self.model, emissions, self._allowed)
            best = viterbi(emissions, real, chain).tolist()
            for i, row in zip(indices, best, strict=True):
                found[i] = self.tags.decode(row[: len(sentences[i])])
        return found

    def probabilities(self, sentences: Iterable[Sequence[str]]) -> list[Floats]:
        """How probable each tag is for each word, over all sequences: (T, K) of each sentence.

        Sentences are lists of words, of a segmenter lists of characters. The columns are the tags
        of `tags.names`, in the scheme that was learned; rows sum to 1.
        """
        check_many(sentences, "sentences")
        texts = [list(words) for words in sentences]
        found = [np.zeros((0, len(self.tags)), np.float32) for _ in texts]
        for indices, emissions, real in self._emissions(texts):
            chain = chain_of(self.model, emissions, self._allowed)
            shares = marginals(emissions, real, chain).cpu().numpy()
            for i, row in zip(indices, shares, strict=True):
                found[i] = row[: len(texts[i])]
        return found

    def _shares(
        self, sentences: Sequence[Sequence[str]], tags: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """The probability of each of these tags, over all sequences."""
        every = self.probabilities(sentences)
        ids = [self.tags.encode(row) for row in tags]
        return [
            [float(shares[place, tag]) for place, tag in enumerate(row)]
            for shares, row in zip(every, ids, strict=True)
        ]

    @torch.no_grad()
    def _emissions(
        self, sentences: Sequence[Sequence[str]]
    ) -> Iterator[tuple[list[int], Tensor, Tensor]]:
        """Places of sentences that share a batch, their emissions (B, T, K), what is real (B, T).

        Sentences without words are in none. Long ones are read in windows with words before and
        after them, and their emissions put together.
        """
        lengths = np.array([len(words) for words in sentences], np.int64)
        filled = np.flatnonzero(lengths)
        for batch in token_batches(lengths[filled], lengths[filled], _BATCH):
            indices = filled[batch].tolist()
            texts = [sentences[i] for i in indices]
            if max(map(len, texts)) <= self.data.longest:
                tokens = self.encoder.encode(texts).to(self.device)
                emissions = self.model(tokens).float()
                real = tokens.real
            else:
                emissions, real = self._long(texts)
            check_numbers(emissions[real])
            yield indices, emissions, real

    def _long(self, texts: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor]:
        """The same for texts some of which are longer than a window."""
        rows = [torch.cat(list(self._windows(words))) for words in texts]
        lengths = torch.tensor([len(row) for row in rows], device=self.device)
        emissions = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        places = torch.arange(emissions.size(1), device=self.device)
        return emissions, places < lengths[:, None]

    def _windows(self, words: Sequence[str]) -> Iterator[Tensor]:
        """The emissions of one text, window by window: (t, K)"""
        beside = self.data.longest // 4 if len(words) > self.data.longest else 0
        step = self.data.longest - 2 * beside
        for start in range(0, len(words), step):
            first = max(0, start - beside)
            window = words[first : start + step + beside]
            tokens = self.encoder.encode([window]).to(self.device)
            emissions = self.model(tokens).float()[0]
            own = start - first
            yield emissions[own : own + step]

    # Evaluation

    def read_test_data(self, paths: Sequence[Path] = ()) -> HeldOutSentences:
        """The sentences of these files, of the format of the run; without, its own test sentences.

        Raises `DataError` and `ConfigError` naming the file, or that the run has none.
        """
        check_many(paths, "paths")
        if not paths:
            return HeldOutSentences("test sentences of the run", read_test(self.data))
        sentences = read_sentences(list(map(Path, paths)), self.data.format, self.data.columns)
        return HeldOutSentences(", ".join(map(str, paths)), sentences)

    def evaluate(
        self, data: HeldOutSentences | Iterable[tuple[Sequence[str], Sequence[str]]]
    ) -> TaggingReport:
        """Accuracy, span F1 by type, of segmented text word F1 and OOV recall; baselines beside.

        `data` is what `read_test_data` gives, or pairs of words and tags, one for each sentence.

        Raises `DataError` for sentences without words or tags.
        """
        if not isinstance(data, HeldOutSentences):
            pairs = [Sentence(list(words), list(tags)) for words, tags in data]
            data = HeldOutSentences("sentences", pairs)
        return measure(
            data,
            self.tag,
            self.tags,
            segments=self.segments,
            baseline=self.baseline,
            seen=self.seen,
        )

    def without_folder(self) -> SequenceTagger:
        """The same tagger in memory, which knows nothing of a folder that may go."""
        return SequenceTagger(
            self.model,
            self.encoder,
            self.tags,
            data=self.data,
            name=self.name,
            settings=self.settings,
        )

    @cached_property
    def baseline(self) -> Baseline | None:
        """What counting reaches; None where the run has not kept it."""
        return load_baseline(self._folder) if self._folder else None

    @cached_property
    def seen(self) -> SeenTexts | None:
        """The training sentences, as hashes; None where the run has not kept them."""
        return SeenTexts.load(self._folder) if self._folder else None
