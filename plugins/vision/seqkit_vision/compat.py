"""torchvision, also beside a torch that it was not built for.

The one place where this plugin imports torchvision: `from seqkit_vision.compat import torchvision`.

Its wheel on PyPI is a CUDA build, whose compiled operators cannot be loaded beside CPU torch; then
the mere `import torchvision` fails with "operator torchvision::nms does not exist", because it
describes two operators that nobody defined. Defining their schemas is enough: transforms, datasets
and models need no compiled operator.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import torch

__all__ = ["check", "torchvision"]

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def _load_operators() -> bool:
    """Load torchvision's compiled operators without importing it; False if that is impossible."""
    spec = find_spec("torchvision")
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        for path in sorted([*Path(folder).glob("_C*.so"), *Path(folder).glob("_C*.pyd")]):
            try:
                torch.ops.load_library(path)
            except (OSError, RuntimeError):
                continue
    return hasattr(torch.ops.torchvision, "nms")


def _define_missing_operators() -> torch.library.Library | None:
    """The schemas that importing torchvision needs, where nobody has defined them."""
    if "torchvision" in sys.modules or hasattr(torch.ops.torchvision, "nms"):
        return None
    if _load_operators():
        return None

    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}{_SCHEMA}")
    return library


_LIBRARY = _define_missing_operators()  # its definitions live as long as it does

import torchvision  # noqa: E402
import torchvision.transforms.v2  # noqa: E402


def check() -> str:
    """One line for `seqkit doctor`."""
    compiled = hasattr(torch.ops.torchvision, "roi_align")  # never defined by us
    state = (
        "compiled operators loaded"
        if compiled
        else "compiled operators missing beside this torch: transforms, datasets and models work"
    )
    return f"torchvision {torchvision.__version__}, {state}"
