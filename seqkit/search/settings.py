"""What a person may say about a search."""

from __future__ import annotations

from typing import Literal

from ..config import section, setting
from .decoder import Normalize


@section
class SearchConfig:
    beam: int = setting("hypotheses kept open; 1 = greedy", default=5, ge=1)
    length_penalty: float = setting("alpha of `normalize`; 0 = plain sum", default=1.0, ge=0)
    normalize: Literal["length", "gnmt"] = setting(
        "score = log probability / length ** alpha, or / ((5 + length) / 6) ** alpha (arXiv:1609.08144)",
        default="length",
    )
    coverage_penalty: float = setting(
        "beta: what finished outputs lose for source tokens that they did not attend to (arXiv:1609.08144)",
        default=0.0,
        ge=0,
    )
    nbest: int = setting("hypotheses returned for each input", default=1, ge=1)
    beam_patience: float = setting(
        "stop after beam_patience * beam finished hypotheses (arXiv:2204.05424)",
        default=1.0,
        was="patience",
        gt=0,
    )
    max_ratio: float = setting(
        "longest output: max_ratio * source tokens + max_extra", default=2.0, gt=0
    )
    max_extra: int = setting("see max_ratio", default=10, ge=1)
    max_length: int = setting(
        "longest output in tokens, `<eos>` not counted, whatever the source; 0 = no such limit",
        default=0,
        ge=0,
    )
    min_length: int = setting("shortest output in tokens, `<eos>` not counted", default=0, ge=0)
    no_repeat_ngram: int = setting(
        "no run of so many tokens occurs twice in an output (arXiv:1705.04304); 0 = any may",
        default=0,
        ge=0,
    )
    suppress: list[str] = setting("tokens that are never produced", default=[])
    must: list[str] = setting(
        "phrases that occur in every output (arXiv:1704.07138, arXiv:1804.06609)", default=[]
    )
    prefix: str = setting(
        "how every output begins; its last word may be half typed. With prefix or must, lines are not cut",
        default="",
    )
    unknown: Literal["auto", "never", "copy", "keep"] = setting(
        "<unk> in outputs: never; copy the source token most attended to; keep; auto = copy if tokens are whole words "
        "and the model has attention, else never",
        default="auto",
    )
    groups: int = setting(
        "beams of beam / groups hypotheses that avoid each other (arXiv:1610.02424)",
        default=1,
        ge=1,
    )
    diversity: float = setting("how much they avoid each other's tokens, nats", default=0.5, ge=0)
    sample: bool = setting("draw from the model instead of searching", default=False)
    mbr: int = setting(
        "draw so many outputs and return those most like the others by chrF (arXiv:2108.04718); 0 = search",
        default=0,
        ge=0,
    )
    temperature: float = setting("sampling: divides the logits", default=1.0, gt=0)
    top_k: int = setting("sampling: only from the k likeliest tokens; 0 = all", default=0, ge=0)
    top_p: float = setting(
        "sampling: only from the likeliest tokens that hold this probability",
        default=1.0,
        gt=0,
        le=1,
    )
    seed: int = setting("sampling: fixes what is drawn", default=1, ge=0)
    split: bool = setting(
        "cut lines of several sentences, translate each, join again", default=True
    )

    def __post_init__(self) -> None:
        draws = self.sample or self.mbr
        if self.nbest > (self.mbr or self.beam) and not self.sample:
            kind = (
                f"mbr = {self.mbr} draws"
                if self.mbr
                else f"a beam at least as wide, not {self.beam}"
            )
            raise ValueError(f"nbest = {self.nbest} needs {kind}")
        if self.beam % self.groups:
            raise ValueError(f"groups = {self.groups} must divide beam = {self.beam}")
        if self.sample and self.mbr:
            raise ValueError("sample and mbr are two things to do with what is drawn: choose one")
        drawing = {
            "temperature": self.temperature != 1,
            "top_k": self.top_k > 0,
            "top_p": self.top_p < 1,
        }
        idle = [name for name, given in drawing.items() if given and not draws]
        if idle:
            raise ValueError(f"{idle[0]} is for sampling: set sample = true, or mbr")
        if 0 < self.max_length < self.min_length:
            raise ValueError(
                f"min_length = {self.min_length} is more than max_length = {self.max_length}"
            )
        searching = ("min_length", "no_repeat_ngram", "must", "prefix", "coverage_penalty")
        given = [name for name in searching if getattr(self, name)] + ["groups"] * (self.groups > 1)
        if draws and given:
            raise ValueError(f"{given[0]} is for searching, not for sampling")

    @property
    def ranking(self) -> Normalize:
        """How outputs are ranked."""
        return Normalize(0.0 if self.sample or self.mbr else self.length_penalty, self.normalize)
