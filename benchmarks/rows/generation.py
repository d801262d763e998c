"""Generation by a Transformer language model, and the hypotheses of a search that hears it."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from ..core import Clock, Contestant, Outcome, Row, Settings, same_lines

LINES = 30_000
HYPOTHESES, STEPS = 50, 40


def prepare(settings: Settings) -> None:
    """8,000 subwords of Tatoeba's English."""
    from seqkit.text import TextConfig, Tokenizer

    from ..machine import whole
    from ..texts import TATOEBA, lines_of

    folder = Path(settings["folder"]) / "tokenizer"
    if folder.exists():
        return
    lines = islice(lines_of(*TATOEBA, 0), LINES)
    tokenizer = Tokenizer.train(lines, TextConfig(tokenizer="sentencepiece", vocab_size=8000))
    with whole(folder) as part:
        part.mkdir()
        tokenizer.save(part)


def by_seqkit(settings: Settings, clock: Clock) -> Outcome:
    model = _untrained(settings)
    if "hypotheses" in settings:
        return _searched(model, settings["hypotheses"], clock)

    length = 20 if settings["quick"] else settings["length"]
    _text(model, 10)
    with clock:
        text = _text(model, length)
    return Outcome(length, [text])


def _untrained(settings: Settings) -> Any:
    """Time does not depend on the weights."""
    import torch

    from seqkit.config import build
    from seqkit.language.language_model import LanguageModel
    from seqkit.plugins import components
    from seqkit.text import Tokenizer

    torch.set_num_threads(1)
    torch.manual_seed(0)
    tokenizer = Tokenizer.load(Path(settings["folder"]) / "tokenizer")
    network = components().models.load("transformer-lm")
    made = network(
        build(network.Config, network.presets[settings["preset"]], "[model]"),
        vocab=len(tokenizer.vocab),
    )
    return LanguageModel(made.eval(), tokenizer, name="transformer-lm", steps=256, stride=128)


def _text(model: Any, length: int) -> str:
    return "".join(map(str, model.generate(prompt="Tom", length=length, seed=0, stop=False)))


def _searched(model: Any, hypotheses: int, clock: Clock) -> Outcome:
    """A token more for every hypothesis, which then change places, as in a search."""
    import numpy as np

    scorer = model.scorer()
    tokens = np.arange(hypotheses) + 10
    with clock:
        states = scorer.begin(hypotheses)
        for _ in range(STEPS):
            _, states = scorer.step(states, tokens)
            states = scorer.select(states, list(reversed(range(hypotheses))))
    return Outcome(hypotheses * STEPS, [])


ROW = Row(
    title="tokens that a Transformer language model generates, or scores in a search",
    unit="tokens",
    cases={
        "tiny, 200 tokens": {"preset": "tiny", "length": 200},
        "tiny, 800 tokens": {"preset": "tiny", "length": 800},
        "small, 200 tokens": {"preset": "small", "length": 200},
        "tiny, 50 hypotheses": {"preset": "tiny", "hypotheses": HYPOTHESES},
        "small, 50 hypotheses": {"preset": "small", "hypotheses": HYPOTHESES},
    },
    contestants=[Contestant("seqkit", by_seqkit)],
    agree=same_lines(),
    prepare=prepare,
)
