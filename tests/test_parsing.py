"""Whatever is wrong with JSON, TOML or a path that others wrote is one kind of error, one line."""

import json
import math
import sys
from pathlib import Path

import pytest

import seqkit
from seqkit.config import OptimConfig, TrainConfig, build, override, read
from seqkit.errors import ConfigError, DataError, SeqkitError, WrongType, WrongValue
from seqkit.parsing import (
    DEEPEST,
    BeyondLimits,
    NoPlainData,
    check_plain,
    json_of,
    path_of,
    to_json,
    toml_of,
)
from seqkit.search import SearchConfig
from seqkit.text import TextConfig

DEEP, LONG = 100_000, "9" * 5000
BEYOND = {
    "json lists": (json_of, "[" * DEEP),
    "json lists that are whole": (json_of, "[" * 500 + "]" * 500),
    "json objects": (json_of, '{"a":' * DEEP),
    "a json number": (json_of, LONG),
    "a json number inside": (json_of, f'{{"a": [-{LONG}]}}'),
    "a json number of 65 bits": (json_of, f'{{"a": {2**64}}}'),
    "toml lists": (toml_of, "a = " + "[" * DEEP),
    "toml tables": (toml_of, "a = " + "{b = " * DEEP),
    "toml keys": (toml_of, ".".join("a" * 3000) + " = 1"),
    "toml headers": (toml_of, "[" + ".".join("a" * 3000) + "]"),
    "a toml number": (toml_of, f"a = {LONG}"),
    "a toml number of 64 bits": (toml_of, f"a = {2**63}"),
}


@pytest.mark.parametrize("case", [*BEYOND])
def test_depth_and_long_numbers_are_named(case):
    parse, text = BEYOND[case]
    with pytest.raises(BeyondLimits, match=r"inside each other|2\^63 - 1"):
        parse(text)


@pytest.mark.parametrize("text", ["", "{", '{"a": 1,}', "\ufeff{}", b"\xff{}", '"\\ud83d"'])
def test_what_is_no_json_is_one_value_error(text):
    with pytest.raises(NoPlainData):
        json_of(text)


@pytest.mark.parametrize(
    "text", ["a", "a = ", "a = 2020-13-45", "a = 1\na = 2", "[a", '"\\ud83d" = 1']
)
def test_what_is_no_toml_is_one_value_error(text):
    with pytest.raises(NoPlainData):
        toml_of(text)


def test_plain_data_is_let_through():
    deepest = "[" * DEEPEST + "]" * DEEPEST
    assert json_of(deepest)
    assert json_of(f"[{2**63 - 1}, {-(2**63)}, 1e999, true]")
    assert toml_of(f"a = {2**63 - 1}") == {"a": 2**63 - 1}


def test_data_that_holds_itself_is_refused():
    itself = {}
    itself["a"] = [itself, itself]
    with pytest.raises(BeyondLimits):
        check_plain(itself)


@pytest.mark.parametrize("given", [None, 3, ["a"], b"a"], ids=["None", "number", "list", "bytes"])
def test_a_path_is_a_string_or_a_path(given):
    with pytest.raises(WrongType, match="give a run folder"):
        path_of(given, "run folder")
    assert path_of("a/b") == path_of(Path("a/b")) == Path("a/b")


def test_a_nul_in_a_path_is_named():
    with pytest.raises(DataError, match="holds a NUL"):
        path_of("a\0b")


# Config files


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"[train]\nseed = {LONG}", "a number is too long"),
        (f"[train]\nseed = {2**63}", "train.seed is too large a number"),
        ("[train]\nseed = " + "[" * 5000, "inside each other"),
        ("a = 2020-02-30", "Invalid date"),
    ],
    ids=["long", "large", "deep", "date"],
)
def test_a_config_file_beyond_limits_is_one_line_that_names_it(tmp_path, text, says):
    path = tmp_path / "my.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says) as caught:
        read(path)
    assert str(path) in str(caught.value)


SECTIONS = [TextConfig, SearchConfig, TrainConfig]
WRONG_VALUES = {
    "a seed of 64 bits": ({"seed": 2**63}, "seed is too large a number"),
    "a seed of 5,000 digits": ({"seed": 10**5000}, "seed is too large a number"),
    "a negative seed": ({"seed": -1}, "seed should be greater than or equal to 0, got -1"),
    "an unknown key": ({"sed": 1}, "unknown key 'sed'. Did you mean 'seed'?"),
    "a string for a number": ({"seed": "1"}, "seed should be a valid integer, got '1'"),
}


