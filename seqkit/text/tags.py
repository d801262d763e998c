"""Tokens that tell a multilingual model which language to translate into.

OPUS-MT models read them before the source: `>>deu<< Good morning.`
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

_TAG = re.compile(r">>([^\s<>]+)<<")
_BEGINS = re.compile(rf"\s*({_TAG.pattern})\s*")


def tag_of(language: str) -> str:
    """The tag of a target language by its code: ">>deu<<"."""
    return f">>{language}<<"


def language_tags(tokens: Iterable[str]) -> dict[str, str]:
    """The tokens that name a language, by its code; none for most vocabularies."""
    tags = (_TAG.fullmatch(token) for token in tokens if token.startswith(">>"))
    return {found[1]: found[0] for found in tags if found}


def split_tag(text: str, languages: Container[str]) -> tuple[str, str]:
    """The tag that a text begins with, if it is one of these languages, and the text after it."""
    found = _BEGINS.match(text)
    if found is None or found[2] not in languages:
        return "", text
    return found[1], text[found.end() :]
