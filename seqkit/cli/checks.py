"""The checks of `seqkit doctor`: each returns a line, or raises what is wrong."""

from __future__ import annotations

import platform
from importlib.metadata import version

from ..errors import SeqkitError

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
    packages = [f"{name} {version(name)}" for name in _PACKAGES]
    return ", ".join([f"Python {platform.python_version()}", *packages])


def compute() -> str:
    import torch

    from ..training.devices import pick_device
    from .openmp import wait_policy

    parts = [
        f"device {pick_device()}",
        f"{torch.get_num_threads()} threads",
        f"waiting by {wait_policy()}",
        f"CPU {torch.backends.cpu.get_cpu_capability()}",
    ]
    if torch.cuda.is_available():
        bf16 = "yes" if torch.cuda.is_bf16_supported() else "no"
        parts.append(f"{torch.cuda.get_device_name()}, bf16 {bf16}")
    return ", ".join(parts)


def corpora() -> str:
    from ..recipes import corpora

    known = corpora()

    def is_whole(name: str) -> bool:
        try:
            card = known.card(name)
        except SeqkitError:  # a plugin's, which is named below
            return False
        found = [known.find(name, file) for file in card.files]
        return all(found)

    names = known.names()
    whole = [name for name in names if is_whole(name)]
    listed = ", ".join(whole) or "none"
    return f"{len(whole)} of {len(names)} complete on this machine: {listed}"


def shipped_model() -> str:
    from ..runs.load import load

    translator = load(device="cpu")
    return f"Hello. → {translator.translate(['Hello.'])[0]}"
