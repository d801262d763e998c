"""How tags spell spans: BIO, BIOES, BMES, BILOU, and tags that stand for themselves.

    words   Alex  lives  in  New    York
    bio     B-P   O      O   B-L    I-L
    bioes   S-P   O      O   B-L    E-L
    bmes    S-P   O      O   B-L    E-L     (M where bioes has I)
    bilou   U-P   O      O   B-L    L-L     (L and U where bioes has E and S)

Which words form a span is decided as in `conlleval` (Tjong Kim Sang & Buchholz 2000), the script of
the CoNLL shared tasks: any sequence of tags has its spans, a broken one, too. So a span may begin
with I where there is none of its type to go on with.

Shapes: K tags.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, get_args

from ...errors import DataError

SchemeName = Literal["plain", "bio", "bioes", "bmes", "bilou"]
SCHEMES: tuple[SchemeName, ...] = get_args(SchemeName)
_SPELLING: tuple[SchemeName, ...] = ("bio", "bioes", "bmes", "bilou")  # the simpler first
OUTSIDE = "O"

_PREFIXES = {"bio": "BI", "bioes": "BIES", "bmes": "BMES", "bilou": "BILU"}
_INSIDE = {"I", "M"}
_LAST = {"E", "L"}  # of several words
_SINGLE = {"S", "U"}
_ENDS = _LAST | _SINGLE  # behind which a span is over
_BEGINS = {"B"} | _SINGLE
_GOES_ON = _INSIDE | _LAST


class Span(NamedTuple):
    """Words `start` to `end` - 1, and what they are; "" where the tags do not say."""

    start: int
    end: int
    type: str


class _Tag(NamedTuple):
    prefix: str
    type: str


def spans_of(tags: Sequence[str]) -> list[Span]:
    """The spans that any sequence of tags spells, by the rules of `conlleval`."""
    spans: list[Span] = []
    before = _Tag(OUTSIDE, "")
    start = 0
    for place, tag in enumerate([*tags, OUTSIDE]):
        now = _split(tag)
        if _is_over(before, now):
            spans.append(Span(start, place, before.type))
        if _begins(before, now):
            start = place
        before = now
    return spans


def _split(tag: str) -> _Tag:
    """The parts of "B-LOC": B of LOC; "B" alone is of no type."""
    prefix, _, kind = tag.partition("-")
    return _Tag(prefix, kind)


def _is_over(before: _Tag, now: _Tag) -> bool:
    if before.prefix == OUTSIDE:
        return False
    return before.prefix in _ENDS or now.prefix not in _GOES_ON or now.type != before.type


def _begins(before: _Tag, now: _Tag) -> bool:
    if now.prefix == OUTSIDE:
        return False
    if now.prefix in _BEGINS or before.prefix == OUTSIDE:
        return True
    return before.prefix in _ENDS or now.type != before.type


def tags_of(spans: Iterable[Span], length: int, scheme: SchemeName) -> list[str]:
    """The tags of `length` words that spell spans, which do not overlap."""
    tags = [OUTSIDE] * length
    for start, end, kind in spans:
        suffix = f"-{kind}" if kind else ""
        prefixes = _prefixes(end - start, scheme)
        tags[start:end] = [f"{prefix}{suffix}" for prefix in prefixes]
    return tags


def _prefixes(length: int, scheme: SchemeName) -> str:
    if scheme == "bio":
        return "B" + "I" * (length - 1)

    begin, inside, last, single = list(_PREFIXES[scheme])
    if length == 1:
        return single
    return begin + inside * (length - 2) + last


def convert(tags: Sequence[str], scheme: SchemeName) -> list[str]:
    """The same spans in another scheme; a broken sequence is mended on the way.

    Plain tags spell no spans, and stay as they are.
    """
    if scheme == "plain":
        return list(tags)
    return tags_of(spans_of(tags), len(tags), scheme)


def is_broken(tags: Sequence[str], scheme: SchemeName) -> bool:
    """Whether `convert` has to change a sequence that should be of this scheme."""
    return convert(tags, scheme) != list(tags)


def find_scheme(tags: Iterable[str]) -> SchemeName:
    """The scheme that a set of tags is of, by their prefixes.

    Of tags that could be of two schemes, the simpler one: B and I without E and S are BIO.
    """
    prefixes = _prefixes_of(tags)
    for scheme in _SPELLING:
        if prefixes and prefixes <= set(_PREFIXES[scheme]):
            return scheme
    return "plain"


def _prefixes_of(tags: Iterable[str]) -> set[str]:
    return {_split(tag).prefix for tag in tags if tag != OUTSIDE}


def misfit(tags: Iterable[str]) -> str:
    """The tag by which tags that are meant to spell spans are of no scheme, or "".

    Meant to are tags among which something begins and goes on: B-X and I-X, b_X and i_X.
    """
    every = sorted(set(tags))
    beginnings = {tag[0].upper() for tag in every if tag[1:2] in ("-", "_")}
    if not {"B", "I"} <= beginnings or find_scheme(every) != "plain":
        return ""

    prefixes = _prefixes_of(every)
    meant = max(_SPELLING, key=lambda scheme: len(prefixes & set(_PREFIXES[scheme])))
    wrong = [tag for tag in every if tag != OUTSIDE and _split(tag).prefix not in _PREFIXES[meant]]
    return wrong[0]


def complete(tags: Iterable[str], scheme: SchemeName) -> list[str]:
    """All tags that a scheme has for the types of these, sorted, `O` first if it is there.

    Raises `DataError` for tags that are not of the scheme.
    """
    every = sorted(set(tags))
    if scheme == "plain":
        return every

    split = [_split(tag) for tag in every if tag != OUTSIDE]
    for prefix, kind in split:
        if prefix not in _PREFIXES[scheme]:
            tag = f"{prefix}-{kind}" if kind else prefix
            raise DataError(
                f"tag {tag!r} is not of the scheme {scheme}, whose tags begin with "
                f"{', '.join(_PREFIXES[scheme])} or are O"
            )

    found = [OUTSIDE] if OUTSIDE in every else []
    return found + tags_for(types_of(every), scheme)


def types_of(tags: Iterable[str]) -> list[str]:
    """The types of the spans that tags spell, sorted."""
    return sorted({_split(tag).type for tag in tags if tag != OUTSIDE})


def tags_for(types: Iterable[str], scheme: SchemeName) -> list[str]:
    """The tags by which a scheme spells spans of these types."""
    found: list[str] = []
    for kind in types:
        suffix = f"-{kind}" if kind else ""
        found += [f"{prefix}{suffix}" for prefix in _PREFIXES[scheme]]
    return found


def may_begin(tag: str, scheme: SchemeName) -> bool:
    """Whether an unbroken sequence may begin with a tag."""
    return may_follow(OUTSIDE, tag, scheme)


def may_end(tag: str, scheme: SchemeName) -> bool:
    """Whether an unbroken sequence may end with a tag."""
    return may_follow(tag, OUTSIDE, scheme)


def may_follow(before: str, after: str, scheme: SchemeName) -> bool:
    """Whether `after` may come after `before` in an unbroken sequence."""
    if scheme == "plain":
        return True

    old, new = _split(before), _split(after)
    goes_on = new.prefix in _GOES_ON
    if scheme == "bio":
        return not goes_on or (old.prefix != OUTSIDE and old.type == new.type)

    is_open = old.prefix == "B" or old.prefix in _INSIDE
    if is_open:
        return goes_on and old.type == new.type
    return not goes_on
