"""Text files → id rows → batches; corpora and their cards.

Only `seqkit.data.batching`, `splits` and `windows` import torch.
"""

from .corpora import Card, Corpora
from .download import fetch
from .files import read_lines
from .parallel import ParallelText, read_parallel

__all__ = ["Card", "Corpora", "ParallelText", "fetch", "read_lines", "read_parallel"]
