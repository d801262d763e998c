"""Runs to look at, and the same number of threads on every machine."""

import shutil

import pytest
import torch

from seqkit.training import checkpoint


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def copy(beginner, tmp_path):
    """A copy of a run to change, and its step folder."""
    folder = tmp_path / "copy"
    shutil.copytree(beginner, folder)
    for name in ("best", "last"):
        (folder / name).write_text((beginner / "best").read_text())
    return folder, checkpoint.resolve(folder)