@pytest.mark.parametrize(
    "section", [TextConfig, SearchConfig, TrainConfig], ids=lambda c: c.__name__
)
@pytest.mark.parametrize("case", [*WRONG_VALUES])
def test_a_section_made_in_python_raises_our_error(section, case):
    values, says = WRONG_VALUES[case]
    more = {"steps": 1} if section is TrainConfig else {}
    with pytest.raises(WrongValue) as caught:
        section(**values, **more)
    assert says in str(caught.value)
    assert str(caught.value).startswith(section.__name__)
    assert "\n" not in str(caught.value)

    with pytest.raises(ConfigError) as caught:
        build(section, {**values, **more}, "my.toml")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: SearchConfig(beam=0), "beam should be greater than or equal to 1, got 0"),
        (lambda: SearchConfig(beam=3, groups=2), "groups = 2 must divide beam = 3"),
        (lambda: SearchConfig(normalize="lenght"), "normalize should be 'length' or 'gnmt'"),
        (lambda: SearchConfig(prefix="\ud83d"), "prefix holds half a surrogate pair"),
        (lambda: TextConfig(normalize="nfc"), "normalize should be a valid list, got 'nfc'"),
        (lambda: TrainConfig(), "set steps"),
        (lambda: OptimConfig(lr=float("nan")), "lr should be a finite number"),
        (lambda: OptimConfig(lr=-1.0, clip=-1.0), r"got -1.0 \(1 more\)"),
    ],
    ids=["beam", "groups", "literal", "surrogate", "list", "rule", "nan", "two"],
)
def test_each_kind_of_mistake_in_a_section_is_told(make, says):
    with pytest.raises(WrongValue, match=says):
        make()


def test_a_section_takes_its_keys_by_name():
    with pytest.raises(WrongType, match="TextConfig takes its keys by name, such as normalize"):
        TextConfig(["nfc"])


def test_a_long_wrong_value_is_cut_off():
    with pytest.raises(WrongValue) as caught:
        TextConfig(seed="x" * 100_000)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("changes", [["train.steps=1"], "train.steps=1", {1: 2}, {("a", "b"): 3}])
def test_overrides_are_a_mapping_of_keys(changes):
    with pytest.raises(WrongType, match=r"give overrides as|give a key as a string"):
        override({}, changes)


def test_an_override_of_a_thousand_parts_is_refused(tmp_path):
    changed = {}
    override(changed, {".".join("a" * 5000): 1})
    with pytest.raises(ConfigError, match="inside each other"):
        build(TextConfig, changed, "overrides")


def test_limits_of_python_are_left_as_they_were():
    before = sys.getrecursionlimit(), sys.get_int_max_str_digits()
    with pytest.raises(SeqkitError):
        build(TextConfig, {"seed": 10**5000}, "here")
    assert (sys.getrecursionlimit(), sys.get_int_max_str_digits()) == before


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_null_in_json(number):
    record = {"a": number, "b": [1.5, number, {"c": (number, "nan", None)}], "d": 2}
    text = to_json(record)
    assert json.loads(text, parse_constant=pytest.fail) == {
        "a": None,
        "b": [1.5, None, {"c": [None, "nan", None]}],
        "d": 2,
    }
    assert math.isnan(record["a"]) or record["a"] == number  # the record is as it was


def test_json_is_written_as_the_caller_reads_it():
    assert to_json({"ä": 0.1}) == '{"ä": 0.1}'
    assert to_json({"ä": 0.1}, ascii_only=True) == '{"\\u00e4": 0.1}'


def test_all_json_is_written_by_one_function():
    """Python's own writes NaN and Infinity, which no other program reads."""
    root = Path(seqkit.__file__).parent
    files = [*root.rglob("*.py"), *root.parent.glob("plugins/*/seqkit_*/**/*.py")]
    writers = [path.name for path in files if "json.dumps(" in path.read_text(encoding="utf-8")]
    allowed = {
        "parsing.py",
        "config.py",  # for pydantic
        "processes.py",  # from process to process
        "tokenizer.py",  # no numbers
        "tasks.py",  # a check
        "identity.py",  # a digest of it
    }
    assert set(writers) <= allowed
