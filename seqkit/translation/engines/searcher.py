"""One model, or several that decode together, and what searches for their outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import ConfigError
from ...search.hypothesis import Hypothesis
from ...search.phrases import Phrases
from ...search.quicker import is_quicker
from ...search.rules import Rules
from ...search.settings import SearchConfig
from ...text.tokenizer import Tokenizer
from ..explain import Attended, attended
from ..segments import Segment
from .compute import DEFAULT

if TYPE_CHECKING:
    from ...search.fusion import Fusion
    from ...search.shortlist import Tokens
    from ..models.contract import TranslationModel
    from ..shortlist import Shortlists
    from .attention import AttentionReader
    from .ctranslate2 import CTranslate2
    from .packed import PackedTransformer

OWN, OWN_INT8 = "torch float32", "torch int8"


@dataclass(frozen=True)
class Deferred:
    """A model that is opened, and torch imported, when our own search first needs it."""

    name: str  # of its class
    attends: bool
    open: Callable[[], TranslationModel]
    reader: Callable[[], AttentionReader] | None = None  # what aligns words until it is opened
    packed: PackedTransformer | None = None  # what our own search has in its place, in int8


class Searched(NamedTuple):
    """The outputs of a source, best first."""

    hypotheses: list[Hypothesis]
    engine: str  # what searched, and in which numbers: "ctranslate2 float32"


class Searcher:
    """Searches by CTranslate2 where that does as our own search would, else by our own."""

    def __init__(
        self,
        model: TranslationModel | Deferred,
        others: Sequence[TranslationModel] = (),
        engine: CTranslate2 | None = None,
        shortlists: Shortlists | None = None,
    ) -> None:
        """`others` decode together with `model`; `engine` is `model` in CTranslate2; `shortlists`
        has what outputs may be made of, if that is asked for.
        """
        self.shortlists = shortlists
        self.engine = engine
        self.packed = model.packed if isinstance(model, Deferred) else None
        self._model = model
        self._others = list(others)
        self._is_ours = False  # what `auto` has chosen for much text
        self._reader: AttentionReader | None = None
        self._opening = RLock()  # once, whichever threads ask; opening may ask for models itself

    def __getstate__(self) -> dict[str, Any]:
        """All but the lock, which no other process and no copy shares."""
        kept = {name: value for name, value in vars(self).items() if name != "_opening"}
        return {**kept, "_reader": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _opening=RLock())

    def __repr__(self) -> str:
        return f"<Searcher: {self.name}, {self.engine or self.packed or OWN}>"

    @property
    def name(self) -> str:
        """The class of the model, and how many there are if there are several."""
        model = self._model
        name = model.name if isinstance(model, Deferred) else type(model).__name__
        return f"{name}, {1 + len(self._others)} models" if self._others else name

    def own(self, config: SearchConfig) -> str:
        """What our own search is called, and in which numbers it multiplies."""
        return OWN if self._packed_for(config) is None else OWN_INT8

    def _packed_for(self, config: SearchConfig) -> PackedTransformer | None:
        """What is in int8, if that can search so: what is attended to is asked of torch."""
        return None if config.coverage_penalty else self.packed

    @property
    def attends(self) -> bool:
        """Whether the model has attention."""
        return self._model.attends

    @property
    def models(self) -> list[TranslationModel]:
        """The models in torch, which are opened when they are first asked for."""
        model = self._model
        return [self._opened() if isinstance(model, Deferred) else model, *self._others]

    def models_to_change(self) -> list[TranslationModel]:
        """The same, which all searches go by from now on, but those that only CTranslate2 does."""
        if self.engine is not None and not self.engine.only:
            self.engine = None
        self.packed = None
        return self.models

    @property
    def device(self) -> str:
        """Where our own search computes; a model is opened later on the CPU."""
        if isinstance(self._model, Deferred):
            return "cpu"

        from ..models.contract import device_of

        return str(device_of(self._model))

    def _opened(self) -> TranslationModel:
        with self._opening:
            if isinstance(self._model, Deferred):  # no other thread has been faster
                self._model = self._model.open()
                self._reader = None  # its weights need not be kept twice
            return self._model

    def attention_of(
        self, source: Tokenizer, target: Tokenizer, segments: Sequence[Segment]
    ) -> list[Attended]:
        """What the translation of each segment attended to, many at once.

        As long as the model has not been opened in torch, by numpy: the same up to rounding.
        """
        model = self._model
        if not isinstance(model, Deferred) or model.reader is None:
            from . import own

            return own.attention_of(self.models[0], source, target, segments)

        with self._opening:
            reader = self._reader = self._reader or model.reader()
        sources = [source.encode(segment.source, eos=True) for segment in segments]
        weights = reader.mean_attention(sources, [segment.ids for segment in segments])
        return [
            attended(segment, source, target, of_segment)
            for segment, of_segment in zip(segments, weights, strict=True)
        ]

    def check(self, config: SearchConfig, rules: Rules) -> None:
        """Raise `ConfigError` for settings that cannot be searched with."""
        self._lists([], config)
        if self.engine is not None:
            self.engine.follows(config, rules)

    def check_phrases(self, config: SearchConfig) -> None:
        """Raise `ConfigError` where no search can have phrases of its own for each source."""
        if config.draws_outputs:
            raise ConfigError(
                "a glossary is for searching, not for sampling: leave out one of them"
            )
        if self.engine is not None and self.engine.only:
            raise ConfigError(
                "engine = 'ctranslate2' has no search for terms: leave out the glossary, or choose "
                "engine = 'auto'"
            )

    def search(
        self,
        sources: Sequence[list[int]],
        config: SearchConfig,
        rules: Rules,
        batch_tokens: int,
        *,
        fusion: Fusion | None = None,
        phrases: Sequence[Phrases] = (),
    ) -> list[Searched]:
        """The best outputs of each source (ids with `<eos>`), in order; see `search.decode`.

        With `phrases`, those of each source, our own search finds them.
        """
        found: list[list[Hypothesis] | None] = [None] * len(sources)
        own_name = name = self.own(config)
        engine = None if phrases else self._engine_for(sources, config, rules)
        if engine is not None:
            name = engine.name
            found = engine.search(sources, config, rules=rules, batch_tokens=batch_tokens)

        left = [i for i, hypotheses in enumerate(found) if hypotheses is None]
        remaining = [sources[i] for i in left]
        asked = [phrases[i] for i in left if phrases]
        own = iter(self._own_search(remaining, config, rules, batch_tokens, fusion, asked))
        return [
            Searched(next(own), own_name) if hypotheses is None else Searched(hypotheses, name)
            for hypotheses in found
        ]

    def _engine_for(
        self, sources: Sequence[list[int]], config: SearchConfig, rules: Rules
    ) -> CTranslate2 | None:
        """CTranslate2, if it does what is asked; not where our own search is quicker, in float32.

        In other numbers, the two do not find the same. Once ours is open, it goes on.
        """
        engine = self.engine
        if engine is None or not engine.follows(config, rules):
            return None
        if engine.only or engine.number != DEFAULT:
            return engine

        work = config.beam * sum(map(len, sources))
        self._is_ours = self._is_ours or is_quicker(DEFAULT, engine.threads, work)
        return None if self._is_ours else engine

    def _own_search(
        self,
        sources: Sequence[list[int]],
        config: SearchConfig,
        rules: Rules,
        batch_tokens: int,
        fusion: Fusion | None,
        phrases: Sequence[Phrases],
    ) -> list[list[Hypothesis]]:
        if not sources:
            return []
        lists = self._lists(sources, config)

        from . import own

        return own.search(
            self._packed_for(config) or self.models,
            sources,
            config,
            rules=rules,
            fusion=fusion,
            phrases=phrases,
            lists=lists,
            batch_tokens=batch_tokens,
        )

    def _lists(self, sources: Sequence[list[int]], config: SearchConfig) -> Sequence[Tokens | None]:
        """The tokens that outputs may have; [] for any. Raises as `Shortlists.check`."""
        if not config.shortlist:
            return []
        if self.shortlists is None:
            raise ConfigError(
                f"search.shortlist = {config.shortlist}: only a model in a run folder has a "
                "shortlist; `seqkit import` makes one of another program's"
            )
        return self.shortlists.lists(sources, config.shortlist)
