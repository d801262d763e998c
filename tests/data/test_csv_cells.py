"""The length of cells, which is a setting of the whole process."""

import csv

import pytest

from seqkit.data.csv_cells import long_cells
from seqkit.labelling.classification.reading import Layout, read_labelled

LONG = "x" * 200_000


def test_long_cells_are_read_within_the_block_and_not_after_it():
    with long_cells(1 << 20):
        assert list(csv.reader([LONG])) == [[LONG]]
    with pytest.raises(csv.Error, match="larger than field limit"):
        list(csv.reader([LONG]))


def test_readers_leave_the_limit_as_it_was(tmp_path):
    before = csv.field_size_limit()
    path = tmp_path / "texts.csv"
    path.write_text(f"label,text\nlong,{LONG}\nshort,x\n")
    assert len(read_labelled([path], Layout())) == 2
    assert csv.field_size_limit() == before
