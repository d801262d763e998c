"""What the plugin's page says works, for somebody with a table of prices."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import paste
from small_tables import houses, write_csv

PAGE = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", PAGE, re.DOTALL)
SHELL = [
    line.partition("#")[0].strip()
    for kind, body in BLOCKS
    if kind == "bash"
    for line in body.splitlines()
]
QUICK = " --set train.steps=4 --set train.eval_every=2"


@pytest.mark.slow
def test_every_command_and_python_example_of_the_readme_works(tmp_path):
    for name, count in (("prices", 60), ("more", 20), ("new", 10)):
        columns = houses(count, seed=count)
        if name == "new":
            del columns["price"]
        write_csv(tmp_path / f"{name}.csv", columns)

    for line in SHELL:
        if line.startswith("pip"):  # needs a network
            continue
        if " train " in line or " folds " in line:
            line += QUICK
        result = paste(tmp_path, line)
        assert result.returncode == 0, f"{line}\n{result.stdout}{result.stderr}"
    for name in ("residuals.png", "submission.csv", "runs/folds/curves.png"):
        assert (tmp_path / name).stat().st_size

    for body in (body for kind, body in BLOCKS if kind == "python"):
        command = [sys.executable, "-c", body]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert result.returncode == 0, body + result.stderr
        assert float(result.stdout)


def test_every_option_in_the_readme_exists():
    from seqkit_tabular.commands import tabular

    known = {
        name for command in tabular.commands.values() for p in command.params for name in p.opts
    }
    assert set(re.findall(r"--[a-z-]+", PAGE)) <= known | {"--set"}
