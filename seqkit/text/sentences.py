"""Where a line can be split so that each part is a sentence."""

from __future__ import annotations

import re

from .abbreviations import Words, words_of
from .lines import check_one

# A terminator, any closing quotes or brackets and notes, then white space and something new.
# Ideographic terminators need no space after them. Runs are matched whole (possessive, and only
# from their start), or a line of 100,000 full stops would take time quadratic in its length.
_CLOSING = "\"'”’“‘»«›‹)\\]"


def _ends(marks: str) -> re.Pattern[str]:
    return re.compile(
        rf"""(?<![{marks}])[{marks}]++[{_CLOSING}]*+(?:\s»(?=\s|$))?+(?:\[\d{{1,3}}\])*+(?=\s)"""
        r"""|(?<![。！？｡．؟।॥۔።။])[。！？｡．؟।॥۔።။]++["”’」』）》】)]*+(?=\s*+\S)"""
    )


_END = _ends(".!?…։\u037e")
_END_IN_GREEK = _ends(".!?…;\u037e")  # whose question mark is mostly typed as a semicolon

_OPENING = "\"'“”„‚‘«»‹›¿¡([{「『（《"
_BEGINNING = re.compile(rf"\s*+(?:[—–-]\s?)?+[{re.escape(_OPENING)}]*+\s?+(\S)")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")

_LONGEST_ABBREVIATION = 24  # characters
_INITIALS = re.compile(r"(?:^|(?<=[\s\"'’„“«‘(\[/-]))(?:[^\W\d_]\.[\s-]?)*[^\W\d_]$")
_LAST_WORD = re.compile(r"[^\s\"'’„“«‘(\[/\u3040-\u30ff\u3400-\u9fff]+$")
_ENDS_IN_CLITIC = re.compile(r"\w['’](?:s|t|m|d|re|ve|ll)$")  # Tom's, don't
_NUMBERED = re.compile(r"([^\W\d_]+)\.\s*\d+$")  # Fig. 3
_ROMAN = re.compile(r"[IVXLC]+")
_VOWELS = frozenset("aeiouyäöüáéíóúàèìòùâêîôûãõåæøœıąęėěůýőűăаеёиоуыэюяіїєαεηιουωάέήίόύώ")
_SPACE = re.compile(r"\s*")

_CLAUSE_MARKS = ",;:，；：、—"
_SPACES = " \t"


def split_sentences(text: str, language: str = "") -> list[tuple[str, str]]:
    """Split `text` into pairs of a sentence and the white space after it.

    Joined, they are `text` again. There is no split after initials, abbreviations and ordinal
    numbers, nor where the next word starts in lower case. `language` is a code such as "en" or
    "pt-BR"; without one, the abbreviations of all known languages count.
    """
    check_one(text)
    words = words_of(language)
    is_greek = language.lower().startswith("el")
    pattern = _END_IN_GREEK if is_greek else _END

    parts: list[tuple[str, str]] = []
    start = 0
    for match in pattern.finditer(text):
        end = match.end()
        if not _is_end(text, start, match, words):
            continue

        sentence = text[start:end]
        space = _space_at(text, end)
        parts.append((sentence, space))
        start = end + len(space)

    rest = text[start:]
    if rest or not parts:
        sentence = rest.rstrip()
        space = rest.removeprefix(sentence)
        parts.append((sentence, space))
    return parts


def _is_end(text: str, start: int, match: re.Match[str], words: Words) -> bool:
    """Whether a sentence that begins at `start` ends with the terminators of `match`."""
    following = _BEGINNING.match(text, match.end())
    if following is None or not _can_begin(following[1]):
        return False
    if match[0] != ".":
        return True

    before = max(start, match.end() - 1 - _LONGEST_ABBREVIATION)
    shown = text[before : match.end() - 1]
    word = _LAST_WORD.search(shown)
    if word is None or _ENDS_IN_CLITIC.search(shown):
        return True

    next_word = _WORD.match(text, following.start(1))
    is_first = before == start and not _WORD.search(shown, 0, word.start())
    return _ends_with(shown, word[0], next_word[0] if next_word else "", is_first, words)


