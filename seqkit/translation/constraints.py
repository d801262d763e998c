"""What the settings of a search say in text, as token ids.

`suppress`, `must`, `prefix`, `unknown` and `rules` of `SearchConfig` are given as text and become
`seqkit.search.Rules`. Any tokenizer will do: all that is asked of it is how it splits a text, and
whether its tokens are words, characters or subwords.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from ..errors import ConfigError
from ..plugins import components
from ..search.phrases import Phrase
from ..search.rules import Rule, Rules, Stem
from ..search.settings import SearchConfig
from ..text.byte_tokens import is_byte
from ..text.subword import SPACE
from ..text.tokenizer import Tokenizer
from ..text.vocab import EOS, SPECIALS, UNK

_CLOSING = frozenset(".,;:!?…)]}”»%")  # marks that stand at the end of the word before them
_WORD = "x"  # any word, to see how a closing mark is split after one

Unknown = Literal["never", "copy", "keep"]


def make_rules(search: SearchConfig, target: Tokenizer, *, attends: bool) -> Rules:
    """The constraints of `search` in the token ids of `target`.

    Raises `ConfigError` for text that `target` has no tokens for.
    """
    prefix, stem = _prefix(target, search.prefix) if search.prefix else ((), None)
    phrases = [phrase_ids(target, text, "must") for text in search.must]

    suppressed: set[int] = set()
    for text in search.suppress:
        suppressed |= _single_tokens(target, text)
    if unknown_policy(search, target, attends=attends) == "never":
        suppressed.add(UNK)

    return Rules(
        suppress=frozenset(suppressed),
        prefix=prefix,
        stem=stem,
        phrases=tuple(phrases),
        further=tuple(_further_rules(search, target)),
    )


def check_attention(search: SearchConfig, *, attends: bool) -> None:
    """Raise `ConfigError` for settings that need attention, if a model has none."""
    needs_attention = {
        "coverage_penalty": search.coverage_penalty > 0,
        "unknown = 'copy'": search.unknown == "copy",
    }
    for name, is_asked in needs_attention.items():
        if is_asked and not attends:
            raise ConfigError(f"search settings: {name} needs a model with attention")


def _further_rules(search: SearchConfig, target: Tokenizer) -> Iterator[Rule]:
    """The rules of plugins that `search` names; raises `UnknownName` with a suggestion."""
    for name, value in search.rules.items():
        make_rule = components().rules.load(name)
        yield make_rule(target, value)


def unknown_policy(search: SearchConfig, target: Tokenizer, *, attends: bool) -> Unknown:
    """What to do about unknown words in outputs: what `search.unknown` says, "auto" resolved.

    A tokenizer that can spell anything has no use for `<unk>`; words are copied from the source if
    the model has attention to tell which.
    """
    if search.unknown != "auto":
        return search.unknown
    can_spell_anything = target.byte_fallback or target.model.unit == "subword"
    return "copy" if attends and not can_spell_anything else "never"


# prefix


def _prefix(target: Tokenizer, text: str) -> tuple[tuple[frozenset[int], ...], Stem | None]:
    """The tokens of a prefix, and its last word if that may go on.

    Half a word has other tokens than the whole one, so any tokens that spell it will do.
    """
    last_word_ended = text[-1].isspace()
    if not last_word_ended:
        begun = _begun_word(target, text)
        if begun is not None:
            head, stem = begun
            return _exactly(head), stem

    prefix = _exactly(_ids(target, text, "prefix"))
    if last_word_ended:
        prefix += _new_word(target)
    return prefix, None


def _exactly(ids: list[int]) -> tuple[frozenset[int], ...]:
    return tuple(frozenset([i]) for i in ids)


def _begun_word(target: Tokenizer, text: str) -> tuple[list[int], Stem] | None:
    """The ids before the last word of `text`, and that word; None if no tokens can continue it."""
    tokens = target.split(text)
    if target.model.unit == "character" or not tokens:
        return None

    start = _start_of_last_word(target, tokens)
    head = target.vocab.encode(tokens[:start])
    if UNK in head:
        return None

    last_word = "".join(tokens[start:])
    stem = Stem(last_word, _spellings(target), whole=target.model.unit == "word")
    return (head, stem) if stem.can_be_spelt else None


def _start_of_last_word(target: Tokenizer, tokens: list[str]) -> int:
    last = len(tokens) - 1
    if target.model.unit == "word":
        return last
    while last > 0 and not tokens[last].startswith(SPACE):
        last -= 1
    return last


def _spellings(target: Tokenizer) -> list[str]:
    """How each token is written; '' for specials and bytes, which are not text."""
    tokens = target.vocab.tokens[len(SPECIALS) :]
    written = ["" if is_byte(token) else token for token in tokens]
    return [""] * len(SPECIALS) + written


def _new_word(target: Tokenizer) -> tuple[frozenset[int], ...]:
    """What may follow the end of a word: the beginning of another one, or the end of the output.

    Where every token is a word, no rule is needed.
    """
    vocab = target.vocab
    match target.model.unit:
        case "word":
            return ()
        case "character":
            space = target.model.split(" ")[:1]
            begins = [vocab[token] for token in space if token in vocab]
        case "subword":
            begins = [i for i, token in enumerate(vocab.tokens) if token.startswith(SPACE)]
    return (frozenset([EOS, *begins]),)


# must


def phrase_ids(target: Tokenizer, text: str, key: str) -> Phrase:
    """Ids of a phrase as it stands in a text: a closing mark follows a word without a space.

    Raises `ConfigError`, which begins with `key`, for text that `target` has no tokens for.
    """
    phrase = text.lstrip()
    if phrase[:1] in _CLOSING:
        tokens = _after_a_word(target, phrase)
        if tokens and all(token in target.vocab for token in tokens):
            return tuple(target.vocab.encode(tokens))
    return tuple(_ids(target, text, key))


def _after_a_word(target: Tokenizer, phrase: str) -> list[str]:
    """Tokens of `phrase` where a word touches it; none if the tokenizer does not part the two."""
    if target.model.unit == "subword":
        first, *rest = target.split(phrase)
        begun = first.removeprefix(SPACE)
        return [begun, *rest] if begun else rest

    word = target.split(_WORD)
    tokens = target.split(_WORD + phrase)
    parted = tokens[: len(word)] == word
    return tokens[len(word) :] if parted else []


# suppress


def _single_tokens(target: Tokenizer, text: str) -> set[int]:
    """Ids of a token that is given as it stands in the vocabulary or as text.

    Both of them where a piece and a word look alike.
    """
    if not text.strip():
        raise ConfigError(f"suppress: {text!r} is empty")
    if text == SPECIALS[EOS]:
        raise ConfigError("suppress: without <eos> no output ends; min_length makes outputs longer")

    found: set[int] = set()
    if text in target.vocab:
        found.add(target.vocab[text])
    ids = target.encode(text)
    if len(ids) == 1 and ids[0] != UNK:
        found.add(ids[0])

    if not found:
        raise ConfigError(f"suppress: {text!r} is not a single token of the model")
    return found


def _ids(target: Tokenizer, text: str, key: str) -> list[int]:
    """Ids of a text that the vocabulary can spell."""
    ids = target.encode(text)
    if not ids or not target.normalizer(text).strip():
        raise ConfigError(f"{key}: {text!r} is empty")
    if UNK in ids:
        raise ConfigError(f"{key}: {text!r} has words that the model does not know")
    return ids
