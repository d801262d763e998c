"""The parts of a line that are not language: numbers alone, URLs, tags, code, emoji.

A translation copies them as they stand. Some are words of a sentence all the same, as names are:
"Run `make` first."
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple


class Piece(NamedTuple):
    """A stretch of a line."""

    text: str
    kind: Literal["language", "name", "markup", "between"]  # the last: blanks, marks and figures

    @property
    def is_language(self) -> bool:
        return self.kind == "language"


def pieces(line: str, *, within: bool = False) -> Iterator[Piece]:
    """`line` cut where it stops or begins to be language; joined, the pieces are `line` again.

    What is `within` a line begins with no mark of an item, and is not code as a whole.
    """
    if not has_letters(line) or (not within and _WHOLE_LINE.match(line)):
        if line:
            yield Piece(line, "markup")
        return

    if not _SUSPICIOUS.search(line):
        yield Piece(line, "language")
        return

    start = 0
    for begin, end, is_name in _copied(line, within=within):
        if begin > start:
            yield _piece(line[start:begin])
        yield Piece(line[begin:end], "name" if is_name else "markup")
        start = end
    if start < len(line):
        yield _piece(line[start:])


def has_letters(text: str) -> bool:
    return any(character.isalpha() for character in text)


def _piece(text: str) -> Piece:
    return Piece(text, "language" if has_letters(text) else "between")


def _copied(line: str, *, within: bool) -> Iterator[tuple[int, int, bool]]:
    """Begin and end of each span that is copied, and whether it is a name, in order."""
    marker = _MARKER.match(line)
    start = marker.end() if marker and not within else 0
    if start:
        yield 0, start, False

    pattern = _span(in_table=_TABLE_ROW.match(line) is not None)
    for match in pattern.finditer(line, start):
        end = match.end()
        if match["url"]:
            end = match.start() + len(_without_punctuation(match[0]))
        yield match.start(), end, match["name"] is not None


def _without_punctuation(url: str) -> str:
    """A URL without the marks of the sentence that it ends."""
    while url:
        last = url[-1]
        closes_nothing = last in _OPENED_BY and url.count(last) > url.count(_OPENED_BY[last])
        if not closes_nothing and last not in ".,;:!?'\"*…":
            break
        url = url[:-1]
    return url


_OPENED_BY = {")": "(", "]": "[", "}": "{"}

# What begins a line: headings, quotes and items of Markdown, dashes of dialogues, times of chats.
_MARKER = re.compile(
    r"(?:\s*(?:(?:\#{1,6}|[-*+•‣◦▪–—]|\[[ xX]\]|\[[\d:.,\s-]+\]|\d{1,3}[.)]|[a-z]\)|"
    r"\((?:\d{1,3}|[a-z]|[ivx]{1,4})\))(?:\s+|$)|>+\s*))*"
)
_TABLE_ROW = re.compile(r"\s*\|.*\|\s*$")

_SIGNS = r"\u2022\u2023\u2190-\u21ff\u2300-\u23ff\u2500-\u27bf\u2b00-\u2bff\u3030\u303d"
_EMOJI = rf"{_SIGNS}\U0001f000-\U0001faff"
_JOINED = "\ufe0e\ufe0f\u200d\u20e3\U000e0020-\U000e007f"
_DOMAINS = "com|org|net|edu|gov|int|info|io|dev|app|eu|de|uk|fr|nl|pl|ru|cn|jp|br"
_FILES = (
    "txt|md|rst|csv|tsv|json|jsonl|toml|yaml|yml|xml|html|htm|css|js|ts|py|ipynb|c|h|cpp|hpp|rs|go|"
    "java|rb|php|sh|bat|exe|dll|so|zip|gz|tar|7z|pdf|docx?|xlsx?|pptx?|odt|ods|png|jpe?g|gif|svg|"
    "webp|mp3|mp4|wav|avi|mkv|srt|vtt|log|ini|cfg|conf|db|sql|iso"
)
_NAME = r"[A-Za-z_][A-Za-z0-9_]*+"
_ATTRIBUTE = r"""\s++[\w:@.-]++(?:\s*+=\s*+(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'<>=`]++))?+"""

_SCHEME = r"(?i:(?:https?|ftps?|sftp|file|git|ssh|wss?|s3|jdbc)://|(?:mailto|tel):|www\.)"
_URL_TEXT = r"[^\s<>\"`“”„«»\u3000-\u303f\uff01-\uff0f\uff1a-\uff20"  # and ], or more that ends one

_AS_NAMES = [
    rf"(?P<url>(?<!\S){_SCHEME}{_URL_TEXT}]++(?!\S)|(?<!\w){_SCHEME}{_URL_TEXT}\u2e80-\u9fff]++)",
    r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]+)++",
    rf"(?<![\w@./-])(?:[A-Za-z0-9-]{{2,63}}\.){{1,4}}(?:{_DOMAINS})\b"
    r"(?:/[\w./?%&=#~+-]*\w/?)?",
    r"\blocalhost:\d+\b|\b\d{1,3}(?:\.\d{1,3}){3}(?:[:/]\d+)?\b|(?<!\w)\+\d[\d ()/-]{5,18}\d(?!\w)",
    # code, and what programs fill in
    r"```.{1,2000}?```|``.{1,2000}?``|`[^`]{1,2000}+`",
    r"\{\{[^{}]{0,200}+\}\}|\$?\{[^{}\s\\][^{}\s]{0,199}+\}|\{\}|\$\([^()\s]{1,200}+\)",
    rf"%\({_NAME}\)[#0 +-]?[\d.]*[A-Za-z]|"
    r"%(?:\d\$)?(?:[+#]|-(?=\d))*+[\d.]*(?:hh?|ll?|[zjt])?[sdifgxuc@](?!\w)",
    r"\$[A-Z_][A-Z0-9_]++|%[A-Z_]{2,}%",
    rf"(?<![\w.]){_NAME}(?:\.{_NAME})*+\((?:\)|['\"][^()]*+\))",
    r"(?<![\w-])--[a-z][a-z0-9]*+(?:-[a-z0-9]++)*+=\S*+",
    r"(?<![\w-])--[a-z][a-z0-9]*+(?:-[a-z0-9]++)++",
    r"(?<!\w)(?:[A-Za-z0-9]++_+)+[A-Za-z0-9]++(?!\w)",
    r"(?<![\w.:/\\])(?:~|\.{1,2})?/(?:[\w.@+-]++/)+[\w.@+-]*\w",
    r"(?<![\w.:/\\])(?:~|\.{1,2})/[\w.@+-]*\w",
    r"\b[A-Za-z]:\\[^\s\"<>|]++",
    rf"(?<![\w./\\-])[\w-]++(?:\.[\w-]++)*?\.(?:{_FILES})(?!\w|\.\w)",
    # names that only machines read
    r"(?<![\w&])[@#][^\W\d]\w*+(?!\w)",
    r"\b0[xX][0-9A-Fa-f]++\b|\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b",
    r"\b(?=[a-f]*+\d)(?=\d*+[a-f])[0-9a-f]{7,64}\b",
    r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?(?!\w)",
    r"\bv\d+(?:\.\d+)++(?!\w)",
]
_MARKUP = [
    r"[^\S\t]*+\t\s*+",  # between the cells of a table
    # HTML, XML and the tags of subtitles
    r"<!--.{0,2000}?-->|<![A-Za-z\[][^<>]{0,500}+>|<\?[^<>]{0,500}+\?>|<[\d:.]++>",
    r"\{\\[^{}]{0,200}+\}",
    rf"</?[A-Za-z][\w:.-]*+(?:{_ATTRIBUTE})*+\s*+/?>",
    r"&(?:[A-Za-z]{2,8}[0-9]{0,2}|\#\d{1,7}|\#[xX][0-9A-Fa-f]{1,6});",
    # Markdown
    r"!?\[(?=[^\[\]]{0,500}+\]\()|\]\([^()\s]*+(?:\s++\"[^\"]*+\")?\)",
    r"\*\*\*?|~~|(?<!\w)__(?=\w)|(?<=\w)__(?!\w)",
    # emoji, with what joins and colours them, and smileys
    rf"(?:[0-9\#*]\ufe0f?\u20e3|[{_EMOJI}][{_JOINED}]*+)++",
    r"(?<!\S)(?:[:;=8][-o^']?[()\[\]DPp/\\|*]|<3|\^\^|¯\\_\(ツ\)_/¯)(?!\S)",
]
# The letters beside a name are those of scripts with blanks: in 打开main.py only the file is one.
_LETTERS = r"0-9A-Za-z_\u00b5-\u0dff\u10a0-\u177f\u1800-\u1fff"
_CLASS_OR_LETTER = re.compile(r"\[(?:\\.|[^\]\\])*\]|\\w")


