"""A translator of another program opened for CTranslate2: without torch, and without a run folder.

Where it is CTranslate2's own, its file is given to CTranslate2 as it is, once we have read it: the
numbers of a matrix are widened there, in a twentieth of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ...config import build
from ...search.settings import SearchConfig
from ...text.vocab import SPECIALS
from ...threads import threads
from ..data_config import TranslationData
from ..exporters.ctranslate2 import files_beside, model_files
from ..importers.foreign import Foreign
from ..models.transformer_config import TransformerConfig
from ..passthrough import reads_letters
from ..translator import Translator
from .attention import AttentionReader
from .compute import CTRANSLATE2, is_own_int8
from .ctranslate2 import CTranslate2
from .opening import (
    FAILURES,
    check_not_needed,
    chosen_number,
    deferred,
    own_in_int8,
    positions_of,
)

Read = Callable[[Path], Foreign]
ReadStored = Callable[[Path], tuple[Foreign, bytes] | None]


def open_foreign(
    path: Path, read: Read, read_stored: ReadStored, *, device: str, engine: str, compute: str
) -> Translator | None:
    """The translator at `path`; None if it is to be opened with torch, which says what is wrong.

    `read` and `read_stored` are its format's. `engine` and `compute` are as in `seqkit.load`.
    Raises `ConfigError` if one of them is asked for in particular and cannot be had.
    """
    if is_own_int8(engine, compute):
        return own_in_int8(path, device)
    number = chosen_number(device, engine, compute)
    if number is None:
        return None
    try:
        return _translator(path, read, read_stored, number, only=engine == CTRANSLATE2)
    except (*FAILURES, RuntimeError) as error:  # the last are CTranslate2's
        check_not_needed(error, path, engine, compute)
        return None


class _Converted(NamedTuple):
    """A model, and the files that CTranslate2 reads, with its tokens as they have them."""

    foreign: Foreign
    files: Mapping[str, bytes]
    source: list[str]
    target: list[str]


def _translator(
    path: Path, read: Read, read_stored: ReadStored, number: str, *, only: bool
) -> Translator:
    convert = partial(_converted, path, read, read_stored)
    made = convert()
    foreign = made.foreign
    config = foreign.config()
    data = build(TranslationData, config["data"], "[data]")

    engine = CTranslate2(
        _Files(made.files, convert),
        made.source,
        made.target,
        number=number,
        positions=positions_of(_model_config(foreign)),
        threads=threads(),
        only=only,
    )
    engine.load()
    source, target = foreign.tokenizers
    return Translator(
        deferred(path, partial(_reader, path, read)),
        source,
        target,
        search=SearchConfig(),
        longest=data.max_length,
        language="".join(data.languages[:1]),
        copies=reads_letters(source),
        engine=engine,
    )


class _Files:
    """Files for the first who asks; they are large, so others, in another process, make them."""

    def __init__(self, files: Mapping[str, bytes], convert: Callable[[], _Converted]) -> None:
        self.files: Mapping[str, bytes] | None = files
        self.convert = convert

    def __call__(self) -> Mapping[str, bytes]:
        files, self.files = self.files, None
        return files or self.convert().files


def _converted(path: Path, read: Read, read_stored: ReadStored) -> _Converted:
    """Raises an error of some kind for a model that is not as it should be."""
    stored = read_stored(path)
    if stored is not None:
        foreign, model = stored
        foreign.check_sizes()
        return _as_stored(foreign, model)

    foreign = read(path)
    foreign.check()
    weights = foreign.ours()
    config = vars(_model_config(foreign))
    source, target = (tokenizer.vocab.tokens for tokenizer in foreign.tokenizers)
    files = model_files(weights, config, source, target)
    return _Converted(foreign, files, list(source), list(target))


def _as_stored(foreign: Foreign, model: bytes) -> _Converted:
    source, target = foreign.names(foreign.source), foreign.names(foreign.target)
    specials = target[: len(SPECIALS)]
    beside = files_beside(
        foreign.source.tokens, foreign.target.tokens, specials, source_eos=foreign.source_eos
    )
    return _Converted(foreign, {"model.bin": model, **beside}, source, target)


def _reader(path: Path, read: Read) -> AttentionReader:
    """Read once more when words are first aligned: most who translate do not."""
    foreign = read(path)
    return AttentionReader(foreign.ours(), _model_config(foreign))


def _model_config(foreign: Foreign) -> TransformerConfig:
    settings = {key: value for key, value in foreign.config()["model"].items() if key != "name"}
    return build(TransformerConfig, settings, "[model]")
