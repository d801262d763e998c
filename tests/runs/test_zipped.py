"""A run folder in a zip file opens wherever a run folder does; a slim one needs half the room."""

import errno
import shutil
import tempfile
import zipfile
from pathlib import Path

import pytest
import torch
from letters import write_config, write_pairs
from safetensors.torch import load_file

import seqkit
from seqkit.data.archives import names_in
from seqkit.errors import CheckpointError, DataError
from seqkit.runs.slim import write_slim

LINES = ["a b c", "c c a b", "b"]


@pytest.fixture(scope="module")
def packed(run, tmp_path_factory):
    """The whole run folder, as `zip -r` packs it."""
    folder = tmp_path_factory.mktemp("zip")
    return Path(shutil.make_archive(str(folder / "run"), "zip", run.parent, run.name))


@pytest.fixture(scope="module")
def slim(run, tmp_path_factory):
    out = tmp_path_factory.mktemp("slim") / "model.zip"
    write_slim(run, out)
    return out


def test_a_zipped_run_translates_as_the_run_does(run, packed):
    ours = seqkit.load(run, device="cpu").translate_nbest(LINES, nbest=2)
    theirs = seqkit.load(packed, device="cpu").translate_nbest(LINES, nbest=2)
    assert ours == theirs


def test_a_slim_run_is_the_best_checkpoint_in_half_precision(run, slim, tmp_path):
    assert "model/trainer.safetensors" not in names_in(slim)
    folder = tmp_path / "slim"
    write_slim(run, folder)
    exact = load_file(run / (run / "best").read_text().strip() / "model.safetensors")
    halves = load_file(folder / "model.safetensors")
    assert exact.keys() == halves.keys()
    for name, tensor in exact.items():
        assert halves[name].dtype == torch.float16
        assert torch.equal(halves[name], tensor.half())


def test_a_slim_run_scores_within_the_error_of_float16(run, slim):
    reversed_lines = [line[::-1] for line in LINES]
    exact = seqkit.load(run, device="cpu").score(LINES, reversed_lines)
    halved = seqkit.load(slim, device="cpu").score(LINES, reversed_lines)
    assert halved == pytest.approx(exact, rel=1e-2)
    assert halved != exact


def test_training_may_start_from_a_zipped_run(slim, tmp_path):
    write_pairs(tmp_path)
    config = write_config(tmp_path / "config.toml", tokenizer="whitespace", width=64, hidden=64,
                          heads=4, train="steps = 1", every=1)  # fmt: skip
    result = seqkit.train(config, out=tmp_path / "run", init=slim)
    assert result.step == 1


def test_a_card_is_kept(run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    (copy / "README.md").write_text("mine")
    write_slim(copy, tmp_path / "slim")
    assert (tmp_path / "slim" / "README.md").read_text() == "mine"


def test_a_weight_beyond_float16_is_named(run, tmp_path):
    from safetensors.torch import save_file

    folder = tmp_path / "step"
    shutil.copytree(run / (run / "best").read_text().strip(), folder)
    tensors = load_file(folder / "model.safetensors")
    tensors["output"][5, 0] = 1e6
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="output has numbers that float16 cannot hold"):
        write_slim(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    write_slim(folder, tmp_path / "out", dtype="float32")


def test_what_exists_is_kept(run, tmp_path):
    (tmp_path / "x.zip").write_text("mine")
    with pytest.raises(CheckpointError, match="exists: choose another --out"):
        write_slim(run, tmp_path / "x.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]
    assert (tmp_path / "x.zip").read_text() == "mine"


def test_a_zip_without_a_run_is_refused(cli, tmp_path):
    archive = tmp_path / "x.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("a.txt", "a")
    assert "x.zip" in cli("translate", "-m", archive, "Hello").complaint()


def test_a_zip_with_several_runs_is_refused(slim, tmp_path):
    both = tmp_path / "both.zip"
    with zipfile.ZipFile(slim) as source, zipfile.ZipFile(both, "w") as target:
        for name in source.namelist():
            for run in ("a", "b"):
                target.writestr(f"runs/{run}/step/{name}", source.read(name))
    with pytest.raises(DataError, match="holds no run folder, or several"):
        seqkit.load(both)


def test_a_slim_run_that_the_disk_has_no_room_for_is_one_line_and_leaves_nothing(
    run, tmp_path, monkeypatch
):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(CheckpointError, match=r"^cannot write .*out: No space left on device$"):
        write_slim(run, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_when_the_disk_is_full(slim, tmp_path, monkeypatch):
    """What was unpacked goes with the process; the complaint names the archive."""

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    copy = tmp_path / "copy.zip"
    shutil.copy(slim, copy)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "places"))
    (tmp_path / "places").mkdir()
    monkeypatch.setattr("seqkit.data.archives.shutil.copyfileobj", full)
    with pytest.raises(DataError, match=r"cannot unpack .*copy.zip: No space left on device"):
        seqkit.load(copy)
    assert not list((tmp_path / "places").iterdir())
