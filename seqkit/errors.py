"""Every error that a user can cause.

SeqkitError
├── ConfigError      a config file, a key or a value is wrong
│   └── WrongValue   the same of a value given in Python: a ValueError, too
├── UnknownName      a model, task, tokenizer, corpus or command of that name is not registered
├── DataError        a text, corpus, tokenizer or vocabulary cannot be used
│   └── WrongType    what was given in Python is no text, no list of texts, …: a TypeError, too
├── CheckpointError  a run folder cannot be read or written, or does not fit this seqkit
├── TrainingError    training cannot continue: it diverged, or there is nothing to learn from
└── Interrupted      training was stopped by SIGINT or SIGTERM, after its state was saved

The command line prints them as one line and exits with 1 (130 for Interrupted). Anything else is a
bug and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SeqkitError(Exception):
    """Base class: catch it to catch everything that a user can fix."""


class ConfigError(SeqkitError):
    pass


class WrongValue(ConfigError, ValueError):
    pass


class UnknownName(SeqkitError):
    pass


class DataError(SeqkitError):
    pass


class WrongType(DataError, TypeError):
    pass


class CheckpointError(SeqkitError):
    pass


class TrainingError(SeqkitError):
    pass


class Interrupted(SeqkitError):
    pass


class RenamedWarning(FutureWarning):
    """A key or option was given under an old name, which still works. Shown once."""


def hint(wrong: str, known: Iterable[str]) -> str:
    """The tail of every failed lookup: " Did you mean …? Known: …"."""
    names = sorted(known)
    listed = ", ".join(names) or "none"

    close = difflib.get_close_matches(wrong, names, n=1, cutoff=0.5)
    guess = f" Did you mean {close[0]!r}?" if close else ""

    return f"{guess} Known: {listed}."


def reason(error: OSError) -> str:
    """What the operating system said, in words: "No such file or directory"."""
    return error.strerror or str(error) or type(error).__name__
