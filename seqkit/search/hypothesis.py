"""What a search returns, and the score by which outputs of different lengths compare."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Normalize(NamedTuple):
    """How a log probability becomes a score by which outputs of different lengths compare."""

    alpha: float = 1.0  # 0: not normalized
    kind: Literal["length", "gnmt"] = "length"

    def __call__(self, log_probability: float, length: int) -> float:
        """Nats and tokens, `<eos>` included -> score.

        "length" divides by length ** alpha, which for an alpha of 1 is the average log probability;
        "gnmt" by ((5 + length) / 6) ** alpha (Wu et al. 2016, arXiv:1609.08144, equation 14).
        """
        return log_probability / self.divisor(length)

    def divisor(self, length: int) -> float:
        """What the log probability of an output of `length` tokens is divided by."""
        base: float = length
        if self.kind == "gnmt":
            base = (5 + length) / 6

        divisor: float = base**self.alpha
        return divisor


AVERAGE = Normalize()
PLAIN = Normalize(0.0)


class Hypothesis(NamedTuple):
    ids: list[int]  # without <bos> and <eos>
    log_probability: float  # nats: the plain sum over all tokens, <eos> included
    score: float  # what hypotheses are ranked by
    lm_log_probability: float | None = None  # the same of a language model fused with the model

    @classmethod
    def of(cls, ids: list[int], log_probability: float, normalize: Normalize) -> Hypothesis:
        length = len(ids) + 1  # with <eos>
        score = normalize(log_probability, length)
        return cls(ids, log_probability, score)

    @classmethod
    def fused(
        cls, ids: list[int], total: float, added: float, normalize: Normalize, weight: float
    ) -> Hypothesis:
        """One whose log probability is `total`, of which a language model `added` some.

        `weight` is what that model's log probabilities are multiplied by.
        """
        ranked = cls.of(ids, total, normalize)
        return ranked._replace(log_probability=total - added, lm_log_probability=added / weight)
