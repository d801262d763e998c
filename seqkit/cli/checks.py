"""What `seqkit doctor` looks at. Each returns a line, or raises what is wrong."""

from __future__ import annotations

import platform
from importlib.metadata import version

_PACKAGES = (
    "torch",
    "numpy",
    "sentencepiece",
    "sacrebleu",
    "safetensors",
    "pydantic",
    "click",
    "rich",
)


def python() -> str:
    return ", ".join(
        [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in _PACKAGES)]
    )


def compute() -> str:
    import torch

    from ..nn.linear import FAST_LINEAR
    from ..training.devices import pick_device

    parts = [
        f"device {pick_device()}",
        f"{torch.get_num_threads()} threads",
        f"CPU {torch.backends.cpu.get_cpu_capability()}",
        f"float32 products by {'oneDNN' if FAST_LINEAR else 'the default library'}",
    ]
    if torch.cuda.is_available():
        parts.append(
            f"{torch.cuda.get_device_name()}, bf16 {'yes' if torch.cuda.is_bf16_supported() else 'no'}"
        )
    return ", ".join(parts)


def corpora() -> str:
    from ..data.corpora import card, names, places

    here = [
        n for n in names() if all(any(p.is_file() for p in places(n, f)) for f in card(n).files)
    ]
    return f"{len(here)} of {len(names())} whole on this machine: {', '.join(here) or 'none'}"


def shipped_model() -> str:
    from ..runs.load import load

    return f"Hello. → {load(device='cpu').translate(['Hello.'])[0]}"
