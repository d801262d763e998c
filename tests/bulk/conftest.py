"""One Ray for all tests of bulk work, and a small n-gram model that every worker opens at once."""

import os
import warnings
from importlib.util import find_spec

import pytest
from bulk_lines import LINES

from seqkit import ngram


@pytest.fixture(scope="session")
def has_ray():
    """Skips where Ray is not installed, and does not import it: `connected` does, with settings."""
    if find_spec("ray") is None:
        pytest.skip("needs Ray: pip install 'seqkit[bulk]'")


@pytest.fixture(scope="session")
def cluster(has_ray):
    """Ray with two workers, on this machine; what `run` then uses."""
    from seqkit.bulk.cluster import connected

    before = dict(os.environ)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with connected(None, 2):
            yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The file of a bigram model."""
    path = tmp_path_factory.mktemp("bulk") / "model.arpa"
    trained = ngram.train(LINES, order=2, smoothing="witten-bell")
    ngram.save(trained, path)
    return str(path)


@pytest.fixture(scope="session")
def run_folder(run):
    """A translator, for fields called `run` are ours."""
    return str(run)
