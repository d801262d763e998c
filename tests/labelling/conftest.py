"""A classifier that is trained once for all tests."""

import pytest
from small_classifiers import some_texts, write_recipe, write_tsv

import seqkit


@pytest.fixture(scope="session")
def texts_file(tmp_path_factory):
    return write_tsv(tmp_path_factory.mktemp("texts") / "texts.tsv", some_texts(120))


@pytest.fixture(scope="session")
def run(texts_file):
    """A run folder: which of two topics a text is about."""
    folder = texts_file.parent
    recipe = write_recipe(folder / "recipe.toml", texts_file)
    return seqkit.train(recipe, out=folder / "run", device="cpu").folder


@pytest.fixture(scope="session")
def classifier(run):
    return seqkit.load(run, device="cpu")
