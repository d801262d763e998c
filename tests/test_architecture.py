"""The rules of the house, as tests."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import click
import import_graph
import pytest

import seqkit
from seqkit.plugins import components

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "seqkit"
FILES = sorted(PACKAGE.rglob("*.py"))
OF_PLUGINS = sorted(ROOT.glob("plugins/*/seqkit_*/**/*.py"))  # the same rules, installed or not
OF_TESTS = sorted([*ROOT.glob("tests/**/*.py"), *ROOT.glob("plugins/*/tests/**/*.py")])
OF_BENCHMARKS = sorted(ROOT.glob("benchmarks/**/*.py"))

ENGINE_ROOMS = {"text", "data", "nn", "search", "metrics", "training", "ngram"}
MAY_IMPORT = {
    "errors": set(),
    "parsing": {"errors"},
    "progress": set(),
    "switches": {"errors"},
    "threads": set(),
    "wanted": set(),
    "native": {"switches"},  # which the loops of other rooms are compiled into
    "complaints": {"errors"},
    "config_file": {"errors", "parsing"},
    "config": {"complaints", "config_file", "errors", "parsing"},
    "registry": {"errors"},
    "translation": {"registry"},  # the package's own __init__; its modules are below
    "language": {"registry"},
    "labelling": {"registry"},
    "builtin": {"labelling", "language", "registry", "translation"},
    "plugins": {"builtin", "errors", "registry"},
    "services": set(),
    "text": {"errors", "config", "parsing"},
    "data": {"errors", "parsing", "config", "progress", "switches", "text", "threads"},
    "nn": {"errors", "native"},
    "search": {"config", "data", "errors", "native", "nn", "parsing", "text", "wanted"},
    "metrics": {"errors", "text"},
    "ngram": {"errors", "parsing", "data", "drawing", "metrics", "native", "text", "threads"},
    "training": {"errors", "parsing", "config", "data"},
    "drawing": {"errors", "parsing"},
    "tokenizers": {"plugins", "text"},
    "prepared": {"data", "plugins", "progress", "text", "tokenizers"},
    "recipes": {"errors", "parsing", "config", "plugins", "registry", "data", "training"},
    "runs": {
        "errors",
        "parsing",
        "config",
        "data",
        "ngram",
        "plugins",
        "progress",
        "recipes",
        "training",
    },
    "testing": {
        "config",
        "errors",
        "parsing",
        "plugins",
        "recipes",
        "registry",
        "runs",
        "services",
        *ENGINE_ROOMS,
    },
    "bulk": {
        "data",
        "errors",
        "language",  # whose models it selects by
        "ngram",
        "parsing",
        "plugins",
        "runs",
        "text",
        "threads",
        "training",
    },
    "serving": {
        "complaints",
        "errors",
        "parsing",
        "plugins",
        "progress",
        "runs",
        "services",
        "threads",
        "translation",  # whose documents and languages LibreTranslate's clients ask for
        "wanted",
    },
    "cli": {
        "bulk",
        "config",
        "drawing",
        "errors",
        "parsing",
        "plugins",
        "progress",
        "recipes",
        "registry",
        "runs",
        "serving",
        "threads",
        *ENGINE_ROOMS,
    },
}
DOMAINS = {"translation", "language", "labelling"}
DOMAIN_MAY_IMPORT = {
    "config",
    "drawing",
    "errors",
    "native",  # what it can do decides how translations are searched
    "parsing",
    "plugins",
    "prepared",
    "progress",
    "recipes",
    "registry",
    "runs",
    "services",
    "threads",
    "tokenizers",
    "wanted",
    *ENGINE_ROOMS,
}
COMMANDS_MAY_IMPORT = {*DOMAIN_MAY_IMPORT, "cli"}


def name_of(path):
    return str(path.relative_to(ROOT))


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def allowed(path):
    """The rooms that the module at `path` may import from."""
    room = room_of(path)
    parts = path.relative_to(PACKAGE).parts
    is_register = len(parts) == 2 and parts[1] == "__init__.py"
    if room not in DOMAINS or is_register:
        return MAY_IMPORT[room] | {room}
    if "commands" in parts:
        return COMMANDS_MAY_IMPORT | {room}
    return DOMAIN_MAY_IMPORT | {room}


# Imports


@pytest.mark.parametrize("path", [f for f in FILES if not room_of(f).startswith("__")], ids=name_of)
def test_imports_point_back_along_the_flow_of_data(path):
    files = import_graph.modules(PACKAGE)
    (name,) = [name for name, file in files.items() if file == path]
    for imported in import_graph.imports(name, path, set(files) - {"seqkit"}):
        room = imported.split(".")[1]
        assert room in allowed(path), f"{name} imports {imported}"


@pytest.mark.parametrize(
    "package", [PACKAGE, *sorted(ROOT.glob("plugins/*/seqkit_*"))], ids=lambda path: path.name
)
def test_there_is_no_import_cycle_not_even_in_a_function_or_for_type_checkers(package):
    found = [" → ".join(cycle) for cycle in import_graph.cycles(import_graph.graph(package))]
    assert not found, "\n".join(["import cycles:", *found])


def test_the_import_graph_sees_every_kind_of_import(tmp_path):
    package = tmp_path / "pack"
    package.mkdir()
    files = {
        "__init__": "",
        "a": "from .b import x",
        "b": "def f():\n    from . import c",
        "c": "if TYPE_CHECKING:\n    import pack.a",
        "d": "from pack.a import y",
    }
    for name, source in files.items():
        (package / f"{name}.py").write_text(source)
    edges = import_graph.graph(package)
    assert edges["pack.d"] == {"pack.a"}
    assert import_graph.cycles(edges) == [["pack.a", "pack.b", "pack.c", "pack.a"]]


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import seqkit", "torch numpy pydantic"),
        ("import seqkit.text", "torch"),
        ("import seqkit.ngram, seqkit.language.scoring", "torch pydantic"),
        ("import seqkit.recipes", "torch"),
        ("import seqkit.search, seqkit.training", "torch"),
        (
            "from seqkit.cli.main import cli; cli(['--help'], standalone_mode=False)",
            "torch numpy pydantic rich",
        ),
    ],
)
def test_heavy_packages_are_imported_when_they_are_needed(code, absent):
    check = (
        f"{code}\n"
        "import sys\n"
        f"found = set({absent.split()}) & set(sys.modules)\n"
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", check], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize(
    "path", [path for path in FILES + OF_PLUGINS if path.name == "__init__.py"], ids=name_of
)
def test_what_a_package_says_of_its_files_is_there(path):
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    for name in re.findall(r"(?<![\w/.])\w+(?:/|\.py)(?=[\s:;,)]|$)", text):
        assert (path.parent / name).exists(), name


# Sizes


@pytest.mark.parametrize("path", FILES + OF_PLUGINS + OF_TESTS + OF_BENCHMARKS, ids=name_of)
def test_files_functions_and_lines_stay_small(path):
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    assert len(lines) < 400, f"{len(lines)} lines"
    for number, line in enumerate(lines, 1):
        assert len(line) <= 100, f"line {number} has {len(line)} columns"

    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            size = node.end_lineno - node.lineno + 1
            assert size <= 60, f"{node.name} at line {node.lineno} has {size} lines"


def _commands(command, path):
    """(path, command) of a command and its subcommands."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from _commands(command.get_command(context, name), (*path, name))


