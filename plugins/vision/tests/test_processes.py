"""Two processes train on images as one does."""

import pytest
from updates import furthest, trained_together

pytestmark = pytest.mark.slow


def test_two_processes_train_as_one(photos, tmp_path):
    settings = {
        "data.source": str(photos),
        "data.batch": 4,
        "model.name": "lenet",
        "optim.warmup": 0,
        "train.steps": 8,
        "train.eval_every": 4,
    }
    one, two = (
        trained_together("vision/default", settings, tmp_path / str(world), world)
        for world in (1, 2)
    )
    assert furthest(one, two) <= 1e-10
