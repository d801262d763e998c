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


def test_two_tasks_can_each_have_a_model_of_one_name():
    into = Components()
    Plugin("a", into).model("mlp", "m:Shared", "")
    Plugin("b", into).model("tables/mlp", "m:Own", "")
    assert into.models.full_name("mlp", "tables") == "tables/mlp"
    assert into.models.full_name("mlp", "images") == into.models.full_name("mlp") == "mlp"


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


def call_with(folder, *arguments, before="", code=0):
    """Run a command with the plugins in `folder` installed; `before` is Python that runs first."""
    source = f"{before}\nfrom seqkit.cli.main import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", source, *arguments],
        env={"PYTHONPATH": f"{folder}", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended


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
    assert result.stderr == f"warning: plugin bad-plugin did not load: {taken} " + (
        "(seqkit.text.tokenizer_models:WordTokenizer) and by bad-plugin (x:y)\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [["--version"], ["lm", "perplexity", "--help"], ["cache"]],
    ids=["version", "help", "cache"],
)
def test_a_command_of_our_own_that_needs_no_plugin_looks_for_none(tmp_path, arguments):
    write_plugin(tmp_path, "bad", "raise ValueError\n")
    call = "import atexit, sys; atexit.register(lambda: print('importlib.metadata' in sys.modules))"
    ended = call_with(tmp_path, *arguments, before=call)
    assert ended.stdout.splitlines()[-1] == "False"
    assert "bad-plugin" not in ended.stderr


def test_a_shell_that_completes_a_line_is_not_told_of_a_plugin_that_does_not_load(tmp_path):
    write_plugin(tmp_path, "bad", "raise ValueError\n")
    asked = {"_SEQKIT_COMPLETE": "bash_complete", "COMP_WORDS": "seqkit tra", "COMP_CWORD": "1"}
    call = f"import os, sys; os.environ |= {asked}; sys.argv[0] = 'seqkit'"
    ended = call_with(tmp_path, before=call)
    assert ended.stdout == "plain,train\nplain,translate\n"
    assert ended.stderr == ""


def test_python_is_warned_of_a_plugin_that_does_not_load(tmp_path):
    write_plugin(tmp_path, "bad", "raise ValueError\n")
    source = (
        "import warnings; from seqkit.errors import PluginWarning as Own; import seqkit.plugins\n"
        "with warnings.catch_warnings(record=True, action='always') as given:\n"
        "    seqkit.plugins.components(); seqkit.plugins.components()\n"
        "print([(each.category is Own, str(each.message)) for each in given])\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", source],
        env={"PYTHONPATH": f"{tmp_path}", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    said = "plugin bad-plugin did not load: ValueError"
    assert ended.stdout == f"{[(True, said)]}\n"


def test_a_plugin_that_asks_python_to_exit_is_recorded_and_breaks_nothing(tmp_path):
    write_plugin(tmp_path, "first", "import sys\nsys.exit('no licence')\n")
    write_plugin(tmp_path, "second", "def register(plugin):\n    raise SystemExit(3)\n")
    assert "Train a model" in call_with(tmp_path, "--help").stdout
    result = call_with(tmp_path, "plugins")
    assert re.search(r"broken +first-plugin +SystemExit: no licence", result.stdout)
    assert re.search(r"broken +second-plugin +SystemExit: 3", result.stdout)


BROKEN = {
    "import": ("import nothing_of_that_name", "ModuleNotFoundError: No module named"),
    "syntax": ("def register(", "SyntaxError"),
    "absent": ("x = 1", "AttributeError: module 'bad_plugin' has no attribute 'register'"),
    "exit": ("import sys; sys.exit(0)", "SystemExit: 0"),
    "no_function": ("register = 3", "TypeError: 'int' object is not callable"),
    "silent": (
        "class Odd(Exception):\n    def __str__(self):\n        raise ValueError\nraise Odd",
        "Odd",
    ),
    "long": ("raise ValueError('x' * 100_000 + '\\ny')", "ValueError: xxxx"),
    "number": ("plugin.model(3, 'm:X', 'help')", "model 3 has no name"),
    "none": ("plugin.task(None, 'm:X', 'help')", "task None has no name"),
    "empty": ("plugin.command('', 'm:X', 'help')", "command '' has no name"),
    "blank": ("plugin.corpus(' ', 'm:X', 'help')", "corpus ' ' has no name"),
    "line": ("plugin.metric('a\\nb', 'm:X', 'help')", r"metric 'a\nb' has no name"),
    "option": ("plugin.command('--all', 'm:X', 'help')", "command '--all' cannot be called"),
    "twice": (
        "plugin.rule('a', 'm:X', 'help'); plugin.rule('a', 'm:Y', 'help')",
        "rule 'a' is registered twice: by bad-plugin",
    ),
    "taken": ("plugin.command('train', 'm:X', 'help')", "command 'train' is registered twice"),
    "class": ("plugin.model('a', dict, 'help')", "its target is type <class 'dict'>"),
    "target": ("plugin.model('a', 'm', 'help')", "must be an import path such as"),
    "help": ("plugin.model('a', 'm:X', None)", "model 'a': its help is not a string"),
    "call": ("plugin.model('a')", "TypeError: "),
}


@pytest.mark.parametrize("kind", [*BROKEN])
def test_a_plugin_that_is_wrong_breaks_no_command_and_is_named(tmp_path, kind):
    source, says = BROKEN[kind]
    if source.startswith("plugin."):
        source = f"def register(plugin):\n    {source}"
    write_plugin(tmp_path, "bad", source + "\n")

    assert "Train a model" in call_with(tmp_path, "--help").stdout
    listed = call_with(tmp_path, "plugins").stdout
    (line,) = [line for line in listed.splitlines() if line.startswith("broken")]
    assert line.split()[1] == "bad-plugin"
    assert says in line
    assert len(line) < 400


@pytest.mark.parametrize(
    "source",
    ["import time; time.sleep(1000)", "while True: pass", "def register(plugin):\n    call()"],
    ids=["import", "loop", "register"],
)
def test_a_plugin_that_hangs_is_left_behind(tmp_path, source):
    source = source.replace("call()", "import time; time.sleep(1000)")
    write_plugin(tmp_path, "bad", source + "\n")
    write_plugin(
        tmp_path, "good", "def register(plugin):\n    plugin.tokenizer('bytes', 'm:x', 'bytes')\n"
    )
    quick = "import seqkit.plugins; seqkit.plugins.SECONDS = 0.5"
    assert "Train a model" in call_with(tmp_path, "--help", before=quick).stdout
    listed = call_with(tmp_path, "plugins", before=quick).stdout
    assert re.search(r"broken +bad-plugin +SeqkitError: it has not registered within 0.5", listed)
    assert "good-plugin" in listed


LAZY = """
def register(plugin):
    plugin.model("lazy", "lazy_plugin:Absent", "a model")
    plugin.recipes("lazy", "lazy_plugin:recipes", "recipes")
    plugin.corpus("lazy", "lazy_plugin:card", "a corpus")
    plugin.corpus("lazy-too", "lazy_plugin:nothing", "a corpus")
    plugin.command("lazy", "lazy_plugin:recipes", "a command")

def recipes():
    raise OSError("no folder")

def card():
    raise SystemExit("no card")

def nothing():
    return None
"""


def test_names_that_cannot_be_used_break_nothing_else_and_doctor_names_them(tmp_path):
    write_plugin(tmp_path, "lazy", LAZY)
    assert "demo/en-de" in call_with(tmp_path, "config").stdout

    listed = call_with(tmp_path, "corpora").stdout
    assert "multi30k" in listed
    assert "plugin lazy-plugin has no card of corpus 'lazy': SystemExit: no card" in listed

    found = call_with(tmp_path, "doctor", code=1).stdout
    broken = [line for line in found.splitlines() if line.startswith("broken  lazy-plugin")]
    assert len(broken) == 3
    assert "'lazy' (lazy_plugin:Absent) does not load: AttributeError" in found

    said = call_with(tmp_path, "lazy", code=1).stderr
    assert said == "error: plugin lazy-plugin: 'lazy' is no command of click\n"
    said = call_with(tmp_path, "config", "demo/nothing", code=1).stderr
    assert "the recipes of plugin lazy-plugin cannot be listed: OSError: no folder" in said
