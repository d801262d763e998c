"""The plugin comes in through the entry point, and the core knows nothing of it."""

import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import seqkit_tabular

import seqkit
from seqkit.plugins import components

PLUGIN = Path(seqkit_tabular.__file__).parent
FILES = sorted(PLUGIN.rglob("*.py"))
CORE = sorted(Path(seqkit.__file__).parent.rglob("*.py"))


def test_the_entry_point_names_the_register_function():
    (point,) = [point for point in entry_points(group="seqkit.plugins") if point.name == "tabular"]
    assert point.value == "seqkit_tabular:register"
    assert point.dist.name == "seqkit-tabular"
    assert point.dist.version == seqkit_tabular.__version__
    assert "seqkit-tabular" not in components().broken


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PLUGIN)))
def test_the_plugin_has_no_training_loop_of_its_own(path):
    assert not re.search(
        r"\.backward\(|optimi[sz]er\b.*\.step\(|torch\.optim\b", path.read_text(encoding="utf-8")
    )


def test_the_core_does_not_name_the_plugin():
    for path in CORE:
        found = re.search(r"polars|seqkit.tabular", path.read_text(encoding="utf-8"))
        assert not found, f"{path} names {found[0]!r}"


@pytest.mark.parametrize(
    "code",
    [
        "import seqkit_tabular; from seqkit.plugins import components; components()",
        "from seqkit.cli.main import cli; "
        "cli(['tabular', 'train', '--help'], standalone_mode=False)",
    ],
)
def test_heavy_packages_are_imported_when_they_are_needed(code):
    heavy = "found = {'torch', 'polars', 'numpy'} & set(sys.modules)"
    check = f"{code}\nimport sys\n{heavy}\nassert not found, found"
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
