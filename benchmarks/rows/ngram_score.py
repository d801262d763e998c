"""Scores by n-gram models: a decoder's inner loop, line by line, whole files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..core import Clock, Contestant, Outcome, Row, Settings, close

ORDER = 5
BEAM, BATCHES = 1000, 200


def prepare(settings: Settings) -> None:
    """The model of the training text, trained once, as ARPA and in our own format."""
    from seqkit import ngram
    from seqkit.data.files import read_lines

    from ..english import prepared

    folder = Path(settings["folder"])
    prepared(folder, "test")
    text = prepared(folder, "train")
    if not (folder / "states.lm").exists():
        trained = ngram.train(list(read_lines(text)), order=ORDER)
        ngram.save(trained, folder / "states.arpa")
        ngram.save(trained, folder / "states.lm")


def by_seqkit(settings: Settings, clock: Clock) -> Outcome:
    from seqkit import ngram

    model = ngram.load(Path(settings["folder"]) / "states.lm")
    model.step(model.begin(), "the")  # what single steps need is made by the first
    lines = _lines(settings)
    total = {"words": _by_words, "lines": _by_lines, "beam": _by_beam, "blocks": _by_blocks}
    work, score = total[settings["by"]](model, lines, clock)
    return Outcome(work, {"sum": score})


def _by_words(model: Any, lines: list[list[str]], clock: Clock) -> tuple[int, float]:
    total = 0.0
    step = model.step
    with clock:
        for words in lines:
            state = model.begin()
            for word in words:
                score, state = step(state, word)
                total += score
    return sum(map(len, lines)), total


def _by_lines(model: Any, lines: list[list[str]], clock: Clock) -> tuple[int, float]:
    texts = [" ".join(words) for words in lines]
    with clock:
        total = sum(model.score(text) for text in texts)
    return sum(map(len, lines)), total


def _by_blocks(model: Any, lines: list[list[str]], clock: Clock) -> tuple[int, float]:
    from seqkit.ngram.text import from_lines

    texts = [" ".join(words) for words in lines]
    with clock:
        record = model.evaluate_blocks(from_lines(texts))
    return record.tokens, record.perplexity


def _by_beam(model: Any, lines: list[list[str]], clock: Clock) -> tuple[int, float]:
    """States in the middle of sentences, and words drawn from the text for each."""
    import numpy as np

    states = []
    for words in lines[:BEAM]:
        state = model.begin()
        for word in words[:4]:
            _, state = model.step(state, word)
        states.append(state)

    ids = model.ids([word for words in lines for word in words])
    rng = np.random.default_rng(1)
    drawn = [rng.choice(ids, len(states)) for _ in range(BATCHES)]
    batch = model.batch(states)
    with clock:
        for each in drawn:
            model.step_batch(batch, each)
    return len(states) * BATCHES, 0.0


def by_kenlm(settings: Settings, clock: Clock) -> Outcome | None:
    import kenlm

    if settings["by"] not in ("words", "lines"):
        return None
    model = kenlm.Model(f"{settings['folder']}/states.arpa")
    lines = _lines(settings)
    texts = [" ".join(words) for words in lines]
    total = 0.0
    if settings["by"] == "lines":
        with clock:
            total = sum(model.score(text) for text in texts)
        return Outcome(sum(map(len, lines)), {"sum": total})

    with clock:
        for words in lines:
            state, after = kenlm.State(), kenlm.State()
            model.BeginSentenceWrite(state)
            for word in words:
                total += model.BaseScore(state, word, after)
                state, after = after, state
    return Outcome(sum(map(len, lines)), {"sum": total})


def _lines(settings: Settings) -> list[list[str]]:
    name = "train" if settings["by"] == "blocks" and not settings["quick"] else "test"
    text = (Path(settings["folder"]) / f"{name}.txt").read_text(encoding="utf-8")
    return [line.split() for line in text.splitlines() if line]


ROW = Row(
    title="scores by an n-gram model of order 5 of Tatoeba's English",
    unit="words",
    cases={
        "word by word": {"by": "words"},
        "line by line": {"by": "lines"},
        "1,000 states at once": {"by": "beam"},
        "perplexity of the training text": {"by": "blocks"},
    },
    contestants=[
        Contestant("seqkit", by_seqkit),
        Contestant("KenLM's Python module", by_kenlm, peer="kenlm"),
    ],
    agree=close(1e-4),
    prepare=prepare,
)
