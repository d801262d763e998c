"""The rules of the house, as tests."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import seqkit
from seqkit.errors import SeqkitError
from seqkit.plugins import Components, Plugin, components

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "seqkit"
FILES = sorted(PACKAGE.rglob("*.py"))
OF_PLUGINS = sorted(
    ROOT.glob("plugins/*/seqkit_*/**/*.py")
)  # they obey the same rules, installed or not
ENGINE_ROOMS = {"text", "data", "nn", "search", "metrics", "training", "ngram"}
MAY_IMPORT = {
    "errors": set(),
    "config": {"errors"},
    "registry": {"errors"},
    "translation": {"registry"},  # the package's own __init__; its modules are below
    "language": {"registry"},
    "builtin": {"language", "registry", "translation"},
    "plugins": {"builtin", "registry"},
    "text": {"errors", "config"},
    "data": {"errors", "config", "text"},
    "nn": set(),
    "search": {"config", "data", "errors", "text"},
    "metrics": {"errors", "text"},
    "ngram": {"errors", "data", "drawing", "metrics", "text"},
    "training": {"errors", "config", "data"},
    "drawing": {"errors"},
    "recipes": {"errors", "config", "plugins", "data"},
    "runs": {"errors", "config", "ngram", "plugins", "recipes", "training"},
    "testing": {"config", "errors", "plugins", "recipes", "registry", "runs", *ENGINE_ROOMS},
    "cli": {"config", "drawing", "errors", "plugins", "recipes", "runs", *ENGINE_ROOMS},
}
DOMAINS = {"translation", "language"}
DOMAIN_MAY_IMPORT = {"config", "drawing", "errors", "plugins", "registry", "runs", *ENGINE_ROOMS}
COMMANDS_MAY_IMPORT = {*DOMAIN_MAY_IMPORT, "cli", "recipes"}


def allowed(path):
    """What the module at `path` may import, by the first part of the name."""
    room = layer(path)
    parts = path.relative_to(PACKAGE).parts
    if room not in DOMAINS or (len(parts) == 2 and parts[1] == "__init__.py"):
        return MAY_IMPORT[room] | {room}
    return (COMMANDS_MAY_IMPORT if "commands" in parts else DOMAIN_MAY_IMPORT) | {room}


def name_of(path):
    return str(path.relative_to(ROOT))


def layer(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", [f for f in FILES if not layer(f).startswith("__")], ids=name_of)
def test_imports_point_back_along_the_flow_of_data(path):
    package = ["seqkit", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            full = package[: len(package) - node.level + 1] + (node.module or "").split(".")
            targets = (
                [full[1]]
                if full[1:] != [""]
                else [alias.name for alias in node.names if alias.name[0] != "_"]
            )
            for target in targets:
                assert target in MAY_IMPORT[layer(path)] | {layer(path)}, (
                    f"line {node.lineno} imports {target}"
                )


@pytest.mark.parametrize("path", FILES + OF_PLUGINS, ids=name_of)
def test_files_and_functions_stay_small(path):
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 400
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno <= 60, f"{node.name}, line {node.lineno}"


@pytest.mark.parametrize("path", OF_PLUGINS, ids=name_of)
def test_plugins_use_what_is_public_alone(path):
    tree, ours = ast.parse(path.read_text(encoding="utf-8")), {"seqkit"}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.ImportFrom)
            and not node.level
            and (node.module or "").split(".")[0] == "seqkit"
        ):
            ours |= {alias.asname or alias.name for alias in node.names}
            for name in (*node.module.split("."), *(alias.name for alias in node.names)):
                assert not name.startswith("_"), f"line {node.lineno} imports {name}"
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in ours
        ):
            assert not node.attr.startswith("_"), (
                f"line {node.lineno} uses {node.value.id}.{node.attr}"
            )


@pytest.mark.parametrize("path", FILES + OF_PLUGINS, ids=name_of)
def test_nothing_that_can_run_code_is_loaded_and_the_library_does_not_print(path):
    source = path.read_text(encoding="utf-8")
    assert not re.search(
        r"\b(import pickle\b|pickle\.\w)|torch\.load|weights_only=False|yaml\.load", source
    )
    assert not re.search(r"(?<![.\w])(eval|exec)\(", source)
    assert "cli" in path.parts or not re.search(r"^\s*print\(", source, re.MULTILINE)


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import seqkit", "torch numpy pydantic"),
        ("import seqkit.text", "torch"),
        ("import seqkit.ngram", "torch"),
        ("import seqkit.recipes", "torch"),
        (
            "from seqkit.cli.main import cli; cli(['--help'], standalone_mode=False)",
            "torch numpy pydantic rich",
        ),
    ],
)
def test_heavy_packages_are_imported_when_they_are_needed(code, absent):
    check = f"{code}\nimport sys\nfound = set({absent.split()}) & set(sys.modules)\nassert not found, found"
    subprocess.run([sys.executable, "-c", check], check=True, stdout=subprocess.DEVNULL)


def test_public_names_exist_and_are_sorted():
    assert seqkit.__all__ == sorted(seqkit.__all__)
    assert all(getattr(seqkit, name) is not None for name in seqkit.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        seqkit.nonsense  # noqa: B018


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


def test_a_plugin_adds_names_and_a_broken_one_is_recorded_and_breaks_nothing(tmp_path):
    (tmp_path / "good_plugin.py").write_text(
        "def register(plugin):\n    plugin.tokenizer('bytes', 'good_plugin:x', 'bytes')\n",
        encoding="utf-8",
    )
    (tmp_path / "bad_plugin.py").write_text(
        "def register(plugin):\n"
        "    plugin.tokenizer('half', 'x:y', 'half')\n"
        "    plugin.tokenizer('word', 'x:y', 'taken')\n",
        encoding="utf-8",
    )
    for name in ("good", "bad"):
        info = tmp_path / f"{name}_plugin-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}-plugin\nVersion: 1\n", encoding="utf-8"
        )
        (info / "entry_points.txt").write_text(
            f"[seqkit.plugins]\n{name} = {name}_plugin:register\n", encoding="utf-8"
        )
    code = "from seqkit.cli.main import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", code, "plugins"],
        env={"PYTHONPATH": f"{tmp_path}", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.search(r"tokenizer +bytes +good-plugin", result.stdout)
    assert re.search(
        r"broken +bad-plugin +SeqkitError: tokenizer 'word' is registered twice: by seqkit",
        result.stdout,
    )
    assert "half" not in result.stdout
    assert "warning: plugin bad-plugin did not load" in result.stderr


def test_lint_and_types_are_clean():
    for command in (
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy", "--no-error-summary"],
    ):
        result = subprocess.run(
            [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("name", ["seqkit", "seqkit.metrics", "seqkit.ngram", "seqkit.text"])
def test_no_module_hides_a_public_name(name):
    """`import seqkit.x` sets the attribute x of seqkit: a function of that name would be gone."""
    package = importlib.import_module(name)
    modules = {
        path.stem if path.is_file() else path.name
        for path in Path(package.__file__).parent.iterdir()
    }
    assert all(
        isinstance(getattr(package, public), ModuleType)
        for public in modules & set(package.__all__)
    )
