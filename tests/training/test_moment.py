"""What an update draws from goes back with it, on every device."""

import pytest
import torch

from seqkit.training.moment import generators, set_generators

STATE, LATER = torch.tensor([7], dtype=torch.uint8), torch.tensor([8], dtype=torch.uint8)


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_the_generator_of_the_device_goes_back_too(kind, monkeypatch):
    """With a stand-in for it: few machines have both devices."""
    now = [STATE]
    module = getattr(torch, kind)
    monkeypatch.setattr(module, "get_rng_state", lambda *_: now[0])
    monkeypatch.setattr(module, "set_rng_state", lambda state, *_: now.append(state))

    device = torch.device(kind)
    kept = generators(device)
    now[0] = LATER
    drawn = torch.rand(3)
    set_generators(kept, device)

    assert now == [LATER, STATE]
    assert torch.equal(torch.rand(3), drawn)


def test_a_run_that_moves_to_another_device_goes_back_on_the_cpu():
    kept = {**generators(torch.device("cpu")), "cuda": STATE}
    drawn = torch.rand(3)
    set_generators(kept, torch.device("cpu"))
    assert torch.equal(torch.rand(3), drawn)
