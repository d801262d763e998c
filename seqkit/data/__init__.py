"""Text files → id rows → batches; corpora and their cards. Only `seqkit.data.batching` imports torch."""

from .fetch import fetch
from .files import read_lines
from .parallel import ParallelText, read_parallel

__all__ = ["ParallelText", "fetch", "read_lines", "read_parallel"]
