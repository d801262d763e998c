"""The labelled texts of a run, made once and kept in the cache.

Three kinds of entries: "labelled" (the texts that were read and cut apart, and their labels),
"tokenizers" that were trained on them, and "ids". A second run reads none of the files but to see
that they are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from ...data import digest
from ...data.batching import Rows
from ...data.cache import Facts
from ...data.seen import FILE as SEEN
from ...data.seen import SeenTexts
from ...data.stored import HeldFile, IdWriter, StoredTexts, TextWriter, packed_ids, stored_ids
from ...errors import ConfigError
from ...prepared import encoded, opened, trained_tokenizer
from ...progress import doing
from ...recipes import corpora
from ...text.tokenizer import TextConfig, Tokenizer
from .labels import Labels, Numbers
from .reading import LabelledTexts, Places, files_of, formats_of, misplaced_in, read_examples
from .texts import TASK, Parts, TextData, cut_apart

_BLOCK = 10_000  # texts that are written at once
_MANY_LABELS = 1 << 31  # so that their numbers have 32 bits
_PARTS = ("train", "valid", "test")


class PreparedTexts:
    """What a run trains, validates and tests on, in files of the cache."""

    def __init__(self, data: TextData) -> None:
        """Reads the texts, unless that was done before. Raises `ConfigError` and `DataError`."""
        if not data.train:
            raise ConfigError("[data]: no training texts: set data.train to files or to a folder")

        self._data = data
        locate = corpora(TASK).locate
        self._paths = {
            "train": locate(data.corpus, data.train),
            "valid": locate(data.corpus, data.valid),
            "test": locate(data.corpus, data.test),
        }
        every = [path for paths in self._paths.values() for path in paths]
        files = [files_of(path, data.layout) for path in every]
        self.cache, self._files, content = opened([file for some in files for file in some])

        names = [_names_in(path, some) for path, some in zip(every, files, strict=True)]
        key = {"content": content, "names": names, **self._settings()}
        about = ", ".join(path.name for path in every)
        self._entry = self.cache.entry("labelled", key, self._write, about=about)

        self.parts = Parts(*map(self._part, _PARTS))
        self._seen = HeldFile(self._entry.folder / SEEN)

    def __repr__(self) -> str:
        return f"<PreparedTexts: {len(self.parts.train):,} + {len(self.parts.valid):,} texts>"

    @property
    def digests(self) -> dict[str, str]:
        """Of the training and the validation texts with their labels."""
        digests: dict[str, str] = self._entry.facts["digests"]
        return digests

    @property
    def leaked(self) -> int:
        """How many of the validation texts are training texts, too."""
        return int(self._entry.facts["leaked"])

    def save_seen(self, folder: Path) -> None:
        """Write into `folder` what an evaluation compares its test texts with."""
        self._seen.copy(folder / SEEN)

    def tokenizer(self, config: TextConfig) -> Tokenizer:
        """A tokenizer trained on the training texts, unless it was before."""
        return trained_tokenizer(self.cache, self._entry, self.parts.train.texts, config)

    def ids(self, tokenizer: Tokenizer) -> tuple[Rows, Rows]:
        """Training and validation texts as ids, mapped into memory."""
        texts = {"train": self.parts.train.texts, "valid": self.parts.valid.texts}
        entry = encoded(self.cache, self._entry, texts, tokenizer)
        size = len(tokenizer.vocab)
        train, valid = (Rows.of_arrays(*stored_ids(entry.folder, part, size)) for part in texts)
        return train, valid

    def _settings(self) -> dict[str, Any]:
        """The settings that the texts depend on."""
        data = self._data
        every = [path for paths in self._paths.values() for path in paths]
        return {
            "files": [len(paths) for paths in self._paths.values()],
            "formats": formats_of(every, data.layout),
            "columns": [data.label, data.text],
            "several": data.several,
            "encoding": data.encoding,
            "test_share": data.test_share,
            "valid_share": 0 if data.valid else data.valid_share,
        }

    # Writing

    def _write(self, folder: Path) -> Facts:
        """Fill the entry "labelled"."""
        with doing("reading and checking texts"):
            read = [self._read(folder, part) for part in _PARTS]
            self._files.check()
            parts = cut_apart(self._data, *read)

            facts: Facts = {"labels": {}, "first": {}, "empty": {}}
            for name, texts in zip(_PARTS, (parts.train, parts.valid, parts.test), strict=True):
                facts["labels"][name] = texts.labels.names
                facts["first"][name] = self._stored_places(texts.first_place)
                facts["empty"][name] = [self._stored_place(place) for place in texts.empty]
                _write_texts(folder, name, texts)
            for path in list(folder.glob("read-*")):
                path.unlink()
            return facts | _facts_of(folder, parts)

    def _read(self, folder: Path, part: str) -> LabelledTexts:
        """The texts in the files of a part, copied into a file each for texts and labels."""
        places = Places()
        numbers = Numbers()
        name = f"read-{part}"
        examples = places.kept(read_examples(self._paths[part], self._data.layout))
        with ExitStack() as stack:
            texts = stack.enter_context(TextWriter(folder, name))
            labels = stack.enter_context(IdWriter(folder, f"{name}.labels"))
            while block := list(islice(examples, _BLOCK)):
                texts.add([example.text for example in block])
                rows = [numbers.of(example.labels) for example in block]
                labels.add(packed_ids(rows, _MANY_LABELS))

        found = _stored(folder, name, list(numbers.known))
        found.first_place, found.empty = places.first, places.empty
        return found

    # Reading what was written

    def _part(self, part: str) -> LabelledTexts:
        facts = self._entry.facts
        found = _stored(self._entry.folder, part, facts["labels"][part])
        first: dict[str, Any] = facts["first"][part]
        found.first_place = {label: self._place(place) for label, place in first.items()}
        found.empty = [self._place(place) for place in facts["empty"][part]]
        found.misplaced = misplaced_in(self._paths[part], self._data.layout)
        return found

    # Places: files may have moved when an entry is read again.

    def _stored_places(self, places: dict[str, str]) -> dict[str, tuple[int, str]]:
        return {label: self._stored_place(place) for label, place in places.items()}

    def _stored_place(self, place: str) -> tuple[int, str]:
        """The number of a path, and what follows it in a place."""
        for number, path in enumerate(self._every_path()):
            rest = place.removeprefix(str(path))
            if rest != place and rest[:1] in (":", "/"):
                return number, rest
        raise AssertionError(f"{place} is in none of the files")

    def _place(self, stored: Sequence[Any]) -> str:
        number, rest = stored
        return f"{self._every_path()[number]}{rest}"

    def _every_path(self) -> list[Path]:
        return [path for paths in self._paths.values() for path in paths]


def _names_in(path: Path, files: list[Path]) -> list[str]:
    """The names of the texts in a folder of classes, which say their labels; [] for a file."""
    return [file.relative_to(path).as_posix() for file in files if file != path]


def _write_texts(folder: Path, name: str, texts: LabelledTexts) -> None:
    with ExitStack() as stack:
        text_writer = stack.enter_context(TextWriter(folder, name))
        label_writer = stack.enter_context(IdWriter(folder, f"{name}.labels"))
        for block in _blocks(texts.texts):
            text_writer.add(block)
        label_writer.add(texts.labels.packed())


def _blocks(texts: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(texts)
    while block := list(islice(rest, _BLOCK)):
        yield block


def _stored(folder: Path, name: str, labels: list[str]) -> LabelledTexts:
    ids = stored_ids(folder, f"{name}.labels", _MANY_LABELS)
    return LabelledTexts(StoredTexts(folder, name), Labels(labels, *ids))


def _facts_of(folder: Path, parts: Parts) -> Facts:
    """What a run wants to know of its texts, without reading all of them again."""
    seen = SeenTexts.of(texts=parts.train.texts)
    seen.save(folder)
    (among,) = seen.count(texts=parts.valid.texts)
    digests = {
        "training texts": digest.of_lines(parts.train.lines()),
        "validation texts": digest.of_lines(parts.valid.lines()),
    }
    return {"digests": digests, "leaked": among.found}


def read_parts(data: TextData) -> Parts:
    """The texts of a run, cut apart. Raises `DataError` and `ConfigError`."""
    return PreparedTexts(data).parts
