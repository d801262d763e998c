"""What programs may ask of a translator over HTTP, as schemas."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..services import Asked

_WIDEST = 32  # beams, n-best lists and draws that a client may ask for
_LONGEST = 1000  # tokens
_LONGEST_FORCED = 200  # tokens that every translation is made to have, at least
_MOST_PHRASES = 16
_MOST_PAIRS = 1000

Width = Annotated[int, Field(ge=1, le=_WIDEST)]
Length = Annotated[int, Field(ge=0, le=_LONGEST)]
Phrases = Annotated[list[str], Field(max_length=_MOST_PHRASES)]
Pair = tuple[str, str]

_TO = Field("", description="Target language, of a model that has several.")
_TEXTS = Field(description="A text, or a list of texts.")
_GLOSSARY: list[Pair] = Field(
    [],
    max_length=_MOST_PAIRS,
    description='Pairs of a term and what it becomes; "-" leaves it as it is.',
)


class Search(BaseModel):
    """The settings of a search that a client may choose: none reads a file or takes for ever."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    beam: Width | None = None
    length_penalty: float | None = None
    normalize: Literal["length", "gnmt"] | None = None
    max_length: Length | None = None
    min_length: Annotated[int, Field(ge=0, le=_LONGEST_FORCED)] | None = None
    no_repeat_ngram: Length | None = None
    must: Phrases | None = None
    suppress: Phrases | None = None
    unknown: Literal["auto", "never", "copy", "keep"] | None = None
    sample: bool | None = None
    mbr: Annotated[int, Field(ge=0, le=_WIDEST)] | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    seed: int | None = None
    split: bool | None = None
    passthrough: bool | None = None


class Translate(Asked):
    """Texts to translate."""

    text: str | list[str] = _TEXTS
    to: str = _TO
    nbest: Width = Field(1, description="Translations of each text.")
    align: bool = Field(False, description="Add which source word made which word, from 0.")
    prefix: str = Field("", description="How the translation begins.")
    glossary: list[Pair] = _GLOSSARY
    search: Search = Field(Search(), description="Settings of the search.")
    stream: bool = Field(False, description="Send server-sent events, sentence by sentence.")

    def settings(self) -> dict[str, Any]:
        """The settings of the search, the prefix aside."""
        found = self.search.model_dump(exclude_none=True)
        if self.nbest > 1:
            found["nbest"] = self.nbest
        if self.to:
            found["to"] = self.to
        return found


class Alternatives(Asked):
    """Other words for the next one of a translation."""

    text: str
    prefix: str = Field("", description="The translation up to the word.")
    translation: str = Field(
        "", description="The whole translation: its sentences after that of the word are kept."
    )
    word: str = Field("", description="A word of one's own: the only one that is then looked at.")
    to: str = _TO
    top: Annotated[int, Field(ge=1, le=_WIDEST)] = Field(5, description="How many words.")
    glossary: list[Pair] = _GLOSSARY


class Explain(Asked):
    """What the words of a translation looked at."""

    text: str
    translation: str | None = Field(None, description="To be explained; else the model's own.")
    to: str = _TO


class Score(Asked):
    """Translations, given their sources."""

    source: str | list[str]
    text: str | list[str] = Field(description="A translation of each source.")
    to: str = _TO
