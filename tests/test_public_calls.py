"""Whatever is wrong in a call from Python is one of our errors, in one line."""

import pytest
import torch
from language import tiny

import seqkit
from seqkit import ngram
from seqkit.errors import CheckpointError, SeqkitError
from seqkit.search import SearchConfig
from seqkit.text import TextConfig, Tokenizer, Vocab, built_in, ngrams, split_sentences
from seqkit.translation.evaluation import TestSet

COUNTED = ngram.train(tiny.LINES, order=2)
NETWORK = tiny.untrained("lstm")
VOCAB = Vocab(["a", "b"])
HUGE = 10**5000
NAN = float("nan")


def train(out, **how):
    return seqkit.train("demo/en-de", out=out, **how)


CALLS = {
    "load: a number": lambda: seqkit.load(3),
    "load: no device": lambda: seqkit.load(device=None),
    "load: a device of no name": lambda: seqkit.load(device="gpu"),
    "load: a device without numbers": lambda: seqkit.load(device="meta"),
    "load: another task": lambda: seqkit.load(task=3),
    "train: no config": lambda: seqkit.train(None, out="x"),
    "train: no folder": lambda: train(None),
    "train: a NUL": lambda: train("a\0b"),
    "train: a list of overrides": lambda: train("x", overrides=["a=b"]),
    "train: a large seed": lambda: train("x", overrides={"train.seed": 2**63}),
    "train: a huge seed": lambda: train("x", overrides={"train.seed": HUGE}),
    "train: a negative seed": lambda: train("x", overrides={"train.seed": -1}),
    "train: no listener": lambda: train("x", listener=3),
    "read_lines: None": lambda: list(seqkit.data.read_lines(None)),
    "read_lines: a NUL": lambda: list(seqkit.data.read_lines("a\0b")),
    "fetch: a number": lambda: seqkit.data.fetch(3),
    "Corpora.card: None": lambda: seqkit.data.Corpora().card(None),
    "split_sentences: None": lambda: split_sentences(None),
    "split_sentences: a list": lambda: split_sentences(["a"]),
    "built_in: None": lambda: built_in(None),
    "built_in: a list": lambda: built_in(["word"]),
    "ngrams: order 0": lambda: ngrams(["a"], 0),
    "ngrams: a string": lambda: ngrams(["a"], "2"),
    "Tokenizer.load: None": lambda: Tokenizer.load(None),
    "Tokenizer.load: a NUL": lambda: Tokenizer.load("a\0b"),
    "Tokenizer.train: no config": lambda: Tokenizer.train(["a"], None),
    "Tokenizer.train: a dict": lambda: Tokenizer.train(["a"], {"tokenizer": "word"}),
    "Tokenizer.decode: a large id": lambda: NETWORK.tokenizer.decode([10**6]),
    "Vocab.load: None": lambda: Vocab.load(None),
    "Vocab.load: a NUL": lambda: Vocab.load("a\0b"),
    "Vocab.decode: a large id": lambda: VOCAB.decode([99]),
    "Vocab.decode: a string": lambda: VOCAB.decode("ab"),
    "Vocab.decode: None": lambda: VOCAB.decode(None),
    "Vocab.build: a negative size": lambda: Vocab.build([["a"]], max_size=-1),
    "Vocab.build: a string": lambda: Vocab.build([["a"]], min_freq="2"),
    "Vocab: an unknown token": lambda: Vocab(["a"], specials=())["b"],
    "TextConfig": lambda: TextConfig(vocab_size="8000"),
    "SearchConfig": lambda: SearchConfig(beam=0),
    "ngram.train: order 0": lambda: ngram.train(tiny.LINES, order=0),
    "ngram.train: a string": lambda: ngram.train(tiny.LINES, order="3"),
    "ngram.train: a float": lambda: ngram.train(tiny.LINES, order=2.0),
    "ngram.train: one number to prune": lambda: ngram.train(tiny.LINES, prune=1),
    "ngram.train: words to prune": lambda: ngram.train(tiny.LINES, prune=["a"]),
    "ngram.train: less than nothing to prune": lambda: ngram.train(tiny.LINES, prune=[-1]),
    "ngram.train: no smoothing": lambda: ngram.train(tiny.LINES, smoothing=None),
    "ngram.train: smoothings": lambda: ngram.train(tiny.LINES, smoothing=["katz"]),
    "ngram.train: a string for k": lambda: ngram.train(tiny.LINES, smoothing="add-k", k="1"),
    "ngram.train: nan for k": lambda: ngram.train(tiny.LINES, smoothing="add-k", k=NAN),
    "ngram.train: no memory": lambda: ngram.train(tiny.LINES, memory=-1),
    "ngram.train: a string of memory": lambda: ngram.train(tiny.LINES, memory="1G"),
    "ngram.train: a number for a tokenizer": lambda: ngram.train(tiny.LINES, tokenizer=3),
    "ngram.train: no policy": lambda: ngram.train(tiny.LINES, unk=None),
    "ngram.load: None": lambda: ngram.load(None),
    "ngram.load: a NUL": lambda: ngram.load("a\0b"),
    "ngram.save: None": lambda: ngram.save(COUNTED, None),
    "ngram.save: no model": lambda: ngram.save(None, "x.arpa"),
    "ngram.save: no folder": lambda: ngram.save(COUNTED, "/nowhere/at/all/x.arpa"),
}
GENERATE = {
    "seed": (-1, "1", 1.5, True, HUGE, 2**63),
    "temperature": (-1, "1", None, NAN),
    "top_k": (-1, 1.5, "2", HUGE),
    "top_p": (0, 1.5, "1", NAN),
    "length": (-1, "5", None, 2.0),
    "prompt": (None, 3, ["the"], "\ud83d"),
}


