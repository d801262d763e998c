"""The lists of mutants fit the code; `python tests/tools/mutants.py` replays them."""

import importlib.util
import sys
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("mutants", Path(__file__).with_name("mutants.py"))
mutants = importlib.util.module_from_spec(_SPEC)
sys.modules["mutants"] = mutants  # dataclasses look their module up there
_SPEC.loader.exec_module(mutants)

ALL = list(mutants.read(sorted(mutants.LISTS.glob("*.toml"))))


@pytest.mark.slow
@pytest.mark.parametrize("mutant", ALL, ids=str)
def test_every_listed_mistake_can_still_be_made(mutant):
    assert mutant.mutated(mutants.ROOT)
    assert mutant.old != mutant.new
    for test in mutant.tests:
        assert (mutants.ROOT / test.partition("::")[0]).exists()


@pytest.fixture
def checkout(tmp_path):
    """A checkout of one function, with a test that notices half of its mistakes."""
    (tmp_path / "half.py").write_text("def half(x):\n    return x // 2\n")
    (tmp_path / "test_half.py").write_text(
        "from half import half\n\n\ndef test_half():\n    assert half(4) == 2\n"
    )
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(("new", "killed"), [("x // 3", True), ("x / 2", False)])
def test_a_mistake_is_killed_if_a_test_fails(checkout, new, killed):
    mutant = mutants.Mutant("half.py", "x // 2", new, ["test_half.py"])
    assert mutants.is_killed(mutant, checkout) == killed
    assert "x // 2" in (checkout / "half.py").read_text()


@pytest.mark.parametrize(("old", "count"), [("x * 2", 0), ("x", 2)])
def test_a_mistake_that_does_not_fit_exactly_once_is_refused(checkout, old, count):
    mutant = mutants.Mutant("half.py", old, "y", ["test_half.py"])
    with pytest.raises(ValueError, match=f"occurs {count} times in half.py"):
        mutant.mutated(checkout)


@pytest.mark.slow
def test_tests_that_do_not_exist_kill_nothing(checkout):
    mutant = mutants.Mutant("half.py", "x // 2", "x", ["test_double.py"])
    with pytest.raises(ValueError, match=r"no tests test_double\.py"):
        mutants.is_killed(mutant, checkout)
