"""What is language in a line, and what is copied."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.text.spans import pieces

QUICK = settings(deadline=None, database=None)


def language(line):
    """The stretches of a line that are translated."""
    return [piece.text.strip() for piece in pieces(line) if piece.is_language]


def copied(line):
    return [piece.text for piece in pieces(line) if not piece.is_language]


@QUICK
@given(st.one_of(st.text(), st.text("a. </>@:#*`|-[](){}%1\n😀")))
def test_the_pieces_joined_are_the_line_again(line):
    assert "".join(piece.text for piece in pieces(line)) == line
    assert all(piece.text for piece in pieces(line))


@pytest.mark.parametrize(
    "line",
    [
        ".",
        "...",
        "12:30",
        "1,234.50",
        "½ ① Ⅳ",
        "---",
        "| --- | :---: |",
        "00:00:01,000 --> 00:00:03,500",
        "00:01.000 --> 00:03.500 align:start position:0%",
        "WEBVTT",
        "WEBVTT - a title",
        "```python",
        "https://example.com/a?b=c#d",
        "tom@example.com",
        "<br/>",
        '<font color="red">',
        "<!-- a comment -->",
        "<!DOCTYPE html>",
        "&nbsp;",
        "👩‍👩‍👧‍👦🏳️‍🌈🙂 1️⃣",
        "♪ ♫",
        "x = 5",
        "let x = 5",
        "int x = 5;",
        "} else {",
        "if x > 5:",
        "else:",
        "IV.",
        "HTTPS://EXAMPLE.COM",
        "192.168.0.1:8080",
        "+49 30 1234567",
        'print("Hello, world")',
        "for (int i = 0; i < n; i++) {",
        "def f(x):",
        "from os import path",
        "#include <stdio.h>",
        "$ pip install seqkit",
        '{"a": "b"}',
        "5e8b1c2d-1234-4abc-9def-0123456789ab",
        "2026-11-28T20:00:00Z",
    ],
)
def test_a_line_that_is_not_language_is_copied(line):
    assert language(line) == []
    assert language(f"  {line}\t") == []


@pytest.mark.parametrize(
    ("line", "translated"),
    [
        ("Visit https://example.com/a?b=c#d for more.", ["Visit", "for more."]),
        ("See (https://en.wikipedia.org/wiki/Foo_(bar)).", ["See ("]),
        ("Go to www.example.com, or to example.org/a.", ["Go to", ", or to"]),
        ("Mail tom.jones+x@mail.example.co.uk, please.", ["Mail", ", please."]),
        ("<b>Hello</b> world", ["Hello", "world"]),
        ('<a href="https://x.org" class=b>Click</a>, now!', ["Click", ", now!"]),
        ("<c.yellow>Hello</c> <00:01.000>there", ["Hello", "there"]),
        ("Tom &amp; Mary", ["Tom", "Mary"]),
        ("| Name | Age |", ["Name", "Age"]),
        ("## A title", ["A title"]),
        ("- [x] done", ["done"]),
        ("> a quote", ["a quote"]),
        (">a quote", ["a quote"]),
        ("•an item", ["an item"]),
        ("1. An item", ["An item"]),
        ("(a) An item", ["An item"]),
        ("Call +49 30 1234567 or ask 192.168.0.1", ["Call", "or ask"]),
        ("[12:30] Hello", ["Hello"]),
        ("A [link](http://x.y/z) here", ["A", "link", "here"]),
        ("This is **very** nice", ["This is", "very", "nice"]),
        ("Use `pip install` now", ["Use", "now"]),
        ("Call foo_bar() in main.py", ["Call", "in"]),
        ("See /usr/local/bin and C:\\Users\\tom", ["See", "and"]),
        ("Hello {name}, %d of %(n)s", ["Hello", "of"]),
        ("I love you ❤️ so much 👩‍👩‍👧‍👦!", ["I love you", "so much"]),
        ("Great! :-) Thanks", ["Great!", "Thanks"]),
        ("Thanks @tom #party", ["Thanks"]),
    ],
)
def test_a_line_is_cut_at_what_is_not_language(line, translated):
    assert language(line) == translated
    assert copied(line)


@pytest.mark.parametrize(
    "line",
    [
        "It is 5 km at 20 °C.",
        "a < b and c > d",
        "He said --yes.",
        "My iPhone costs $5 and 50% off.",
        "and/or, either/or",
        "Book(s)",
        "Class starts: now",
        "if you like: come",
        "I have 12 of 13.",
        "(no) I don't",
        "MIX IT",
        "VI è chi",
        "while you were out;",
        "He left at 5 p.m. - Paul stayed",
        "e.g. this one, i.e. that",
        "See Fig. 3.",
        "3.5 Mio. Euro",
        "A320, H2O and MP3",
        "你好。",
    ],
)
def test_language_with_marks_and_numbers_is_left_whole(line):
    assert language(line) == [line]


@pytest.mark.parametrize(
    "unit",
    [
        *("<", "<!--", "<a ", "<a b=", "`", "```", "{", "{{", "%(", "--a-", "a_", "/a", "./", "]("),
        *("[", "#", "😀", "|", "a.b", "a.", "@", "http://", "a@", "- ", "x=", " a(", "a0", "[1]"),
    ],
)
def test_the_time_for_a_very_long_line_is_linear_in_its_length(unit):
    """In quadratic time, some of these would take ten seconds and more."""
    line = "a" + unit * (100_000 // len(unit))
    start = time.process_time()
    assert "".join(piece.text for piece in pieces(line)) == line
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("打开main.py和config.toml。", ["main.py", "config.toml"]),
        ("请把问题发送到bugs@example.com。", ["bugs@example.com"]),
        ("变量batch_size是数字，请看https://a.org/b。", ["batch_size", "https://a.org/b"]),
        ("看https://a.org/b的例子", ["https://a.org/b"]),
        ("看 https://a.org/中文 吧", ["https://a.org/中文"]),
        ("Öffne Größe.txt", ["Größe.txt"]),
        ("Run `make -j` in /usr/lib, %s", ["`make -j`", "/usr/lib", "%s"]),
    ],
)
def test_what_a_sentence_has_as_names(line, names):
    assert [piece.text for piece in pieces(line) if piece.kind == "name"] == names


def test_tags_and_emoji_are_no_names():
    kinds = {piece.kind for piece in pieces("<b>Hello</b> 😀 **you** &amp; {\\an8}me")}
    assert kinds == {"language", "markup", "between"}
