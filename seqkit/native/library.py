"""The compiled library: found, opened, or done without."""

from __future__ import annotations

import ctypes
import os
import shlex
import sys
from functools import cache
from pathlib import Path

from ..switches import is_on
from . import build

ENVIRONMENT = "SEQKIT_NATIVE"  # "off" does without the library

_POINTER = ctypes.c_void_p
_COUNT = ctypes.c_int64
_PROTOTYPES = {
    "seqkit_index_words": (None, [_POINTER]),
    "seqkit_encode": (_COUNT, [_POINTER, ctypes.c_char_p, _COUNT, _POINTER, _POINTER]),
    "seqkit_index_level": (None, [_POINTER]),
    "seqkit_find": (None, [_POINTER, _COUNT, _POINTER, _POINTER]),
    "seqkit_with_starts": (
        _COUNT,
        [_COUNT, _POINTER, _POINTER, ctypes.c_int32, _POINTER, _POINTER],
    ),
    "seqkit_best": (ctypes.c_int, [_POINTER, _COUNT, _COUNT]),
    "seqkit_ctc_index": (None, [_POINTER]),
    "seqkit_ctc_look": (
        _COUNT,
        [_POINTER, ctypes.c_double, _COUNT, _COUNT, _COUNT, _POINTER, _POINTER],
    ),
    "seqkit_ctc_settle": (_COUNT, [_POINTER, _COUNT, _COUNT]),
    "seqkit_instructions": (_COUNT, []),
    "seqkit_instructions_of_eight_bits": (_COUNT, []),
    "seqkit_has_bf16": (ctypes.c_int, []),
    "seqkit_has_tiles": (ctypes.c_int, []),
    "seqkit_gru_backward": (None, [_POINTER, _COUNT, _COUNT]),
    "seqkit_gru_forward": (None, [_POINTER, _COUNT, _COUNT]),
    "seqkit_lstm_backward": (None, [_POINTER, _COUNT, _COUNT]),
    "seqkit_lstm_forward": (None, [_POINTER, _COUNT, _COUNT]),
    "seqkit_multiply": (None, [_POINTER, _COUNT, _COUNT, _POINTER, _POINTER]),
    "seqkit_cross_entropy": (None, [_POINTER, _COUNT, _COUNT]),
    "seqkit_pack_bf16": (None, [_POINTER, *[_COUNT] * 5, _POINTER]),
    "seqkit_drop": (None, [_POINTER, _COUNT, _COUNT]),
    "seqkit_drop_and_add": (None, [_POINTER, _COUNT, _COUNT]),
    "seqkit_drop_gradient": (None, [_POINTER, _COUNT, _COUNT]),
    "seqkit_drop_relu_gradient": (None, [_POINTER, _COUNT, _COUNT]),
    "seqkit_attention_scratch": (_COUNT, [_COUNT, _COUNT]),
    "seqkit_attend": (None, [_POINTER, _COUNT, _COUNT]),
    "seqkit_attend_gradient": (None, [_POINTER, _COUNT, _COUNT]),
    "seqkit_run_layers": (ctypes.c_int, [_POINTER, _POINTER, _COUNT, _COUNT]),
    "seqkit_extend_paths": (
        ctypes.c_int,
        [_COUNT, _COUNT, _POINTER, _POINTER, _COUNT, _POINTER, _COUNT, _POINTER, _POINTER],
    ),
    "seqkit_score": (
        ctypes.c_int,
        [_POINTER, _COUNT, _POINTER, _POINTER, _POINTER, _POINTER],
    ),
}

# That of the prototypes above. A run may open it an hour after it was started; if seqkit has been
# updated meanwhile, the newer library takes other arguments, and would write wherever they say.
_NAME = build.library_name()


def library() -> ctypes.CDLL | None:
    """The library, None where it is not there or not wanted.

    Raises `ConfigError` for a SEQKIT_NATIVE that is neither on nor off.
    """
    if not is_on(ENVIRONMENT):
        return None
    found = _opened()
    return found if isinstance(found, ctypes.CDLL) else None


def status() -> str:
    """Whether the library is used, and why not."""
    if not is_on(ENVIRONMENT):
        return f"not used: {ENVIRONMENT}={os.environ[ENVIRONMENT]}"
    found = _opened()
    return found if isinstance(found, str) else "used"


@cache
def _opened() -> ctypes.CDLL | str:
    """The library, or why there is none."""
    path = build.FOLDER / _NAME
    return open_at(path) if path.exists() else _why_missing(path.parent)


def open_at(path: Path) -> ctypes.CDLL | str:
    """The library in a file, or why it is not used."""
    try:
        opened = ctypes.CDLL(str(path))
        for name, (result, arguments) in _PROTOTYPES.items():
            function = getattr(opened, name)
            function.restype = result
            function.argtypes = arguments
    except (OSError, AttributeError) as error:
        return f"not used: {path.name} cannot be opened ({error}); {_ADVICE}"
    return opened


_ADVICE = "NumPy and torch do the same, more slowly"


def _why_missing(folder: Path) -> str:
    if any(folder.glob("seqkit-*.so")):
        return f"not used: made of other sources, so {_ADVICE}: start again or install seqkit again"
    if os.name != "posix":
        return f"not there: it is for Linux and macOS; {_ADVICE}"
    why = "seqkit was installed without a C compiler, or it failed"
    # By its path: in a checkout, `-m` would compile that one's instead of the installed one's.
    compiling = shlex.join([sys.executable, build.__file__])
    return f"not there: {why}, so {_ADVICE}: `{compiling}` compiles it"
