"""`seqkit tag`, `segment`, `predict`, `evaluate` and `compare` for taggers."""

import json

import pytest


@pytest.fixture
def tag(cli, chunks):
    return lambda *arguments, **more: cli("tag", "-m", chunks / "run", *arguments, **more)


@pytest.fixture
def segment(cli, words):
    return lambda *arguments, **more: cli("segment", "-m", words / "run", *arguments, **more)


def test_tag_writes_columns_that_seqkit_reads(tag, cli, chunks, tmp_path):
    file = tmp_path / "found.conll"
    assert tag("the dog sees a cat.", "a tree!", "-o", file).code == 0
    assert file.read_text() == (
        "the   B-NP\ndog   I-NP\nsees  B-VP\na     B-NP\ncat   I-NP\n.     O\n\n"
        "a     B-NP\ntree  I-NP\n!     O\n\n"
    )
    found = cli("evaluate", "-m", chunks / "run", file, "--json")
    assert json.loads(found.out)["f1"] == 1.0


@pytest.mark.parametrize("name", ["x.conll", "x.conllu"])
def test_the_words_of_a_file_of_columns_are_tagged_as_they_are(tag, tmp_path, name):
    rows = {"x.conll": "{word}\tX", "x.conllu": "{number}\t{word}\t_\tX" + "\t_" * 6}
    words = ["the", "dog.", "sees"]
    lines = [rows[name].format(number=n, word=word) for n, word in enumerate(words, 1)]
    (tmp_path / name).write_text("\n".join([*lines, "", *lines[:1]]) + "\n")
    found = [json.loads(line) for line in tag("-i", tmp_path / name, "--json").lines]
    assert [record["words"] for record in found] == [words, ["the"]]


def test_tag_streams_lines_and_answers_in_json(tag, tmp_path):
    lines = tag("--json", input="the dog sees a cat .\n\ndog!\n").out.splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["words"] for record in records][1:] == [[], ["dog", "!"]]
    assert records[0]["spans"][0] == {"start": 0, "end": 2, "type": "NP", "words": ["the", "dog"]}

    file = tmp_path / "in.txt"
    file.write_text("the dog's\n")
    assert tag("-i", file, "--split", "spaces").out.split()[2] == "dog's"
    shares = tag("dog", "--probabilities").out.split()
    assert shares[:2] == ["dog", "B-NP"]
    assert 0 < float(shares[2]) <= 1


def test_segment_puts_blanks_between_words(segment, tmp_path):
    assert segment("他在图书馆看书").out == "他 在 图书馆 看 书\n"
    assert segment(input="我们喜欢北京\n\n他\n").out == "我们 喜欢 北京\n\n他\n"
    record = json.loads(segment("--json", "他在").out)
    assert record == {"text": "他在", "words": ["他", "在"]}


def test_predict_works_for_both(cli, chunks, words):
    found = cli("predict", "-m", chunks / "run", "the dog sees a cat .")
    assert found.out == "the/B-NP dog/I-NP sees/B-VP a/B-NP cat/I-NP ./O\n"
    assert cli("predict", "-m", words / "run", "他在").out == "他 在\n"
    set_split = cli("predict", "-m", chunks / "run", "--set", "split=spaces", "cat.")
    assert set_split.out.startswith("cat./")


def test_evaluate_draws_the_confusion(cli, chunks, tmp_path):
    picture = tmp_path / "confusion.png"
    found = cli("evaluate", "-m", chunks / "run", "--confusion", picture)
    assert found.code == 0
    assert "most frequent tag" in found.out
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_compare_takes_two_taggers(cli, chunks):
    found = cli("compare", chunks / "run", chunks / "run")
    assert "McNemar's exact test: p = 1.0000" in found.out


@pytest.mark.parametrize(
    ("command", "model", "message"),
    [
        ("segment", "chunks", "tags words, and finds none: use `seqkit tag`"),
        ("tag", "words", "finds words, and tags none: use `seqkit segment`"),
    ],
)
def test_the_wrong_command_names_the_right_one(cli, request, command, model, message):
    folder = request.getfixturevalue(model)
    found = cli(command, "-m", folder / "run", "x")
    assert found.code == 1
    assert message in found.err


def test_a_file_as_text_is_refused(tag, chunks):
    found = tag(str(chunks / "valid.conll"))
    assert found.code == 2
    assert "give it as --input" in found.err


def test_a_damaged_file_of_tags_is_named(cli, chunks, tmp_path):
    import shutil

    copy = tmp_path / "run"
    shutil.copytree(chunks / "run", copy, symlinks=True)
    for file in copy.glob("step-*/tags.json"):
        file.write_text('{"tags": ["a", "a"], "scheme": "bio", "written": "bio"}')
    found = cli("tag", "-m", copy, "x")
    assert found.code == 1
    assert "tags.json is damaged" in found.err
