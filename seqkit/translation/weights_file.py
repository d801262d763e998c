"""The weights of a model in a safetensors file, as float32, without torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize, safe_open

from ..errors import CheckpointError, reason
from .weights import Array


def read_state(path: Path) -> dict[str, Array]:
    """All tensors by name.

    Raises `CheckpointError` for a file that is damaged, ValueError for tensors of another type than
    float32, float16 and bfloat16.
    """
    try:
        with safe_open(path, "np") as file:
            names = list(file.keys())
            types = {file.get_slice(name).get_dtype() for name in names}
            if not types <= {"BF16", *_TYPES}:
                raise ValueError(f"{path} holds tensors of other types: {', '.join(types)}")
            if "BF16" not in types:
                return {name: _widened(file.get_tensor(name)) for name in names}
        return _with_bfloat16(path.read_bytes())
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {reason(error)}") from None
    except (SafetensorError, KeyError):
        raise CheckpointError(f"{path} is damaged: not a whole safetensors file") from None


def _widened(array: NDArray[np.generic]) -> Array:
    return array.astype(np.float32, copy=False)


def _with_bfloat16(content: bytes) -> dict[str, Array]:
    """The state in a file; bfloat16, which numpy has not, is the upper half of a float32."""
    state: dict[str, Array] = {}
    for name, tensor in deserialize(content):  # type: ignore[no-untyped-call]
        if tensor["dtype"] == "BF16":
            halves = np.frombuffer(tensor["data"], np.uint16).astype(np.uint32)
            values = (halves << 16).view(np.float32)
        else:
            values = _widened(np.frombuffer(tensor["data"], _TYPES[tensor["dtype"]]))
        state[name] = values.reshape(tensor["shape"])
    return state


_TYPES = {"F16": np.float16, "F32": np.float32}
