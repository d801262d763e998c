"""The language models that a translator is asked to hear in its search; torch is imported then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import SeqkitError
from ..search.settings import SearchConfig
from ..text.tokenizer import Tokenizer
from .engines.searcher import Searcher

if TYPE_CHECKING:
    from ..search.fusion import Fusion, Heard


class LanguageModels:
    """Opens language models by their paths, and keeps the last one."""

    def __init__(self, target: Tokenizer) -> None:
        self._target = target
        self._opened: dict[str, Heard[Any]] = {}

    def __repr__(self) -> str:
        return f"<LanguageModels: {', '.join(self._opened) or 'none'}>"

    def fusion(self, search: SearchConfig, searcher: Searcher) -> Fusion | None:
        """What a search is to hear; None without a language model, or for one of no weight.

        Raises a `SeqkitError` that names the model if it cannot be opened, or says nothing of the
        translator's tokens.
        """
        if not search.fuses:
            return None

        from ..search.fusion import Fusion

        if search.lm not in self._opened:
            self._opened = {search.lm: self._open(search.lm, searcher.device)}
        return Fusion(self._opened[search.lm], search.lm_weight)

    def _open(self, path: str, device: str) -> Heard[Any]:
        from ..runs.load import load
        from .fusion import heard

        try:
            model = load(path, device=device, task="language-modelling")
        except SeqkitError as error:
            raise type(error)(f"lm: {error}") from None
        return heard(model, self._target, path)
