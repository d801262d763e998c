"""How OpenMP's threads wait: decided before torch is imported, and without effect on values."""

import os
import subprocess
import sys

import pytest

from seqkit.cli.openmp import set_wait_policy, wait_policy

VARIABLES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")

# What the variables are when the command line imports torch.
IMPORT = """
import os, runpy, sys

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            print(os.environ.get("OMP_WAIT_POLICY"), os.environ.get("GOMP_SPINCOUNT"))
            sys.stdout.flush()
            os._exit(0)

sys.meta_path.insert(0, Watch())
sys.argv = ["seqkit", "translate", "--engine", "torch", "a"]
runpy.run_module("seqkit", run_name="__main__")
"""

TRAINING = """
import sys, torch
from torch import nn
sys.path[:0] = sys.argv[1:]
from toy_task import make_trainer
torch.set_num_threads(2)
class Wide(nn.Linear):
    def forward(self, x):
        wide = super().forward(x.repeat(1, 1)).repeat(1, 200)
        return (wide @ wide.t()).mean(1, keepdim=True)
trainer = make_trainer(rows=400, batch=400, model=Wide(3, 1), steps=5)
print([event.loss for event in trainer.run() if hasattr(event, "loss")])
"""


def run(code, *args, **variables):
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)],
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({}, "None 1000"),
        ({"GOMP_SPINCOUNT": "7"}, "None 7"),
        ({"OMP_WAIT_POLICY": "active"}, "active None"),
    ],
)
def test_threads_spin_shortly_unless_the_user_decides(variables, found):
    assert run(IMPORT, **variables) == found


def test_after_torch_is_imported_it_is_too_late():
    import torch  # noqa: F401

    environment = {}
    set_wait_policy(environment)
    assert environment == {}


@pytest.mark.slow
def test_values_do_not_depend_on_how_threads_wait(request):
    folder = request.config.rootpath / "tests/training"
    policies = ({}, {"GOMP_SPINCOUNT": "1000"}, {"OMP_WAIT_POLICY": "passive"})
    assert len({run(TRAINING, folder, **policy) for policy in policies}) == 1


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({}, "OpenMP's default"),
        ({"GOMP_SPINCOUNT": "1000", "OMP_DYNAMIC": "false"}, "GOMP_SPINCOUNT=1000"),
        ({"OMP_WAIT_POLICY": "passive"}, "OMP_WAIT_POLICY=passive"),
        ({"OMP_DYNAMIC": "TRUE"}, "OpenMP's default; WARNING: OMP_DYNAMIC is on, under which"),
    ],
)
def test_the_doctor_shows_the_policy_and_warns_of_one_that_hangs(environment, shown):
    assert wait_policy(environment).startswith(shown)
    assert ("WARNING" in wait_policy(environment)) == ("WARNING" in shown)


def test_the_doctor_shows_the_policy(monkeypatch):
    from seqkit.cli.checks import compute

    monkeypatch.setenv("GOMP_SPINCOUNT", "1000")
    assert "waiting by GOMP_SPINCOUNT=1000" in compute() or "OMP_WAIT_POLICY" in compute()
