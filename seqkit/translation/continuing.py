"""Translations whose beginning is given, as people choose it word by word.

A text of several sentences stays cut: the sentences whose translations the beginning has are left
as they are, the next one is searched for with what is left of the beginning, those after it freely.
Text and translation go together sentence by sentence, and have what is copied (URLs, tags) in the
same places: their outlines are equal. Where they are not, nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import NamedTuple

from ..search.settings import SearchConfig
from ..text.sentences import split_sentences
from ..text.spans import has_letters
from ..text.vocab import EOS
from .cutting import CutLine, Part, Stretch, outline, stretches
from .segments import Candidate
from .terms import Terms
from .translator import Translator

_LOOKED_AT = 100  # tokens among which next words are
_WITHOUT_BLANK = ("。", "！", "？")  # end a sentence though no blank follows
_ANY_WORD = "Wort"  # with which a sentence can begin, but need not


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
    """What is left of a text whose translation begins with `prefix`; "" leaves all of it.

    It is cut at code and the like if there is a prefix.

    A prefix that does not go with the text sentence by sentence is one of the text as a whole.
    """
    line = translator.cut(text, search, stand_ins=not prefix)
    if not prefix or not line.parts:
        return Continued(line.lead, [Item(part) for part in line.parts])

    given = _cut_prefix(translator, prefix, line, search)
    sentences = _sentences(given)
    language = translator.target_language
    whole = len(sentences) if _is_whole(prefix, given, language) else len(sentences) - 1
    kept = min(max(0, whole), len(line.parts) - 1)

    begins = sentences[kept].start if kept < len(sentences) else len(prefix)
    wanted = _before(line.outline, kept)
    has = outline(_until(given, begins))
    first, *rest = [Item(part) for part in line.parts[kept:]]
    if has == wanted:
        return Continued(prefix[:begins], [_begun(first.part, prefix[begins:]), *rest])
    if begins == len(prefix) and has == wanted[: len(has)]:  # what is copied next is missing
        before = line.parts[kept - 1].space if kept else line.lead
        end = sentences[kept - 1].end if kept else 0
        return Continued(prefix[:end] + before, [first, *rest])

    whole_line = translator.cut(text, replace(search, prefix=prefix))
    return Continued("", [Item(part, prefix) for part in whole_line.parts])


def chosen(
    translator: Translator, text: str, prefix: str, translation: str, search: SearchConfig
) -> Continued:
    """The same where the whole `translation` is known, which begins with `prefix`.

    The sentences after that in which the prefix ends are left as they are, too, if it has as many
    as the text. If not, only its first sentence is known to be that of the text: there is nothing
    to search for in another one. Nor is there in what is copied.
    """
    if not translation or not translation.startswith(prefix):
        return continued(translator, text, prefix, search)
    line = translator.cut(text, search)
    given = cut_target(translator, translation, search)
    sentences = _sentences(given)
    if not line.parts or not sentences:
        return Continued(prefix, [])

    at = len(prefix)
    kept = sum(one.end + _blanks_at(translation, one.end) <= at for one in sentences[:-1])
    start, end = sentences[kept]
    begun = _begun(line.parts[min(kept, len(line.parts) - 1)], prefix[start:])
    copied = translation[at:start].lstrip()  # before the sentence, as "<b>" is
    is_copied = copied[-1:].isspace() or bool(translation[end:at].strip())
    if outline(given) == line.outline and not is_copied:
        alone = begun._replace(part=replace(begun.part, space=""))
        return Continued(translation[:start], [alone], tail=translation[end:])
    if kept == 0 and translation[:start] == line.lead and not is_copied:
        return Continued(line.lead, [begun, *(Item(part) for part in line.parts[1:])])
    return Continued(prefix, [])


def _begun(part: Part, prefix: str) -> Item:
    """A part whose translation begins so: the case of what is given stays as it is."""
    continues = part.continues and not prefix.strip()
    return Item(replace(part, continues=continues), prefix)


class _Place(NamedTuple):
    """Where a sentence is in a text."""

    start: int
    end: int


def _sentences(given: Sequence[Stretch]) -> list[_Place]:
    ends = list(accumulate(len(stretch.text) for stretch in given))
    places = zip([0, *ends], ends, given, strict=False)
    return [_Place(start, end) for start, end, stretch in places if stretch.kind == "sentence"]


def _until(given: Sequence[Stretch], end: int) -> list[Stretch]:
    """The stretches before a place at which one begins."""
    ends = accumulate(len(stretch.text) for stretch in given)
    return [stretch for stretch, at in zip(given, ends, strict=True) if at <= end]


def _before(whole: Sequence[str | None], sentence: int) -> list[str | None]:
    """The outline of what comes before a sentence, by its number."""
    places = [place for place, one in enumerate(whole) if one is None]
    return list(whole[: places[sentence]])


def _blanks_at(text: str, start: int) -> int:
    rest = text[start:]
    return len(rest) - len(rest.lstrip())


def cut_target(translator: Translator, text: str, search: SearchConfig) -> list[Stretch]:
    """A translation, or the beginning of one, cut as the texts are."""
    passthrough = search.passthrough and translator.copies
    return stretches(text, translator.target_language, passthrough=passthrough)


def _cut_prefix(
    translator: Translator, prefix: str, line: CutLine, search: SearchConfig
) -> list[Stretch]:
    """The beginning of a translation; one without letters, as "24 ", may begin a sentence."""
    given = cut_target(translator, prefix, search)
    is_sentence = line.outline[0] is None and not has_letters(prefix)
    return [Stretch(prefix, "sentence")] if is_sentence else given


def _is_whole(prefix: str, given: Sequence[Stretch], language: str) -> bool:
    """Whether the last sentence of a prefix is over: not after "am 24. ", nor after "Dr. "."""
    last = [stretch for stretch in given if stretch.text.strip()][-1:]
    if not last or last[0].kind != "sentence":
        return True
    sentence = last[0].text
    has_room = prefix[-1:].isspace() or sentence.endswith(_WITHOUT_BLANK)
    return has_room and len(split_sentences(f"{sentence} {_ANY_WORD}", language)) > 1


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
