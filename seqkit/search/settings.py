"""The settings of a search."""

from __future__ import annotations

from typing import Any, Literal

from ..config import section, setting
from .hypothesis import Normalize

_WIDEST = 10_000  # hypotheses or draws of a sentence: some GB of memory
_LONGEST = 100_000  # tokens of an output
MOST_OF_SHORTLIST = 100  # target tokens of a source token


@section
class SearchConfig:
    """How outputs are searched for."""

    beam: int = setting("hypotheses kept open; 1 = greedy", default=5, ge=1, le=_WIDEST)
    length_penalty: float = setting("alpha of `normalize`; 0 = plain sum", default=1.0, ge=0, le=20)
    normalize: Literal["length", "gnmt"] = setting(
        "score = log probability / length ** alpha, or / ((5 + length) / 6) ** alpha "
        "(arXiv:1609.08144)",
        default="length",
    )
    coverage_penalty: float = setting(
        "beta: what finished outputs lose for source tokens that they did not attend to "
        "(arXiv:1609.08144)",
        default=0.0,
        ge=0,
        le=1e6,
    )
    nbest: int = setting("hypotheses returned for each input", default=1, ge=1, le=_WIDEST)
    beam_patience: float = setting(
        "stop after beam_patience * beam finished hypotheses (arXiv:2204.05424)",
        default=1.0,
        was="patience",
        gt=0,
    )
    max_ratio: float = setting(
        "longest output: max_ratio * source tokens + max_extra", default=2.0, gt=0, le=1000
    )
    max_extra: int = setting("see max_ratio", default=10, ge=1, le=_LONGEST)
    max_length: int = setting(
        "longest output in tokens, `<eos>` not counted, whatever the source; 0 = no such limit",
        default=0,
        ge=0,
        le=_LONGEST,
    )
    min_length: int = setting(
        "shortest output in tokens, `<eos>` not counted", default=0, ge=0, le=_LONGEST
    )
    no_repeat_ngram: int = setting(
        "no n-gram of this length occurs twice in an output (arXiv:1705.04304); 0 = any may",
        default=0,
        ge=0,
        le=_LONGEST,
    )
    suppress: list[str] = setting("tokens that are never produced", default=[])
    must: list[str] = setting(
        "phrases that occur in every output (arXiv:1704.07138, arXiv:1804.06609)", default=[]
    )
    prefix: str = setting(
        "how every output begins; its last word may be half typed. With prefix or must, lines are "
        "not split",
        default="",
    )
    to: str = setting(
        "target language of a model that has several, such as 'deu' for its token `>>deu<<`",
        default="",
        with_init="inherited",
    )
    rules: dict[str, Any] = setting(
        "rules that plugins add, by name: each has a value of its own, as in "
        "`--search rules.NAME=VALUE`",
        default={},
    )
    shortlist: int = setting(
        "outputs have only the N tokens that each source token most likely becomes, and frequent "
        "ones: faster with a large vocabulary; 0 = any token (`seqkit shortlist` learns the list)",
        default=0,
        ge=0,
        le=MOST_OF_SHORTLIST,
    )
    unknown: Literal["auto", "never", "copy", "keep"] = setting(
        "<unk> in outputs: never; copy the source token most attended to; keep; auto = copy if "
        "tokens are whole words and the model has attention, else never",
        default="auto",
    )
    groups: int = setting(
        "beams of beam / groups hypotheses that avoid each other (arXiv:1610.02424)",
        default=1,
        ge=1,
        le=_WIDEST,
    )
    diversity: float = setting(
        "how much they avoid each other's tokens, nats", default=0.5, ge=0, le=1e6
    )
    lm: str = setting(
        "language model that takes part in the search, counted or trained (arXiv:1503.03535): its "
        "path; '' = none",
        default="",
        with_init="own",
    )
    lm_weight: float = setting(
        "what the log probabilities of `lm` are multiplied by; 0 = it is not heard",
        default=0.2,
        ge=0,
        le=100,
    )
    sample: bool = setting("draw from the model instead of searching", default=False)
    mbr: int = setting(
        "draw N outputs and return those most like the others by chrF (arXiv:2108.04718); "
        "0 = search",
        default=0,
        ge=0,
        le=_WIDEST,
    )
    temperature: float = setting("sampling: divides the logits", default=1.0, gt=0)
    top_k: int = setting(
        "sampling: only from the k likeliest tokens; 0 = all", default=0, ge=0, le=2**31
    )
    top_p: float = setting(
        "sampling: only from the likeliest tokens that hold this probability",
        default=1.0,
        gt=0,
        le=1,
    )
    seed: int = setting("sampling: fixes what is drawn", default=1, ge=0)
    split: bool = setting(
        "split lines of several sentences, translate each, join again", default=True
    )
    passthrough: bool = setting(
        "copy what is not language: URLs, e-mail addresses, code; where lines are split, numbers "
        "and marks alone, tags and emoji, too",
        default=True,
    )

    def __post_init__(self) -> None:
        self._check_counts()
        if self.draws_outputs:
            self._check_sampling()
        else:
            self._check_search()

    def _check_counts(self) -> None:
        if self.mbr and self.nbest > self.mbr and not self.sample:
            raise ValueError(f"nbest = {self.nbest} needs mbr = {self.mbr} draws")
        if not self.draws_outputs and self.nbest > self.beam:
            raise ValueError(f"nbest = {self.nbest} needs a beam at least as wide, not {self.beam}")
        if self.beam % self.groups:
            raise ValueError(f"groups = {self.groups} must divide beam = {self.beam}")
        if 0 < self.max_length < self.min_length:
            raise ValueError(
                f"min_length = {self.min_length} is more than max_length = {self.max_length}"
            )

    def _check_sampling(self) -> None:
        if self.sample and self.mbr:
            raise ValueError("sample and mbr are two uses of drawn outputs: choose one")

        given = [name for name in ("must", "coverage_penalty") if getattr(self, name)]
        if self.groups > 1:
            given.append("groups")
        if given:
            raise ValueError(f"{given[0]} is for searching, not for sampling")

    def _check_search(self) -> None:
        given = {
            "temperature": self.temperature != 1,
            "top_k": self.top_k > 0,
            "top_p": self.top_p < 1,
        }
        for name, is_given in given.items():
            if is_given:
                raise ValueError(f"{name} is for sampling: set sample = true, or mbr")

    @property
    def draws_outputs(self) -> bool:
        """Whether outputs are drawn from the model instead of searched for."""
        return self.sample or self.mbr > 0

    @property
    def fuses(self) -> bool:
        """Whether a language model takes part."""
        return bool(self.lm) and self.lm_weight > 0

    @property
    def ranking(self) -> Normalize:
        """How outputs are ranked."""
        alpha = 0.0 if self.draws_outputs else self.length_penalty
        return Normalize(alpha, self.normalize)
