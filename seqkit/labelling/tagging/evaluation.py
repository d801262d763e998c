"""Measure a tagger, and the counting beside it, on sentences whose tags are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ...data import digest
from ...data.seen import SeenTexts
from ...errors import DataError, shortened
from .baseline import Baseline
from .learned import by_characters, count_broken
from .reading import Sentence
from .report import Scores, TaggingReport, Tags
from .schemes import convert
from .tags import TagSet

_DIGITS = 12  # of the digest of the sentences, in the signature
Words = Sequence[Sequence[str]]  # of N sentences


@dataclass(frozen=True)
class HeldOutSentences:
    """Sentences to measure on, and where they are from."""

    name: str
    sentences: Sequence[Sentence]

    def __iter__(self) -> Iterator[Sentence]:
        return iter(self.sentences)

    def __len__(self) -> int:
        return len(self.sentences)

    def __repr__(self) -> str:
        return f"<HeldOutSentences: {len(self):,} of {self.name}>"


def measure(
    data: HeldOutSentences,
    tag: Callable[[Words], list[list[str]]],
    tags: TagSet,
    *,
    segments: bool,
    baseline: Baseline | None = None,
    seen: SeenTexts | None = None,
) -> TaggingReport:
    """Compare the tags that `tag` finds, in the scheme that was learned, with the right ones.

    With `segments`, the words of the sentences are what is to be found. Raises `DataError` for no
    sentences, and for one without words or with more or fewer tags than words.
    """
    _check(data, segments=segments)
    texts = [words for words, _ in data]
    read = [by_characters(words, tags.scheme) for words in texts] if segments else list(data)

    inputs = [words for words, _ in read]
    actual = [sentence.tags for sentence in read]
    found = tag(inputs)
    predicted = [convert(row, tags.written) for row in found]

    def scored(ours: Tags) -> Scores:
        scores = Scores.of(ours, actual, tags.written)
        if segments and baseline is not None:
            return scores.with_recall(ours, texts, baseline.words)
        return scores

    baselines: dict[str, Scores] = {}
    if baseline is not None:
        counted = [baseline.tag(words, tags.written) for words in inputs]
        baselines[baseline.name] = scored(counted)

    notes = [] if segments else _notes_on_tags(read, tags)
    if seen is not None:
        sentences = seen.count(sentences=(" ".join(words) for words in texts))
        notes += [str(one) for one in sentences if one.found]

    return TaggingReport(
        scored(predicted),
        predicted,
        actual,
        unit="characters" if segments else "words",
        baselines=baselines,
        signature_fields=_signature(data, tags, segments=segments),
        notes=notes,
    )


def _check(data: HeldOutSentences, *, segments: bool) -> None:
    if not len(data):
        raise DataError(f"{data.name}: there are no sentences to measure on")
    for number, (words, tags) in enumerate(data, 1):
        if not words or not all(words):
            raise DataError(f"{data.name}: sentence {number} has no words, or an empty one")
        if not segments and len(words) != len(tags):
            raise DataError(
                f"{data.name}: sentence {number} has {len(words)} words and {len(tags)} tags"
            )


def _notes_on_tags(sentences: Sequence[Sentence], tags: TagSet) -> list[str]:
    """What to say of broken sequences and of tags that the model does not know."""
    notes: list[str] = []
    broken = count_broken(sentences, tags.written)
    if broken:
        notes.append(
            f"{broken:,} of {len(sentences):,} sentences have tags that are not {tags.written}: "
            "their spans are counted by the rules of conlleval"
        )

    unknown = sorted({tag for sentence in sentences for tag in sentence.tags} - tags.written_names)
    if unknown:
        notes.append(
            f"the model does not know these tags, so that their words count as wrong: "
            f"{shortened(unknown)}"
        )
    return notes


def _signature(data: HeldOutSentences, tags: TagSet, *, segments: bool) -> dict[str, str]:
    content = digest.of_lines(" ".join([*words, *own]) for words, own in data)
    fields = {"task": "segmentation" if segments else "tagging", "sentences": str(len(data))}
    if tags.spells_spans:
        fields |= {"scheme": tags.written, "spans": "exact"}
    return {**fields, "content": content[:_DIGITS]}
