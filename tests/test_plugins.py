"""Names, and the door through which plugins add them."""

import inspect
import re
import subprocess
import sys

import pytest

import seqkit
from seqkit.errors import SeqkitError
from seqkit.plugins import Components, Plugin, components


@pytest.mark.parametrize("registry", components().registries(), ids=lambda registry: registry.kind)
def test_every_registered_name_loads_and_says_what_it_is(registry):
    for entry in registry:
        assert entry.load() is not None
        assert entry.help


def test_a_name_can_be_taken_once():
    into = Components()
    Plugin("a", into).model("x", "m:X", "")
    with pytest.raises(
        SeqkitError, match=r"'x' is registered twice: by a \(m:X\) and by b \(m:Y\)"
    ):
        Plugin("b", into).model("x", "m:Y", "")


def methods():
    return [f for name, f in inspect.getmembers(Plugin, inspect.isfunction) if name[0] != "_"]


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.__name__)
def test_what_the_help_of_a_plugin_s_methods_names_exists(method):
    for path in re.findall(r"`(seqkit\.[\w.]+)`", inspect.getdoc(method)):
        found = seqkit
        parts = path.split(".")[1:]
        for place, part in enumerate(parts):
            if not hasattr(found, part):
                __import__(".".join(["seqkit", *parts[: place + 1]]))
            found = getattr(found, part)


def write_plugin(folder, name, source):
    """An installed distribution `NAME-plugin` whose register function is in `source`."""
    (folder / f"{name}_plugin.py").write_text(source, encoding="utf-8")
    info = folder / f"{name}_plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}-plugin\nVersion: 1\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text(
        f"[seqkit.plugins]\n{name} = {name}_plugin:register\n", encoding="utf-8"
    )


def call_with(folder, *arguments):
    code = "from seqkit.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={"PYTHONPATH": f"{folder}", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )


def test_a_plugin_adds_names_and_a_broken_one_is_recorded_and_breaks_nothing(tmp_path):
    write_plugin(
        tmp_path,
        "good",
        "def register(plugin):\n    plugin.tokenizer('bytes', 'good_plugin:x', 'bytes')\n",
    )
    write_plugin(
        tmp_path,
        "bad",
        "def register(plugin):\n"
        "    plugin.tokenizer('half', 'x:y', 'half')\n"
        "    plugin.tokenizer('word', 'x:y', 'taken')\n",
    )
    result = call_with(tmp_path, "plugins")
    assert re.search(r"tokenizer +bytes +good-plugin", result.stdout)
    taken = "SeqkitError: tokenizer 'word' is registered twice: by seqkit"
    assert re.search(rf"broken +bad-plugin +{taken}", result.stdout)
    assert "half" not in result.stdout
    assert "warning: plugin bad-plugin did not load" in result.stderr


def test_a_plugin_that_asks_python_to_exit_is_recorded_and_breaks_nothing(tmp_path):
    write_plugin(tmp_path, "first", "import sys\nsys.exit('no licence')\n")
    write_plugin(tmp_path, "second", "def register(plugin):\n    raise SystemExit(3)\n")
    assert "Train a model" in call_with(tmp_path, "--help").stdout
    result = call_with(tmp_path, "plugins")
    assert re.search(r"broken +first-plugin +SystemExit: no licence", result.stdout)
    assert re.search(r"broken +second-plugin +SystemExit: 3", result.stdout)
