"""Which settings of the search CTranslate2 follows as our own search does.

Both keep the same hypotheses open, end at the same step and rank alike. What it does in another way
is left to our own search:

- It takes the probability of forbidden tokens and shares it among the others, so that scores are
  no longer the model's own, and others win: `suppress`, `min_length`, `no_repeat_ngram`. Of a
  `prefix`, it leaves the probability out.
- It draws from one generator for all sentences, where ours draws for each from `seed` alone.
- It knows no phrases, groups, coverage of all layers, language models, lists of our own, or rules
  of plugins.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ...search.rules import Rules
from ...search.settings import SearchConfig
from ...text.vocab import UNK

_NO_PENALTY = 1e-30
"""A length penalty that divides by 1 and is not 0: with 0, CTranslate2 stops at the best ending."""


def beyond(config: SearchConfig, rules: Rules, vocab: int) -> Iterator[str]:
    """The settings that CTranslate2 does not follow as we do; `vocab` is the size of the target's.

    What is given as text comes in `rules`.
    """
    given = {
        "sample": config.sample,
        "mbr": config.mbr > 0,
        "must": bool(rules.phrases),
        "prefix": bool(rules.prefix or rules.stem),
        "suppress": bool(config.suppress),
        "min_length": config.min_length > 0,
        "no_repeat_ngram": config.no_repeat_ngram > 0,
        "rules": bool(rules.further),
        "shortlist": config.shortlist > 0,
        "groups": config.groups > 1,
        "coverage_penalty": config.coverage_penalty > 0,
        "lm": config.fuses,
        "normalize = gnmt": config.ranking.kind == "gnmt" and config.length_penalty > 0,
        "unknown = copy": UNK not in rules.suppress and config.unknown != "keep",
        "beam_patience with a beam of 1": config.beam == 1 and finished(config) > 1,
        "nbest with a beam_patience below 1": config.nbest > finished(config),
        f"a beam of {config.beam} for {vocab} tokens": 2 * config.beam >= vocab,
    }
    return (name for name, is_given in given.items() if is_given)


def finished(config: SearchConfig) -> int:
    """How many hypotheses of a sentence end its search."""
    return max(1, math.ceil(config.beam_patience * config.beam))


def length_penalty(config: SearchConfig) -> float:
    """The exponent of the length, as CTranslate2 takes it."""
    return config.length_penalty or _NO_PENALTY
