"""Every error that a user can cause.

SeqkitError
├── ConfigError      a config file, a key or a value is wrong
│   └── WrongValue   the same of a value given in Python: a ValueError, too
├── UnknownName      a model, task, tokenizer, corpus or command of that name is not registered
├── DataError        a text, corpus, tokenizer or vocabulary cannot be used
│   └── WrongType    what was given in Python is no text, no list of texts, …: a TypeError, too
├── TooLarge         a service was asked for more at once than it computes
├── CheckpointError  a run folder cannot be read or written, or does not fit this seqkit
├── TrainingError    training cannot continue, for example since there is nothing to learn from
│   └── Diverged     the loss or the gradients are no longer finite
└── Interrupted      training was stopped by SIGINT, SIGTERM or SIGHUP, after its state was saved

The command line prints them as one line and exits with 1 (after a signal with 130, 143 or 129).
Anything else is a bug and keeps its traceback.

`StopTraining` is no error: a listener raises it to end a training run that is then finished.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

_LONGEST = 2000  # characters of a message; a damaged file may have any line or name
_HEAD, _TAIL = 1300, 600  # what is left of a longer one: what is wrong where, and the way out


class SeqkitError(Exception):
    """Base class: catch it to catch everything that a user can fix."""

    def __str__(self) -> str:
        text = super().__str__()
        if len(text) <= _LONGEST:
            return text
        return f"{text[:_HEAD]} … {text[-_TAIL:]}"


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


class TooLarge(SeqkitError):
    pass


class CheckpointError(SeqkitError):
    pass


class TrainingError(SeqkitError):
    pass


class Diverged(TrainingError):
    pass


class Interrupted(SeqkitError):
    def __init__(self, message: str = "", signal: int = 2) -> None:
        super().__init__(message)
        self.signal = signal  # its number; the command exits with 128 more, as shells do


class StopTraining(Exception):
    """Raised by a listener of `seqkit.train`: evaluate, save and return, as if it were finished."""


class RenamedWarning(FutureWarning):
    """A key or option was given under an old name, which still works. Shown once."""


class PluginWarning(UserWarning):
    """A plugin did not load, and what it would have added is missing."""


def hint(wrong: object, known: Iterable[str]) -> str:
    """The tail of every failed lookup: " Did you mean …? Known: …"."""
    names = sorted(known)
    listed = ", ".join(names) or "none"

    asked = wrong.lower() if isinstance(wrong, str) else ""
    by_lower_case = {name.lower(): name for name in names}
    close = difflib.get_close_matches(asked, by_lower_case, n=1, cutoff=0.5)
    guess = f" Did you mean {by_lower_case[close[0]]!r}?" if close else ""

    return f"{guess} Known: {listed}."


def shortened(names: Sequence[str], most: int = 10) -> str:
    """The first few names of many: "cat, dog and 3 more"."""
    named = ", ".join(names[:most])
    more = len(names) - most
    return f"{named} and {more:,} more" if more > 0 else named


def reason(error: OSError) -> str:
    """What the operating system said, in words: "No such file or directory"."""
    return error.strerror or str(error) or type(error).__name__


def half_surrogate(text: str, what: str) -> str:
    """What to say of a text, `what` to the caller, that holds half a surrogate pair; else ""."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        half = text[error.start]
        shown = repr(half)
        if "\udc80" <= half <= "\udcff":  # how Python shows bytes of arguments and file names
            shown += f", the byte {ord(half) - 0xDC00:#04x}, which is not UTF-8"

        place = f"at character {error.start + 1}"
        return f"{what} holds half a surrogate pair ({shown}) {place}: repair or remove it"
    return ""
