"""Our beam search as CTranslate2 runs it, with the hypotheses and scores of our own.

It is given the settings with which it does the same (see `agreement`). Two differences are left,
and sentences that meet them are given to our own search:

- At its length limit, an output of ours ends with `<eos>`, and one of CTranslate2's without: so no
  search may come to its limit, as it does where a model finds no end.
- Ours never produces `<pad>`, `<bos>` and mostly `<unk>`, though they keep their probability. If
  CTranslate2 is forbidden a token, it shares its probability among the others, which changes all
  scores. So it may produce them, which trained models do not, and no output may have one.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from weakref import WeakSet

from ...errors import ConfigError
from ...search.batches import batches, longest
from ...search.hypothesis import Hypothesis
from ...search.rules import Rules
from ...search.settings import SearchConfig
from ...text.vocab import BOS, EOS, PAD
from ...training.forks import survive_forks
from ...wanted import check_wanted
from . import agreement
from .compute import CTRANSLATE2, library

Found = list[Hypothesis] | None
"""The hypotheses of a sentence, best first; None where they are left to our own search."""


class CTranslate2:
    """A Transformer in CTranslate2, which computes several batches at once."""

    def __init__(
        self,
        make_files: Callable[[], Mapping[str, bytes]],
        source: Sequence[str],
        target: Sequence[str],
        *,
        number: str,
        positions: int,
        threads: int,
        only: bool = False,
    ) -> None:
        """`make_files` makes the files of a model folder, by name.

        `source` and `target` are the tokens as the files have them, by the ids of our vocabularies.
        `number` is a type that this CPU computes with; `positions` is how many tokens a source or
        an output can have. With `only`, no setting is left to our own search.
        """
        self.name = f"{CTRANSLATE2} {number}"
        self.number = number
        self.only = only
        self._make_files = make_files
        self._source = source
        self._target = target
        self._ids = {token: i for i, token in enumerate(target)}
        self._positions = positions
        self.threads = threads
        self._translator: Any = None
        _ALIVE.add(self)

    def __repr__(self) -> str:
        return f"<CTranslate2: {self.number}, {self.threads} batches at once>"

    def __getstate__(self) -> dict[str, Any]:
        """Copies, and other processes, load the model anew."""
        return {**self.__dict__, "_translator": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        _ALIVE.add(self)

    def follows(self, config: SearchConfig, rules: Rules) -> bool:
        """Whether it does what our own search would do; raises `ConfigError` for `only` if not."""
        beyond = list(agreement.beyond(config, rules, len(self._ids)))
        if beyond and self.only:
            raise ConfigError(
                f"engine = 'ctranslate2' does not do this as our own search does: "
                f"{', '.join(beyond)}; leave it out, or choose engine = 'auto'"
            )
        return not beyond

    def search(
        self,
        sources: Sequence[list[int]],
        config: SearchConfig,
        *,
        rules: Rules,
        batch_tokens: int,
    ) -> list[Found]:
        """The `config.nbest` best outputs of each source, in order.

        Sources end in `<eos>`. The engine must follow the settings.
        """
        check_wanted()
        translator = self.load()
        options = _options(config)
        barred = {self._target[i] for i in (PAD, BOS, *rules.suppress)}
        limits = [longest(len(source), config) for source in sources]
        fitting = [i for i, source in enumerate(sources) if self._fits(source, limits[i])]

        waiting: list[tuple[int, Any]] = []
        lengths = [len(sources[i]) for i in fitting]
        for places in batches(lengths, config, batch_tokens):
            indices = [fitting[place] for place in places]
            tokens = [[self._source[i] for i in sources[index][:-1]] for index in indices]
            limit = max(limits[index] for index in indices)
            results = translator.translate_batch(tokens, max_decoding_length=limit, **options)
            waiting += zip(indices, results, strict=True)

        found: list[Found] = [None] * len(sources)
        for index, answer in waiting:
            result = answer.result()
            end = self._target[EOS]
            if _is_ours(result.hypotheses, limits[index], barred, end, greedy=config.beam == 1):
                found[index] = self._hypotheses(result, config)
        return found

    def _fits(self, source: list[int], limit: int) -> bool:
        """Whether CTranslate2 has positions for a source and its output; it skips empty ones."""
        return 1 < len(source) <= self._positions and limit <= self._positions

    def _hypotheses(self, result: Any, config: SearchConfig) -> list[Hypothesis]:
        """What one sentence became, best first."""
        ranking = config.ranking
        found: list[Hypothesis] = []
        for tokens, score in zip(result.hypotheses[: config.nbest], result.scores, strict=False):
            ids = [self._ids[token] for token in tokens[:-1]]
            log_probability = score * ranking.divisor(len(tokens))
            found.append(Hypothesis.of(ids, log_probability, ranking))
        return found

    # The model

    def load(self) -> Any:
        """The model in CTranslate2, converted when it is first asked for."""
        if self._translator is None:
            survive_forks()  # a child may need our own search, too
            # CTranslate2 tells OpenMP, which torch uses, too, that the thread which opens a model
            # computes alone. So that is a thread of its own: the caller's setting is the caller's.
            with ThreadPoolExecutor(max_workers=1) as opener:
                self._translator = opener.submit(self._open).result()
        return self._translator

    def _open(self) -> Any:
        return library().Translator(
            "seqkit",  # a name: the files are in memory
            device="cpu",
            compute_type=self.number,
            inter_threads=self.threads,
            intra_threads=1,
            files=dict(self._make_files()),
        )

    def leave_behind(self) -> None:
        """Forget the threads of the process that this one was forked from; load anew when used.

        They do not live here, and whoever frees them waits for them for ever: so nobody does.
        """
        if self._translator is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._translator))
            self._translator = None


_ALIVE: WeakSet[CTranslate2] = WeakSet()


def _leave_all_behind() -> None:
    for engine in list(_ALIVE):
        engine.leave_behind()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all_behind)


def _is_ours(
    hypotheses: Sequence[list[str]], limit: int, barred: set[str], end: str, *, greedy: bool
) -> bool:
    """Whether our own search would have found these hypotheses of a sentence; `end` ends them.

    As many are returned as end a search, so that one that ended it is among them: its length is the
    number of steps, which must not come to the limit. Greedy search ends with its first `<eos>`.
    """
    steps = max(len(tokens) for tokens in hypotheses)
    has_ended = all(tokens[-1:] == [end] for tokens in hypotheses)
    may_be_produced = all(barred.isdisjoint(tokens) for tokens in hypotheses)
    return has_ended and may_be_produced and steps <= (limit if greedy else limit - 1)


def _options(config: SearchConfig) -> dict[str, Any]:
    """The settings of our search as options of `Translator.translate_batch`."""
    enough = agreement.finished(config)
    return {
        "asynchronous": True,
        "beam_size": config.beam,
        "patience": enough / config.beam,
        "num_hypotheses": enough,
        "length_penalty": agreement.length_penalty(config),
        "return_end_token": True,
        "return_scores": True,
        "max_input_length": 0,  # no limit: sources are cut up before
        "min_decoding_length": 0,
    }
