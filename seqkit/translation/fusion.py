"""A language model brought together with a translator's tokens, to be heard in its search.

Where both have the same tokens, each is scored as it comes. Where they have not, words are scored
when they are complete, and by a language model of characters each token one step later.

Letters: V tokens of the translator.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import ConfigError
from ..search.fusion import AtUnitEnds, Heard, SameTokens
from ..search.scorer import LanguageScorer
from ..text.byte_tokens import is_byte
from ..text.subword import SPACE
from ..text.tokenizer import Tokenizer
from ..text.tokenizer_models import is_trained
from ..text.vocab import SPECIALS
from ..text.words import JOINER, split_words

_ENOUGH = 0.5  # of the tokens of a language model of pieces are the translator's
_FEW = 0.001  # words that end in a comma, of a text whose marks are set apart
_UNITS_MET = 1 << 16  # whose ids are remembered
_LINE_BREAKS = str.maketrans("\n\r", "  ")  # which bytes can spell
_SPECIALS = frozenset([*SPECIALS, "<s>", "</s>"])


def heard(model: Any, target: Tokenizer, name: str) -> Heard[Any]:
    """A language model as a search for the tokens of `target` hears it.

    `name` is what errors call it. Raises `ConfigError` for one that has nothing to say of them.
    """
    scorer: LanguageScorer[Any] = model.scorer()
    words = [token for token in scorer.tokens if token not in _SPECIALS]
    if _splits_alike(model, words, target, name):
        return _same_tokens(scorer, words, target, name)

    units = Units(scorer, words, target, by_character=model.token_kind == "character")
    if units.letters.isdisjoint(_letters(target.vocab.tokens[len(SPECIALS) :])):
        raise ConfigError(
            f"lm: {name} has no letter in common with the translations: give a language model of "
            "the target language"
        )
    return AtUnitEnds(scorer, units)


def _splits_alike(model: Any, words: Sequence[str], target: Tokenizer, name: str) -> bool:
    """Whether the tokens of a language model are those of the translator."""
    own = model.tokenizer
    if own is not None and is_trained(own.model):
        return is_trained(target.model) and own.model.pieces == target.model.pieces
    if model.unit == target.name:
        return True
    if not any(word.startswith(SPACE) and len(word) > 1 for word in words):
        return False

    known = sum(word in target.vocab for word in words)
    if known < _ENOUGH * len(words):
        raise ConfigError(
            f"lm: {name} is of the pieces of another tokenizer ({known:,} of {len(words):,} are "
            "the translator's): make one of words, or of the translator's own pieces"
        )
    return True


def _same_tokens(
    scorer: LanguageScorer[Any], words: Sequence[str], target: Tokenizer, name: str
) -> SameTokens[Any]:
    known = set(words)
    if not any(token in known for token in target.vocab.tokens[len(SPECIALS) :]):
        raise ConfigError(f"lm: {name} knows none of the translator's {len(target.vocab):,} tokens")

    id_of = {token: i for i, token in enumerate(scorer.tokens)}
    ids = [id_of.get(token, scorer.unknown) for token in target.vocab.tokens]
    return SameTokens(scorer, ids)


class Units:
    """Words, or characters, that the tokens of a translator spell; see `search.fusion.Spelling`."""

    def __init__(
        self,
        scorer: LanguageScorer[Any],
        words: Sequence[str],
        target: Tokenizer,
        *,
        by_character: bool,
    ) -> None:
        """`words` are all tokens of the language model that a text can have."""
        self._scorer = scorer
        self._target = target
        self.letters = _letters(words)
        self._of_characters = not by_character and all(len(word) == 1 for word in words)
        self._by_character = by_character or self._of_characters
        self._lowers = bool(self.letters) and not any(letter.isupper() for letter in self.letters)
        self._parts_marks = not self._by_character and _has_marks_apart(words)
        self._met: dict[tuple[int | None, tuple[int, ...]], list[int]] = {}

    def __repr__(self) -> str:
        return f"<Units: {'characters' if self._by_character else 'words'}>"

    @cached_property
    def begins(self) -> Any:
        """(V,) Tokens that end the unit before them."""
        return np.array([self._begins(token) for token in self._target.vocab.tokens])

    def _begins(self, token: str) -> bool:
        if token in SPECIALS:
            return False
        if self._by_character:
            return not is_byte(token)  # several make a character
        match self._target.model.unit:
            case "subword":
                return token.startswith(SPACE)
            case "character":
                return token.isspace()
            case "word":
                return " " in self._target.join(["x", token])

    @cached_property
    def glues(self) -> Any:
        """(V,) Tokens that no unit ends after, whatever follows."""
        tokens = self._target.vocab.tokens
        if self._by_character or self._target.model.unit != "word":
            return np.zeros(len(tokens), bool)
        return np.array([self._glues(token) for token in tokens])

    def _glues(self, token: str) -> bool:
        return token not in SPECIALS and " " not in self._target.join([token, "x"])

    def encode(self, before: int | None, tokens: tuple[int, ...]) -> list[int]:
        """The language model's ids of a unit, given its tokens and the one before them."""
        key = (before, tokens)
        found = self._met.get(key)
        if found is not None:
            return found

        if len(self._met) >= _UNITS_MET:
            self._met.clear()
        found = self._met[key] = self._encode(self._text(before, tokens))
        return found

    def _text(self, before: int | None, tokens: tuple[int, ...]) -> str:
        """What the tokens add to the text, white space included."""
        names = self._target.vocab.tokens
        spelt = [names[i] for i in tokens]
        if before is None:
            return self._target.join(spelt)
        whole = self._target.join([names[before], *spelt])
        return whole.removeprefix(self._target.join([names[before]]))

    def _encode(self, text: str) -> list[int]:
        text = text.translate(_LINE_BREAKS)
        if self._lowers:
            text = text.lower()
        if self._of_characters:
            text = " ".join(text.replace(" ", SPACE))
        elif not self._by_character:
            text = text.strip()
        if self._parts_marks:
            text = " ".join(token.strip(JOINER) for token in split_words(text))
        return self._scorer.encode(text) if text else []


def _letters(words: Iterable[str]) -> frozenset[str]:
    return frozenset(char for word in words for char in word if char.isalnum())


def _has_marks_apart(words: Sequence[str]) -> bool:
    """Whether words are of a text whose punctuation is set apart, as KenLM's users do."""
    ending = sum(word.endswith(",") and len(word) > 1 for word in words)
    return "," in words and ending < _FEW * len(words)