@pytest.mark.parametrize("entry", list(components().commands), ids=lambda entry: entry.name)
def test_a_command_has_fewer_than_15_options_and_every_option_has_a_help_line(entry):
    for path, command in _commands(entry.load(), (entry.name,)):
        options = [param for param in command.params if isinstance(param, click.Option)]
        shown = [option for option in options if not option.hidden]  # old names are hidden
        assert len(shown) < 15, f"{' '.join(path)} has {len(shown)} options"
        without = [option.name for option in shown if not option.help]
        assert not without, f"{' '.join(path)}: no help for {without}"


# Code


@pytest.mark.parametrize("path", OF_PLUGINS, ids=name_of)
def test_plugins_use_public_names_only(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    ours = {"seqkit"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and _is_ours(node):
            ours |= {alias.asname or alias.name for alias in node.names}
            for name in (*node.module.split("."), *(alias.name for alias in node.names)):
                assert not name.startswith("_"), f"line {node.lineno} imports {name}"

    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            private = node.value.id in ours and node.attr.startswith("_")
            assert not private, f"line {node.lineno} uses {node.value.id}.{node.attr}"


def _is_ours(node):
    return not node.level and (node.module or "").split(".")[0] == "seqkit"


OPTIONAL = {"output", "fast_bf16"}  # of every model, as `help(Plugin.model)` says


@pytest.mark.parametrize("path", FILES + OF_PLUGINS, ids=name_of)
def test_what_a_model_has_is_written_in_a_contract_and_not_found_by_getattr(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") in GUESSES):
            continue
        owner, name = node.args[:2]
        what = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        if what in ("model", "net", "network") and isinstance(name, ast.Constant):
            assert name.value in OPTIONAL, f"line {node.lineno} asks {what} for {name.value!r}"


GUESSES = {"getattr", "hasattr"}


@pytest.mark.parametrize("path", FILES + OF_PLUGINS, ids=name_of)
def test_nothing_that_can_run_code_is_loaded_and_the_library_does_not_print(path):
    source = path.read_text(encoding="utf-8")
    if path.name == "torch_files.py":  # the one place that reads files of torch.save
        source = re.sub(r"torch\.load\([^()]*\bweights_only=True\)", "", source)
    assert not re.search(
        r"\b(import pickle\b|pickle\.\w)|torch\.load|weights_only=False|yaml\.load", source
    )
    assert not re.search(r"(?<![.\w])(eval|exec)\(", source)
    assert "cli" in path.parts or not re.search(r"^\s*print\(", source, re.MULTILINE)


# Public names


def test_public_names_exist_and_are_sorted():
    assert seqkit.__all__ == sorted(seqkit.__all__)
    assert all(getattr(seqkit, name) is not None for name in seqkit.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        seqkit.nonsense  # noqa: B018


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


SHOWN_IN_NOTEBOOKS = [
    "seqkit",
    "seqkit.language",
    "seqkit.metrics",
    "seqkit.ngram",
    "seqkit.search",
    "seqkit.text",
    "seqkit.translation",
]


@pytest.mark.parametrize("name", SHOWN_IN_NOTEBOOKS)
def test_every_public_class_that_a_notebook_shows_has_its_own_repr(name):
    package = importlib.import_module(name)
    for public in getattr(package, "__all__", ()):
        cls = getattr(package, public)
        is_shown = inspect.isclass(cls) and not getattr(cls, "_is_protocol", False)
        assert not is_shown or cls.__repr__ is not object.__repr__, f"{name}.{public}"


@pytest.mark.slow
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
