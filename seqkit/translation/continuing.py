"""Translations whose beginning is given, as people choose it word by word.

A text of several sentences stays cut: the sentences whose translations the beginning has are left
as they are, the next one is searched for with what is left of the beginning, those after it freely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ..search.settings import SearchConfig
from ..text.sentences import split_sentences
from ..text.vocab import EOS
from .cutting import SENTENCE_ENDS, CutLine, Part
from .segments import Candidate
from .terms import Terms
from .translator import Translator

_LOOKED_AT = 100  # tokens among which next words are


class Item(NamedTuple):
    """A part of a line, and how its translation begins."""

    part: Part
    prefix: str = ""


class Choice(NamedTuple):
    """A part whose translation may go on with several words, the `top` likeliest ones."""

    item: Item
    top: int


class Continued(NamedTuple):
    """A line as what is known of its translation, and what is left to search for."""

    lead: str
    items: list[Item]
    tail: str = ""  # known, too: what follows the translations of the items


def continued(translator: Translator, text: str, prefix: str, search: SearchConfig) -> Continued:
    """What is left of a text whose translation begins with `prefix`; "" leaves all of it."""
    line = translator.cut(text, search)
    if not prefix or not line.parts:
        return Continued(line.lead, [Item(part) for part in line.parts])

    sentences = list(split_sentences(prefix, translator.target_language))
    kept = _kept(sentences, line)
    lead = "".join(sentence + space for sentence, space in sentences[:kept])
    first, *rest = line.parts[kept:]
    begun = Item(first, prefix[len(lead) :])
    return Continued(lead, [begun, *(Item(part) for part in rest)])


def rest_kept(line: Continued, translation: str, language: str) -> Continued:
    """The same line with its first item alone, where `translation` has those of the others.

    `translation` is one of the whole text. Its sentences are those of the text if they are as many;
    else the line stays as it is, and all that is left of it is searched for.
    """
    if not line.items or not translation.startswith(line.lead):
        return line

    left = translation[len(line.lead) :]
    sentences = list(split_sentences(left, language))
    if len(sentences) != len(line.items):
        return line
    first, _ = sentences[0]
    return Continued(line.lead, line.items[:1], tail=left[len(first) :])


def _kept(sentences: Sequence[tuple[str, str]], line: CutLine) -> int:
    """How many parts of a line have their whole translation in sentences that are given."""
    last, space = sentences[-1]
    is_open = not space or last[-1:] not in SENTENCE_ENDS
    whole = len(sentences) - 1 if is_open else len(sentences)
    return min(whole, len(line.parts) - 1)


def candidates_of(
    translator: Translator, items: Sequence[Item], search: SearchConfig, terms: Terms | None
) -> list[list[Candidate]]:
    """The candidates of each item, best first; those without a prefix are searched for together."""
    found: dict[int, list[Candidate]] = {}
    for prefix in dict.fromkeys(item.prefix for item in items):
        places = [place for place, item in enumerate(items) if item.prefix == prefix]
        parts = [items[place].part for place in places]
        begun = replace(search, prefix=prefix) if prefix else search
        of_parts = translator.search_parts(parts, begun, terms)
        found.update(zip(places, of_parts, strict=True))
    return [found[place] for place in range(len(items))]


def other_words(
    translator: Translator, choice: Choice, search: SearchConfig, terms: Terms | None
) -> list[tuple[list[Candidate], float]]:
    """The candidates that follow from each of the likeliest next tokens, and its probability."""
    part = choice.item.part
    begun = next_words(translator, choice.item, choice.top)
    found = candidates_of(translator, [Item(part, text) for text, _ in begun], search, terms)
    return [(of_word, share) for of_word, (_, share) in zip(found, begun, strict=True)]


def next_words(translator: Translator, item: Item, top: int) -> list[tuple[str, float]]:
    """The likeliest next tokens of a translation that begins so: as longer beginnings, with shares.

    Best first; one that would change what is given is none.
    """
    from .engines.own import next_token_probabilities

    target = translator.target
    begun = target.encode(item.prefix) if item.prefix.strip() else []
    shares = next_token_probabilities(translator.models_to_read, item.part.ids, begun)  # (V,)

    found: list[tuple[str, float]] = []
    most = min(_LOOKED_AT, len(shares))
    for token in shares.topk(most).indices.tolist():
        text = target.decode([*begun, token])
        is_longer = len(text) > len(item.prefix.strip()) and text.startswith(item.prefix.strip())
        if token != EOS and is_longer and _is_apart(text, item.prefix):
            found.append((text, float(shares[token])))
        if len(found) == top:
            break
    return found


def _is_apart(text: str, prefix: str) -> bool:
    """Whether what follows a prefix is a word of its own, if the prefix ends with a blank."""
    begun = prefix.strip()
    following = text[len(begun) :]
    return not begun or not prefix[-1:].isspace() or following[:1].isspace()
