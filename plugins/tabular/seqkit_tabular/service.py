"""What `seqkit serve` offers of models of tables: what they predict for rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import Field

from seqkit.services import JSON, Asked, Operation, Service, Upload, Work

from .predictor import ClassPredictor, NumberPredictor

_COST = 1  # tokens that a row counts for
_BATCH = 64  # rows computed at once
_MOST_VALUES = 200  # of a column, the commonest, that are listed


class Rows(Asked):
    """Rows of a table."""

    inputs: list[dict[str, Any]] = Field(description="Rows: objects of columns and values.")


def _predict(
    model: NumberPredictor | ClassPredictor, asked: Rows, uploads: Sequence[Upload]
) -> Work:
    def compute(items: Sequence[tuple[int, dict[str, Any]]]) -> Iterator[JSON]:
        # An error is only told to the caller when the rows are of one request, and so in a row.
        before, _ = items[0]
        rows = [row for _, row in items]
        for table in model.reader.tables_of(rows, _BATCH, before):
            yield from (prediction.record() for prediction in model.predict_table(table))

    return Work(
        kind="predict",
        items=list(enumerate(asked.inputs)),
        costs=[_COST] * len(asked.inputs),
        compute=compute,
        answer=lambda records: {"predictions": list(records)},
    )


def _describe(model: NumberPredictor | ClassPredictor) -> dict[str, JSON]:
    labels = {"labels": model.classes} if isinstance(model, ClassPredictor) else {}
    return {"reads": "rows", "target": model.target, "columns": _columns(model), **labels}


def _columns(model: NumberPredictor | ClassPredictor) -> list[JSON]:
    """What the model reads, so that a page can ask for it."""
    encoding = model.reader.encoding
    numbers = [{"name": column.name, "mean": column.mean} for column in encoding.numbers]
    categories = [
        {"name": column.name, "values": column.values[:_MOST_VALUES]}
        for column in encoding.categories
    ]
    return [*numbers, *categories]


SERVICE = Service(
    operations=[Operation("predict", "What is predicted for rows.", Rows, _predict)],
    describe=_describe,
)
