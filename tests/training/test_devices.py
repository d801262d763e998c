"""What training asks of the machine."""

import os
import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys, torch
from seqkit.training.devices import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
for _ in range(5):
    torch.ones(1 << 24)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    torch.ones(1 << 24)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="this C library is not glibc")
def test_freed_memory_is_used_again_without_touching_new_pages():
    faults = {}
    for how in ("keep", "not"):
        done = subprocess.run(
            [sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=True
        )
        faults[how] = int(done.stdout)

    # Not none: a system short of memory takes some pages away itself.
    assert faults["keep"] * 2 < faults["not"]


KERNELS = """
import os, sys, torch
from seqkit.training.devices import limit_kept_kernels
if sys.argv[1] == "limit":
    limit_kept_kernels()
conv = torch.nn.Conv2d(16, 16, 3)
with torch.no_grad():
    for width in [*range(8, 208), 8]:
        conv(torch.ones(4, 16, 8, width))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "variables", "last"),
    [
        ("limit", {}, "cache_miss"),
        ("not", {}, "cache_hit"),
        ("limit", {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "1000"}, "cache_hit"),
    ],
)
def test_the_kernels_of_shapes_long_gone_are_not_kept(how, variables, last):
    environment = {**os.environ, "ONEDNN_VERBOSE": "2"}
    environment.pop("ONEDNN_PRIMITIVE_CACHE_CAPACITY", None)
    done = subprocess.run(
        [sys.executable, "-c", KERNELS, how],
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    made = [line for line in done.stdout.splitlines() if "create" in line and "convolution" in line]
    if not made:
        pytest.skip("this torch computes convolutions without oneDNN")

    assert last in made[-1]
