"""The tags that a tagger knows, and what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...data.files import reading
from ...errors import DataError, hint
from ...parsing import NoPlainData, json_of, to_json
from .reading import Sentence
from .schemes import OUTSIDE, SCHEMES, SchemeName, complete, tags_for, types_of

_FILE = "tags.json"


@dataclass(frozen=True)
class TagSet:
    """Tags by id, in the scheme that is learned."""

    names: tuple[str, ...]
    scheme: SchemeName  # of `names`
    written: SchemeName  # of the files, and of what is predicted
    ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ids = {name: i for i, name in enumerate(self.names)}
        object.__setattr__(self, "ids", ids)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def spells_spans(self) -> bool:
        return self.scheme != "plain"

    @property
    def written_names(self) -> frozenset[str]:
        """The tags as files and predictions have them."""
        if not self.spells_spans:
            return frozenset(self.names)
        return frozenset([OUTSIDE, *tags_for(types_of(self.names), self.written)])

    @classmethod
    def of(cls, sentences: Iterable[Sentence], scheme: SchemeName, written: SchemeName) -> TagSet:
        """All tags of sentences that are in `scheme`, and those that it has besides."""
        names = {tag for sentence in sentences for tag in sentence.tags}
        return cls(tuple(complete(names, scheme)), scheme, written)

    def checked(self, sentences: Iterable[Sentence]) -> Iterator[Sentence]:
        """The sentences; raises `DataError` at the first tag that is not known."""
        for sentence in sentences:
            for word, tag in zip(*sentence, strict=True):
                if tag not in self.ids:
                    raise DataError(
                        f"tag {tag!r} of the word {word!r}: the model to start from does not know "
                        f"it.{hint(tag, self.names)}"
                    )
            yield sentence

    def encode(self, tags: Iterable[str]) -> list[int]:
        return [self.ids[tag] for tag in tags]

    def decode(self, ids: Iterable[int]) -> list[str]:
        return [self.names[i] for i in ids]

    def save(self, folder: Path) -> None:
        values = {"tags": list(self.names), "scheme": self.scheme, "written": self.written}
        text = to_json(values) + "\n"
        (folder / _FILE).write_text(text, encoding="utf-8", newline="\n")

    @classmethod
    def load(cls, folder: Path) -> TagSet:
        """Read what `save` wrote; raises `DataError` naming the file."""
        path = folder / _FILE
        with reading(path):
            content = path.read_bytes()
        try:
            values: Any = json_of(content)
            names = tuple(values["tags"])
            schemes = (values["scheme"], values["written"])
        except (NoPlainData, KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path} is damaged: {error}") from None

        if not names or not all(isinstance(name, str) for name in names):
            raise DataError(f"{path} is damaged: `tags` is no list of tags")
        if len(set(names)) != len(names) or not set(schemes) <= set(SCHEMES):
            raise DataError(f"{path} is damaged: a tag stands twice, or a scheme is unknown")
        return cls(names, *schemes)
