"""Taggers and classifiers beside spaCy and fastText: CPU seconds of a test set in memory.

    taskset -c 1 python benchmarks/labelling_speed.py RUN
    taskset -c 1 VENV/bin/python benchmarks/labelling_speed.py --spacy MODEL test.conllu
    taskset -c 1 VENV/bin/python benchmarks/labelling_speed.py --fasttext MODEL test.tsv.gz

Each from words to tags or from raw texts to labels, loading not counted, with the accuracy beside.
Peers run in the Python that has them. spaCy's tagger was trained on the same sentences, their
universal parts of speech in the column of its tags; its words are given, as ours are. fastText was
trained on the same reviews, shuffled, by `train_supervised(lr=0.25, dim=16, epoch=6, wordNgrams=2,
bucket=500000, minCount=2)`, punctuation apart and in lower case, which is part of what is measured.
"""

from __future__ import annotations

import argparse
import gzip
import re
import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

ROUNDS = 3
_MARKS = re.compile(r"([^\w\s']|_)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="a run folder, or a peer's model")
    parser.add_argument("test", nargs="?", type=Path, help="for peers: their test set")
    peer = parser.add_mutually_exclusive_group()
    peer.add_argument("--spacy", action="store_true")
    peer.add_argument("--fasttext", action="store_true")
    given = parser.parse_args()

    if given.spacy:
        measure_spacy(given.model, given.test)
    elif given.fasttext:
        measure_fasttext(given.model, given.test)
    else:
        measure_run(given.model)


def measure_run(run: str) -> None:
    import torch

    import seqkit

    torch.set_num_threads(1)
    model = seqkit.load(run, device="cpu")
    data = model.read_test_data()
    if hasattr(model, "tag"):
        _measure_tagger(model, list(data))
    else:
        _measure_classifier(model, data)


def _measure_tagger(tagger: Any, sentences: Sequence[Any]) -> None:
    words = [words for words, _ in sentences]
    if tagger.segments:
        words = [list("".join(one)) for one in words]

    tagger.tag(words[:100])
    found = _timed(lambda: tagger.tag(words), sum(map(len, words)), tagger.data.unit)
    if not tagger.segments:
        right = (tags for _, tags in sentences)
        _print_accuracy([*chain.from_iterable(found)], [*chain.from_iterable(right)])


def _measure_classifier(classifier: Any, data: Any) -> None:
    texts = data.texts.texts
    classifier.probabilities(texts[:100])
    found = _timed(lambda: classifier.probabilities(texts), len(texts), "texts")

    best = [classifier.classes[place] for place in found.argmax(1)]
    _print_accuracy(best, [labels[0] for labels in data.texts.labels])


def measure_spacy(model: str, test: Path) -> None:
    import spacy
    from spacy.tokens import Doc

    nlp = spacy.load(model)
    words, tags = _conllu(test)

    def tag() -> list[list[str]]:
        docs = (Doc(nlp.vocab, words=sentence) for sentence in words)
        return [[token.tag_ for token in doc] for doc in nlp.pipe(docs, batch_size=256)]

    found = _timed(tag, sum(map(len, words)), "words")
    _print_accuracy([*chain.from_iterable(found)], [*chain.from_iterable(tags)])


def _conllu(path: Path) -> tuple[list[list[str]], list[list[str]]]:
    """Words and universal parts of speech."""
    words: list[list[str]] = []
    tags: list[list[str]] = []
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        rows = [line.split("\t") for line in block.splitlines() if line[:1] != "#"]
        own = [row for row in rows if row[0].isdigit()]
        if own:
            words.append([row[1] for row in own])
            tags.append([row[3] for row in own])
    return words, tags


def measure_fasttext(model: str, test: Path) -> None:
    import fasttext

    classifier = fasttext.load_model(model)
    with gzip.open(test, "rt", encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t", 2) for line in file]
    texts = [row[2] for row in rows]

    def classify() -> list[str]:
        # One by one through the binding itself: fasttext-wheel 0.9.2 fails with NumPy 2.
        lines = (" ".join(_MARKS.sub(r" \1 ", text.lower()).split()) + "\n" for text in texts)
        return [classifier.f.predict(line, 1, 0.0, "strict")[0][1] for line in lines]

    found = _timed(classify, len(texts), "texts")
    _print_accuracy([label.removeprefix("__label__") for label in found], [row[0] for row in rows])


def _timed(work: Callable[[], Any], count: int, unit: str) -> Any:
    for _ in range(ROUNDS):
        start = time.process_time()
        found = work()
        seconds = time.process_time() - start
        print(f"{count:,} {unit} in {seconds:.2f} CPU s: {count / seconds:,.0f} a second")
    return found


def _print_accuracy(found: Sequence[str], right: Sequence[str]) -> None:
    hits = sum(a == b for a, b in zip(found, right, strict=True))
    print(f"accuracy {hits / len(right):.4f}")


if __name__ == "__main__":
    main()
