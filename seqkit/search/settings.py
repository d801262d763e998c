"""What a person may say about a search."""

from __future__ import annotations

from ..config import section, setting


@section
class SearchConfig:
    beam: int = setting("hypotheses kept open; 1 = greedy", default=5, ge=1)
    length_penalty: float = setting("score = log probability / length ** this; 0 = plain sum", default=1.0, ge=0)
    nbest: int = setting("hypotheses returned for each input", default=1, ge=1)
    patience: float = setting("stop after patience * beam finished hypotheses (arXiv:2204.05424)", default=1.0, gt=0)
    max_ratio: float = setting("longest output: max_ratio * source tokens + max_extra", default=2.0, gt=0)
    max_extra: int = setting("see max_ratio", default=10, ge=1)
    max_length: int = setting("longest output in tokens, whatever the source; 0 = no such limit", default=0, ge=0)
    sample: bool = setting("draw from the model instead of searching", default=False)
    temperature: float = setting("sampling: divides the logits", default=1.0, gt=0)
    top_k: int = setting("sampling: only from the k likeliest tokens; 0 = all", default=0, ge=0)
    top_p: float = setting(
        "sampling: only from the likeliest tokens that hold this probability", default=1.0, gt=0, le=1
    )
    seed: int = setting("sampling: fixes what is drawn", default=1, ge=0)
    split: bool = setting("cut lines of several sentences, translate each, join again", default=True)

    def __post_init__(self) -> None:
        if self.nbest > self.beam and not self.sample:
            raise ValueError(f"nbest = {self.nbest} needs a beam at least as wide, not {self.beam}")
