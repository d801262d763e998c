"""Every line of the README that a reader may paste does what it says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import paste

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)
SHELL = [line for kind, body in BLOCKS if kind == "bash" for line in body.splitlines() if line]
PYTHON = [body for kind, body in BLOCKS if kind == "python"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where a reader stands: with a seqkit command, and two files of letters."""
    folder = tmp_path_factory.mktemp("reader")
    for language in ("en", "de"):
        lines = (
            (ROOT / f"corpora/demo/train.{language}").read_text(encoding="utf-8").splitlines()[:200]
        )
        (folder / f"letters.{language}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "corpora").symlink_to(ROOT / "corpora")
    return folder


def test_the_two_lines_install_by_the_constraints_and_ci_runs_the_second():
    installing = [line for line in SHELL if line.startswith("python3")]
    assert len(installing) == 2
    assert all("-c constraints.txt" in line for line in installing)
    assert installing[0].split(" && ")[-1].startswith(".venv/bin/seqkit translate")
    pattern = re.search(r"grep -E '(.*)' README.md", (ROOT / ".ci/run").read_text(encoding="utf-8"))
    assert [line for line in README.splitlines() if re.match(pattern[1], line)] == [installing[1]]


# Of a command that writes its result to a file.
WRITES = (">", " -o ", " --html ", " lm convert ")


@pytest.mark.slow
def test_every_command_of_the_readme_works(folder):
    for line in SHELL:
        if line.startswith("python3"):
            continue  # installs; the line above and CI see to it
        result = paste(
            folder, line.replace("--out runs/letters", "--out runs/letters --set train.steps=20")
        )
        assert result.returncode == 0, f"{line}\n{result.stdout}{result.stderr}"
        assert result.stdout or any(mark in line for mark in WRITES), line
    assert len((folder / "letters.de").read_text(encoding="utf-8").splitlines()) == 200


@pytest.mark.slow
def test_the_python_of_the_readme_works(folder):
    for body in PYTHON:
        result = subprocess.run(
            [sys.executable, "-c", body], cwd=folder, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, body + result.stderr


def test_every_file_and_folder_the_readme_names_exists():
    for path in re.findall(r"\]\(([^)#:]+)\)", README) + re.findall(
        r"^(seqkit/\S+|corpora/|tests/)", README, re.MULTILINE
    ):
        assert (ROOT / path.rstrip(",")).exists(), path
