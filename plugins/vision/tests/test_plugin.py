"""The plugin comes in through the entry point, and the core knows nothing of it."""

import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import seqkit_vision

import seqkit
from seqkit.plugins import Components, Plugin, components

PLUGIN = Path(seqkit_vision.__file__).parent
FILES = sorted(PLUGIN.rglob("*.py"))
CORE = sorted(Path(seqkit.__file__).parent.rglob("*.py"))


def registered():
    found = Components()
    seqkit_vision.register(Plugin("seqkit-vision", found))
    return found


def test_the_entry_point_names_the_register_function():
    (point,) = [point for point in entry_points(group="seqkit.plugins") if point.name == "vision"]
    assert point.value == "seqkit_vision:register"
    assert point.dist.name == "seqkit-vision"
    assert point.dist.version == seqkit_vision.__version__
    assert point.load() is seqkit_vision.register
    assert "seqkit-vision" not in components().broken


def test_seqkit_lists_everything_that_the_plugin_registers(cli):
    lines = [line.split()[:3] for line in cli("plugins").lines]
    assert [name for kind, name, by in lines if by == "seqkit-vision" and kind == "model"] == [
        entry.name for entry in registered().models
    ]
    for kind, name in (
        ("task", "vision"),
        ("command", "vision"),
        ("check", "torchvision"),
        ("corpus", "cifar10"),
    ):
        assert [kind, name, "seqkit-vision"] in lines


def test_the_core_names_neither_the_plugin_nor_what_is_in_it():
    names = [
        entry.name
        for registry in registered().registries()
        for entry in registry
        if entry.name != "vision"
    ]
    words = "|".join(["torchvision", "seqkit.vision", "convnet", "grad.?cam", *names])
    words = re.compile(f"(?<![a-z])({words})(?![a-z])", re.IGNORECASE)
    for path in CORE:
        found = words.search(path.read_text(encoding="utf-8"))
        assert not found, f"{path} names {found[0]!r}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PLUGIN)))
def test_the_plugin_has_no_training_loop_of_its_own(path):
    assert not re.search(
        r"\.backward\(|optimi[sz]er\b.*\.step\(|torch\.optim\b", path.read_text(encoding="utf-8")
    )


def test_doctor_shows_the_check_of_torchvision(cli):
    (line,) = [line for line in cli("doctor").out.splitlines() if line.split()[1] == "torchvision"]
    assert re.match(
        r"ok +torchvision +torchvision \d+\.\d+.*, compiled operators (loaded|missing)", line
    )


@pytest.mark.parametrize(
    "code",
    [
        "import seqkit_vision; from seqkit.plugins import components; components()",
        "from seqkit.cli.main import cli; cli(['--help'], standalone_mode=False)",
        "from seqkit.cli.main import cli; cli(['models'], standalone_mode=False)",
        "from seqkit.cli.main import cli; cli(['vision', '--help'], standalone_mode=False)",
        "from seqkit.cli.main import cli; "
        "cli(['vision', 'train', '--help'], standalone_mode=False)",
    ],
)
def test_heavy_packages_are_imported_when_they_are_needed(code):
    heavy = "found = {'torch', 'torchvision', 'PIL', 'numpy'} & set(sys.modules)"
    check = f"{code}\nimport sys\n{heavy}\nassert not found, found"
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_torchvision_is_imported_only_for_what_needs_it():
    """Training, evaluating and predicting work without it, but for colours and mixtures."""
    code = (
        "import sys, seqkit_vision.task, seqkit_vision.classifier, seqkit_vision.views as views\n"
        "normalise = views.Normalisation([0.5], [0.5])\n"
        "views.Augmented(normalise, views.Augmentation(crop=1, flip=True, erase=0.5), 3)\n"
        "assert 'torchvision' not in sys.modules\n"
        "views.Augmented(normalise, views.Augmentation(mixup=0.5), 3)\n"
        "assert 'torchvision' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
