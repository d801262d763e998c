"""The library is used where it is there and wanted, and never needed."""

import subprocess
import sys

import pytest

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


def test_why_there_is_no_library_is_said(tmp_path, monkeypatch):
    monkeypatch.delenv(library.ENVIRONMENT, raising=False)
    copy_sources(tmp_path)
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    monkeypatch.setattr(library, "_opened", library._opened.__wrapped__)
    assert library.status().startswith("not there: seqkit was installed without a C compiler")
    assert library.library() is None

    (tmp_path / "seqkit-00000000.so").write_bytes(b"old")
    assert "made of other sources" in library.status()

    (tmp_path / build.library_name()).write_bytes(b"no library")
    assert "cannot be opened" in library.status()
    assert library.library() is None


@pytest.mark.parametrize("value", ["off", "OFF"])
def test_it_can_be_switched_off(used, monkeypatch, value):
    assert library.status() == "used"
    monkeypatch.setenv(library.ENVIRONMENT, value)
    assert library.library() is None
    assert library.status() == "not used: SEQKIT_NATIVE=off"


def test_the_doctor_shows_it():
    done = subprocess.run(
        [sys.executable, "-c", "from seqkit.plugins import components\n"
         "print(components().checks['native'].load()())"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == library.status()
