"""Text files → id rows → batches; corpora and their cards."""

from .batching import PairBatch, Rows, pad, token_batches
from .files import read_lines
from .parallel import ParallelText, read_parallel

__all__ = ["PairBatch", "ParallelText", "Rows", "pad", "read_lines", "read_parallel", "token_batches"]
