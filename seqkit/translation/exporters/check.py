"""Whether another program translates an exported model as ours does."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ...data.archives import unpack
from ...errors import ConfigError
from ...metrics.overlap import bleu
from ...text.pieces import PieceTokenizer
from ..languages import tag_for, with_tag

if TYPE_CHECKING:
    from ..translator import Translator

_BATCH = 32  # lines


@dataclass(frozen=True)
class Agreement:
    """How alike two programs translate the same lines."""

    program: str  # that was compared with ours
    lines: int
    identical: int
    bleu: float  # of the one, with the other as reference

    @property
    def share(self) -> float:
        return self.identical / self.lines

    def __str__(self) -> str:
        return (
            f"{self.program}: {self.identical:,} of {self.lines:,} lines identical "
            f"({self.share:.1%}), BLEU between them {self.bleu:.2f}"
        )


def check(translator: Translator, to: str, out: Path, lines: Sequence[str]) -> Agreement:
    """Translate `lines`, each as a whole, by `translator` and by what runs `out`.

    `to` is what it was exported to. Beam and length penalty are the model's own. Raises
    `ConfigError` if the program is not installed.
    """
    ours = translator.translate(lines, split=False, passthrough=False)
    program, theirs = translated_by(to, translator, out, lines)
    identical = sum(a == b for a, b in zip(ours, theirs, strict=True))
    return Agreement(program, len(ours), identical, bleu(theirs, [ours]).score)


def translated_by(
    to: str, translator: Translator, out: Path, lines: Sequence[str]
) -> tuple[str, list[str]]:
    """The program that runs what `translator` was exported to, and what it makes of the lines."""
    return _PROGRAMS[to](translator, out, lines)


# Each returns the program's name and what it makes of the lines.


def _by_ctranslate2(
    translator: Translator, folder: Path, lines: Sequence[str]
) -> tuple[str, list[str]]:
    """CTranslate2, with the SentencePiece models in the folder if there are some."""
    names = ("source.spm", "target.spm")
    if (folder / "sentencepiece.model").exists():
        names = ("sentencepiece.model", "sentencepiece.model")
    if not (folder / names[0]).exists():
        source, target = translator.source, translator.target
        return "CTranslate2", _search(translator, folder, lines, source.split, target.join)

    source_pieces, target_pieces = (PieceTokenizer.read(folder / name) for name in names)
    return "CTranslate2", _search(
        translator, folder, lines, source_pieces.split, target_pieces.join
    )


def _by_argos(translator: Translator, package: Path, lines: Sequence[str]) -> tuple[str, list[str]]:
    """CTranslate2 with one SentencePiece model for both languages, as Argos Translate calls it."""
    with TemporaryDirectory() as folder:
        unpack(package, Path(folder))
        (model,) = Path(folder).glob("*/model")
        pieces = PieceTokenizer.read(model.parent / "sentencepiece.model")
        found = _search(translator, model, lines, pieces.split, pieces.join)
    return "CTranslate2, as Argos Translate calls it", found


def _search(
    translator: Translator,
    folder: Path,
    lines: Sequence[str],
    split: Callable[[str], list[str]],
    join: Callable[[list[str]], str],
) -> list[str]:
    try:
        import ctranslate2
    except ImportError:
        raise ConfigError("--check needs CTranslate2: `pip install ctranslate2`") from None

    search = translator.search
    tokens: list[list[str]] = []
    for line in lines:
        tag, text = tag_for(line, search.to, translator.source)
        tokens.append([tag, *split(text)] if tag else split(text))

    program: Any = ctranslate2.Translator(str(folder), compute_type="default", intra_threads=1)
    found = program.translate_batch(
        tokens,
        beam_size=search.beam,
        length_penalty=search.length_penalty,
        min_decoding_length=search.min_length,  # by itself, it finds no empty translation
        max_batch_size=_BATCH,
    )
    return [join(result.hypotheses[0]) for result in found]


def _by_transformers(
    translator: Translator, folder: Path, lines: Sequence[str]
) -> tuple[str, list[str]]:
    """Hugging Face's transformers, or our reader of its folders where that is not installed."""
    try:
        program, model, tokenizer = _open_with_transformers(folder)
    except ImportError:  # it imports most of itself, and other packages, only when they are used
        return "seqkit's importer (no transformers here that works)", _opened(folder, lines)

    tagged = [with_tag(line, translator.search.to, translator.source) for line in lines]
    found: list[str] = []
    for first in range(0, len(tagged), _BATCH):
        inputs = tokenizer(tagged[first : first + _BATCH], return_tensors="pt", padding=True)
        found += tokenizer.batch_decode(model.generate(**inputs), skip_special_tokens=True)
    return program, found


def _open_with_transformers(folder: Path) -> tuple[str, Any, Any]:
    """The program's name, the model and its tokenizer."""
    import transformers

    transformers.logging.disable_progress_bar()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it recommends a package that it does not use
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    return f"transformers {transformers.__version__}", model, tokenizer


def _by_seqkit(translator: Translator, out: Path, lines: Sequence[str]) -> tuple[str, list[str]]:
    return "seqkit", _opened(out, lines)


def _opened(path: Path, lines: Sequence[str]) -> list[str]:
    from ...runs.load import load

    opened: Translator = load(path, task="translation", engine="torch")
    return opened.translate(lines, split=False, passthrough=False)


_PROGRAMS: dict[str, Callable[[Translator, Path, Sequence[str]], tuple[str, list[str]]]] = {
    "ctranslate2": _by_ctranslate2,
    "argos": _by_argos,
    "huggingface": _by_transformers,
    "run": _by_seqkit,
}
