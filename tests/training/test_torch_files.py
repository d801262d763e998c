"""Tensors out of files of torch.save of every age; anything else is refused, and not run."""

import io
import os
import pickle
import struct
import tarfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from seqkit.errors import CheckpointError
from seqkit.training.torch_files import read_tensors

NOT_RUN = "; only a plain state dict is read, and nothing in it is run"
STATE = {
    "matrix": torch.arange(6.0).reshape(2, 3),
    "view": torch.arange(12).reshape(3, 4)[1:, ::2],
    "half": torch.ones(3, dtype=torch.half),
    "bfloat16": torch.ones(2, dtype=torch.bfloat16),
    "flag": torch.tensor(True),
    "empty": torch.empty(0, 3),
}


def save(path, content, *, old=False):
    """A file of today's torch, or as torch before 1.6 wrote it."""
    torch.save(content, path, _use_new_zipfile_serialization=not old)
    return path


def complaint(path):
    with pytest.raises(CheckpointError) as caught:
        read_tensors(path)
    said = str(caught.value)
    assert str(path) in said
    assert "\n" not in said
    assert len(said) < 400
    return said


class Malicious:
    """Unpickling it creates a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.fixture
def trap(tmp_path):
    """A payload; afterwards, nothing may have run it."""
    path = tmp_path / "executed"
    yield Malicious(path)
    assert not path.exists()


def test_the_trap_works(tmp_path):
    function, arguments = Malicious(tmp_path / "executed").__reduce__()
    function(*arguments)  # what unpickling it would do
    assert (tmp_path / "executed").exists()


@pytest.mark.parametrize("old", [False, True], ids=["zip", "before torch 1.6"])
def test_tensors_come_back_as_they_were_saved(tmp_path, old):
    found = read_tensors(save(tmp_path / "x.pth", STATE, old=old))
    assert found.keys() == STATE.keys()
    for name, tensor in STATE.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)


def test_parameters_come_back_as_plain_tensors(tmp_path):
    layer = torch.nn.Linear(3, 2)
    found = read_tensors(save(tmp_path / "x.pth", dict(layer.named_parameters())))
    assert not any(tensor.requires_grad for tensor in found.values())
    assert torch.equal(found["weight"], layer.weight)


def test_the_state_dict_of_a_training_scripts_checkpoint_is_found(tmp_path):
    found = read_tensors(save(tmp_path / "x.th", {"best": 0.9, "state_dict": STATE}))
    assert found.keys() == STATE.keys()


def test_published_checkpoints_can_be_read():
    """ResNets for CIFAR-10 by Yerlan Idelbayev, saved in training."""
    folder = Path(os.environ.get("SEQKIT_CORPORA", "")) / "models" / "cifar10-resnet"
    files = sorted(folder.glob("*.th"))
    if not files:
        pytest.skip("SEQKIT_CORPORA has no published checkpoints")
    for path in files:
        assert "module.conv1.weight" in read_tensors(path)


@pytest.mark.parametrize("old", [False, True], ids=["zip", "before torch 1.6"])
def test_a_malicious_file_of_torch_is_refused_and_not_run(tmp_path, trap, old):
    path = save(tmp_path / "x.pth", {**STATE, "more": trap}, old=old)
    assert complaint(path) == f"{path}: its pickle asks for 'posix.mkdir'{NOT_RUN}"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_malicious_bare_pickle_is_refused_and_not_run(tmp_path, trap, protocol):
    path = tmp_path / "x.pth"
    path.write_bytes(pickle.dumps({"weight": trap}, protocol=protocol))
    assert complaint(path).endswith(NOT_RUN)


@pytest.mark.parametrize("member", ["storages", "tensors", "pickle"])
def test_a_tar_archive_of_the_first_torch_is_refused_and_not_run(tmp_path, trap, member):
    path = tmp_path / "x.pth"
    write_tar(path, STATE["matrix"], {member: pickle.dumps(trap, protocol=2)})
    assert complaint(path) == (
        f"{path}: it is a tar archive of torch before 0.1.10: "
        f"save its tensors with safetensors{NOT_RUN}"
    )


def write_tar(path, tensor, replaced):
    """A state dict of one tensor as torch 0.1.9 wrote it, with some members replaced."""
    storages = (
        pickle.dumps(1, 2)
        + pickle.dumps((0, "cpu", torch.FloatStorage), 2)
        + struct.pack("<q", tensor.numel())
        + tensor.numpy().tobytes()
        + pickle.dumps([], 2)
    )
    tensors = (
        pickle.dumps(1, 2)
        + pickle.dumps((0, 0, torch.FloatTensor), 2)
        + struct.pack("<ii", tensor.dim(), 0)
        + struct.pack(f"<{2 * tensor.dim()}q", *tensor.shape, *tensor.stride())
        + struct.pack("<q", 0)
    )
    members = {"storages": storages, "tensors": tensors, "pickle": pickle.dumps({}, 2)}
    with tarfile.open(path, "w") as archive:
        for name, data in (members | replaced).items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def test_a_whole_model_is_refused(tmp_path):
    path = save(tmp_path / "x.pth", torch.nn.Linear(2, 2))
    asked_for = "torch.nn.modules.linear.Linear"
    assert complaint(path) == f"{path}: its pickle asks for {asked_for!r}{NOT_RUN}"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ([torch.ones(2)], "it is of type list, not a state dict"),
        (torch.ones(2), "it is of type Tensor, not a state dict"),
        ({"state_dict": [1]}, "it is of type list, not a state dict"),
        ({"epoch": 3, "weight": torch.ones(2)}, "'epoch' is of type int, not a tensor"),
        ({3: torch.ones(2)}, "3 is not the name of a tensor"),
    ],
)
def test_anything_but_named_tensors_is_refused(tmp_path, content, says):
    path = save(tmp_path / "x.pth", content)
    assert complaint(path) == f"{path}: {says}{NOT_RUN}"


@pytest.mark.parametrize("old", [False, True], ids=["zip", "before torch 1.6"])
@pytest.mark.parametrize("share", [0, 0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_damaged_file_is_one_clear_line(tmp_path, old, share):
    path = save(tmp_path / "x.pth", STATE, old=old)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert complaint(path).endswith(NOT_RUN)


@pytest.mark.parametrize("content", [b"junk", b"<html>not found</html>", b"\0" * 1000])
def test_another_file_is_one_clear_line(tmp_path, content):
    (tmp_path / "x.pth").write_bytes(content)
    assert complaint(tmp_path / "x.pth").endswith(NOT_RUN)


def test_a_safetensors_file_under_that_name_is_one_clear_line(tmp_path):
    save_file({"weight": torch.ones(2)}, tmp_path / "x.pth")
    assert complaint(tmp_path / "x.pth").endswith(NOT_RUN)


def test_a_missing_file_and_a_folder_say_what_they_are(tmp_path):
    missing = tmp_path / "none.pth"
    assert complaint(missing) == f"cannot read {missing}: No such file or directory"
    assert complaint(tmp_path) == f"cannot read {tmp_path}: Is a directory"
