"""Trained models in other people's programs: copied, sent to processes, used after a fork.

Nothing here unpickles anything but what `multiprocessing` itself sends to a process that it starts.
"""

import copy
import pickle
import subprocess
import sys

import pytest
import torch
from language import tiny

import seqkit
from seqkit import ngram
from seqkit.text import TextConfig, Tokenizer
from seqkit.text.normalize import STEPS

LINES = ["a b c", "d e f g"]
SECONDS = 120  # for a machine that is busy: a hang would take for ever

SCRIPT = """
import multiprocessing, os, sys
import torch, seqkit

def predict(model, lines):
    return [str(one) for one in model.predict(lines)], torch.get_num_threads()

def main(kind, *paths):
    torch.set_num_threads(2)
    models = [seqkit.load(path, device="cpu") for path in paths]
    lines = ["a b c", "d e f g"]
    expected = [predict(model, lines)[0] for model in models]
    torch.randn(500, 500) @ torch.randn(500, 500)  # now OpenMP has its threads

    if kind == "os.fork":
        child = os.fork()
        if not child:
            found = [predict(model, lines) for model in models]
            os._exit(0 if found == [(one, 1) for one in expected] else 3)
        assert os.waitpid(child, 0)[1] == 0
    else:
        with multiprocessing.get_context(kind).Pool(2) as pool:
            found = pool.starmap(predict, [(model, lines) for model in models])
        assert [one for one, _ in found] == expected, found
        if kind == "fork":
            assert {threads for _, threads in found} == {1}
    assert torch.get_num_threads() == 2
    print("the same")

if __name__ == "__main__":
    main(*sys.argv[1:])
"""


@pytest.fixture(scope="module")
def models(beginner, tmp_path_factory):
    """A translator, a language model and an n-gram model: run folders and a file."""
    folder = tmp_path_factory.mktemp("models")
    tiny.write_text(folder)
    network = tiny.train(tiny.write_config(folder), folder / "lm").folder
    ngram.save(ngram.train(tiny.LINES, order=2), folder / "lm.arpa")
    return [beginner, network, folder / "lm.arpa"]


@pytest.mark.parametrize("kind", ["os.fork", "fork", "spawn"])
def test_a_model_answers_the_same_in_another_process(models, tmp_path, kind):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, "-W", "ignore", script, kind, *models]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert ended.stdout == "the same\n", ended.stderr


def test_every_model_can_be_copied(models):
    for path in models:
        model = seqkit.load(path, device="cpu")
        before = [str(one) for one in model.predict(LINES)]
        twin = copy.deepcopy(model)
        assert [str(one) for one in twin.predict(LINES)] == before


def test_every_model_and_what_it_answers_can_be_sent(models):
    for path in models:
        model = seqkit.load(path, device="cpu")
        answers = list(model.predict(LINES))
        assert pickle.dumps(model)
        assert pickle.dumps(answers)
    assert pickle.dumps(seqkit.load(models[1]).evaluate(LINES))


@pytest.mark.parametrize("name", ["transformer-lm", "gru"])
def test_every_language_model_can_be_copied(name):
    model = tiny.network(name, 20)
    twin = copy.deepcopy(model)
    assert torch.equal(twin.output, model.output)
    assert pickle.dumps(model)


@pytest.mark.parametrize("name", ["word", "char", "whitespace", "sentencepiece"])
def test_every_tokenizer_can_be_copied_with_every_step(name):
    steps = [step for step in STEPS if step != "letters"]
    config = TextConfig(tokenizer=name, vocab_size=300, byte_fallback=False, normalize=steps)
    text = [f"The Letter {letter} — and {letter}{letter}, “quoted”." for letter in "abcdefghij"]
    if name == "sentencepiece":
        config = TextConfig(tokenizer=name, vocab_size=60, byte_fallback=False, normalize=steps)
    tokenizer = Tokenizer.train(text, config)
    twin = copy.deepcopy(tokenizer)
    assert twin.encode_all(text) == tokenizer.encode_all(text)
    assert pickle.dumps(tokenizer)


@pytest.mark.parametrize("name", ["word", "char"])
def test_an_ngram_model_of_other_words_can_be_copied(name):
    model = ngram.train(LINES * 3, order=2, smoothing="add-k", tokenizer=name)
    assert copy.deepcopy(model).perplexity(LINES) == model.perplexity(LINES)
    assert pickle.dumps(model)
