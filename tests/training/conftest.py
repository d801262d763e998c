"""Tests of training do not depend on how many cores this machine has."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=[False, True], ids=["without bf16", "with bf16"])
def cpu_has_bf16(request, monkeypatch):
    """Whether this CPU says that it multiplies bf16 numbers; each test runs both ways."""
    monkeypatch.setattr("seqkit.training.devices.cpu_has_bf16", lambda: request.param)
    return request.param
