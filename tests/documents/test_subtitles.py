"""Subtitles with markup: what is one sentence, and where its tags go."""

import pytest

from seqkit.errors import DataError
from seqkit.translation.documents.kinds import read_document
from seqkit.translation.documents.segment import Translated


def cues(*texts, kind="srt"):
    """A file with these cues."""
    head = "WEBVTT\n\n" if kind == "vtt" else ""
    blocks = [
        f"{i}\n00:00:0{i}.000 --> 00:00:0{i}.900\n{text}\n" for i, text in enumerate(texts, 1)
    ]
    return head + "\n".join(blocks)


def read(*texts, kind="srt"):
    return read_document(cues(*texts, kind=kind).encode(), f"a.{kind}", kind)


def sentences(*texts, kind="srt"):
    return [segment.text for segment in read(*texts, kind=kind).segments]


def shouted(*texts, kind="srt"):
    """The cues with every word in capitals, aligned with itself."""
    document = read(*texts, kind=kind)
    translations = [
        Translated(segment.text.upper(), [(i, i) for i in range(len(segment.text.split()))])
        for segment in document.segments
    ]
    return document.write(translations).decode()


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        # tags around whole cues, and positions, stay where they are
        (["<i>a b</i>", "<i>c d.</i>"], ["<i>A B</i>", "<i>C D.</i>"]),
        (["{\\an8}<i>a b</i>", "<i>c d.</i>"], ["{\\an8}<i>A B</i>", "<i>C D.</i>"]),
        (["<i>a b", "<i>c d."], ["<i>A B", "<i>C D."]),
        # and so do those of which a cue has one half
        (["<b>a b", "c d.</b>"], ["<b>A B", "C D.</b>"]),
        (["<i>a b", "c d</i>."], ["<i>A B", "C D</i>."]),
        (["<i>a b,", "c d,", "e f.</i>"], ["<i>A B,", "C D,", "E F.</i>"]),
        (["<i>a b</i>", "c d</b>", "e f."], ["<i>A B</i>", "C D</b>", "E F."]),
        (["<b>a <i>b</i>", "c d.</b>"], ["<b>A <i>B</i>", "C D.</b>"]),
        (["a b</i>", "c d."], ["A B</i>", "C D."]),
        (["a b", "</i>c</i>"], ["A B", "</i>C</i>"]),
        # a tag that closes in the midst of the next cue is around words of both
        (["<i>a b", "c</i> d."], ["<i>A B</i>", "<i>C</i> D."]),
        (["a <b>b", "{\\an8}c d</b> e", "f."], ["A <b>B</b>", "{\\an8}<b>C D</b> E", "F."]),
        (
            ["a <i>b", "c <b>d", "e</b></i> f."],
            ["A <i>B</i>", "<i>C <b>D</b></i>", "<i><b>E</b></i> F."],
        ),
        # others go with their words
        (["a <b>b</b>", "c <i>d</i> e."], ["A <b>B</b>", "C <i>D</i> E."]),
        (["<i>a b</i>", "c d."], ["<i>A B</i>", "C D."]),
        (["a b", "{\\an8}<i>c d.</i>"], ["A B", "{\\an8}<i>C D.</i>"]),
        (['a <font color="red">b</font>', "c d."], ['A <font color="red">B</font>', "C D."]),
    ],
)
def test_a_sentence_goes_on_over_cues_with_tags(texts, expected):
    assert len(sentences(*texts)) == 1
    assert shouted(*texts) == cues(*expected)


def test_a_tag_around_words_of_two_cues_is_closed_in_one_and_opened_in_the_other():
    document = read('a <font color="red">b b b</font>', "c d.")
    translation = Translated("A B B B C D", [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)])
    short_first = read("a", '<font color="red">b b b b</font> c.')
    assert document.write([translation]).decode() == cues('A <font color="red">B B B</font>', "C D")
    moved = Translated("B B B B A C", [(1, 0), (2, 1), (3, 2), (4, 3), (0, 4), (5, 5)])
    assert short_first.write([moved]).decode() == cues(
        '<font color="red">B</font>', '<font color="red">B B B</font> A C'
    )


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("srt", ["<i>a b</i>.", "c d."]),  # it has ended
        ("srt", ["a b", "C d."]),
        ("srt", ["a b", "- c\n- d"]),
        ("vtt", ["<v Ada>a b", "<v Bob>c d."]),
        ("vtt", ["<v Ada>a b", "c d."]),
        ("vtt", ["<v Ada>a b", "c d.</v>"]),
        ("vtt", ["<v Ada>a b</v>", "c d."]),
        ("vtt", ["<v Ada>a b", "c</v> d."]),
        ("srt", ["<i>a b.", "C</i> d."]),
        ("srt", ["<i>a b", "- c</i> d."]),
    ],
)
def test_what_is_not_one_sentence_is_read_one_by_one(kind, texts):
    assert len(sentences(*texts, kind=kind)) > 1


