"""The types of numbers that a search computes with, and which of them this CPU is good at."""

from __future__ import annotations

import platform
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...errors import ConfigError, hint
from ...native import layers as native
from ...native.library import library as compiled_library
from ...threads import threads

AUTO = "auto"
TORCH = "torch"
CTRANSLATE2 = "ctranslate2"
ENGINES = (AUTO, TORCH, CTRANSLATE2)

DEFAULT = "float32"
"""Gives the outputs of our own search; `auto` gives nearly all of them, and is faster."""

INT8 = "int8"
NUMBERS = (AUTO, DEFAULT, INT8, "int16", "bfloat16")

MISSING = "CTranslate2 is not installed: `pip install 'seqkit[fast]'`"

# Instructions that multiply 8-bit integers and add up the products without overflow.
_EIGHT_BIT = {"avx512_vnni", "avx_vnni"}


def check_names(engine: str, compute: str) -> None:
    """Raise `ConfigError` for an engine or a type that there is not, or that do not fit."""
    for what, given, known in (("engine", engine, ENGINES), ("compute", compute, NUMBERS)):
        if given not in known:
            raise ConfigError(f"no {what} {given!r}.{hint(given, known)}")
    if engine == TORCH and compute not in (AUTO, DEFAULT, INT8):
        raise ConfigError(
            f"compute = {compute!r} is for CTranslate2: our own search computes in float32 or int8"
        )
    if (engine, compute) == (TORCH, INT8) and not has_own_int8():
        raise ConfigError(
            "compute = 'int8': our own search multiplies 8-bit integers by its compiled library on "
            "CPUs with AVX-512 VNNI only (see `seqkit doctor`): leave it out, or choose engine = "
            "'ctranslate2'"
        )


def is_own_int8(engine: str, compute: str) -> bool:
    """Whether our own search is to compute in int8: asked for, or as there is no CTranslate2."""
    if compute != INT8 or not has_own_int8():
        return False
    return engine == TORCH or (engine == AUTO and bool(why_missing()))


def has_own_int8() -> bool:
    """Whether our own search computes in int8 here, too."""
    compiled = compiled_library()
    return compiled is not None and compiled.seqkit_instructions_of_eight_bits() != native.NOTHING


def why_missing() -> str:
    """Why there is no CTranslate2; "" if there is."""
    try:
        library()
    except ImportError as error:
        return f"CTranslate2 does not load: {error}" if find_spec(CTRANSLATE2) else MISSING
    return ""


def library() -> Any:
    """The module `ctranslate2`; raises ImportError if it is not installed, or does not load."""
    import ctranslate2

    return ctranslate2


def engines() -> str:
    """The check of `seqkit doctor`: what can search for translations here."""
    missing = why_missing()
    own = f"{TORCH} with {DEFAULT}{f', {INT8}' if has_own_int8() else ''}"
    if missing:
        return f"{own} only; {missing}"

    module = library()
    supported = module.get_supported_compute_types("cpu")
    numbers = ", ".join(name for name in NUMBERS if name in supported)
    return (
        f"{own}; ctranslate2 {module.__version__} with {numbers} (auto = {number_type(AUTO)}), "
        f"{threads()} batches at once"
    )


def number_type(asked: str) -> str:
    """The type for `asked`; raises `ConfigError` for one that this CPU does not compute with.

    "auto" is int8 on CPUs with instructions for sums of products of 8-bit integers (VNNI), where it
    is the fastest by far and loses no BLEU (benchmarks/RESULTS.md), else float32: without them,
    int8 gains little and its sums may overflow.
    """
    supported = library().get_supported_compute_types("cpu")
    if asked == AUTO:
        return INT8 if INT8 in supported and has_eight_bit_products() else DEFAULT
    if asked not in supported:
        known = ", ".join(name for name in NUMBERS if name in supported)
        raise ConfigError(
            f"compute = {asked!r}: CTranslate2 does not compute with it on this CPU; it does with "
            f"{known}"
        )
    return asked


def has_eight_bit_products(cpu_info: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the CPU has VNNI; False where that cannot be found out."""
    if platform.system() != "Linux":
        return False
    try:
        lines = cpu_info.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return not _EIGHT_BIT.isdisjoint(flags.split())
