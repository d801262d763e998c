"""Which values of images with more than 8 bits are black and white.

Files of 16 bits hold what a camera of 10, 12 or 14 bits wrote, or temperatures between 29,000 and
31,000. Scaled as if they used all 65,536 values, such images would be of one grey.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from seqkit.errors import DataError

from .decoding import SIXTEEN_BITS, GreyRange, deep_values

_SAMPLE = 2000  # images whose values are looked at
_NARROW = 4  # values that use less than this part of what their bits can hold are stretched
_ALWAYS_EIGHT_BITS = (".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".webp")


def measured_range(paths: Sequence[Path]) -> GreyRange:
    """The range of the images with more than 8 bits among these, or a sample of them.

    All values of the least number of bits that holds them, or only those that occur if they are
    few. Without such images, that of 16 bits. Files that cannot be read are passed over.
    """
    may_be_deep = [path for path in paths if path.suffix.lower() not in _ALWAYS_EIGHT_BITS]
    step = max(1, -(-len(may_be_deep) // _SAMPLE))
    with ThreadPoolExecutor() as pool:
        found = [values for values in pool.map(_values, may_be_deep[::step]) if values]
    if not found:
        return SIXTEEN_BITS

    least = min(low for low, _ in found)
    greatest = max(high for _, high in found)
    white = max(255, 2 ** greatest.bit_length() - 1)
    is_narrow = (greatest - least) * _NARROW < white
    if is_narrow and greatest > least:
        return GreyRange(least, greatest)
    return GreyRange(0, white)


def _values(path: Path) -> tuple[int, int] | None:
    try:
        return deep_values(path)
    except DataError:
        return None
