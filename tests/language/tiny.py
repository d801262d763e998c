"""A small text, small models of it and how to train them, for the tests of language models."""

from contextlib import contextmanager
from typing import NamedTuple

import torch

import seqkit
from seqkit.config import build
from seqkit.language.language_model import LanguageModel
from seqkit.language.prepared import PreparedText
from seqkit.plugins import components
from seqkit.text import TextConfig, Tokenizer

LINES = [
    f"the {who} {does} the {what} ."
    for who in ("cat", "dog", "man")
    for does in ("sees", "has")
    for what in ("ball", "tree", "bird")
] * 4
UNSEEN = ["the dog sees the zebra .", "", "the man has the ball ."]
SMALL = {
    "lstm": {"embedding": 8, "hidden": 12, "layers": 2},
    "gru": {"embedding": 0, "hidden": 12, "layers": 1},
    "transformer-lm": {"width": 8, "hidden": 16, "heads": 2, "layers": 2, "dropout": 0.0},
}
PRECISIONS = ("fp32", "bf16")  # trained in either on any CPU: figures are computed in float32


class Texts(NamedTuple):
    train: list
    valid: list
    test: list


def read_texts(data, normalize=()):
    """The lines of a run, by what they are for."""
    text = PreparedText(data, normalize)
    return Texts([*text.train], [*text.valid], [*text.test])


@contextmanager
def one_thread():
    """Sums depend on the number of threads, and small models gain nothing from a second one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def write_text(folder, lines=LINES, name="text"):
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def write_config(folder, model="lstm", *, data="", train="steps = 12\neval_every = 6"):
    """The config of a small model of the words in FOLDER/text; `data`, `train` are more keys."""
    sizes = "\n".join(f"{key} = {value}" for key, value in SMALL[model].items())
    path = folder / "lm.toml"
    path.write_text(
        f"""
        task = "language-modelling"
        [data]
        train = ["{folder}/text"]
        batch = 4
        steps = 6
        {data}
        [text]
        tokenizer = "word"
        byte_fallback = false
        [model]
        name = "{model}"
        {sizes}
        [optim]
        lr = 1e-2
        [train]
        {train}
        """
    )
    return path


def train(config, out, **overrides):
    """A run on one thread; `optim_lr=1` overrides optim.lr."""
    settings = {key.replace("_", ".", 1): value for key, value in overrides.items()}
    with one_thread():
        return seqkit.train(config, out=out, overrides=settings, device="cpu")


def network(name, vocab):
    """An untrained network, the same each time."""
    torch.manual_seed(0)
    model_class = components().models.load(name)
    return model_class(build(model_class.Config, SMALL[name], name), vocab=vocab).eval()


def untrained(name, *, tokenizer="word", normalize=(), vocab_size=8000, **settings):
    """A `LanguageModel` of LINES that has learnt nothing."""
    config = TextConfig(tokenizer=tokenizer, normalize=list(normalize), vocab_size=vocab_size)
    tokens = Tokenizer.train(LINES, config)
    model = network(name, len(tokens.vocab))
    return LanguageModel(model, tokens, name=name, **{"steps": 8, "stride": 4, **settings})
