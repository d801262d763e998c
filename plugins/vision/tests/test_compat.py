"""torchvision beside a torch that it may not be built for."""

import subprocess
import sys
from pathlib import Path

import pytest
import seqkit_vision.compat as compat
import seqkit_vision.models
import torch

CODE = """
assert "torchvision" not in sys.modules
import seqkit_vision.compat as compat
has_operators = compat.torchvision.extension._has_ops()
assert (compat._LIBRARY is None) == ("loaded" in compat.check()) == has_operators

import torch
from torchvision.transforms import v2
image = torch.arange(48, dtype=torch.uint8).view(3, 4, 4)
assert torch.equal(v2.RandomHorizontalFlip(1.0)(image), image.flip(2))
assert v2.Resize(8)(image).shape == (3, 8, 8)
with torch.device("meta"):
    net = compat.torchvision.models.alexnet(weights=None)
    assert net(torch.zeros(1, 3, 64, 64)).shape == (1, 1000)
"""


def test_the_networks_do_not_need_torchvision_and_it_works_in_a_new_process():
    folder = Path(seqkit_vision.models.__file__).parent
    nets = ", ".join(
        f"seqkit_vision.models.{path.stem}" for path in sorted(folder.glob("[!_]*.py"))
    )
    command = [sys.executable, "-W", "error", "-c", f"import sys, {nets}\n{CODE}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("imported", [True, False])
def test_schemas_that_exist_already_are_left_alone(imported, monkeypatch):
    assert hasattr(torch.ops.torchvision, "nms")
    monkeypatch.setattr(torch.library, "Library", None)  # calling it would raise
    monkeypatch.setattr(torch.ops, "load_library", None)
    if not imported:
        monkeypatch.delitem(sys.modules, "torchvision")
    assert compat._define_missing_operators() is None


def test_torchvisions_own_operators_are_tried_first(monkeypatch):
    tried = []
    monkeypatch.setattr(torch.ops, "load_library", tried.append)
    compat._load_operators()
    package = Path(compat.torchvision.__file__).parent
    assert tried
    assert {Path(path).parent for path in tried} == {package}
    assert all(Path(path).name.startswith("_C") for path in tried)


def test_operators_that_cannot_be_loaded_are_not_an_error(monkeypatch):
    def fail(path):
        raise OSError("undefined symbol")

    monkeypatch.setattr(torch.ops, "load_library", fail)
    assert compat._load_operators() == hasattr(torch.ops.torchvision, "nms")


def test_the_check_says_whether_compiled_operators_are_there(monkeypatch):
    version = compat.torchvision.__version__
    monkeypatch.setattr(torch.ops.torchvision, "roi_align", object(), raising=False)
    assert compat.check() == f"torchvision {version}, compiled operators loaded"
    monkeypatch.undo()
    if not compat.torchvision.extension._has_ops():
        missing = (
            "compiled operators missing beside this torch: transforms, datasets and models work"
        )
        assert compat.check() == f"torchvision {version}, {missing}"