@pytest.mark.parametrize(
    "texts", [["if it rains,", "Tom stays."], ["when it rains", "I stay."], ["a <b>b,</b>", "C d."]]
)
def test_after_a_comma_and_before_an_i_a_sentence_goes_on(texts):
    assert len(sentences(*texts)) == 1


def test_voices_and_classes_stay():
    texts = ["<v Ada>a <c.x>b</c>", "<v Ada>c d."]
    assert sentences(*texts, kind="vtt") == ["a b c d."]
    assert shouted(*texts, kind="vtt") == cues("<v Ada>A <c.x>B</c>", "<v Ada>C D.", kind="vtt")


def test_tags_around_each_line_are_around_the_cue():
    assert sentences("<i>a b</i>\n<i>c d.</i>") == ["a b c d."]
    assert shouted("<i>a b</i>\n<i>c d.</i>") == cues("<i>A B C D.</i>")
    assert shouted("<i>a</i>\n<b>c.</b>") == cues("<i>A</i> <b>C.</b>")


def test_a_speaker_may_have_two_lines():
    long = " ".join(["word"] * 12)
    assert sentences("- a b\nc d?\n- e.") == ["a b c d?", "e."]
    assert shouted(f"- {long}\n- e.") == cues(f"- {long[:29].upper()}\n{long[30:].upper()}\n- E.")


def test_a_cue_with_windows_line_ends_has_all_its_lines():
    for kind in ("srt", "vtt"):
        data = cues("a\nb", "C\nd.", kind=kind).replace("\n", "\r\n").encode()
        document = read_document(data, f"a.{kind}", kind)
        assert [segment.text for segment in document.segments] == ["a b", "C d."]


@pytest.mark.parametrize(
    ("subrip", "expected"),
    [
        ("1\n{}a.\n2\n{}b.\n", ["a.", "b."]),  # no blank line
        ("1\n{}a.\n\nb.\n\n2\n{}c.\n\n12", ["a.", "b.", "c."]),  # one too many
        ("1\n{}\na.\n\n2\n{} \nb.", ["a.", "b."]),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_blank_lines_of_subrip_end_no_cue_and_numbers_do(subrip, expected, line_end):
    timing = "00:00:01,000 --> 00:00:02,000\n"
    text = subrip.format(timing, timing).replace("\n", line_end)
    document = read_document(text.encode(), "a.srt", "srt")
    assert [segment.text for segment in document.segments] == expected
    changed = document.write([Translated(one.upper()) for one in expected]).decode()
    assert changed == text.replace("a.", "A.").replace("b.", "B.").replace("c.", "C.")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["<i>- a b.</i>\n<i>- c.</i>"], ["a b.", "c."]),
        (["<i>- a b.\n- c.</i>"], ["a b.", "c."]),
        (["♪ a b ♪\n♪ c d ♪"], ["a b", "c d"]),
        (["<i>♪ a b ♪</i>", "<i>♪ c d ♪</i>"], ["a b", "c d"]),
        (["♪ a,", "♪ b ♪", "c."], ["a,", "b", "c."]),
        (["♪ a b\nc", "d ♪"], ["a b c d"]),
        (["# a b #"], ["a b"]),
        (["ADA: a b\nMR. BOB: c d"], ["a b", "c d"]),
        (["- ADA:\na b\n- <i>BOB: c</i>"], ["a b", "c"]),
        (["ADA: a b", "c", "BOB: d"], ["a b c", "d"]),
        (["Well,", "BOB: no."], ["Well,", "no."]),
        (["so,", "[a b]", "and"], ["so,", "[a b]", "and"]),
        (["(a)\nb c\n[d e]\nf"], ["(a)", "b c", "[d e]", "f"]),
        (["a b: c\nd e: f"], ["a b: c d e: f"]),  # no names
    ],
)
def test_each_turn_of_a_dialogue_or_a_song_is_read_by_itself(texts, expected):
    assert sentences(*texts) == expected
    as_one_line = {"a b\nc": "a b c", "b: c\nd": "b: c d"}
    text = cues(*texts).lower()
    for lines, line in as_one_line.items():
        text = text.replace(lines, line)
    assert shouted(*texts).lower() == text


@pytest.mark.parametrize(
    "texts", [["<00:00:01.100>a <00:00:01.300>b", "c"], ["{\\k20}a {\\k30}b", "{\\k10}c"]]
)
def test_words_with_times_stay_in_their_cue(texts):
    assert sentences(*texts, kind="vtt") == ["a b", "c"]


def test_a_tag_that_closes_at_the_end_of_a_cue_is_not_opened_anew():
    assert shouted("<i>a b, </i>", "c <i>d.</i>") == cues("<i>A B,</i>", "C <i>D.</i>")


def test_the_line_of_times_that_are_none_is_named():
    data = b"1\r\n00:00:01,000 -->\r\na\r\n"
    with pytest.raises(DataError, match=r"a\.srt, line 2: '00:00:01,000 -->' are no times"):
        read_document(data, "a.srt", "srt")
