"""Messages of gettext (.po): what has no translation yet gets one; all else stays.

Of plurals, the first form is the translation of the singular and all others that of the plural:
languages with more than two forms need a person to look at them.

The mark of a key, as in `&Open` and `_Close`, is taken out of a message, since models know none.
It is put before the same letter of the translation, or else before the first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ...errors import DataError
from ...text.spans import has_letters
from .html import with_tags
from .segment import Segment

_STRING = r'"(?:[^"\\\r\n]|\\.)*"'
_STRINGS = rf"{_STRING}(?:[ \t]*(?:(?:\r\n|\n)[ \t]*)?{_STRING})*"  # which gettext joins
_KEYWORD = re.compile(
    rf"^(?P<key>msgctxt|msgid_plural|msgid|msgstr(?:\[(?P<n>\d+)\])?)[ \t]+(?P<value>{_STRINGS})",
    re.MULTILINE,
)
_PART = re.compile(_STRING)
_ESCAPE = re.compile(r"\\(.)")
_FORMS = re.compile(r"nplurals\s*=\s*(\d+)")
_ACCELERATOR = re.compile(
    r"(?<![\w&])&(?=[^\W\d_])(?!\w+;)|(?<=\w)&(?=[a-z])(?!\w+;)"
    r"|(?<!\w)_(?=[^\W\d_]+\b)(?!\w*_)"
)
_PLACEHOLDER = re.compile(r"%\([^()]*\)\w|%[\w$.]+|\{[^{}]*\}|<[^<>]*>")
_BREAK = re.compile(  # what is no line end of a text that was wrapped
    r"((?:(?<=[.:!?])\n|\n(?=\s|[-*•]\s|\d+[.)]\s))\s*(?:(?:[-*•]|\d+[.)])\s+)?)"
)
_READ = {"n": "\n", "t": "\t", "r": "\r"}
_BAD = re.compile(
    rf"^(?!#|\s*$|(?:msg\w+(?:\[\d+\])?)?(?:[ \t]*{_STRING})+\s*$)(.+)$", re.MULTILINE
)


@dataclass
class _Entry:
    start: int
    singular: str
    plural: str | None = None
    forms: list[int] = field(default_factory=list)  # their numbers


def segments(text: str, name: str) -> list[Segment]:
    """The messages that have no translation yet. Raises `DataError` naming file and line."""
    bad = _BAD.search(text)
    if bad or not _KEYWORD.search(text):
        line = text.count("\n", 0, bad.start()) + 1 if bad else 1
        raise DataError(f"{name}, line {line}: this is not a table of messages (msgid, msgstr)")

    found: list[Segment] = []
    entry: _Entry | None = None
    declared = 0
    line_end = "\r\n" if "\r\n" in text else "\n"
    for match in _KEYWORD.finditer(text):
        key = match["key"]
        value = _value(match["value"])
        if key == "msgid":
            _check(entry, declared, text, name)
            entry = _Entry(match.start(), value)
        elif entry is not None and key == "msgid_plural":
            entry.plural = value
        elif entry is not None and key.startswith("msgstr"):
            forms = _FORMS.search(value) if not entry.singular else None
            declared = int(forms[1]) if forms else declared
            number = int(match["n"] or 0)
            entry.forms.append(number)
            source = entry.plural if entry.plural and number else entry.singular
            if source and not value and has_letters(source):
                found += _message(source, match, line_end)
    _check(entry, declared, text, name)
    return found


def _check(entry: _Entry | None, declared: int, text: str, name: str) -> None:
    """Raise `DataError` if an entry has other plural forms than the file declares, or one twice."""
    if entry is None or entry.plural is None:
        return

    count = len(entry.forms)
    if declared and count != declared:
        raise DataError(
            f"{_place(entry, text, name)}: {count} plural forms, but its header says nplurals="
            f"{declared}: make it with msgmerge or msginit for the target language"
        )
    if sorted(entry.forms) != list(range(count)):
        numbers = ", ".join(f"msgstr[{number}]" for number in entry.forms)
        raise DataError(
            f"{_place(entry, text, name)}: its plural forms are {numbers}: number them from 0, "
            "each once"
        )


def _place(entry: _Entry, text: str, name: str) -> str:
    line = text.count("\n", 0, entry.start) + 1
    return f"{name}, line {line}"


def _message(source: str, match: re.Match[str], line_end: str) -> list[Segment]:
    """The segments of a message: its paragraphs and items, with what is between them.

    Each is written as a string of its own, which are read as one.
    """
    inner = source.strip()
    before, after = source.split(inner, 1)
    texts, breaks = _BREAK.split(inner)[::2], _BREAK.split(inner)[1::2]
    parts: list[list[str]] = []  # what is before each text, itself, and what is after it
    gap = before
    for text, between in zip(texts, [*breaks, after], strict=True):
        if not has_letters(text):
            gap += text + between
            continue
        if parts:  # a string ends with its line, as those of msgmerge do
            cut = gap.rfind("\n") + 1
            parts[-1][2], gap = gap[:cut], gap[cut:]
        parts.append([gap, text, ""])
        gap = between
    parts[-1][2] = gap

    start, end = match.span("value")
    if len(parts) == 1:
        return [_paragraph(start, end, *parts[0])]
    places = [(start, end), *[(end, end)] * (len(parts) - 1)]
    return [
        _paragraph(*place, *part, lead='""' + line_end if i == 0 else line_end)
        for i, (place, part) in enumerate(zip(places, parts, strict=True))
    ]


def _paragraph(
    start: int, end: int, before: str, inner: str, after: str, *, lead: str = ""
) -> Segment:
    """The segment of a paragraph; blanks and line ends at its ends stay.

    `lead` stands before its string.
    """
    text = " ".join(inner.split())
    marks = list(_ACCELERATOR.finditer(text))
    mark = key = ""
    if len(marks) == 1:
        place = marks[0].start()
        mark, key = text[place], text[place + 1]
        text = text[:place] + text[place + 1 :]

    def write(translation: str) -> str:
        return lead + _quoted(before + _with_key(translation, mark, key) + after)

    return with_tags(text, (start, end), write)


def _with_key(text: str, mark: str, key: str) -> str:
    """A text with a mark before a letter: best one that begins a word, and in the same case."""
    if not mark:
        return text
    shown = _PLACEHOLDER.sub(lambda match: "\0" * len(match[0]), text)
    for pattern in (rf"\b{key}", rf"(?i:\b{key})", rf"(?i:{key})", r"[^\W\d_]"):
        found = re.search(pattern, shown)
        if found:
            return text[: found.start()] + mark + text[found.start() :]
    return text


def _value(raw: str) -> str:
    joined = "".join(part[1:-1] for part in _PART.findall(raw))
    return _ESCAPE.sub(lambda match: _READ.get(match[1], match[1]), joined)


def _quoted(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    text = text.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return f'"{text}"'
