"""The labelled texts of a run, made once and kept in the cache.

Three kinds of entries: "labelled" (the texts that were read and cut apart, and their labels),
"tokenizers" that were trained on them, and "ids". A second run reads none of the files but to see
that they are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ...data import digest
from ...data.batching import Rows
from ...data.cache import Facts
from ...data.mixture import Mixture
from ...data.seen import FILE as SEEN
from ...data.seen import SeenTexts
from ...data.sources import Weighted, name_of_source
from ...data.stored import (
    HeldFile,
    IdWriter,
    StoredTexts,
    TextWriter,
    packed_ids,
    stored_ids,
)
from ...errors import ConfigError, DataError
from ...prepared import encoded, opened, trained_tokenizer
from ...progress import doing
from ...recipes import corpora
from ...text.tokenizer import TextConfig, Tokenizer
from ..numbered import Numbered, Numbers
from .data_config import TASK, TextData, sources_of
from .labelled import LabelledTexts, Places
from .reading import (
    Layout,
    files_of,
    format_at,
    misplaced_in,
    read_examples,
    read_labelled,
)
from .texts import Parts, check_parts, cut_apart

_BLOCK = 10_000  # texts that are written at once
_MANY_LABELS = 1 << 31  # so that their numbers have 32 bits
_PARTS = ("train", "valid", "test")


class PreparedTexts:
    """What a run trains, validates and tests on, in files of the cache."""

    def __init__(self, data: TextData, *, seed: int = 0) -> None:
        """Reads the texts, unless that was done before.

        `seed` draws what the tokenizer learns of several sources. Raises `ConfigError` and
        `DataError`.
        """
        if not (data.train or data.sources):
            raise ConfigError(
                "[data]: no training texts: set data.train to files or to a folder, or data.sources"
            )

        self._data = data
        self._seed = seed
        self.sources = sources_of(data)
        self._paths = [
            *((path, source.layout) for source in self.sources for path in source.train),
            *((path, source.layout) for source in self.sources for path in source.valid),
        ]
        self._test = corpora(TASK).locate(data.corpus, data.test)
        self._paths += [(path, data.layout) for path in self._test]

        files = [files_of(*each) for each in self._paths]
        self.cache, self._files, content = opened([file for some in files for file in some])
        names = [_names_in(path, own) for (path, _), own in zip(self._paths, files, strict=True)]
        key = {"content": content, "names": names, **self._settings()}
        about = ", ".join(path.name for path, _ in self._paths)
        self._entry = self.cache.entry("labelled", key, self._write, about=about)

        self.parts = Parts(*map(self._part, _PARTS))
        self.parts.train.misplaced = [
            name for path, layout in self._paths for name in misplaced_in(path, layout)
        ]
        self._seen = HeldFile(self._entry.folder / SEEN)
        weights = [source.weight for source in self.sources]
        self.weighted = Weighted.of([source.train for source in self.sources], weights)

    def __repr__(self) -> str:
        return f"<PreparedTexts: {len(self.parts.train):,} + {len(self.parts.valid):,} texts>"

    @property
    def digests(self) -> dict[str, str]:
        """Of the training and the validation texts with their labels, and of several weights."""
        digests: dict[str, str] = self._entry.facts["digests"]
        return {**digests, **self.weighted.digests(self.mixture)}

    @property
    def leaked(self) -> int:
        """How many of the validation texts are training texts, too."""
        return int(self._entry.facts["leaked"])

    @property
    def mixture(self) -> Mixture | None:
        """What an epoch takes of each of several sources."""
        sizes: list[int] = self._entry.facts["sizes"]
        if len(sizes) < 2:
            return None
        return self.weighted.mixture(sizes, self._data.temperature, self._seed)

    def save_seen(self, folder: Path) -> None:
        """Write into `folder` what an evaluation compares its test texts with."""
        self._seen.copy(folder / SEEN)

    def tokenizer(self, config: TextConfig) -> Tokenizer:
        """A tokenizer trained on the training texts, unless it was before."""
        texts = self.parts.train.texts
        return trained_tokenizer(self.cache, self._entry, texts, config, self.mixture)

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
        return {
            "held_out": "of all sources, with test texts",
            "sources": [[len(source.train), len(source.valid)] for source in self.sources],
            "formats": [format_at(*each) for each in self._paths],
            "layouts": [[*layout[1:]] for _, layout in self._paths],
            "test_share": data.test_share,
            "valid_share": data.valid_share if self.sources[0].splits else 0,
        }

    # Writing

    def _write(self, folder: Path) -> Facts:
        """Fill the entry "labelled"."""
        with doing("reading and checking texts"):
            apart = [self._cut_apart(folder, number) for number in range(len(self.sources))]
            test = [parts.test for parts in apart]
            if self._test:
                test = [self._read(folder, "read-test", self._test, self._data.layout)]
            self._files.check()

            valid = [parts.valid for parts in apart]
            train = [parts.train for parts in apart]
            if len(train) > 1:
                train = _without(train, [*valid, *(parts.test for parts in apart)])
                for source, before, left in zip(self.sources, apart, train, strict=True):
                    _check_left(source.train, before.train, left)
            written = [
                _write_texts(folder, name, texts)
                for name, texts in zip(_PARTS, (train, valid, test), strict=True)
            ]
            for path in list(folder.glob("read-*")):
                path.unlink()

            check_parts(Parts(*written), self.sources, several=bool(self._data.several))
            facts = {name: self._facts_of(part) for name, part in zip(_PARTS, written, strict=True)}
            sizes = [len(texts) for texts in train]
            return {**facts, "sizes": sizes, **_facts_of_run(folder, *written[:2])}

    def _cut_apart(self, folder: Path, number: int) -> Parts:
        """The texts of a source."""
        source = self.sources[number]
        valid_share = self._data.valid_share if source.splits else 0
        read = self._read(folder, f"read-{number}", source.train, source.layout)
        parts = cut_apart(read, test_share=self._data.test_share, valid_share=valid_share)
        if not source.valid:
            return parts
        valid = self._read(folder, f"read-valid{number}", source.valid, source.layout)
        return Parts(parts.train, valid, parts.test)

    def _read(
        self, folder: Path, name: str, paths: Sequence[Path], layout: Layout
    ) -> LabelledTexts:
        """The texts in files, copied into one for texts and one for labels."""
        places = Places()
        numbers = Numbers()
        examples = places.kept(read_examples(paths, layout))
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

    # Places of texts are told with the names that files have when an entry is read.

    def _facts_of(self, texts: LabelledTexts) -> Facts:
        first = {label: self._stored(place) for label, place in texts.first_place.items()}
        empty = [self._stored(place) for place in texts.empty]
        return {"labels": texts.labels.names, "first": first, "empty": empty}

    def _part(self, part: str) -> LabelledTexts:
        facts: Facts = self._entry.facts[part]
        found = _stored(self._entry.folder, part, facts["labels"])
        found.first_place = {label: self._place(*each) for label, each in facts["first"].items()}
        found.empty = [self._place(*each) for each in facts["empty"]]
        return found

    def _stored(self, place: str) -> tuple[int, str]:
        """The number of a path, and what follows it in a place."""
        for number, (path, _) in enumerate(self._paths):
            rest = place.removeprefix(str(path))
            if rest != place and rest[:1] in (":", "/"):
                return number, rest
        raise AssertionError(f"{place} is in none of the files")

    def _place(self, number: int, rest: str) -> str:
        path, _ = self._paths[number]
        return f"{path}{rest}"


def _names_in(path: Path, files: list[Path]) -> list[str]:
    """The names of the texts in a folder of classes, which say their labels; [] for a file."""
    return [file.relative_to(path).as_posix() for file in files if file != path]


def _without(train: Sequence[LabelledTexts], parts: Sequence[LabelledTexts]) -> list[LabelledTexts]:
    """What is a validation or test text of one source, in `parts`, is trained on in none."""
    held_out = {text for part in parts for text in part.texts}
    found: list[LabelledTexts] = []
    for part in train:
        is_kept = np.fromiter((text not in held_out for text in part.texts), bool, len(part))
        rest = part if is_kept.all() else part.at(np.flatnonzero(is_kept))
        rest.empty = part.empty
        found.append(rest)
    return found


def _check_left(files: Sequence[Path], before: LabelledTexts, left: LabelledTexts) -> None:
    """Raise `DataError` for one of several sources of which nothing is trained on."""
    name = name_of_source(files)
    if not len(before):
        raise DataError(f"{name}: no texts with a label, so there is nothing to train on")
    if not len(left):
        raise DataError(
            f"{name}: each text is held out as validation or test text, so that none is left to "
            "train on: give other texts"
        )


def _write_texts(folder: Path, name: str, parts: Sequence[LabelledTexts]) -> LabelledTexts:
    """Write the texts of sources, one after the other; returns all of them."""
    numbers = Numbers()
    places = Places()
    with ExitStack() as stack:
        text_writer = stack.enter_context(TextWriter(folder, name))
        label_writer = stack.enter_context(IdWriter(folder, f"{name}.labels"))
        for texts in parts:
            text_writer.add(texts.texts)
            label_writer.add(texts.labels.packed(numbers.of(texts.labels.names)))
            places.add(texts.first_place, texts.empty)

    found = _stored(folder, name, list(numbers.known))
    found.first_place, found.empty = places.first, places.empty
    return found


def _stored(folder: Path, name: str, labels: list[str]) -> LabelledTexts:
    ids = stored_ids(folder, f"{name}.labels", _MANY_LABELS)
    return LabelledTexts(StoredTexts(folder, name), Numbered(labels, *ids))


def _facts_of_run(folder: Path, train: LabelledTexts, valid: LabelledTexts) -> Facts:
    """What a run wants to know of its texts, without reading all of them again."""
    seen = SeenTexts.of(texts=train.texts)
    seen.save(folder)
    (among,) = seen.count(texts=valid.texts)
    digests = {
        "training texts": digest.of_lines(train.lines()),
        "validation texts": digest.of_lines(valid.lines()),
    }
    return {"digests": digests, "leaked": among.found}


def read_parts(data: TextData) -> Parts:
    """The texts of a run, cut apart. Raises `DataError` and `ConfigError`."""
    return PreparedTexts(data).parts


def read_test(data: TextData) -> LabelledTexts:
    """The test texts of a run; raises `ConfigError` if it holds none."""
    if data.test:
        paths = corpora(TASK).locate(data.corpus, data.test)
        return read_labelled(paths, data.layout)
    if not data.test_share:
        raise ConfigError(
            "this run has no test texts: it was trained without data.test and data.test_share; "
            "name a file of labelled texts"
        )
    return read_parts(data).test