@pytest.mark.parametrize("what", [*CALLS])
def test_a_wrong_call_is_one_line(what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SeqkitError) as caught:
        CALLS[what]()
    said = str(caught.value)
    assert said
    assert "\n" not in said
    assert len(said) < 600
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("model", [COUNTED, NETWORK], ids=["counted", "network"])
@pytest.mark.parametrize("key", [*GENERATE])
def test_what_nothing_can_be_drawn_by_is_refused_at_once(model, key):
    for value in GENERATE[key]:
        with pytest.raises(SeqkitError):
            model.generate(**{"length": 2, key: value})


def test_a_seed_of_sixty_three_bits_is_drawn_by():
    drawn = list(COUNTED.generate(length=3, seed=2**63 - 1))
    assert drawn == list(COUNTED.generate(length=3, seed=2**63 - 1))


TRANSLATOR = {
    "a large seed": lambda one: one.translate(["a"], sample=True, seed=2**63),
    "a huge seed": lambda one: one.translate(["a"], sample=True, seed=HUGE),
    "a negative seed": lambda one: one.translate(["a"], sample=True, seed=-1),
    "a string for the beam": lambda one: one.translate(["a"], beam="5"),
    "an unknown setting": lambda one: one.translate(["a"], bean=5),
    "None to translate": lambda one: one.translate([None]),
    "None to score": lambda one: one.score(["a"], [None]),
    "unpaired targets": lambda one: one.score(["a", "b"], ["a"]),
    "None to force": lambda one: one.force("a", None),
    "a text to explain": lambda one: one.explain("a"),
    "a list to evaluate": lambda one: one.evaluate(["a"]),
    "one string of metrics": lambda one: one.evaluate(TestSet(["a"], [["b"]]), metrics="bleu"),
    "references in no list": lambda one: one.evaluate(TestSet(["a"], ["b"])),
    "one path of test data": lambda one: one.read_test_data("test.tsv"),
    "an ensemble of folders": lambda one: type(one).ensemble(["runs/a", "runs/b"]),
    "an ensemble of nothing": lambda one: type(one).ensemble([]),
    "an ensemble of itself alone": lambda one: type(one).ensemble(one),
}


@pytest.mark.parametrize("what", [*TRANSLATOR])
def test_a_translator_is_called_rightly_or_says_so(translator, what):
    with pytest.raises(SeqkitError) as caught:
        TRANSLATOR[what](translator)
    assert "\n" not in str(caught.value)


# Weights that became nan in memory


@pytest.fixture
def spoilt(beginner):
    model = seqkit.load(beginner, device="cpu")
    with torch.no_grad():
        for parameter in model.model.parameters():
            parameter.fill_(NAN)
    return model


@pytest.mark.parametrize(
    "call",
    [
        lambda one: one.translate(["a b"]),
        lambda one: one.translate(["a b"], beam=1),
        lambda one: one.translate(["a b"], sample=True),
        lambda one: one.score(["a b"], ["b a"]),
        lambda one: list(one.predict(["a b"])),
    ],
    ids=["beam", "greedy", "sampling", "score", "predict"],
)
def test_a_translator_of_nan_is_not_blamed_on_settings(spoilt, call):
    with pytest.raises(CheckpointError, match="the model answers nan: its weights are nan"):
        call(spoilt)


@pytest.mark.parametrize(
    "call",
    [
        lambda one: one.perplexity(["the cat"]),
        lambda one: one.score("the cat"),
        lambda one: list(one.predict(["the cat"])),
        lambda one: list(one.generate(length=3)),
    ],
    ids=["perplexity", "score", "predict", "generate"],
)
def test_a_language_model_of_nan_says_so(call):
    model = tiny.untrained("gru")
    with torch.no_grad():
        for parameter in model.model.parameters():
            parameter.fill_(NAN)
    with pytest.raises(CheckpointError, match="the model answers nan"):
        call(model)


@pytest.mark.parametrize(
    "package",
    [seqkit, ngram, seqkit.search, seqkit.text, seqkit.training],
    ids=lambda package: package.__name__,
)
def test_dir_lists_names_that_are_imported_when_they_are_used(package):
    assert dir(package) == sorted(package.__all__)
