"""Small trained translators that several files use."""

import pytest
from letters import write_config, write_pairs

import seqkit


@pytest.fixture(scope="session")
def make(tmp_path_factory):
    """`make(tokens, …)` trains a translator of tokens between spaces, barely.

    Do not change its run folder.
    """

    def train(tokens, **settings):
        folder = tmp_path_factory.mktemp("made")
        write_pairs(folder, letters=tokens, shortest=3, longest=6)
        for part in ("train", "valid"):
            (folder / f"{part}.target").write_bytes((folder / f"{part}.source").read_bytes())
        config = write_config(folder / "config.toml", tokenizer="whitespace", **settings)
        return seqkit.train(config, out=folder / "run", device="cpu").folder

    return train


@pytest.fixture(scope="session")
def words(make):
    return make(list("abcdefghij"))