def _can_begin(character: str) -> bool:
    """Whether a sentence can begin with a character: with any letter that is not lower case."""
    if "ა" <= character <= "ჿ":  # Georgian: lower case to Unicode, the only case to its readers
        return True
    return character.isalnum() and not character.islower()


def _ends_with(shown: str, word: str, following: str, is_first: bool, words: Words) -> bool:
    """Whether a full stop after `word`, the last one of `shown`, ends a sentence.

    `following` is the next word, and `is_first` is whether the sentence has no word before `word`.
    """
    begins = following.casefold() in words.beginnings
    is_roman = _ROMAN.fullmatch(following) and not begins
    is_numbered = following[:1].isdigit() or bool(is_roman)

    initials = _INITIALS.search(shown)
    if initials is not None:
        return _ends_with_initials(initials[0], begins, is_numbered, is_first, words)

    if word.isdigit():
        is_item = is_first and len(word) <= 3  # of a list
        return not is_item and (begins or not _is_ordinal(shown, word, following, words))
    if words.ordinals and _ROMAN.fullmatch(word):
        return begins

    key = word.casefold()
    if is_numbered and key in words.before_numbers:
        return False
    if key in words.words_elsewhere and not _is_title(word):
        return not is_numbered
    if key in words.never_end:
        return False
    if key in words.may_end or "." in word or _has_no_vowel(word):
        return begins and not is_numbered
    return True


def _is_ordinal(shown: str, word: str, following: str, words: Words) -> bool:
    """Whether a number with a full stop may be an ordinal: 3. Mai, but not Fig. 3. Ada."""
    if not words.ordinals or len(word) > 2 or following[:1].isdigit():
        return False
    numbered = _NUMBERED.search(shown)
    return numbered is None or numbered[1].casefold() not in words.before_numbers | words.may_end


def _ends_with_initials(
    initials: str, begins: bool, is_numbered: bool, is_first: bool, words: Words
) -> bool:
    """`_ends_with` for single letters with full stops between them: J. R. R, z. B, p.m, Я."""
    key = re.sub(r"[\s-]", "", initials).casefold()
    is_word = len(key) == 1 and (key in words.of_one_letter or _is_ideographic(key))
    if is_word and not is_first and initials.islower() | _is_ideographic(key):
        return True
    return begins and not is_first and not is_numbered and key not in words.never_end


def _is_ideographic(letter: str) -> bool:
    """Whether a single letter may be a word: no initials in Chinese, Japanese, Korean, Thai."""
    return letter >= "\u2e80" or "\u0e00" <= letter <= "\u0eff"


def _is_title(word: str) -> bool:
    return word[0].isupper() and word[1:].islower()


def _has_no_vowel(word: str) -> bool:
    """Whether a word is hardly one: Hft, bldg. An acronym is one: TV, DDR."""
    is_short = word.isalpha() and len(word) <= 5 and not word.isupper()
    return is_short and word[0].lower() != word[0].upper() and not _VOWELS & set(word.lower())


def _space_at(text: str, start: int) -> str:
    match = _SPACE.match(text, start)
    return match[0] if match else ""


def halve(text: str) -> tuple[str, str]:
    """Split an over-long `text` in two near its middle, each at least a quarter of it.

    After a clause mark if there is one, else after a space, else anywhere.
    """
    length = len(text)
    middle = length // 2
    margin = length // 4
    end = length - max(1, margin)
    window = range(margin, end)

    for separators in (_CLAUSE_MARKS, _SPACES):
        places = [i + 1 for i in window if text[i] in separators]
        if places:
            nearest = min(places, key=lambda place: abs(place - middle))
            return text[:nearest], text[nearest:]

    return text[:middle], text[middle:]
