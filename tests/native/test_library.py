"""The library is used where it is there and wanted, and never needed."""

import ctypes
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest

from seqkit.errors import ConfigError
from seqkit.native import build, library


def copy_sources(folder):
    for path in [*build.sources(), *build.FOLDER.glob("*.h")]:
        (folder / path.name).write_bytes(path.read_bytes())


def test_without_a_compiler_nothing_is_built(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "false")
    assert build.build(tmp_path) is None
    monkeypatch.delenv("CC")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build.compiler() == []
    assert build.build(tmp_path) is None
    assert not list(tmp_path.iterdir())


def test_options_of_the_compiler_may_be_in_cc(monkeypatch):
    monkeypatch.setenv("CC", f"'{sys.executable}' -O2")
    assert build.compiler() == [sys.executable, "-O2"]


WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wno-psabi", "-Werror"]


@pytest.mark.parametrize("compiler", ["gcc", "clang", "aarch64-linux-gnu-gcc"])
@pytest.mark.parametrize("source", build.sources(), ids=lambda path: path.name)
def test_no_compiler_there_is_has_anything_to_say(compiler, source):
    """That for ARM processors and clang, as Apple has it, among them."""
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    command = [compiler, "-std=c99", "-fsyntax-only", *WARNINGS, str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_mac_compiles_for_the_processors_that_are_asked_for(monkeypatch):
    monkeypatch.setattr(build.sys, "platform", "darwin")
    monkeypatch.setattr(build.sysconfig, "get_platform", lambda: "macosx-11.0-universal2")
    monkeypatch.delenv("ARCHFLAGS", raising=False)
    assert build._architectures() == ["-arch", "arm64", "-arch", "x86_64"]
    monkeypatch.setenv("ARCHFLAGS", "-arch arm64")
    assert build._architectures() == ["-arch", "arm64"]


def test_a_compiler_that_takes_too_long_is_named(tmp_path, monkeypatch, capsys):
    copy_sources(tmp_path)
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    monkeypatch.setattr(build, "_SECONDS", 0.01)
    script = tmp_path / "compiler"
    script.write_text("#!/bin/sh\nexec sleep 5\n")
    script.chmod(0o755)
    monkeypatch.setenv("CC", str(script))
    assert build.refresh() is None
    assert "timed out" in capsys.readouterr().err


def test_the_name_of_the_library_tells_its_sources(compiled, tmp_path, monkeypatch):
    name = build.library_name()
    copy_sources(tmp_path)
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    assert build.library_name() == name

    (tmp_path / "seqkit-00000000.so").touch()
    with (tmp_path / "words.c").open("a") as file:
        file.write("/* changed */\n")
    assert build.library_name() != name

    built = build.refresh()
    assert list(tmp_path.glob("seqkit-*")) == [built]  # the older one is gone
    assert built.name == build.library_name()


def test_what_is_compiled_is_what_the_name_tells(compiled, tmp_path, monkeypatch):
    """Sources may be edited while the compiler reads them."""
    copy_sources(tmp_path)
    (tmp_path / "built").mkdir()
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    name = build.library_name()
    script = tmp_path / "compiler"
    script.write_text(
        f"#!/bin/sh\n"
        f"echo 'int seqkit_later(void) {{ return 1; }}' >> '{tmp_path}/words.c'\n"
        f'exec "{build.compiler()[0]}" "$@"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("CC", str(script))

    built = build.build(tmp_path / "built")
    assert build.library_name() != name
    assert built.name == name
    assert not hasattr(ctypes.CDLL(str(built)), "seqkit_later")


def test_the_library_of_these_sources_stays_where_none_can_be_compiled(tmp_path, monkeypatch):
    copy_sources(tmp_path)
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    kept, old = tmp_path / build.library_name(), tmp_path / "seqkit-00000000.so"
    kept.touch()
    old.touch()
    monkeypatch.setenv("CC", "false")
    assert build.refresh() is None
    assert kept.exists()
    assert not old.exists()


def test_a_library_of_later_sources_is_not_opened(compiled, tmp_path, monkeypatch):
    """A long run opens it when it begins to train: seqkit may have been updated meanwhile."""
    monkeypatch.delenv(library.ENVIRONMENT, raising=False)
    copy_sources(tmp_path)
    with (tmp_path / "words.c").open("a") as file:
        file.write("/* changed */\n")
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    monkeypatch.setattr(library, "_opened", library._opened.__wrapped__)
    assert build.refresh().name == build.library_name()
    assert "made of other sources" in library.status()
    assert library.library() is None


def test_why_there_is_no_library_is_said(tmp_path, monkeypatch):
    monkeypatch.delenv(library.ENVIRONMENT, raising=False)
    copy_sources(tmp_path)
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    monkeypatch.setattr(library, "_opened", library._opened.__wrapped__)
    assert library.status().startswith("not there: seqkit was installed without a C compiler")
    assert library.status().endswith(f"`{sys.executable} {build.__file__}` compiles it")
    assert library.library() is None

    (tmp_path / "seqkit-00000000.so").write_bytes(b"old")
    assert "made of other sources" in library.status()

    (tmp_path / build.library_name()).write_bytes(b"no library")
    assert "cannot be opened" in library.status()
    assert library.library() is None


def test_where_it_is_never_compiled_no_compiler_is_advised(tmp_path, monkeypatch):
    monkeypatch.setattr(library, "os", SimpleNamespace(name="nt"))
    why = library._why_missing(tmp_path)
    assert why.startswith("not there: it is for Linux and macOS")


def test_the_advice_compiles_the_installed_library_within_a_checkout(compiled, tmp_path):
    """`-m` would find the checkout in the current folder, and compile that one's."""
    installed = tmp_path / "site-packages" / "seqkit" / "native"
    installed.mkdir(parents=True)
    copy_sources(installed)
    shutil.copy(build.__file__, installed)

    done = subprocess.run(
        [sys.executable, installed / "build.py"],
        cwd=build.FOLDER.parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{installed / build.library_name()}\n"
    assert (installed / build.library_name()).exists()


def test_a_folder_that_cannot_be_written_is_one_line(monkeypatch):
    def refuse() -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(build, "refresh", refuse)
    with pytest.raises(SystemExit) as refused:
        build.main()
    assert refused.value.code == f"cannot write {build.FOLDER}: Permission denied"


def test_a_cc_that_no_shell_reads_is_named_and_no_compiler(monkeypatch, capsys):
    monkeypatch.setenv("CC", "'gcc -O2")
    assert build.compiler() == []
    assert "CC='gcc -O2: No closing quotation" in capsys.readouterr().err


def test_what_the_compiler_says_is_not_lost(tmp_path, monkeypatch, capsys):
    copy_sources(tmp_path)
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    script = tmp_path / "compiler"
    script.write_text("#!/bin/sh\necho 'words.c:1: error' >&2\nexit 1\n")
    script.chmod(0o755)
    monkeypatch.setenv("CC", str(script))
    assert build.refresh() is None
    assert "words.c:1: error" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["off", "OFF", "0", "no", "False", " off "])
def test_it_can_be_switched_off(used, monkeypatch, value):
    assert library.status() == "used"
    monkeypatch.setenv(library.ENVIRONMENT, value)
    assert library.library() is None
    assert library.status() == f"not used: SEQKIT_NATIVE={value}"


@pytest.mark.parametrize("value", ["", "on", "1", "yes", "TRUE"])
def test_it_can_be_left_on(used, monkeypatch, value):
    monkeypatch.setenv(library.ENVIRONMENT, value)
    assert library.library() is not None


def test_a_switch_that_is_neither_on_nor_off_is_one_line(monkeypatch):
    monkeypatch.setenv(library.ENVIRONMENT, "of")
    with pytest.raises(ConfigError, match="SEQKIT_NATIVE='of' is neither 'on' nor 'off'"):
        library.library()


def test_the_doctor_shows_it():
    done = subprocess.run(
        [sys.executable, "-c", "from seqkit.plugins import components\n"
         "print(components().checks['native'].load()())"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == library.status()
