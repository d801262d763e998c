"""Commands that list what there is, and the command line as a whole."""

import subprocess
import sys
import warnings

import click
import pytest

import seqkit
from seqkit import recipes
from seqkit.cli import options
from seqkit.cli.main import cli as group
from seqkit.errors import RenamedWarning
from seqkit.plugins import components
from seqkit.recipes import corpora
from seqkit.registry import Entry


def commands(command=group, path=()):
    """(path, command) of every command and subcommand."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), (*path, name))


COMMANDS = list(commands())


@pytest.mark.parametrize("path", [path for path, _ in COMMANDS], ids=" ".join)
def test_every_command_has_help(cli, path):
    done = cli(*path, "--help")
    assert (done.code, done.err) == (0, "")
    assert f"seqkit {' '.join(path)} ".replace("  ", " ") in done.lines[0]
    assert len(done.lines) > 3


def test_threads_hold_for_a_command_that_does_not_know_them(monkeypatch):
    chosen = []
    monkeypatch.setattr(options, "choose_threads", chosen.append)
    command = click.command()(options.device_options(lambda device: None))

    command.main([], standalone_mode=False)
    assert chosen == []
    command.main(["--threads", "3"], standalone_mode=False)
    assert chosen == [3]


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from seqkit.cli.main import main\n"
        "sys.argv = ['seqkit', '--help']\n"
        "heavy = ('torch', 'numpy', 'pydantic', 'rich')\n"
        "try: main()\n"
        "finally: print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_version_is_that_of_the_package(cli):
    assert cli("--version").out == f"seqkit, version {seqkit.__version__}\n"


def test_models_lists_every_registered_model(cli):
    lines = cli("models").lines
    assert [line.split()[0] for line in lines] == [entry.name for entry in components().models]
    assert "Vaswani" in next(line for line in lines if line.startswith("transformer "))


def test_plugins_lists_every_name_and_who_provides_it(cli):
    listed = [line.split()[:2] for line in cli("plugins").lines]
    assert len(listed) == sum(1 for registry in components().registries() for _ in registry)
    assert ["tokenizer", "sentencepiece"] in listed


def test_a_broken_plugin_is_shown_and_breaks_nothing(cli, monkeypatch):
    monkeypatch.setitem(components().broken, "rotten", ImportError("no module named fruit"))
    done = cli("plugins")
    assert done.lines[-1].split(maxsplit=2) == [
        "broken",
        "rotten",
        "ImportError: no module named fruit",
    ]
    assert "broken  rotten" in cli("doctor").out


def test_doctor_fails_if_a_check_fails(cli, monkeypatch):
    checks = {
        "good": Entry("good", "platform:machine", "seqkit", ""),
        "bad": Entry("bad", "gone:x", "seqkit", ""),
    }
    monkeypatch.setattr(components().checks, "_entries", checks)
    done = cli("doctor")
    assert done.code == 1
    bad, good = done.out.splitlines()
    assert good.startswith("ok      good")
    assert " ".join(bad.split()) == "broken bad ModuleNotFoundError: No module named 'gone'"
    del checks["bad"]
    assert cli("doctor").code == 0


def test_doctor_finds_nothing_wrong_with_this_installation(cli, shipped):
    done = cli("doctor")
    assert done.code == 0, done.out
    assert "shipped model" in done.out


def test_config_without_a_name_lists_the_recipes(cli):
    assert cli("config").lines == recipes.names()


def test_config_explains_every_key_and_gives_its_default(cli):
    lines = cli("config", "multi30k/de-en", "--set", "train.steps=7").lines
    (steps,) = [line for line in lines if line.startswith("steps = ")]
    assert steps.startswith("steps = 7 ")
    assert steps.endswith("(default 0)")
    (seed,) = [line for line in lines if line.startswith("seed = ") and "weights" in line]
    assert "(default" not in seed
    assert all("  # " in line for line in lines if line)


def test_config_says_what_each_section_is_for(cli):
    titles = [line for line in cli("config", "demo/en-de").lines if line.startswith("[")]
    assert titles[0] == "[data]  # where the data is and how it is batched"
    assert all(len(title.partition("# ")[2].split()) > 2 for title in titles)


def test_evaluate_refuses_a_pickle_as_such_whatever_its_options(cli, tmp_path):
    (tmp_path / "model.pt").write_bytes(b"x")
    model = tmp_path / "model.pt"
    said = cli("evaluate", "-m", model, "--source", model, "--reference", model).complaint()
    assert "is a pickle, which can run code" in said


def test_corpora_lists_every_corpus_and_where_it_is(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("SEQKIT_CORPORA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    lines = cli("corpora", "list").lines
    assert cli("corpora").lines == lines
    assert [line.split()[0] for line in lines] == corpora().names()
    states = {line.split()[0]: line[19:31].strip() for line in lines}
    assert (states["demo"], states["multi30k"]) == ("here", "not here")


@pytest.mark.parametrize("name", corpora().names())
def test_corpora_show_tells_source_licence_files_and_recipes(cli, name):
    lines = cli("corpora", "show", name).lines
    card = corpora().card(name)
    assert lines[0] == card.title
    assert {line.split()[0] for line in lines[1:]} >= {"source", "licence", "file"}
    assert sum(line.startswith("file ") for line in lines) == len(card.files)
    shown = [line.split()[-1] for line in lines if line.startswith("recipe ")]
    assert shown == [recipe for recipe in recipes.names() if recipe.startswith(f"{name}/")]


def test_a_wrong_subcommand_is_answered_with_the_right_one(cli):
    assert "Did you mean 'translate'?" in cli("tranlsate", "x").complaint(2)
    assert "Did you mean 'show'?" in cli("corpora", "shwo").complaint(2)
    assert "--beam" in cli("translate", "--baem", "3", "x").complaint(2)


def test_a_check_that_asks_python_to_exit_is_broken(cli, monkeypatch):
    rude = Entry("rude", "sys:exit", "seqkit", "")
    monkeypatch.setattr(components().checks, "_entries", {"rude": rude})
    done = cli("doctor")
    assert (done.code, done.out.split()[:3]) == (1, ["broken", "rude", "SystemExit"])


def test_an_old_key_works_and_its_new_name_is_noted_once(cli, tmp_path):
    path = tmp_path / "old.toml"
    text = "\n".join(cli("config", "demo/story", "--set", "data.baseline_order=4").lines)
    path.write_text(text.replace("baseline_order = 4", "floor = 3"), encoding="utf-8")
    done = cli("config", path)
    assert done.err == f"note: {path}: [data]: 'floor' is now called 'baseline_order'\n"
    assert any(line.startswith("baseline_order = 3 ") for line in done.lines)


def test_an_override_by_the_new_name_wins_over_the_old_name_in_a_file(cli, tmp_path):
    path = tmp_path / "old.toml"
    text = "\n".join(cli("config", "demo/story", "--set", "data.baseline_order=4").lines)
    path.write_text(text.replace("baseline_order = 4", "floor = 3"), encoding="utf-8")
    new = cli("config", path, "--set", "data.baseline_order=2").lines
    assert any(line.startswith("baseline_order = 2 ") for line in new)
    old = cli("config", "demo/story", "--set", "data.floor=2").lines
    assert any(line.startswith("baseline_order = 2 ") for line in old)


def test_other_warnings_are_shown_as_python_shows_them(cli, monkeypatch):
    def warn():
        warnings.warn("look out", UserWarning, stacklevel=1)
        return "fine"

    monkeypatch.setattr(components().checks, "_entries", {"c": Entry("c", "x:y", "seqkit", "")})
    monkeypatch.setattr(Entry, "load", lambda entry, load=Entry.load: _loaded(entry, load, warn))
    with pytest.warns(UserWarning, match="look out"):
        assert "note:" not in cli("doctor").err


def _loaded(entry, load, warn):
    return warn if entry.name == "c" else load(entry)


def test_the_same_note_is_shown_once(cli, monkeypatch):
    def warn():
        for name in ("old", "old", "older"):
            warnings.warn(f"{name!r} is now called 'new'", RenamedWarning, stacklevel=1)
        return "fine"

    monkeypatch.setattr(components().checks, "_entries", {"c": Entry("c", "x:y", "seqkit", "")})
    monkeypatch.setattr(Entry, "load", lambda entry, load=Entry.load: _loaded(entry, load, warn))
    notes = ["note: 'old' is now called 'new'", "note: 'older' is now called 'new'"]
    assert cli("doctor").err.splitlines() == notes
