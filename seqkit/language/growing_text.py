"""Text that grows token by token, each of which is spelt once."""

from __future__ import annotations

from ..text.tokenizer import Tokenizer
from ..text.vocab import EOS

_HALF_A_CHARACTER = "\N{REPLACEMENT CHARACTER}"  # how bytes that spell no character are shown
_LONGEST = 64  # tokens that are spelt together
_CONTEXT = 8  # those of them on which the spelling of later ones may depend: spaces, bytes


class GrowingText:
    """The text of ids, with a line break for each `<eos>`."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self._line: list[int] = []  # the last tokens of the last line
        self._shown = ""  # what they spell, as far as it has been given out

    def add(self, token: int) -> str:
        """What one more token adds: "" until a character that takes several tokens is whole."""
        if token == EOS:
            unfinished = self.tokenizer.decode(self._line)[len(self._shown) :]
            self._line, self._shown = [], ""
            return f"{unfinished}\n"

        self._line.append(token)
        text = self.tokenizer.decode(self._line)
        if text.endswith(_HALF_A_CHARACTER):
            return ""

        new = text[len(self._shown) :]
        self._shown = text
        if len(self._line) > _LONGEST:
            self._line = self._line[-_CONTEXT:]
            self._shown = self.tokenizer.decode(self._line)
        return new

    def __repr__(self) -> str:
        return f"<GrowingText: {self._shown!r}>"
