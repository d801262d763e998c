"""The terms of a glossary in a text, found in any inflection, and as token ids for a model.

Words are compared by their stems, as the Snowball stemmers find them (snowballstem.org), or by
themselves where the language has none.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple

from ..errors import ConfigError, WrongType
from ..search.phrases import Phrases
from ..text.tokenizer import Tokenizer
from .constraints import phrase_ids
from .cutting import Part
from .glossary import KEEP, Glossary, Term
from .segments import Candidate

# Scripts without spaces, whose every character is compared by itself: from Thai to Lao, Burmese,
# Khmer, and those of East Asia.
_ALONE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ua4cf\uf900-\ufaff\U00020000-\U0003ffff"
WORD = re.compile(rf"[{_ALONE}]|[^\W{_ALONE}]+|[^\w\s]")

_SAME_END = 2  # words that show that a translation ends as another does
_ENDS = re.compile(r"[.!?…]+(?=\s|$)|[。！？]")  # of sentences

_STEMMERS = {
    "arabic": "ar ara",
    "armenian": "hy hye",
    "basque": "eu eus",
    "catalan": "ca cat",
    "danish": "da dan",
    "dutch": "nl nld",
    "english": "en eng",
    "estonian": "et est",
    "finnish": "fi fin",
    "french": "fr fra",
    "german": "de deu",
    "greek": "el ell",
    "hindi": "hi hin",
    "hungarian": "hu hun",
    "indonesian": "id ind",
    "irish": "ga gle",
    "italian": "it ita",
    "lithuanian": "lt lit",
    "nepali": "ne nep npi",
    "norwegian": "no nor nb nob",
    "portuguese": "pt por",
    "romanian": "ro ron",
    "russian": "ru rus",
    "serbian": "sr srp",
    "spanish": "es spa",
    "swedish": "sv swe",
    "tamil": "ta tam",
    "turkish": "tr tur",
    "yiddish": "yi yid",
}
_STEMMER_OF = {code: name for name, codes in _STEMMERS.items() for code in codes.split()}

Stem = Callable[[str], str]
Key = tuple[str, ...]


class Found(NamedTuple):
    """A term where it stands in a text."""

    term: Term
    surface: str  # as the text has it
    start: int  # the characters of the text where it is
    end: int

    @property
    def wanted(self) -> str:
        """What a translation must have."""
        return self.surface if self.term.target == KEEP else self.term.target


class Terms:
    """A glossary for one pair of languages and the tokenizers of one model."""

    def __init__(
        self,
        glossary: Glossary,
        source: Tokenizer,
        target: Tokenizer,
        *,
        languages: tuple[str, str],
        longest: int,
    ) -> None:
        """Raises `ConfigError` for a term that the model cannot read or write."""
        self.glossary = glossary
        self._target = target
        self._stems = (stemmer(languages[0]), stemmer(languages[1]))
        self._by_key: defaultdict[Key, list[Term]] = defaultdict(list)
        for term in glossary.terms:
            _check(term, source, target, longest)
            words = _words(term.source)
            self._by_key[_key(words, self._stems[0])].append(term)
        self._lengths = sorted({len(key) for key in self._by_key}, reverse=True)

    def find(self, text: str) -> list[Found]:
        """The terms in a text, in order; of those that overlap, the longest."""
        words = _words(text)
        key = _key(words, self._stems[0])
        taken = [False] * len(words)
        found: dict[int, Found] = {}
        for length in self._lengths:
            for start in range(len(words) - length + 1):
                end = start + length
                terms = self._by_key.get(key[start:end])
                if terms and not any(taken[start:end]):
                    taken[start:end] = [True] * length
                    span = words[start].start, words[end - 1].end
                    surface = text[slice(*span)]
                    found[start] = Found(_closest(terms, surface), surface, *span)
        return [found[start] for start in sorted(found)]

    def lacking(self, source: str, translation: str) -> list[Found]:
        """The terms of `source` whose translations, in any inflection, `translation` lacks."""
        found = self.find(source)
        if not found:
            return []
        key = _key(_words(translation), self._stems[1])
        return [item for item in found if not self._has(key, item)]

    def _has(self, translation: Key, item: Found) -> bool:
        wanted = _key(_words(item.wanted), self._stems[1])
        size = len(wanted)
        starts = range(len(translation) - size + 1)
        return any(translation[start : start + size] == wanted for start in starts)

    def appends(self, source: str, plain: str, forced: str) -> bool:
        """Whether a term was only put after the translation, and replaced nothing in it.

        It is a sentence of its own then, or follows what the plain translation ends with, or what
        comes before has all words of the plain translation but those that other terms replaced. A
        term that ends the source may well end its translation, where the plain one leaves it out.
        """
        found = self.find(source)
        of_terms = sum(len(_ENDS.findall(item.wanted)) for item in found)
        if 0 < _sentences(plain) < _sentences(forced) - of_terms:
            return True

        before, after = self._said(plain), self._said(forced)
        if not before or self._leaves_out(source, found, before):
            return False
        if len(before) < len(after) and after[: len(before)] == before:
            return True

        added = [item for item in found if not self._has(before, item)]
        keys = [self._said(item.wanted) for item in added]
        sizes = [len(key) for key in keys if key and after[-len(key) :] == key]
        if not sizes:
            return False
        rest = after[: -max(sizes)]
        ends_alike = rest[-_SAME_END:] == before[-_SAME_END:]
        lost = Counter(before) - Counter(rest)
        return ends_alike or lost.total() < len(added)

    def _leaves_out(self, source: str, found: Sequence[Found], plain: Key) -> bool:
        """Whether a translation has no word for the term that ends its source, by their number."""
        if not found or re.search(r"[^\W_]", source[found[-1].end :]):
            return False
        return len(plain) <= len(self._said(source[: found[-1].start]))

    def _said(self, translation: str) -> Key:
        """The words of a translation without punctuation, as their stems."""
        words = [word for word in _words(translation) if word.text[0].isalnum()]
        return _key(words, self._stems[1])

    def phrases(self, found: Sequence[Found]) -> Phrases:
        """What a translation must have, as token ids; what the model cannot write is left out."""
        ids = dict.fromkeys(self._spelt(found))
        return tuple(ids)

    def _spelt(self, found: Sequence[Found]) -> Iterator[tuple[int, ...]]:
        for item in found:
            try:
                yield phrase_ids(self._target, item.wanted, "glossary")
            except ConfigError:  # a term that is kept, as an inflection that the check has not seen
                continue


def glossary_terms(
    glossary: Glossary,
    source: Tokenizer,
    target: Tokenizer,
    languages: tuple[str, str],
    longest: int,
) -> Terms:
    """`Terms` of one model, made once for many calls; raises `WrongType` for no glossary."""
    if not isinstance(glossary, Glossary):
        raise WrongType(
            f"give a glossary as Glossary({{...}}) or Glossary.read(path), not as "
            f"{type(glossary).__name__}"
        )
    return _terms(glossary, source, target, languages, longest)


@lru_cache(maxsize=4)
def _terms(
    glossary: Glossary,
    source: Tokenizer,
    target: Tokenizer,
    languages: tuple[str, str],
    longest: int,
) -> Terms:
    return Terms(glossary, source, target, languages=languages, longest=longest)


Search = Callable[..., list[list[Candidate]]]
Replace = Callable[
    [Sequence[Part], Sequence[list[Candidate]], Sequence[list[Found]]], list[list[Candidate]]
]


def with_terms(
    terms: Terms, found: Sequence[list[Candidate]], search: Search, replace: Replace
) -> list[list[Candidate]]:
    """The candidates of each part, others where one of them lacks a term; none stay none.

    An output that has its terms by itself is also the best of all that have them; so only the
    others are searched for with phrases, which takes longer. Where that only adds words at the end,
    or makes other words of the terms, `replace` puts the terms in the place of others.
    """
    parts = {i: candidates[0].part for i, candidates in enumerate(found) if candidates}
    wanted = {
        i: terms.find(part.wording)
        for i, part in parts.items()
        if any(terms.lacking(part.wording, candidate.text) for candidate in found[i])
    }
    searched = _searched(terms, parts, wanted, search)
    placed = {
        i: forced
        for i, forced in searched.items()
        if not terms.lacking(parts[i].wording, forced[0].text)
        and not terms.appends(parts[i].wording, found[i][0].text, forced[0].text)
    }

    left = [i for i in wanted if i not in placed]
    if left:
        replaced = replace(
            [parts[i] for i in left], [found[i] for i in left], [wanted[i] for i in left]
        )
        for i, made in zip(left, replaced, strict=True):
            forced = searched.get(i, [])
            placed[i] = made or (forced if _serves(terms, found[i], forced) else found[i])
    return [placed.get(i, candidates) for i, candidates in enumerate(found)]


def _searched(
    terms: Terms,
    parts: Mapping[int, Part],
    wanted: Mapping[int, list[Found]],
    search: Search,
) -> dict[int, list[Candidate]]:
    """Candidates with the phrases of their terms, by part; of those that can have some."""
    phrases = {i: terms.phrases(items) for i, items in wanted.items()}
    asked = [i for i, of_part in phrases.items() if of_part]
    if not asked:
        return {}
    again = search([parts[i] for i in asked], phrases=[phrases[i] for i in asked])
    return {i: forced for i, forced in zip(asked, again, strict=True) if forced}


def _serves(terms: Terms, plain: Sequence[Candidate], forced: Sequence[Candidate]) -> bool:
    """Whether an output that lacks terms is still to be had: with more of them, and no babble."""
    if not forced:
        return False
    source, before, after = forced[0].part.wording, plain[0].text, forced[0].text
    return (
        len(terms.lacking(source, after)) < len(terms.lacking(source, before))
        and not terms.appends(source, before, after)
        and _most_repeated(after) <= _most_repeated(before)
    )


def _most_repeated(text: str) -> int:
    """How often a translation says the word that it says most."""
    counts = Counter(word.text.casefold() for word in _words(text) if word.text[0].isalnum())
    return max(counts.values(), default=0)


def _sentences(text: str) -> int:
    return sum(bool(part.strip()) for part in _ENDS.split(text))


class _Word(NamedTuple):
    text: str
    start: int
    end: int


@lru_cache(maxsize=8)
def stemmer(language: str) -> Stem:
    """The stem of a word in lower case; the word itself for a language without a stemmer."""
    code = re.split("[-_]", language)[0]
    name = _STEMMER_OF.get(code)
    if name is None:
        return str

    import snowballstemmer  # here: translators without a glossary need none

    stem: Stem = lru_cache(maxsize=1 << 16)(snowballstemmer.stemmer(name).stemWord)
    return stem


def _words(text: str) -> list[_Word]:
    return [_Word(match[0], *match.span()) for match in WORD.finditer(text)]


def _key(words: Sequence[_Word], stem: Stem) -> Key:
    return tuple(stem(word.text.casefold()) for word in words)


def _closest(terms: Sequence[Term], surface: str) -> Term:
    """Of terms with the same stems, the one that is written most like a text."""
    lowered = surface.casefold()

    def alike(term: Term) -> tuple[bool, bool, int]:
        folded = term.source.casefold()
        return (
            term.source == surface,
            folded == lowered,
            _same_beginning(folded, lowered),
        )

    return max(terms, key=alike)


def _same_beginning(one: str, other: str) -> int:
    """How many characters two words begin with alike."""
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return sum(1 for _ in alike)


def _check(term: Term, source: Tokenizer, target: Tokenizer, longest: int) -> None:
    """Raise `ConfigError` for a term that the model cannot read or write."""
    read = len(source.encode(term.source))
    if read > longest:
        raise ConfigError(
            f"{term.place}: the term has {read} tokens, and the model reads sentences of at most "
            f"{longest}: leave it out"
        )
    written = term.source if term.target == KEEP else term.target
    ids = phrase_ids(target, written, term.place)
    if len(ids) > longest:
        raise ConfigError(
            f"{term.place}: the translation has {len(ids)} tokens, and the model writes sentences "
            f"of about {longest}: leave it out"
        )
