"""One process, two and four train the same, in each way and in float64."""

import subprocess
import sys

import pytest
from letters import write_config, write_pairs
from updates import furthest, train_by_ddp, train_in_float64, trained_together

pytestmark = pytest.mark.slow

SETTINGS = {
    "train.steps": 50,
    "train.eval_every": 20,
    "train.precision": "fp32",
    "optim.clip": 0.5,
    "data.batch_tokens": 60,
    "data.goal": "perplexity",
}
CLOSE = 1e-10


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("config")
    write_pairs(folder, train=90)
    return write_config(folder / "tiny.toml", dropout=0.0)


def trained(config, folder, world, how=train_in_float64, **changed):
    """The run of `world` processes that take four batches an update together."""
    settings = SETTINGS | {key.replace("_", ".", 1): value for key, value in changed.items()}
    return trained_together(config, settings, folder, world, how)


@pytest.fixture(scope="module")
def one(config, tmp_path_factory):
    return trained(config, tmp_path_factory.mktemp("one"), 1)


@pytest.mark.parametrize("world", [2, 4])
@pytest.mark.parametrize(
    "way",
    [{}, {"how": train_by_ddp}, {"train_shard": True}],
    ids=["shared memory", "DDP", "FSDP2"],
)
def test_several_processes_train_as_one(config, one, tmp_path, world, way):
    several = trained(config, tmp_path, world, **way)
    assert furthest(one, several) <= CLOSE


@pytest.mark.parametrize("how", [{"train_average": 0.9}, {"train_average_last": 2}], ids=str)
def test_divided_weights_are_averaged_as_whole_ones(config, tmp_path, how):
    short = {"train_steps": 9, "train_eval_every": 3, **how}
    alone = trained(config, tmp_path / "one", 1, **short)
    two = trained(config, tmp_path / "two", 2, train_shard=True, **short)
    assert furthest(alone, two) <= CLOSE


def test_a_divided_run_goes_on_in_any_number_of_processes_and_the_other_way_round(config, tmp_path):
    """Beside a run that was never divided, through the same numbers of processes."""
    for name, divided in (("never", [False] * 3), ("mixed", [True, False, True])):
        for steps, world, shard in zip((4, 6, 8), (2, 1, 3), divided, strict=True):
            changed = {"train_steps": steps, "train_accumulate": 1, "train_shard": shard}
            trained(config, tmp_path / name, world, **changed)

    assert furthest(tmp_path / "never/run", tmp_path / "mixed/run") <= CLOSE


def test_one_process_does_not_load_what_divides_a_model():
    code = (
        "import sys, seqkit.training.trainer as t; print('seqkit.training.sharding' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"
