"""CTC decoding with a 5-gram: log probabilities in memory to the best text, loading not counted.

The outputs are made, not recorded: sentences of Multi30k's test text as peaked log probabilities
with blanks, repeats, confusions and noise. Labels are characters (32) or 700 subwords, the model is
of Multi30k's training text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..core import SEED, Clock, Contestant, Disagreement, Outcome, Row, Settings

BEAM = 100
SENTENCES = 10
MARKS = ["<pad>", "<s>", "</s>", "<unk>"]
LETTERS = [*MARKS, "|", *"abcdefghijklmnopqrstuvwxyz'"]
PIECES = 700
DIFFERENT = 0.2  # of the texts, at most: searches are approximate, each in its own way
CONFUSED = {"clear": 0.03, "noisy": 0.12, "very noisy": 0.25}  # frames in which another is likely
PAUSE = {"letters": 4, "pieces": 10}  # blank frames between labels


def prepare(settings: Settings) -> None:
    """The labels, the outputs, what was said, and the model, written once."""
    import numpy as np

    from seqkit import ngram

    from ..texts import lines_of

    folder = Path(settings["folder"])
    outputs = _outputs(settings)
    if outputs.exists():
        return
    names = ("train.en.gz", "test_2016_flickr.en.gz")
    train, test = [[_words_of(line) for line in lines_of("multi30k", name)] for name in names]
    test = test[: 2 if settings["quick"] else SENTENCES]
    if not (folder / "ctc.arpa").exists():
        ngram.save(ngram.train(train, order=5), folder / "ctc.arpa")

    of_kind = {"letters": _spelled, "pieces": _split}
    labels, ids = of_kind[settings["labels"]](folder, train, test)
    told = {"labels": labels, "said": test}
    _file(settings).write_text(json.dumps(told), encoding="utf-8")
    rng = np.random.default_rng(SEED)
    made = [_made(each, len(labels), settings, rng) for each in ids]
    np.savez(outputs, *made)


def _words_of(line: str) -> str:
    return " ".join(re.sub(r"[^a-z' ]+", " ", line.lower()).split())


Labelled = tuple[list[str], list[list[int]]]
"""The labels, and the ids of each line."""


def _spelled(folder: Path, train: list[str], test: list[str]) -> Labelled:
    by_letter = {letter: i for i, letter in enumerate(LETTERS)}
    return LETTERS, [[by_letter[letter] for letter in line.replace(" ", "|")] for line in test]


def _split(folder: Path, train: list[str], test: list[str]) -> Labelled:
    """By a SentencePiece model of the training text."""
    import sentencepiece

    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(train),
        model_prefix=str(folder / "pieces"),
        vocab_size=PIECES - 1,
        model_type="bpe",
        minloglevel=2,
    )
    model = sentencepiece.SentencePieceProcessor(model_file=str(folder / "pieces.model"))
    labels = [model.id_to_piece(i) for i in range(model.get_piece_size())]
    return ["<pad>", *labels], [[i + 1 for i in ids] for ids in model.encode(test)]


def _made(ids: Sequence[int], labels: int, settings: Settings, rng: Any) -> Any:
    """Log probabilities of labels, (T, V)."""
    import numpy as np

    pause = PAUSE[settings["labels"]]
    frames: list[int] = []
    for i in ids:
        frames += [0] * int(rng.integers(pause - 2, pause + 3))
        frames += [i] * int(rng.integers(1, 3))
    frames += [0] * pause

    said = np.array(frames)
    every = np.arange(len(said))
    logits = rng.normal(0, 1, (len(said), labels))
    logits[every, said] += 10
    logits[:, 0] += rng.normal(6, 1.5, len(said))  # the blank is never far

    rows = every[rng.random(len(said)) < CONFUSED[settings["noise"]]]
    others = rng.integers(len(MARKS), labels, len(rows))
    logits[rows, others] += rng.normal(10, 1.5, len(rows))
    logits -= np.log(np.exp(logits).sum(1, keepdims=True))
    return logits.astype(np.float32)


def by_seqkit(settings: Settings, clock: Clock) -> Outcome:
    from seqkit import ngram
    from seqkit.search import ctc

    model = ngram.load(Path(settings["folder"]) / "ctc.arpa")
    decoder = ctc.Decoder(_told(settings)["labels"], model)
    return _decoded(lambda output: decoder.decode(output)[0].text, settings, clock)


def by_pyctcdecode(settings: Settings, clock: Clock) -> Outcome:
    from pyctcdecode import build_ctcdecoder

    named = ["[PAD]" if label == "<pad>" else label for label in _told(settings)["labels"]]
    decoder = build_ctcdecoder(named, f"{settings['folder']}/ctc.arpa")
    return _decoded(lambda output: decoder.decode(output, beam_width=BEAM), settings, clock)


def _decoded(decode: Callable[[Any], str], settings: Settings, clock: Clock) -> Outcome:
    """Everything twice, the first time to warm up; the texts beside what was said."""
    import numpy as np

    with np.load(_outputs(settings)) as arrays:
        outputs = [arrays[key] for key in arrays.files]
    for output in outputs:
        decode(output)
    with clock:
        texts = [decode(output) for output in outputs]
    return Outcome(sum(map(len, outputs)), {"texts": texts, "said": _told(settings)["said"]})


def agree(ours: dict[str, list[str]], theirs: dict[str, list[str]]) -> str:
    """Few texts differ; word error rates are said."""
    pairs = list(zip(ours["texts"], theirs["texts"], strict=True))
    different = sum(a != b for a, b in pairs)
    rates = [_word_error_rate(each["texts"], each["said"]) for each in (ours, theirs)]
    said = f"{different} of {len(pairs)} texts differ, word errors {rates[0]:.2%} / {rates[1]:.2%}"
    if different > DIFFERENT * len(pairs):
        raise Disagreement(said)
    return said


def _word_error_rate(texts: list[str], said: list[str]) -> float:
    errors = sum(_distance(a.split(), b.split()) for a, b in zip(texts, said, strict=True))
    return errors / sum(len(line.split()) for line in said)


def _distance(a: list[str], b: list[str]) -> int:
    row = list(range(len(b) + 1))
    for i, word in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            same = before + (word != other)
            before, row[j] = row[j], min(same, row[j] + 1, row[j - 1] + 1)
    return row[-1]


def _outputs(settings: Settings) -> Path:
    return Path(settings["folder"]) / f"{settings['labels']}-{settings['noise']}.npz"


def _file(settings: Settings) -> Path:
    return Path(settings["folder"]) / f"{settings['labels']}.json"


def _told(settings: Settings) -> Any:
    return json.loads(_file(settings).read_text(encoding="utf-8"))


ROW = Row(
    title="CTC decoding, beam 100, with a 5-gram of Multi30k's English",
    unit="frames",
    cases={
        f"{labels}, {noise}": {"labels": labels, "noise": noise}
        for labels in PAUSE
        for noise in CONFUSED
    },
    contestants=[
        Contestant("seqkit", by_seqkit),
        Contestant("pyctcdecode", by_pyctcdecode, peer="pyctcdecode"),
    ],
    agree=agree,
    prepare=prepare,
    targets={f"{labels}, {noise}": {"pyctcdecode": 1} for labels in PAUSE for noise in CONFUSED},
)
