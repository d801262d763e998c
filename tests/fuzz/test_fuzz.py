"""Damaged files: whatever is in them, a `SeqkitError` or a result comes out; and soon.

The short part of `benchmarks/trials/fuzz.py`, with a fixed seed. What either has found is kept in
cases/: a folder for each finding, TARGET/NAME/ with the damaged files in their places.
"""

import gzip
import itertools
import json
import random
import shutil
import time
from pathlib import Path

import fuzzing
import mutations
import pytest
from small_arpa import ARPA
from targets import Target

from seqkit.errors import DataError

CASES = Path(__file__).parent / "cases"
KEPT = sorted(path for path in CASES.glob("*/*") if path.is_dir())
TARGETS = fuzzing.all_targets()


@pytest.fixture(scope="module")
def valid(tmp_path_factory):
    """`valid(target)` is the folder of its valid files. Do not change it."""
    made = {}

    def folder_of(target):
        if target.name not in made:
            made[target.name] = tmp_path_factory.mktemp(target.name)
            target.write(made[target.name])
        return made[target.name]

    return folder_of


@pytest.mark.parametrize("name", TARGETS)
def test_valid_files_are_read(valid, tmp_path, name):
    folder = tmp_path / "copy"
    shutil.copytree(valid(TARGETS[name]), folder)
    TARGETS[name].read(folder)


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_files_give_a_seqkit_error_or_a_result(valid, tmp_path, name):
    target = TARGETS[name]
    for number in range(target.rounds):
        seed = f"short {name} {number}"
        files = fuzzing.damage(target, valid(target), tmp_path / "damaged", seed)
        found = fuzzing.problem(target, tmp_path / "damaged")
        assert not found, f"round {number}, {files}:\n{found}"


@pytest.mark.parametrize("case", KEPT, ids=lambda case: f"{case.parent.name}: {case.name}")
def test_what_was_found_once_is_not_found_again(valid, tmp_path, case):
    if case.parent.name not in TARGETS:
        pytest.skip("its plugin is not installed")
    target = TARGETS[case.parent.name]
    folder = tmp_path / "damaged"
    shutil.copytree(valid(target), folder)
    shutil.copytree(case, folder, dirs_exist_ok=True)
    assert not fuzzing.problem(target, folder)


def test_cases_are_small_and_belong_to_a_target():
    for case in KEPT:
        assert list(case.rglob("*")), case
        for path in case.rglob("*"):
            assert not path.is_file() or path.stat().st_size < 2048, path


def test_every_mutation_does_the_same_for_the_same_seed():
    data = ARPA.encode()
    packed = gzip.compress(data, mtime=0)
    for name in ("x.arpa", "x.arpa.gz", "x.toml", "x.json", "x.bin", "x.png", "x.pth"):
        mutation = mutations.by_name(name)
        given = packed if name.endswith(".gz") else data
        one, other = (
            [mutation(given, random.Random(seed)) for seed in range(50)] for _ in range(2)
        )
        assert one == other
        assert len(set(one)) > 25


def test_mutated_json_is_json_with_another_value():
    value = {"a": {"b": [1, "x"]}, "c": True}
    mutated = [
        json.loads(mutations.as_json(json.dumps(value).encode(), random.Random(seed)))
        for seed in range(50)
    ]
    assert sum(other != value for other in mutated) > 40


def finds(read):
    return Target("made up", lambda folder: None, ("*",), read)


def test_the_fuzzer_sees_a_foreign_error_a_long_error_and_a_hang(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzzing, "SECONDS", 0.2)
    monkeypatch.setattr(fuzzing, "LONGEST", 100)

    def long_error(folder):
        raise DataError("x" * 500)

    def hang(folder):
        while time.process_time():
            pass

    assert "ZeroDivisionError" in fuzzing.problem(finds(lambda folder: 1 / 0), tmp_path)
    assert "500 characters" in fuzzing.problem(finds(long_error), tmp_path)
    assert "seconds" in fuzzing.problem(finds(hang), tmp_path)
    assert fuzzing.problem(finds(lambda folder: sum(itertools.repeat(1, 9))), tmp_path) == ""
