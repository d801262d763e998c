"""Looking n-grams up on a GPU, through torch. The numbers are those of the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ConfigError
from .counts import Longs
from .model import Model

if TYPE_CHECKING:
    from torch import Tensor


class DeviceModel(Model):
    """A `Model` whose tables of keys lie on a device and are searched there."""

    def __init__(self, model: Model, device: str) -> None:
        """`device` as torch names it: "cuda", "cuda:1", "mps", "cpu"."""
        import torch

        super().__init__(
            model.vocabulary.words,
            model.grams,
            kind=model.kind,
            about=model.about,
            tokenizer=model.tokenizer,
            tokenizers=model.cutter.tokenizers,
        )
        self.notes = model.notes
        try:
            self.device = torch.device(device)
            self._keys: list[Tensor] = [
                torch.tensor(level.keys, device=self.device) for level in model.grams
            ]
        except (RuntimeError, AssertionError) as error:
            first = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ConfigError(f"device {device!r} cannot be used: {first}") from None

    def find(self, k: int, keys: Longs) -> Longs:
        import torch

        table = self._keys[k - 1]
        if not len(table):
            return super().find(k, keys)
        queries = torch.from_numpy(keys).to(self.device)
        at = torch.searchsorted(table, queries).clamp_(max=len(table) - 1)
        found: Longs = torch.where(table[at] == queries, at, -1).cpu().numpy()
        return found
