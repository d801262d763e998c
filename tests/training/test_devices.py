"""What training asks of the machine."""

import ctypes
import os
import subprocess
import sys

import pytest

HEAP = """
import ctypes, sys, torch
from seqkit.training.devices import keep_freed_memory
class Heap(ctypes.Structure):  # <malloc.h>, struct mallinfo2
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd",
        "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]
mallinfo = ctypes.CDLL(None).mallinfo2
mallinfo.restype = Heap
if sys.argv[1] == "keep":
    keep_freed_memory()
held = torch.ones(1 << 24)
mapped = mallinfo().hblkhd
del held
print(mapped, mallinfo().fordblks)
"""


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallinfo2"),
    reason="this C library does not tell of its heap",
)
@pytest.mark.parametrize("how", ["keep", "not"])
def test_freed_memory_stays_in_the_heap_for_the_next_tensor(how):
    done = subprocess.run(
        [sys.executable, "-c", HEAP, how], capture_output=True, text=True, check=True
    )
    mapped, free = (int(number) for number in done.stdout.split())

    tensor = 4 << 24
    if how == "keep":
        assert mapped < tensor <= free
    else:
        assert free < tensor <= mapped


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
