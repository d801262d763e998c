import pytest
from tagged_sentences import write_columns, write_config, write_segmented

import seqkit


@pytest.fixture(scope="session")
def chunks(tmp_path_factory):
    """A folder with a chunker that has learned it all, and its sentences. Do not change it."""
    folder = tmp_path_factory.mktemp("chunks")
    train = write_columns(folder / "train.conll")
    valid = write_columns(folder / "valid.conll", 20, seed=2)
    data = f'scheme = "bioes"\ntest = ["{valid}"]\nlongest = 16'
    config = write_config(folder / "tagger.toml", train=train, valid=valid, data=data)
    seqkit.train(config, out=folder / "run")
    return folder


@pytest.fixture(scope="session")
def chunker(chunks):
    return seqkit.load(chunks / "run", device="cpu")


@pytest.fixture(scope="session")
def words(tmp_path_factory):
    """A folder with a segmenter. Do not change it."""
    folder = tmp_path_factory.mktemp("words")
    train = write_segmented(folder / "train.txt")
    valid = write_segmented(folder / "valid.txt", 20, seed=2)
    data = 'format = "segmented"\nunit = "characters"\nfeatures = ["bigrams"]'
    config = write_config(folder / "words.toml", train=train, valid=valid, data=data)
    seqkit.train(config, out=folder / "run")
    return folder


@pytest.fixture(scope="session")
def segmenter(words):
    return seqkit.load(words / "run", device="cpu")
