"""What the tests of `seqkit lm` share: counted models, and networks of letters."""

import pytest
from language.tiny import train, write_text

from seqkit import ngram

LINES = [
    "the dog sees the cat",
    "the cat sees a dog",
    "a dog barks",
    "the cat sleeps",
    "a cat sees the dog .",
] * 3
TEST = ["the dog sleeps", "", "a zebra barks"]


@pytest.fixture(scope="session")
def counted(tmp_path_factory, cli):
    """A folder of n-gram models: lm.arpa, wb.lm, stupid.lm, char.lm, of `text`; `test` is another.

    Leave it as it is.
    """
    folder = tmp_path_factory.mktemp("counted")
    write_text(folder, LINES)
    write_text(folder, TEST, "test")
    for name, extra in (
        ("lm.arpa", ()),
        ("wb.lm", ("--smoothing", "witten-bell")),
        ("stupid.lm", ("--smoothing", "stupid-backoff")),
        ("char.lm", ("--tokenizer", "char")),
    ):
        done = cli("lm", "ngram", "--order", 3, *extra, "-o", folder / name, folder / "text")
        assert done.code == 0, done.err
        assert done.out == ""
    return folder


@pytest.fixture(scope="session")
def letters(tmp_path_factory):
    """A folder with a text and models of its letters. Leave it as it is.

    `kept` and `joined` are networks that keep or join lines, counted.lm is an n-gram model.
    """
    folder = tmp_path_factory.mktemp("letters")
    text = write_text(folder, ["the cat sat", "on the mat"] * 40)
    settings = {
        "model_embedding": 8,
        "model_hidden": 8,
        "train_steps": 2,
        "data_baseline_order": 0,
        "data_batch": 2,
        "data_corpus": "",
        "data_train": [str(text)],
        "text_normalize": [],
        "text_tokenizer": "char",
        "text_byte_fallback": False,
    }
    for name, lines in (("kept", "keep"), ("joined", "join")):
        train("demo/story", folder / name, **settings, data_lines=lines)

    model = ngram.train(text.read_text().splitlines(), order=2, tokenizer="char")
    ngram.save(model, folder / "counted.lm")
    return folder
