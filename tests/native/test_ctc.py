"""The compiled search beside the one in NumPy: the same texts, scores and times of words."""

import numpy as np
import pytest

from seqkit import ngram
from seqkit.errors import DataError
from seqkit.native.library import ENVIRONMENT
from seqkit.search import ctc
from seqkit.search.ctc import decoder as decoding
from seqkit.search.ctc.compiled import CompiledBeam

LETTERS = ["<pad>", "|", "a", "b", "c", "d"]
PIECES = ["<blank>", "▁a", "▁ab", "a", "b", "ab", "▁", "c", "▁d", "d"]
LINES = ["a bad cab", "a cab", "dab a cab", "bad dad", "abc ab a"] * 3


def outputs(rng, frames, labels, *, sharpness):
    logits = rng.normal(0, sharpness, (frames, labels))
    logits -= np.log(np.exp(logits).sum(1, keepdims=True))
    return logits


def same(found, expected):
    assert [each.text for each in found] == [each.text for each in expected]
    assert [each.words for each in found] == [each.words for each in expected]
    for part in ("score", "acoustic", "lm", "hotwords", "unknown"):
        ours = [getattr(each, part) for each in found]
        assert ours == pytest.approx([getattr(each, part) for each in expected], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    "labels", [LETTERS, PIECES, ["-", "a", "b", "c"]], ids=["letters", "pieces", "tokens"]
)
@pytest.mark.parametrize("with_lm", [False, True])
@pytest.mark.parametrize("hotwords", [(), ("cab", "dad")])
@pytest.mark.parametrize("beam", [3, 60])
def test_texts_scores_and_times_are_those_of_numpy(
    used, monkeypatch, labels, with_lm, hotwords, beam
):
    lm = ngram.train(LINES, order=3) if with_lm else None
    alphabet = ctc.Alphabet.of(labels, blank=0)
    hotwords = () if alphabet.kind == "tokens" else hotwords
    decoder = ctc.Decoder(alphabet, lm, beam=beam, beam_prune_logp=-8.0, token_min_logp=-4.0)
    rng = np.random.default_rng(beam)
    for sharpness in (1.0, 3.0, 8.0):
        logs = outputs(rng, 25, len(labels), sharpness=sharpness)
        found = decoder.decode(logs, nbest=5, hotwords=hotwords)
        with monkeypatch.context() as without:
            without.setenv(ENVIRONMENT, "off")
            same(found, decoder.decode(logs, nbest=5, hotwords=hotwords))


def test_a_lexicon_is_obeyed_alike(used, monkeypatch):
    decoder = ctc.Decoder(LETTERS, lexicon=["bad", "cab", "a"], beam=20)
    logs = outputs(np.random.default_rng(1), 40, len(LETTERS), sharpness=2.0)
    found = decoder.decode(logs, nbest=3)
    monkeypatch.setenv(ENVIRONMENT, "off")
    same(found, decoder.decode(logs, nbest=3))


def test_long_streams_that_forget_are_the_same(used, monkeypatch):
    """The tables grow over and over, and are cut back."""
    monkeypatch.setattr(decoding, "_FORGET_AT", 300)
    lm = ngram.train(LINES, order=3)
    decoder = ctc.Decoder(LETTERS, lm, beam=50, token_min_logp=-6.0)
    logs = outputs(np.random.default_rng(2), 300, len(LETTERS), sharpness=2.0)

    def streamed():
        stream = decoder.stream()
        for begin in range(0, len(logs), 70):
            stream.push(logs[begin : begin + 70])
        return stream.best(3), stream.finish(3)

    found = streamed()
    monkeypatch.setenv(ENVIRONMENT, "off")
    for ours, expected in zip(found, streamed(), strict=True):
        same(ours, expected)


def test_what_cannot_be_spelled_is_one_error_with_the_library_and_without(used, monkeypatch):
    decoder = ctc.Decoder(LETTERS, lexicon=["bad"])
    logs = np.full((2, len(LETTERS)), -np.inf)
    logs[:, LETTERS.index("c")] = 0.0
    with pytest.raises(DataError) as found:
        decoder.decode(logs)
    monkeypatch.setenv(ENVIRONMENT, "off")
    with pytest.raises(DataError) as expected:
        decoder.decode(logs)
    assert str(found.value) == str(expected.value)


def test_the_library_is_what_searches(used):
    stream = ctc.Decoder(LETTERS).stream()
    assert isinstance(stream._beam, CompiledBeam)
    assert not stream.finish()[0].text
