"""What both tasks do with the table of a run.

Shapes: N rows, O outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from seqkit.errors import ConfigError

from .encoding import Encoded
from .metadata import TableMetadata, write_metadata
from .run_table import RunTable

MEASURED = 10_000  # training rows at most, for the training error at an evaluation


def own_tables(train: Sequence[Path], valid: Sequence[Path]) -> dict[str, Any]:
    """Overrides of a recipe that put a user's tables in place of its corpus."""
    if len(train) != 1 or len(valid) > 1:
        raise ConfigError("a table is one CSV or Parquet file, and another one for validation")
    return {
        "data.corpus": "",
        "data.train": str(train[0]),
        "data.valid": str(valid[0]) if valid else "",
        "data.test": "",
    }


@torch.no_grad()
def outputs_of(model: nn.Module, run: RunTable, rows: Encoded) -> Tensor:
    """What a model in evaluation mode answers to encoded rows, on the CPU. (N, O)"""
    device = next(model.parameters()).device
    outputs: Tensor = model(run.encoding.spread(rows).to(device))
    return outputs.float().cpu()


def save_table(folder: Path, run: RunTable, targets: Tensor, **of_target: Any) -> None:
    """Write what a predictor needs of the table, and which rows were trained on."""
    metadata = TableMetadata(
        target=run.target,
        ids=run.columns.ids,
        missing=list(run.encoding.missing),
        clip=run.encoding.clip,
        numbers=list(run.encoding.numbers),
        categories=list(run.encoding.categories),
        **of_target,
    )
    write_metadata(folder, metadata)
    run.seen(targets).save(folder)
