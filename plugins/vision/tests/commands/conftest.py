"""Shared by the tests of `seqkit vision`."""

import pytest
from quick_trainings import QUICK


@pytest.fixture
def train_bars(cli, tmp_path, photos, monkeypatch):
    """`train_bars("--model", …)` trains on the bars into `run` in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return lambda *args: cli("vision", "train", "--data", photos, "--out", "run", *QUICK, *args)
