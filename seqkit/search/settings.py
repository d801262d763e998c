"""What a person may say about a search."""

from __future__ import annotations

from ..config import section, setting


@section
class SearchConfig:
    beam: int = setting(5, "hypotheses kept open; 1 = greedy", ge=1)
    length_penalty: float = setting(1.0, "score = log probability / length ** this; 0 = plain sum", ge=0)
    nbest: int = setting(1, "hypotheses returned for each input", ge=1)
    patience: float = setting(1.0, "stop after patience * beam finished hypotheses (arXiv:2204.05424)", gt=0)
    max_ratio: float = setting(2.0, "longest output: max_ratio * source tokens + max_extra", gt=0)
    max_extra: int = setting(10, "see max_ratio", ge=1)
    max_length: int = setting(0, "longest output in tokens, whatever the source; 0 = no such limit", ge=0)
    sample: bool = setting(False, "draw from the model instead of searching")
    temperature: float = setting(1.0, "sampling: divides the logits", gt=0)
    top_k: int = setting(0, "sampling: only from the k likeliest tokens; 0 = all", ge=0)
    top_p: float = setting(1.0, "sampling: only from the likeliest tokens that hold this probability", gt=0, le=1)
    seed: int = setting(1, "sampling: fixes what is drawn", ge=0)
    split: bool = setting(True, "cut lines of several sentences, translate each, join again")

    def __post_init__(self) -> None:
        if self.nbest > self.beam and not self.sample:
            raise ValueError(f"nbest = {self.nbest} needs a beam at least as wide, not {self.beam}")
