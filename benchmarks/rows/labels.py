"""From words to tags beside spaCy, from raw texts to labels beside fastText.

All are trained when the row is measured for the first time, on the same sentences and reviews, and
their models are kept; training and loading are not measured. spaCy's tagger has its own settings
(`init config --pipeline tagger`, efficiency) and our words; fastText has reviews in lower case with
punctuation apart, which is a part of what is measured, and bigrams.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from ..core import SEED, Clock, Contestant, Disagreement, Outcome, Row, Settings

QUICK = 20  # updates
UPDATES = 2_400  # of spaCy's tagger: where its accuracy on validation stays
FASTTEXT = {"lr": 0.25, "dim": 16, "wordNgrams": 2, "bucket": 500_000, "minCount": 2, "epoch": 6}
_MARKS = re.compile(r"([^\w\s']|_)")


def prepare(settings: Settings) -> None:
    """Our model, and for the others the files of training and test as plain text."""
    import seqkit
    from seqkit import recipes

    from ..machine import whole

    steps = {"train.steps": QUICK} if settings["quick"] else {}
    run = _folder(settings) / "run"
    if not run.exists():
        with whole(run) as part:
            seqkit.train(settings["recipe"], out=part, overrides=steps, device="cpu")

    data = recipes.load(settings["recipe"]).sections["data"]
    for kind in ("train", "valid", "test"):
        if kind in data:
            _write_plain(settings, kind, data["corpus"], data[kind])


def _write_plain(settings: Settings, part: str, corpus: str, names: Sequence[str]) -> None:
    from seqkit.data.files import read_lines
    from seqkit.recipes import corpora

    lines = [line for path in corpora().locate(corpus, names) for line in read_lines(path)]
    text = "".join(f"{line}\n" for line in lines)
    _text(settings, part).write_text(text, encoding="utf-8", newline="")


def by_seqkit(settings: Settings, clock: Clock) -> Outcome:
    import torch

    import seqkit

    torch.set_num_threads(1)
    model = seqkit.load(_folder(settings) / "run", device="cpu")
    data = model.read_test_data()
    if settings["kind"] == "tags":
        return _by_tagger(model, list(data), clock)
    return _by_classifier(model, data, clock)


def _by_tagger(tagger: Any, sentences: Sequence[Any], clock: Clock) -> Outcome:
    words = [words for words, _ in sentences]
    tagger.tag(words[:100])
    with clock:
        found = tagger.tag(words)
    return _outcome(chain.from_iterable(found), chain.from_iterable(tags for _, tags in sentences))


def _by_classifier(classifier: Any, data: Any, clock: Clock) -> Outcome:
    texts = data.texts.texts
    classifier.probabilities(texts[:100])
    with clock:
        found = classifier.probabilities(texts)
    best = [classifier.classes[place] for place in found.argmax(1)]
    return _outcome(best, [labels[0] for labels in data.texts.labels])


def by_spacy(settings: Settings, clock: Clock) -> Outcome | None:
    if settings["kind"] != "tags":
        return None
    import spacy
    from spacy.tokens import Doc

    nlp = spacy.load(_spacy_model(settings))
    sentences = _conllu(_text(settings, "test"))
    right = [tag for _, tags in sentences for tag in tags]
    nlp(Doc(nlp.vocab, words=sentences[0][0]))
    with clock:
        docs = (Doc(nlp.vocab, words=words) for words, _ in sentences)
        found = [token.tag_ for doc in nlp.pipe(docs, batch_size=256) for token in doc]
    return _outcome(found, right)


def _spacy_model(settings: Settings) -> Path:
    """Its tagger, trained on our sentences if it is not yet."""
    import spacy
    from spacy.cli.init_config import init_config
    from spacy.cli.train import train
    from spacy.tokens import Doc, DocBin

    model = _folder(settings) / "spacy"
    if (model / "model-best").exists():
        return model / "model-best"

    nlp = spacy.blank("en")
    files = {}
    for part in ("train", "valid"):
        docs = [
            Doc(nlp.vocab, words=words, tags=tags) for words, tags in _conllu(_text(settings, part))
        ]
        files[part] = _folder(settings) / f"{part}.spacy"
        DocBin(docs=docs).to_disk(files[part])

    config = _folder(settings) / "spacy.cfg"
    init_config(lang="en", pipeline=["tagger"], optimize="efficiency").to_disk(config)
    updates = QUICK if settings["quick"] else UPDATES
    overrides: dict[str, Any] = {"paths.train": str(files["train"])}
    overrides |= {"paths.dev": str(files["valid"]), "training.max_steps": updates}
    overrides |= {"training.eval_frequency": min(200, updates), "system.seed": SEED}
    train(config, model, overrides=overrides)
    return model / "model-best"


def _conllu(path: Path) -> list[tuple[list[str], list[str]]]:
    """Words and universal parts of speech of each sentence."""
    sentences = []
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        rows = [line.split("\t") for line in block.split("\n") if line[:1] != "#"]
        own = [row for row in rows if row[0].isdigit()]
        if own:
            sentences.append(([row[1] for row in own], [row[3] for row in own]))
    return sentences


def by_fasttext(settings: Settings, clock: Clock) -> Outcome | None:
    if settings["kind"] != "labels":
        return None
    import fasttext

    classifier = fasttext.load_model(str(_fasttext_model(settings)))
    rows = _reviews(_text(settings, "test"))
    with clock:
        # One by one through the binding itself: fasttext-wheel 0.9.2 fails with NumPy 2.
        found = [
            classifier.f.predict(f"{_apart(text)}\n", 1, 0.0, "strict")[0][1] for _, text in rows
        ]
    return _outcome([one.removeprefix("__label__") for one in found], [label for label, _ in rows])


def _fasttext_model(settings: Settings) -> Path:
    import fasttext

    model = _folder(settings) / "fasttext.bin"
    if model.exists():
        return model

    rows = _reviews(_text(settings, "train"))
    random.Random(SEED).shuffle(rows)
    text = model.with_suffix(".txt")
    lines = [f"__label__{label} {_apart(review)}\n" for label, review in rows]
    text.write_text("".join(lines), encoding="utf-8")
    options = {**FASTTEXT, "epoch": 1} if settings["quick"] else FASTTEXT
    fasttext.train_supervised(str(text), thread=1, seed=SEED, **options).save_model(str(model))
    return model


def _reviews(path: Path) -> list[tuple[str, str]]:
    """The label and the text of each line."""
    with path.open(encoding="utf-8", newline="\n") as lines:  # other ends of lines are text
        rows = [line.rstrip("\n").split("\t", 2) for line in lines]
    return [(row[0], row[2]) for row in rows]


def _apart(text: str) -> str:
    return " ".join(_MARKS.sub(r" \1 ", text.lower()).split())


def _outcome(found: Any, right: Any) -> Outcome:
    pairs = list(zip(found, right, strict=True))
    accuracy = sum(a == b for a, b in pairs) / len(pairs)
    return Outcome(len(pairs), {"outputs": len(pairs)}, f"accuracy {accuracy:.4f}")


def as_many(ours: dict[str, int], theirs: dict[str, int]) -> str:
    """Models differ, and so do their outputs; their accuracies stand beside their speeds."""
    if ours["outputs"] != theirs["outputs"]:
        raise Disagreement(f"{ours['outputs']:,} outputs beside {theirs['outputs']:,}")
    return f"{ours['outputs']:,} outputs each"


def _folder(settings: Settings) -> Path:
    folder = Path(settings["folder"], settings["kind"])
    folder.mkdir(exist_ok=True)
    return folder


def _text(settings: Settings, part: str) -> Path:
    return _folder(settings) / f"{part}.txt"


ROW = Row(
    title="tags of words and labels of texts",
    unit="outputs",
    cases={
        "parts of speech (English Web Treebank)": {
            "recipe": "ud-english-ewt/upos",
            "kind": "tags",
        },
        "film reviews (IMDB)": {"recipe": "imdb/bag", "kind": "labels"},
    },
    contestants=[
        Contestant("seqkit", by_seqkit),
        Contestant("spaCy", by_spacy, peer="spacy"),
        Contestant("fastText", by_fasttext, peer="fasttext"),
    ],
    agree=as_many,
    prepare=prepare,
)
