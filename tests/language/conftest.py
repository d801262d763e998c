"""What the tests of language models share: a folder with a text, and runs trained on it."""

from typing import NamedTuple

import pytest
from language.tiny import PRECISIONS, SMALL, one_thread, train, write_config, write_text

import seqkit
from seqkit.language.language_model import LanguageModel
from seqkit.runs.start import Run


class Trained(NamedTuple):
    run: Run
    model: LanguageModel


@pytest.fixture(autouse=True)
def _one_thread():
    with one_thread():
        yield


@pytest.fixture
def folder(tmp_path):
    write_text(tmp_path)
    return tmp_path


@pytest.fixture(
    scope="session",
    params=[(name, precision) for name in SMALL for precision in PRECISIONS],
    ids=lambda param: "-".join(param),
)
def trained(request, tmp_path_factory):
    """A run of each model in each precision. Leave its folder as it is."""
    name, precision = request.param
    return _trained(tmp_path_factory.mktemp("lm"), name, precision)


@pytest.fixture(scope="session")
def lstm(tmp_path_factory):
    """A run of an LSTM, where one model is enough. Leave its folder as it is."""
    return _trained(tmp_path_factory.mktemp("lstm"), "lstm", "fp32")


def _trained(folder, name, precision):
    write_text(folder)
    config = write_config(folder, name, train="steps = 60\neval_every = 30")
    run = train(config, folder / "run", optim_lr=3e-2, train_precision=precision)
    return Trained(run, seqkit.load(run.folder, device="cpu"))
