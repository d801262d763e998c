"""The table of RESULTS.md: a line for each case."""

from dataclasses import replace

import pytest
import toy_rows

from benchmarks import table
from seqkit.errors import DataError

TOYS = toy_rows.row(toy_rows.quick_one, toy_rows.slow_one, toy_rows.wrong_one, toy_rows.broken_one)


def figures(median, peak=10.0, **more):
    return {"speeds": [median], "median": median, "spread": 0.0, "peak": peak, **more}


def lines(cases, row=TOYS):
    found = {"cpu": "a CPU", "rows": {"toy": cases, "of yesterday": cases}}
    _, _, _, _, *below = table.lines_of(found, {"toy": row})
    return below


def test_a_case_is_a_line_with_the_fastest_of_the_others():
    ours = figures(100.0, said="in time")
    slow = figures(40.0, peak=2048.0, agreement="2 of 2 are the same")
    best = figures(50.0, peak=1024.0, said="late", agreement="2 of 2 are the same")
    (line,) = lines({"one": {"quick_one": ours, "slow_one": slow, "wrong_one": best}})
    assert line == (
        "| `toy`, things a CPU second | one | 100 | wrong_one: 50 | 2.00 |  "
        "| in time; wrong_one: late; 2 of 2 are the same | 10 / 1,024 |"
    )


def test_a_way_of_ours_is_none_of_the_others():
    quick, slow, *_ = TOYS.contestants
    row = replace(TOYS, contestants=[quick, replace(slow, is_variant=True)])
    (line,) = lines({"one": {"quick_one": figures(1.0), "slow_one": figures(2.0)}}, row)
    assert line == "| `toy`, things a CPU second | one | 1 |  |  |  |  | 10 |"


@pytest.mark.parametrize(
    ("target", "said"),
    [(2, "2 × slow_one: reached"), (2.5, "2.5 × slow_one: **not reached: 2.00**")],
)
def test_a_target_is_reached_or_not(target, said):
    row = replace(TOYS, targets={"one": {"slow_one": target}, "two": {"slow_one": 1}})
    (line,) = lines({"one": {"quick_one": figures(4.0), "slow_one": figures(2.0)}}, row)
    assert f"| 2.00 | {said} |" in line


def test_several_rounds_have_a_spread():
    several = {**figures(1.0), "speeds": [0.9, 1.1], "spread": 0.1}
    (line,) = lines({"one": {"quick_one": several}})
    assert "| one | 1 ± 10% |" in line


def test_what_has_failed_or_differs_is_said_below_and_is_not_the_best():
    wrong = figures(9.0, disagreement="0 of 1 are the same")
    cases = {"one": {"quick_one": figures(1.0), "wrong_one": wrong, "broken_one": {"failed": "no"}}}
    targets = {"one": {"wrong_one": 0.1, "broken_one": 0.1}}
    line, empty, *below = lines(cases, replace(TOYS, targets=targets))
    assert "| one | 1 |  |  |  |" in line
    assert (empty, below) == (
        "", ["- failed: toy, one: broken_one: no",
             "- results differ: toy, one: wrong_one: 0 of 1 are the same"],
    )  # fmt: skip

    line, *_ = lines({"one": {"quick_one": {"failed": "no"}, "slow_one": figures(2.0)}})
    assert "| one | failed | slow_one: 2 |  |" in line


def test_the_table_goes_between_its_marks_and_nothing_else_changes(tmp_path):
    path = tmp_path / "RESULTS.md"
    path.write_text(f"# Before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
    found = {"cpu": "a CPU", "rows": {"toy": {"one": {"quick_one": figures(100.0)}}}}
    table.write(path, found, {"toy": TOYS})

    text = path.read_text()
    assert text.startswith(f"# Before\n{table.BEGIN}\nMeasured on: a CPU.\n")
    assert text.endswith(f"|\n{table.END}\nafter\n")
    assert "old" not in text

    path.write_text("no marks")
    with pytest.raises(DataError, match="needs the lines"):
        table.write(path, found, {})
