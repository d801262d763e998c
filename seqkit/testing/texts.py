"""Conformance of tokenizers and metrics."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..plugins import components

TEXTS = (
    "The old man sees a red house.",
    "a",
    "Two children, three dogs!",
    "don't stop (now): 3.14",
    "Zürich is far away.",
    "漢字 and かな",
)
AWKWARD_TEXTS = ("", " ", "  two  spaces ", "\u2581", "a\tb", "<unk>", "</s>", "👩‍🚀", "\ufeff")
_VOCAB_SIZE = 330  # room for 256 bytes and the characters of `TEXTS`


def check_tokenizer(name: str, texts: Sequence[str] = TEXTS) -> None:
    """Check a registered tokenizer: text comes back, and a saved one splits as before.

    `texts` must be such that the tokenizer loses nothing of them. Texts with odd characters need
    not come back, but splitting and joining them once more changes nothing.
    """
    cls: Any = components().tokenizers.load(name)
    trained = cls.has_own_vocab
    model = cls.train(list(texts) * 20, vocab_size=_VOCAB_SIZE) if trained else cls()
    assert model.unit in ("word", "character", "subword"), f"unit is {model.unit!r}"

    for text in texts:
        tokens = model.split(text)
        assert "" not in tokens, f"an empty token in {text!r}: {tokens}"
        assert model.split(text) == tokens, f"splitting {text!r} is random"
        joined = model.join(tokens)
        assert joined == text, f"{text!r} comes back as {joined!r}"

    for text in AWKWARD_TEXTS:
        once = model.join(model.split(text))
        twice = model.join(model.split(once))
        assert once == twice, f"{text!r} comes back as {once!r}, and that as {twice!r}"

    _check_saved_tokenizer(cls, model, texts)
    if trained:
        _check_pieces(model, texts)


def _check_saved_tokenizer(cls: Any, model: Any, texts: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder))
        again = cls.load(Path(folder))
        for text in (*texts, *AWKWARD_TEXTS):
            assert again.split(text) == model.split(text), (
                f"saved and loaded, it splits {text!r} anew"
            )


def _check_pieces(model: Any, texts: Sequence[str]) -> None:
    ids = model.encode_ids(texts)
    for text, row in zip(texts, ids, strict=True):
        pieces = [model.pieces[id_] for id_ in row]
        assert pieces == model.split(text), f"encode_ids and split differ on {text!r}"


def check_metric(name: str) -> None:
    """Check a registered metric of output texts: range of scores, signature, direction."""
    metric: Any = components().metrics.load(name)
    assert metric.name == name, f"it is registered as {name!r} and calls itself {metric.name!r}"
    assert metric.better in ("lower", "higher"), f"better is {metric.better!r}"

    outputs = list(TEXTS)
    perfect = metric(outputs, [outputs])
    wrong = metric([text[::-1] for text in outputs], [outputs])
    assert perfect.signature, "a score has no signature"
    assert perfect.signature == metric(outputs, [outputs]).signature, "its signature is random"
    if metric.better == "higher":
        assert perfect.score > wrong.score, (
            f"right texts score {perfect.score}, wrong {wrong.score}"
        )
    else:
        assert perfect.score < wrong.score, (
            f"right texts score {perfect.score}, wrong {wrong.score}"
        )

    some_have_two = [outputs, [outputs[0], *[None] * (len(outputs) - 1)]]
    second = metric(outputs, some_have_two).score
    assert second == perfect.score, (
        f"a second reference for one text changes {perfect.score} to {second}"
    )
