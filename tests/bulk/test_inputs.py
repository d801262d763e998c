"""What the names of files say to `seqkit bulk`, which needs no cluster."""

import pytest

from seqkit.bulk.formats import JsonLines
from seqkit.bulk.inputs import find_inputs, format_of


@pytest.mark.parametrize("ending", ["", ".gz", ".bz2", ".xz", ".zst", ".GZ"])
def test_packed_files_are_of_the_kind_before_their_last_ending(tmp_path, ending):
    path = tmp_path / f"news.jsonl{ending}"
    path.write_bytes(b"")
    inputs = find_inputs(path, tmp_path / "out")
    assert [each.stem for each in inputs] == ["news"]
    assert isinstance(format_of(inputs, ["text"], as_json=False), JsonLines)
