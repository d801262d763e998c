"""TensorBoard event files: every figure of a run, also of one that was resumed or replaced."""

import struct

import pytest
from letters import write_config, write_pairs

import seqkit
import seqkit.runs.tensorboard
from seqkit.errors import ConfigError

pytest.importorskip("tensorboardX")

SETTINGS = {"train.tensorboard": True, "train.steps": 4, "train.eval_every": 2}


@pytest.fixture
def config(tmp_path):
    write_pairs(tmp_path)
    return write_config(tmp_path / "tiny.toml")


def events(run):
    """(step, tag) of every figure, and the steps from which older ones are hidden."""
    from tensorboardX.proto.event_pb2 import Event

    figures, starts = [], []
    for path in sorted((run / "tensorboard").iterdir()):
        data = path.read_bytes()
        while data:
            (size,) = struct.unpack("<Q", data[:8])
            event = Event.FromString(data[12 : 12 + size])
            data = data[16 + size :]
            figures += [(event.step, value.tag) for value in event.summary.value]
            if event.HasField("session_log"):
                starts.append(event.step)
    return figures, starts


def test_every_update_and_evaluation_is_recorded(config, tmp_path):
    run = seqkit.train(config, out=tmp_path / "run", overrides=SETTINGS, device="cpu")
    figures, _ = events(run.folder)
    assert [step for step, tag in figures if tag == "train/loss"] == [1, 2, 3, 4]
    assert [step for step, tag in figures if tag == "valid/perplexity"] == [2, 4]
    assert {tag for _, tag in figures} == {
        "train/loss",
        "train/learning_rate",
        "train/gradient_norm",
        "train/targets_per_second",
        "valid/perplexity",
    }


def test_a_resumed_run_hides_what_it_does_again(config, tmp_path):
    out = tmp_path / "run"
    seqkit.train(config, out=out, overrides=SETTINGS, device="cpu")
    seqkit.train(
        config, out=out, overrides=SETTINGS | {"train.steps": 6}, resume=True, device="cpu"
    )
    figures, starts = events(out)
    assert starts[-1] == 5
    assert [step for step, tag in figures if tag == "train/loss"] == [1, 2, 3, 4, 5, 6]


def test_a_run_that_replaces_another_has_only_its_own_figures(config, tmp_path):
    out = tmp_path / "run"
    seqkit.train(config, out=out, overrides=SETTINGS, device="cpu")
    fewer = SETTINGS | {"train.steps": 2}
    seqkit.train(config, out=out, overrides=fewer, overwrite=True, device="cpu")
    figures, _ = events(out)
    assert [step for step, tag in figures if tag == "train/loss"] == [1, 2]


def test_without_the_extra_one_line_says_what_to_install(config, tmp_path, monkeypatch):
    monkeypatch.setattr(seqkit.runs.tensorboard, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"needs tensorboardX: `pip install 'seqkit\[tensor"):
        seqkit.train(config, out=tmp_path / "run", overrides=SETTINGS, device="cpu")
    assert not (tmp_path / "run").exists()
