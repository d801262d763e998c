"""A trained translator: raw text in, raw text out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ..config import build, override, plain
from ..data.seen import SeenTexts
from ..errors import ConfigError, DataError, WrongType, WrongValue
from ..parsing import path_of
from ..search.batches import BATCH_TOKENS, check_batch_tokens
from ..search.phrases import Phrases
from ..search.rules import Rules
from ..search.settings import SearchConfig
from ..text.lines import check_many, each_text
from ..text.tokenizer import Tokenizer
from ..threads import threads
from .candidates import candidates
from .constraints import check_attention, make_rules
from .cutting import CutLine, Part, cut_line, whole_line
from .documents.memory_keys import settings_key
from .documents.translating import Done, Progress, silent, translate_document
from .engines.searcher import Deferred, Searcher
from .ensembles import ensemble_of
from .evaluation import METRICS, TestSet, TranslationReport, evaluate_outputs, read_test_set
from .explain import Alignment, Explanation, alignment
from .glossary import Glossary
from .language_models import LanguageModels
from .languages import chosen_language, tag_for, with_tag
from .predictions import TranslatedLine, described
from .replaced_terms import Replacing
from .segments import Candidate, Translation, joined
from .stand_in_search import cut_where_lost, with_numbers_where_lost
from .terms import Terms, glossary_terms, with_terms

if TYPE_CHECKING:  # torch is imported when our own search is used
    from .documents.memory import Memory
    from .engines.ctranslate2 import CTranslate2
    from .models.contract import TranslationModel
    from .shortlist import Shortlists

__all__ = ["TranslatedLine", "Translation", "Translator"]

_LINES = 500  # translated together by `predict`, for each batch that is computed at once


class Translator:
    """`translator.translate(["…"])`.

    Settings are keys of `SearchConfig`; those not given are the model's own.
    """

    reads: ClassVar[Literal["lines", "files"]] = "lines"

    def __init__(
        self,
        model: TranslationModel | Deferred,
        source: Tokenizer,
        target: Tokenizer,
        *,
        search: SearchConfig | None = None,
        longest: int = 100,
        batch_tokens: int = BATCH_TOKENS,
        others: Sequence[TranslationModel] = (),
        language: str = "",
        target_language: str = "",
        copies: bool = True,
        seen: Callable[[], SeenTexts | None] | None = None,
        engine: CTranslate2 | None = None,
        shortlists: Shortlists | None = None,
    ) -> None:
        """`longest` is how many tokens a source may have had in training: longer ones are cut up.

        `language` is the code of the source language, such as "en", by whose rules lines are split
        into sentences, and `target_language` that of the other. `copies` is False for a model whose
        language has no letters: it translates what others copy (`passthrough`). `seen` reads what
        is kept of the training text.

        `others` are models with the same vocabularies that decode together with `model`; see
        `ensemble`. `engine` is the same model in CTranslate2: it searches wherever it does as our
        own search would. `shortlists` are for `search.shortlist`.
        """
        self._searcher = Searcher(model, others, engine, shortlists)
        self.shortlists = shortlists
        self.source = source
        self.target = target
        self._lms = LanguageModels(target)
        if longest < 1:
            raise WrongValue(f"longest = {longest}: a source has one token or more")
        check_batch_tokens(batch_tokens)
        self.search = search or SearchConfig()
        self.longest = longest
        self.language = language
        self.target_language = target_language
        self.copies = copies
        self.seen = seen
        self.batch_tokens = batch_tokens

    def __repr__(self) -> str:
        source, target = len(self.source.vocab), len(self.target.vocab)
        sizes = f"{source:,} source tokens, {target:,} target tokens"
        return f"<Translator: {self._searcher.name}, {sizes}>"

    @classmethod
    def ensemble(cls, translators: Sequence[Translator]) -> Translator:
        """Several translators as one, by the mean of their probabilities.

        Raises `ConfigError` if their vocabularies differ.
        """
        return ensemble_of(cls, translators)

    # Translating

    def translate(
        self, texts: Iterable[str], *, glossary: Glossary | None = None, **settings: Any
    ) -> list[str]:
        """The best translation of each text, in order; an empty one for an empty text.

        Terms of `glossary` become what it says. `settings` are keys of `SearchConfig`, such as
        `beam=5`; raises `ConfigError` for an unknown one.
        """
        check_many(texts)
        found = self.translate_nbest(texts, glossary=glossary, **settings)
        return [nbest[0].text for nbest in found]

    def translate_nbest(
        self, texts: Iterable[str], *, glossary: Glossary | None = None, **settings: Any
    ) -> list[list[Translation]]:
        """Up to `nbest` translations of each text, best first."""
        check_many(texts)
        search = self.settings(settings)
        terms = self.terms(glossary, search)
        lines = [self.cut(line, search, stand_ins=True) for line in each_text(texts)]
        parts = [part for line in lines for part in line.parts]
        found = iter(self.search_parts(parts, search, terms))
        return [joined(line.lead, islice(found, len(line.parts)), search) for line in lines]

    def predict(
        self,
        inputs: Iterable[str],
        *,
        align: bool = False,
        glossary: Glossary | None = None,
        **settings: Any,
    ) -> Iterator[TranslatedLine]:
        """The translations of each line, lazily and in order.

        With `align`, each comes with its word alignment. Raises `ConfigError` for impossible
        settings and terms before the first line is read.
        """
        check_many(inputs)
        search = self.settings(settings)
        self._searcher.check(search, self.rules(search))
        self._lms.fusion(search, self._searcher)
        if align and not self.attends:
            raise ConfigError("this model has no attention: there is nothing to align by")
        terms = self.terms(glossary, search)
        return self._predict(iter(inputs), align, search.nbest > 1, terms, settings)

    def _predict(
        self,
        lines: Iterator[str],
        align: bool,
        nbest: bool,
        terms: Terms | None,
        settings: Mapping[str, Any],
    ) -> Iterator[TranslatedLine]:
        glossary = terms.glossary if terms else None
        while chunk := list(islice(lines, _LINES * threads())):
            found = self.translate_nbest(chunk, glossary=glossary, **settings)
            alignments = self.align(list(chain.from_iterable(found))) if align else None
            yield from described(chunk, found, alignments, nbest=nbest, terms=terms)

    def described(
        self, line: str, found: list[Translation], *, align: bool, nbest: bool, terms: Terms | None
    ) -> TranslatedLine:
        """The translations of a line, with what is to be said of them; see `predict`."""
        alignments = self.align(found) if align else None
        return next(described([line], [found], alignments, nbest=nbest, terms=terms))

    def align(self, translations: Sequence[Translation]) -> list[Alignment]:
        """Which words of each translation and its source belong together, many lines at once.

        As `explain.alignment(translator.explain(translation), translation.lead)`.
        """
        segments = [segment for translation in translations for segment in translation.parts]
        attended = iter(self._searcher.attention_of(self.source, self.target, segments))
        return [alignment(islice(attended, len(t.parts)), t.lead) for t in translations]

    def translate_document(
        self,
        source: str | Path,
        target: str | Path,
        *,
        fields: Sequence[str] = (),
        glossary: Glossary | None = None,
        memory: Memory | None = None,
        progress: Progress = silent,
        **settings: Any,
    ) -> Done:
        """Translate a file into one of the same kind; raises as `documents.translating` says.

        `memory` has what this model translated with the same settings and terms.
        """
        memory = memory and memory.under(settings_key(self.changed(settings), glossary))
        settings |= {"fields": fields, "progress": progress, "glossary": glossary, "memory": memory}
        return translate_document(self, path_of(source), path_of(target), **settings)

    # Measuring

    def read_test_data(self, paths: Sequence[Path]) -> TestSet:
        """A test set from a source file and its reference files, or from one TSV file."""
        return read_test_set(paths)

    def evaluate(
        self, data: TestSet, *, metrics: Iterable[str] = METRICS, **settings: Any
    ) -> TranslationReport:
        """Translate a test set and score it by the metrics of these names."""
        if not isinstance(data, TestSet):
            raise WrongType(
                "evaluate takes a test set, with references: TestSet(sources, [references]), or "
                "what read_test_data returns"
            )
        metrics = list(each_text(metrics, "metrics"))
        outputs = self.translate(data.sources, **settings)
        changed = self.changed(settings)
        return evaluate_outputs(outputs, data, metrics, seen=self.seen, settings=changed)

    def score(self, sources: Iterable[str], targets: Iterable[str], *, to: str = "") -> list[float]:
        """Log probability (nats, plain sum with `<eos>`) of each target, given its source.

        `to` is the target language of a model that has several, where it is not the model's own.
        """
        return [math.fsum(logs) for logs in self.token_scores(sources, targets, to=to)]

    def token_scores(
        self, sources: Iterable[str], targets: Iterable[str], *, to: str = ""
    ) -> list[list[float]]:
        """Log probability (nats) of every token of each target and of its `<eos>`; see `score`."""
        check_many(sources)
        check_many(targets)
        language = chosen_language(to or self.search.to, self.target_language, self.source)
        tagged = (with_tag(text, language, self.source) for text in each_text(sources))
        source_ids = self.source.encode_all(tagged, eos=True)
        target_ids = self.target.encode_all(targets)
        if len(source_ids) != len(target_ids):
            raise DataError(
                f"{len(source_ids)} sources and {len(target_ids)} targets do not pair up"
            )
        return self.score_ids(source_ids, target_ids)

    def score_ids(self, sources: list[list[int]], targets: list[list[int]]) -> list[list[float]]:
        """`token_scores` for token ids: sources with `<eos>`, targets without."""
        from .engines import own

        return own.token_scores(self._searcher.models, sources, targets)

    # Explaining

    def explain(self, translation: Translation) -> list[Explanation]:
        """What the model attended to and hesitated between, one explanation for each segment.

        An ensemble's first model is explained.
        """
        if not isinstance(translation, Translation):
            raise WrongType("explain takes what translate_nbest or force returns, a Translation")

        from .engines import own

        model = self._searcher.models[0]
        return own.explanations(model, self.source, self.target, translation.parts)

    def force(self, source: str, target: str, *, to: str = "") -> Translation:
        """`target` as if the model had translated `source` so, to be explained; see `score`."""
        (log_probability,) = self.score([source], [target], to=to)
        read = with_tag(source, to or self.search.to, self.source)
        return Translation.given(target, read, self.target, log_probability, self.search)

    # Settings

    def settings(self, changes: Mapping[str, Any]) -> SearchConfig:
        """The model's own search settings with some changed; raises `ConfigError` for bad ones."""
        values = plain(self.search)
        override(values, changes)
        search = build(SearchConfig, values, "search settings")
        search = replace(search, to=chosen_language(search.to, self.target_language, self.source))
        check_attention(search, attends=self.attends)
        return search

    def changed(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Those search settings that then differ from the model's own, with their values."""
        own = plain(self.search)
        found = plain(self.settings(settings))
        return {name: value for name, value in found.items() if value != own[name]}

    def rules(self, search: SearchConfig) -> Rules:
        """The constraints of `search` in token ids; raises `ConfigError` for impossible ones."""
        return make_rules(search, self.target, attends=self.attends)

    @property
    def languages(self) -> list[str]:
        """The target languages that a multilingual model can be asked for by `to`; else none."""
        return sorted(self.source.language_tags)

    @property
    def attends(self) -> bool:
        """Whether the model has attention."""
        return self._searcher.attends

    # Models

    @property
    def engine(self) -> CTranslate2 | None:
        """The model in CTranslate2; None if all searching is our own."""
        return self._searcher.engine

    @property
    def in_int8(self) -> bool:
        """Whether our own search has the model in 8 bits."""
        return self._searcher.packed is not None

    @property
    def model(self) -> TranslationModel:
        """The model in torch; of an ensemble, the first.

        Who has it may change it, so from then on all searching is our own, in float32, unless the
        translator was loaded with engine = "ctranslate2".
        """
        return self.models[0]

    @property
    def models(self) -> list[TranslationModel]:
        """The models that decode together; see `model`."""
        return self._searcher.models_to_change()

    @property
    def models_to_read(self) -> list[TranslationModel]:
        """The models, for callers that do not change them; unlike `models`, it keeps the engine."""
        return self._searcher.models

    # Steps of a translation

    def terms(self, glossary: Glossary | None, search: SearchConfig) -> Terms | None:
        """A glossary for this model; raises `ConfigError` for what cannot be done with it."""
        if glossary is None:
            return None
        self._searcher.check_phrases(search)
        languages = (self.language, search.to or self.target_language)
        return glossary_terms(glossary, self.source, self.target, languages, self.longest)

    def search_parts(
        self, parts: Sequence[Part], search: SearchConfig, terms: Terms | None = None
    ) -> list[list[Candidate]]:
        """The candidates of each part, best first; `segments.joined` makes lines of them."""
        find = partial(self._search, search=search)
        found = with_numbers_where_lost(parts, find, self.source, self.longest)
        if terms is not None:
            replaced = Replacing(self.source, self.target, self._searcher, search).candidates
            found = with_terms(terms, found, find, replaced)

        find_again = partial(self.search_parts, search=search, terms=terms)
        return cut_where_lost(parts, found, partial(self.cut, within=True), find_again, search)

    def _search(
        self, parts: Sequence[Part], search: SearchConfig, phrases: Sequence[Phrases] = ()
    ) -> list[list[Candidate]]:
        """The candidates of each part, best first; `phrases` are those that each must have."""
        rules, fusion = self.rules(search), self._lms.fusion(search, self._searcher)
        sources = [part.ids for part in parts]
        found = self._searcher.search(
            sources, search, rules, self.batch_tokens, fusion=fusion, phrases=phrases
        )
        make = partial(candidates, source=self.source, target=self.target, searcher=self._searcher)
        return [make(part, of_part, search) for part, of_part in zip(parts, found, strict=True)]

    def cut(self, line: str, search: SearchConfig, **how: bool) -> CutLine:
        """The parts of a line; it stays whole, and as it is, if a prefix or phrase is asked of it.

        `how` is `stand_ins` and `within`, as in `cut_line`.
        """
        tag, line = tag_for(line, search.to, self.source)
        if search.prefix or search.must:
            return whole_line(line, self.source, tag=tag)

        how["passthrough"] = search.passthrough and self.copies
        if not search.split:
            return whole_line(line, self.source, tag=tag, **how)
        return cut_line(
            line, self.source, longest=self.longest, language=self.language, tag=tag, **how
        )
