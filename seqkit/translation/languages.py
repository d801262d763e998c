"""The target language of a multilingual model, chosen by a tag at the head of each source."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ConfigError, hint
from ..text.tags import split_tag
from ..text.tokenizer import Tokenizer


def check_language(language: str, source: Tokenizer) -> None:
    """Raise `ConfigError` for a target language that the model has no tag for; "" is none."""
    known = source.language_tags
    if not language or language in known:
        return
    if not known:
        raise ConfigError(
            f"to = {language!r}: this model translates into one language only, so leave it out"
        )
    raise ConfigError(
        f"to = {language!r}: the model has no such target language.{hint(language, known)}"
    )


def chosen_language(language: str, own: str, source: Tokenizer) -> str:
    """The target language that a model is to be told: none if it has only its `own`.

    Raises `ConfigError` for one that it does not translate into.
    """
    if language == own and not source.language_tags:
        return ""
    check_language(language, source)
    return language


def tagged(texts: Sequence[str], language: str, source: Tokenizer) -> Sequence[str]:
    """Source texts to train on, each after its tag; `texts` for a model of one language.

    Raises `ConfigError` if a model with several languages is not told which.
    """
    known = source.language_tags
    if not known:
        return texts

    check_language(language, source)
    if not language and len(known) > 1 and any(not split_tag(text, known)[0] for text in texts):
        raise ConfigError(
            f"this model translates into {len(known):,} languages: name the one of your text by "
            f"--set search.to={min(known)}, or begin each source line with its tag. "
            f"Known: {', '.join(sorted(known))}."
        )
    return [" ".join(filter(None, tag_for(text, language, source))) for text in texts]


def tag_for(text: str, language: str, source: Tokenizer) -> tuple[str, str]:
    """The tag of a source text, "" for a model of one language, and the text without it.

    A tag that the text begins with counts more than `language`. Raises `ConfigError` if a model
    with several languages gets neither.
    """
    known = source.language_tags
    if not known:
        return "", text

    tag, rest = split_tag(text, known)
    if tag:
        return tag, rest
    if language:
        return known[language], text
    if len(known) == 1 or not text.strip():
        return "", text
    raise ConfigError(
        f"this model translates into {len(known):,} languages: choose one by --to or `to`, "
        f"or begin each line with its tag, such as {min(known.values())}. "
        f"Known: {', '.join(sorted(known))}."
    )


def with_tag(text: str, language: str, source: Tokenizer) -> str:
    """A source text with the tag of the target language, if the model has several."""
    tag, text = tag_for(text, language, source)
    return f"{tag} {text}" if tag else text
