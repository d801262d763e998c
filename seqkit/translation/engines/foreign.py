"""A translator of another program opened for CTranslate2: without torch, and without a run folder.

Where it is CTranslate2's own, its file is given to CTranslate2 as it is, once we have read it: the
numbers of a matrix are widened there, in a twentieth of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

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
from ..weights import Weights
from .attention import AttentionReader
from .compute import CTRANSLATE2
from .ctranslate2 import CTranslate2
from .opening import (
    FAILURES,
    check_not_needed,
    chosen_number,
    deferred,
    packed_transformer,
    positions_of,
)
from .searcher import OWN_INT8

if TYPE_CHECKING:
    from .packed import PackedTransformer

Read = Callable[[Path], Foreign]
ReadStored = Callable[[Path], tuple[Foreign, bytes] | None]
MadeT = TypeVar("MadeT")


def open_foreign(
    path: Path, read: Read, read_stored: ReadStored, *, device: str, engine: str, compute: str
) -> Translator | None:
    """The translator at `path`; None if it is to be opened with torch, which says what is wrong.

    `read` and `read_stored` are its format's. `engine` and `compute` are as in `seqkit.load`.
    Raises `ConfigError` if one of them is asked for in particular and cannot be had.
    """
    number = chosen_number(device, engine, compute)
    if number is None:
        return None
    try:
        if number != OWN_INT8:
            return _translator(path, read, read_stored, number, only=engine == CTRANSLATE2)
        return _packed(path, read)
    except (*FAILURES, RuntimeError) as error:  # the last are CTranslate2's
        check_not_needed(error, path, number, engine, compute)
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
    engine = CTranslate2(
        _Once(made.files, partial(_files, convert)),
        made.source,
        made.target,
        number=number,
        positions=positions_of(_model_config(foreign)),
        threads=threads(),
        only=only,
    )
    engine.load()
    return _translator_of(foreign, path, read, engine=engine)


def _packed(path: Path, read: Read) -> Translator:
    """By our own search in int8."""
    foreign = read(path)
    foreign.check()
    foreign = replace(foreign, weights=foreign.ours())  # what it was read as is let go of
    weights = _Once(foreign.weights, partial(_ours, path, read))
    packed = packed_transformer(weights, _model_config(foreign))
    return _translator_of(foreign, path, read, packed=packed)


def _translator_of(
    foreign: Foreign,
    path: Path,
    read: Read,
    *,
    engine: CTranslate2 | None = None,
    packed: PackedTransformer | None = None,
) -> Translator:
    data = build(TranslationData, foreign.config()["data"], "[data]")
    source, target = foreign.tokenizers
    return Translator(
        deferred(path, partial(_reader, path, read), packed),
        source,
        target,
        search=SearchConfig(),
        longest=data.max_length,
        language="".join(data.languages[:1]),
        copies=reads_letters(source),
        engine=engine,
    )


class _Once(Generic[MadeT]):
    """What is made, for the first who asks; it is large, so others, in another process, make it."""

    def __init__(self, made: MadeT, make: Callable[[], MadeT]) -> None:
        self.made: MadeT | None = made
        self.make = make

    def __call__(self) -> MadeT:
        made, self.made = self.made, None
        return made or self.make()


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


def _files(convert: Callable[[], _Converted]) -> Mapping[str, bytes]:
    return convert().files


def _ours(path: Path, read: Read) -> Weights:
    return read(path).ours()


def _reader(path: Path, read: Read) -> AttentionReader:
    """Read once more when words are first aligned: most who translate do not."""
    foreign = read(path)
    return AttentionReader(foreign.ours(), _model_config(foreign))


def _model_config(foreign: Foreign) -> TransformerConfig:
    settings = {key: value for key, value in foreign.config()["model"].items() if key != "name"}
    return build(TransformerConfig, settings, "[model]")
