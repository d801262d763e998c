"""CTranslate2 gives what our own search gives: hypotheses, scores, log probabilities."""

import string

import pytest
import torch

import seqkit
from seqkit.search.rules import Rules
from seqkit.search.settings import SearchConfig
from seqkit.text import Vocab
from seqkit.text.vocab import BOS, EOS, PAD, UNK
from seqkit.training.checkpoint import unique_tensors
from seqkit.translation.engines import own
from seqkit.translation.engines.searcher import OWN
from seqkit.translation.exporters.ctranslate2 import model_files
from seqkit.translation.models.transformer import Transformer, TransformerConfig
from seqkit.translation.weights import weights_of

pytest.importorskip("ctranslate2")
from seqkit.translation.engines.ctranslate2 import CTranslate2

LINES = [
    "Where is the station?",
    "I have lost my keys. Have you seen them?",
    "Tom doesn't know what Mary is doing in 1984.",
    "",
    "   ",
    "No.",
    "We'll meet again where the two rivers that you know so well come together.",
]

SAME = {
    "the model's own": {},
    "greedy": {"beam": 1},
    "beam 4": {"beam": 4},
    "n-best": {"nbest": 5},
    "no length penalty": {"length_penalty": 0.0, "nbest": 5},
    "half a length penalty": {"length_penalty": 0.5, "nbest": 3},
    "patient": {"beam": 3, "beam_patience": 2.0, "nbest": 3},
    "hasty": {"beam": 4, "beam_patience": 0.3},
    "whole lines": {"split": False, "nbest": 2},
    "short outputs": {"max_length": 4, "nbest": 2},
    "at most half as long": {"max_ratio": 0.3, "max_extra": 1},
    "<unk> kept": {"unknown": "keep"},
}

OURS = {
    "prefix": {"prefix": "Ich"},
    "must": {"must": ["Bahnhof"]},
    "suppress": {"suppress": ["?"]},
    "min_length": {"min_length": 4},
    "no_repeat_ngram": {"no_repeat_ngram": 1},
    "sample": {"sample": True},
    "mbr": {"mbr": 2},
    "groups": {"beam": 4, "groups": 2},
    "coverage_penalty": {"coverage_penalty": 0.2},
    "normalize = gnmt": {"normalize": "gnmt"},
    "unknown = copy": {"unknown": "copy"},
    "beam_patience with a beam of 1": {"beam": 1, "beam_patience": 2.0},
    "nbest with a beam_patience below 1": {"nbest": 4, "beam_patience": 0.3},
}


@pytest.fixture(scope="module")
def by_torch(shipped):
    return seqkit.load(shipped, device="cpu", engine="torch")


@pytest.fixture(scope="module")
def by_either(shipped):
    return seqkit.load(shipped, device="cpu")


@pytest.mark.parametrize("settings", SAME.values(), ids=SAME)
def test_the_shipped_model_translates_alike(by_torch, by_either, settings):
    wanted = by_torch.translate_nbest(LINES, **settings)
    found = by_either.translate_nbest(LINES, **settings)

    assert [[t.text for t in nbest] for nbest in found] == [
        [t.text for t in nbest] for nbest in wanted
    ]
    for mine, theirs in zip(wanted, found, strict=True):
        assert [t.score for t in theirs] == pytest.approx([t.score for t in mine], abs=1e-4)
        log_probabilities = [t.log_probability for t in mine]
        assert [t.log_probability for t in theirs] == pytest.approx(log_probabilities, abs=1e-4)

    engines = {t.engine for nbest in found for t in nbest if t.tokens}
    comes_to_its_limit = "max_length" in settings or "max_ratio" in settings
    assert "ctranslate2 float32" in engines or comes_to_its_limit
    assert engines == {"ctranslate2 float32"} or comes_to_its_limit


@pytest.mark.parametrize("name", OURS)
def test_what_it_does_in_another_way_is_left_to_our_own_search(by_torch, by_either, name):
    settings = OURS[name]
    ((wanted, *_),) = by_torch.translate_nbest(LINES[:1], **settings)
    ((found, *_),) = by_either.translate_nbest(LINES[:1], **settings)
    assert (found.text, found.score) == (wanted.text, wanted.score)
    assert found.engine == OWN
    assert next(by_either.predict(LINES[:1], **settings)).record()["engine"] == OWN


@pytest.mark.parametrize("name", OURS)
def test_asked_for_in_particular_it_names_what_it_does_not_do(shipped, name):
    translator = seqkit.load(shipped, device="cpu", engine="ctranslate2")
    with pytest.raises(seqkit.SeqkitError, match=f"as our own search does: {name}; leave it out"):
        translator.predict([], **OURS[name])


# Other models

KINDS = {
    "norms after": {"prenorm": False, "activation": "swish"},
    "untied": {"tie": False, "activation": "gelu"},
    "zero start, no <eos> in the source": {"zero_start": True, "source_eos": False},
    "learned positions": {"learned_positions": 40, "activation": "gelu-tanh"},
}
VOCAB = Vocab([*string.ascii_lowercase])


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("beam", [1, 4])
def test_every_kind_of_transformer_translates_alike(kind, beam):
    config, model = _ending_soon(kind)
    state = {name: tensor.numpy() for name, tensor in unique_tensors(model).items()}
    weights = weights_of(state, (2, 2), prenorm=config.prenorm)
    files = model_files(weights, vars(config), VOCAB.tokens, VOCAB.tokens)
    engine = CTranslate2(
        lambda: files, VOCAB.tokens, VOCAB.tokens, number="float32", positions=40, threads=2
    )

    search = SearchConfig(beam=beam, nbest=min(beam, 3))
    rules = Rules(suppress=frozenset([UNK]))
    sources = [[*torch.randint(4, 30, (1 + i % 9,)).tolist(), EOS] for i in range(40)]
    sources.append([*[5] * 50, EOS])  # longer than the positions that it has
    wanted = own.search([model], sources[:-1], search, rules=rules, batch_tokens=100)
    found = engine.search(sources, search, rules=rules, batch_tokens=100)

    assert found.pop() is None
    same = [(w, f) for w, f in zip(wanted, found, strict=True) if f is not None]
    assert len(same) > 20
    for mine, theirs in same:
        assert [h.ids for h in theirs] == [h.ids for h in mine]
        assert [h.score for h in theirs] == pytest.approx([h.score for h in mine], abs=1e-4)


def _ending_soon(kind):
    """A random model that mostly comes to an end, and knows that it has no special tokens."""
    torch.manual_seed(7)
    config = TransformerConfig(
        width=16, hidden=32, heads=2, encoder_layers=2, decoder_layers=2, output_bias=True, **kind
    )
    model = Transformer(config, target_vocab=len(VOCAB)).eval().requires_grad_(False)
    model.output_bias[[PAD, BOS, UNK]] = -1e4
    model.output_bias[EOS] = 2.0
    return config, model
