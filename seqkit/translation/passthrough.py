"""Whether a model has anything to do with lines without letters, which most copy."""

from __future__ import annotations

from pathlib import Path

from ..data.parallel import ParallelText
from ..parsing import to_json
from ..text.byte_tokens import is_byte
from ..text.spans import has_letters
from ..text.tokenizer import Tokenizer
from ..text.vocab import SPECIALS

_FILE = "passthrough.json"  # there if a model translates what others copy
_FEW = 10  # pairs that say nothing of a text


def translates_numbers(text: ParallelText) -> bool:
    """Whether lines without letters become other lines: dates as words, sums as results.

    A model that is trained so must be given such lines, which others need not see.
    """
    pairs = zip(text.sources, text.targets, strict=True)
    same = [source.strip() == target.strip() for source, target in pairs if not has_letters(source)]
    changed = same.count(False)
    return changed >= _FEW and 2 * changed > len(same)


def forbid_passthrough(folder: Path) -> None:
    """Write into a step folder that its model translates lines without letters."""
    content = to_json({"passthrough": False}) + "\n"
    (folder / _FILE).write_text(content, encoding="utf-8")


def may_pass_through(folder: Path, source: Tokenizer) -> bool:
    """Whether the model of a step folder has nothing to do with lines without letters."""
    return not (folder / _FILE).exists() and reads_letters(source)


def reads_letters(source: Tokenizer) -> bool:
    """Whether a model's source has tokens with letters, and so others that are copied."""
    written = (token for token in source.vocab.tokens[len(SPECIALS) :] if not is_byte(token))
    return any(has_letters(token) for token in written)