def _in_scripts_with_blanks(pattern: str) -> str:
    def narrowed(found: re.Match[str]) -> str:
        within = found[0].startswith("[")
        return found[0].replace(r"\w", _LETTERS if within else f"[{_LETTERS}]")

    return _CLASS_OR_LETTER.sub(narrowed, pattern)


_NAMED = _in_scripts_with_blanks("|".join(_AS_NAMES))
_SPANS = rf"(?P<name>{_NAMED})|{'|'.join(_MARKUP)}"
_SUSPICIOUS = re.compile(  # what every span and marker has, to spare most lines the search
    rf"[\t<>@#&/\\`{{}}%$_*~|\[\]=^\d•‣◦▪–—+{_EMOJI}]|\w\.\w|--|[:;]\S|\A\s*-\s|\w[()]"
)


@cache
def _span(*, in_table: bool) -> re.Pattern[str]:
    """What is copied, compiled when a line needs it: that takes longer than most lines."""
    return re.compile(rf"{_SPANS}|\s*+\|\s*+" if in_table else _SPANS)


_TYPE = r"(?:(?:const|let|var|val|auto|int|long|float|double|char|bool|string|String) )"

# Lines that are copied whole: fences, times of subtitles, and code.
_WHOLE_LINE = re.compile(
    "|".join(
        [
            r"\s*(?:```|~~~)\s*[\w+#.-]*\s*$",
            r"\s*(?:\d+:)?\d\d:\d\d[.,]\d{3}\s+-->",
            r"\s*WEBVTT(?:\s|$)",
            r"\s*<!DOCTYPE\b",
            r"\s*(?:>>>|\$|\#!|C:\\>)\s*(?=[/a-z])\S.*$",
            r"\s*(?=[IVX]{2})X{0,3}(?:IX|IV|V?I{0,3})[.)]?\s*$",  # the number of a chapter
            rf"\s*{_TYPE}?{_NAME}(?:[.\[]\w+\]?)*\s*(?:[-+*/|&:]?=)\s*[^\s=].*$",
            rf"\s*{_NAME}(?:\.{_NAME})*\((?:|[^()]*[^\w\s()][^()]*|\d+)\)\s*;?\s*$",
            r"\s*(?:import [\w.]+(?: as \w+)?;?|from [\w.]+ import [\w, ()*]+)\s*$",
            r"\s*\#(?:include|define|ifdef|ifndef|endif|pragma)\b.*$",
            rf"\s*(?:(?:async )?def|class|function|func|fn)\s+{_NAME}\s*[(:{{].*$",
            r"\s*(?:else|try|finally):\s*$|\s*(?:if|elif|while|for)\b.*[=<>()\[\]].*:\s*$",
            r"\s*\}?\s*(?:public|private|protected|static|const|let|var|return|if|for|while|switch|"
            r"try|else|elif|case)\b(?=.*[=(){}]).*(?:[;{]|\)\s*:)\s*$",
            r"\s*\{\s*\".*\"\s*:.*\}\s*,?\s*$",
            r"\s*(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE)\b.*;\s*$",
        ]
    )
)
