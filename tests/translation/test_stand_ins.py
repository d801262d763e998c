"""Code and the like in a sentence: what the model reads for it, and that it comes back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from translators import Backwards

from seqkit.search.settings import SearchConfig
from seqkit.text import TextConfig, Tokenizer
from seqkit.translation.cutting import Part, cut_line, whole_line
from seqkit.translation.explain import Written
from seqkit.translation.stand_in_search import with_numbers_where_lost
from seqkit.translation.stand_ins import StandIns
from seqkit.translation.translator import Translator

QUICK = settings(deadline=None, database=None)
WORDS = Tokenizer.train(
    ["run Tom and Maria now .", "Run Japan , then Susan", "see 1739 or 3060"],
    TextConfig(tokenizer="word", normalize=[]),
)


def cut(line):
    """What is copied before the first part, and what the model reads, with what follows each."""
    found = cut_line(line, WORDS, longest=100, stand_ins=True)
    return [found.lead, *((part.text, part.space) for part in found.parts)]


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("run `make` now.", "run Tom now."),
        ("see https://a.b/c, or a@b.org!", "see Tom, or Maria!"),
        ("copy main.py to {folder}", "copy Tom to Maria"),
        ("Tom runs `x`", "Tom runs Maria"),  # the line has that name already
        ("a custom `x`", "a custom Tom"),
        ("`%s` of %d files", "Tom of 17 files"),
        ("`a`, `b` and `c` run", "Tom and Maria run"),
        ("`Ctrl`+`C` and `x`.`y`", "Tom and Maria"),
        ("a (`b c`) d", "a (Tom) d"),
        ("the `x`-axis of %s-like", "the Tom-axis of Maria-like"),
        ("`x`-axis", "Tom-axis"),
        ("%ld of %5.1f in %-10s", "17 of 28 in Tom"),
        ("see all `file`s of `x`’s", "see all Tom of Maria"),
    ],
)
def test_what_stays_is_read_as_a_name(line, read):
    found = cut_line(line, WORDS, longest=100, stand_ins=True)
    assert [part.text for part in found.parts] == [read]
    assert found.parts[0].finished(read, WORDS) == line


def test_sentences_end_where_they_end_without_stand_ins():
    assert cut("run `a`. `B` runs! See %s.") == [
        "",
        ("run Tom.", " "),
        ("Tom runs!", " "),
        ("See Tom.", ""),
    ]


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("`-v`: shows more", ["`-v`: ", ("shows more", "")]),
        ("`-v` -- shows more", ["`-v` -- ", ("shows more", "")]),
        ("see: `a`", ["", ("see", ": `a`")]),
        ("- `a`", ["- `a`"]),
        ("<b>run `a`</b> now", ["<b>", ("run Tom", "</b> "), ("now", "")]),
        ("run `a`6 or `b`", ["", ("run", " `a`"), ("6 or", " `b`")]),
        ("a word`b` now", ["", ("a word", "`b` "), ("now", "")]),
        ("RUN `a` NOW", ["", ("RUN", " `a` "), ("NOW", "")]),
        ("I like it 😀 here", ["", ("I like it", " 😀 "), ("here", "")]),
    ],
)
def test_labels_tags_and_emoji_are_no_names(line, parts):
    assert cut(line) == parts


def test_a_sentence_with_more_of_them_than_stand_ins_is_cut():
    many = " x ".join(f"`a{i}`" for i in range(12))
    lead, *parts = cut(many)
    assert lead + "".join(text + space for text, space in parts) == many


@pytest.mark.parametrize("name", ["main.py", "`Now`", "Now.py"])
def test_the_case_of_what_stays_is_its_own_where_a_sentence_goes_on(name):
    *_, part = cut_line(f"<b>see</b> run {name}", WORDS, longest=100, stand_ins=True).parts
    assert part.continues
    (stand_in, _) = part.stand_ins.pairs[0]
    assert part.finished(f"{stand_in} now.", WORDS) == f"{name} now"


@QUICK
@given(st.lists(st.sampled_from(["run", "`a b`", "%d", "a@b.org", "(", ")", ". ", "Tom", ", "])))
def test_a_line_is_whole_when_its_stand_ins_are_what_they_stand_for(words):
    line = " ".join(words)
    found = cut_line(line, WORDS, longest=100, stand_ins=True)
    texts = [part.stand_ins.restored(part.text) + part.space for part in found.parts]
    assert (found.lead + "".join(texts)).split() == line.split()


@pytest.mark.parametrize(
    ("translation", "are_in"),
    [
        ("Tom und 17.", True),
        ("„Tom“, 17", True),
        ("17请Tom做", True),
        ("Tom und Tom, 17", False),
        ("Toms 17", False),
        ("Tom und Toms 17", False),
        ("Tom, 17,5", False),
        ("Tom, 1.17", False),
        ("Tom, 170", False),
        ("Tom, 12:17", False),  # a time
        ("Tom, 17:30", False),
        ("Tom", False),
    ],
)
def test_a_translation_must_have_each_stand_in_once(translation, are_in):
    assert StandIns((("Tom", "`a`"), ("17", "%d"))).are_in(translation) is are_in


@pytest.mark.parametrize(
    ("names", "are_in"),
    [
        (("%s", "%d"), False),  # a program would fill a word in for the number
        (("{}", "{}"), False),
        (("%s, %s", "%5.1f"), False),
        (("%1$s", "%2$s"), True),
        (("%(name)s", "%(count)d"), True),
        (("{name}", "{count}"), True),
        (("https://a.b/c%20d", "%s"), True),
    ],
)
def test_what_is_filled_in_by_its_place_stays_in_order(names, are_in):
    stand_ins = StandIns(tuple(zip(("Tom", "Maria"), names, strict=True)))
    assert stand_ins.are_in("Maria und Tom") is are_in
    assert stand_ins.are_in("Tom und Maria")


def test_what_stands_in_is_not_looked_for_in_what_it_stands_for():
    assert StandIns((("Tom", "Maria"), ("Maria", "Tom"))).restored("Tom, Maria") == "Maria, Tom"


def test_numbers_that_stand_in_are_none_that_the_text_has():
    stand_ins = StandIns((("Tom", "`a`"), ("Maria", "`3060`")))
    assert stand_ins.as_numbers("Tom and Maria of 1739") == (
        "4381 and 5702 of 1739",
        StandIns((("4381", "`a`"), ("5702", "`3060`"))),
    )


def test_an_alignment_counts_the_words_that_a_line_has():
    stand_ins = StandIns((("Tom", "`a b c`"), ("Maria", "`d`")))
    written = Written.of(stand_ins, "run (Tom) and Maria", "Maria und Tom.")
    assert written.source == [0, 1, 4, 5, 6]
    assert written.target == [0, 1, 2, 5]
    read = [(1, 2), (2, 1), (3, 0)]
    assert written.alignment(read) == [(1, 2), (2, 3), (3, 4), (4, 1), (5, 0)]


def backwards(*words):
    """Says the known words of a sentence from the last to the first, and the others not."""
    tokenizer = Tokenizer.train([" ".join(words)], TextConfig(tokenizer="word", normalize=[]))
    model = Backwards(len(tokenizer.vocab))
    return Translator(model, tokenizer, tokenizer, search=SearchConfig(unknown="keep"))


@pytest.mark.parametrize("names", ["Tom Maria", "1739 3060"])
def test_what_stays_comes_back_by_the_stand_ins_that_the_model_knows(names):
    translator = backwards("run", "and", *names.split())
    line = "run `a b` and `c`"
    for settings_ in (
        {},
        {"beam": 3, "nbest": 2},
        {"sample": True, "temperature": 0.01, "nbest": 2},
    ):
        ((best, *_),) = translator.translate_nbest([line], **settings_)
        assert best.text == "`c` and `a b` run"
        (pairs,) = translator.align([best])
        words = line.split(), best.text.split()
        assert [words[0][i] for i, _ in pairs] == [words[1][j] for _, j in pairs]


def test_numbers_alone_are_searched_for_once():
    part = cut_line("%d of 5 run", WORDS, longest=100, stand_ins=True).parts
    asked = []

    def search(parts):
        asked.append([one.text for one in parts])
        return [[] for _ in parts]

    assert with_numbers_where_lost(part, search, WORDS, 100) == [[]]
    assert asked == [["17 of 5 run"]]


def test_what_stays_is_put_back_into_capitals():
    part = Part("see 17", [], "", capitals=True, stand_ins=StandIns((("17", "%d"),)))
    assert part.finished("sieh 17", WORDS) == "SIEH %d"


def test_where_no_stand_in_comes_back_the_sentence_is_cut():
    translator = backwards("run", "and", "now", "we", "We", "run.")
    line = "we run. We run `a b` and now `c`"
    ((best,),) = translator.translate_nbest([line])
    assert best.text == ". run we run We `a b` now and `c`"
    assert [part.source for part in best.parts] == ["we run.", "We run", "and now"]
    assert [part.space for part in best.parts] == [" ", " `a b` ", " `c`"]
    alone = translator.translate_nbest([line], passthrough=False)[0][0]
    assert "`" not in alone.text


def test_what_is_copied_before_a_sentence_that_is_cut_is_before_its_translation():
    translator = backwards("run", "and", "we", "run.")
    ((best,),) = translator.translate_nbest(["we run. `a` and we run"])
    assert best.text == ". run we `a` run we and"
    ((best,),) = translator.translate_nbest(["`a` and we run"])
    assert (best.lead, best.text) == ("`a` ", "`a` run we and")
    assert translator.align([best])[0][0] == (0, 0)


def test_a_sentence_that_would_be_code_as_a_line_is_cut_where_no_stand_in_comes_back():
    translator = backwards("we", "run.", "SELECT", "FROM", "b;")
    ((best,),) = translator.translate_nbest(["we run. SELECT `a` FROM b;"])
    assert best.text == ". run we SELECT `a` b FROM;"


@pytest.mark.parametrize("whole", [{"prefix": "run"}, {"must": ["run"]}])
def test_a_line_that_is_given_words_of_its_translation_has_no_stand_ins(whole):
    translator = backwards("run", "and", "Tom")
    line = translator.cut("run `a` and", translator.settings(whole), stand_ins=True)
    assert [part.text for part in line.parts] == ["run `a` and"]


def test_all_else_of_a_line_that_stays_whole_is_read_as_it_is():
    (part,) = whole_line(" `-x`: run `a`s.  - See %d <b>", WORDS, stand_ins=True).parts
    assert part.text == "Tom: run Maria.  - See 17 <b>"
    assert part.stand_ins.pairs == (("Tom", "`-x`"), ("Maria", "`a`s"), ("17", "%d"))


@pytest.mark.parametrize("names", ["Tom Maria", "1739 3060"])
def test_a_line_that_stays_whole_has_stand_ins(names):
    translator = backwards("run", "and", "Then", *names.split())
    line = "run `a b`s Then %s and"
    for settings_ in ({}, {"beam": 3, "nbest": 2}, {"sample": True, "temperature": 0.01}):
        ((best, *_),) = translator.translate_nbest([line], split=False, **settings_)
        assert best.text == "and %s Then `a b`s run"
        assert len(best.parts) == 1


@pytest.mark.parametrize(
    "line",
    [
        "run `a b` and %s now",  # the model knows no name
        "run " + " now ".join(f"`a{i}`" for i in range(12)),
        "RUN `a` NOW",
        "run and now",
    ],
)
def test_a_line_that_stays_whole_is_read_as_it_is_where_no_stand_in_comes_back(line):
    translator = backwards("run", "and", "now", "RUN", "NOW")
    read = [part.text for part in whole_line(line, translator.source).parts]
    ((best,),) = translator.translate_nbest([line], split=False)
    assert [part.source for part in best.parts] == read == [line]
    assert [best.text] == translator.translate([line], split=False, passthrough=False)


def test_a_line_that_stays_whole_has_no_stand_ins_where_nothing_passes_through():
    translator = backwards("run", "Tom")
    assert translator.translate(["run `a`"], split=False) == ["`a` run"]
    (plain,) = translator.translate(["run `a`"], split=False, passthrough=False)
    assert "`" not in plain
