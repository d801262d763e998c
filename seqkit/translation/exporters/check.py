"""Whether another program translates as ours does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError
from ...metrics.overlap import bleu

if TYPE_CHECKING:
    from ..translator import Translator


@dataclass(frozen=True)
class Agreement:
    """How alike two programs translate the same lines."""

    lines: int
    identical: int
    bleu: float  # of the one, with the other as reference

    @property
    def share(self) -> float:
        return self.identical / self.lines

    def __str__(self) -> str:
        return (
            f"{self.identical:,} of {self.lines:,} lines identical ({self.share:.1%}), "
            f"BLEU between them {self.bleu:.2f}"
        )


def check_ctranslate2(translator: Translator, folder: Path, lines: Sequence[str]) -> Agreement:
    """Translate `lines`, each as a whole, by our search and by CTranslate2 in `folder`.

    Beam and length penalty are the model's own. Raises `ConfigError` without CTranslate2.
    """
    search = translator.search
    ours = translator.translate(lines, split=False)
    found = _ctranslate2(folder).translate_batch(
        [translator.source.split(line) for line in lines],
        beam_size=search.beam,
        length_penalty=search.length_penalty,
        max_batch_size=32,
    )
    theirs = [translator.target.join(result.hypotheses[0]) for result in found]

    identical = sum(a == b for a, b in zip(ours, theirs, strict=True))
    return Agreement(len(ours), identical, bleu(theirs, [ours]).score)


def _ctranslate2(folder: Path) -> Any:
    try:
        import ctranslate2
    except ImportError:
        raise ConfigError("--check needs CTranslate2: `pip install ctranslate2`") from None
    return ctranslate2.Translator(str(folder), compute_type="default", intra_threads=1)
