"""What a checkpoint records of the table of its model."""

from __future__ import annotations

from pathlib import Path

from seqkit.config import required, section, setting
from seqkit.training import metadata as recorded

from .encoding import CategoryColumn, Encoding, NumberColumn
from .targets import Scale

TABLE = "table.json"


@section
class TableMetadata:
    """How cells become features and outputs become targets."""

    target: str = required("the column that is predicted")
    ids: list[str] = setting(
        "columns that number or name the rows, the first for a submission", default=[]
    )
    missing: list[str] = required("what a missing value looks like")
    clip: float = required("numbers count as at most so many deviations from the mean", ge=0)
    numbers: list[NumberColumn] = required("columns of numbers")
    categories: list[CategoryColumn] = required("columns of categories")
    classes: list[str] = setting("of the target, in the order of the outputs", default=[])
    mean: float = setting("of the target, or of its logarithm", default=0.0)
    std: float = setting("its standard deviation", default=1.0, gt=0)
    log: bool = setting("whether they are of the logarithm", default=False)

    @property
    def encoding(self) -> Encoding:
        return Encoding(self.numbers, self.categories, self.missing, self.clip)

    @property
    def scale(self) -> Scale:
        return Scale(self.mean, self.std, self.log)

    @property
    def dims(self) -> dict[str, int]:
        """The sizes that the model is made with."""
        return {"features": len(self.encoding.features), "outputs": len(self.classes) or 1}


def write_metadata(folder: Path, metadata: TableMetadata) -> None:
    """Write `metadata` into a step folder."""
    recorded.write_metadata(folder / TABLE, metadata)


def read_metadata(folder: Path) -> TableMetadata:
    """What `write_metadata` wrote, checked against the sizes of the model beside it.

    Raises `CheckpointError` if it is missing or damaged.
    """
    return recorded.read_metadata(
        TableMetadata, folder / TABLE, "the columns and the scale of a model"
    )
