"""Markup without text, such as inline code: what the translator reads, and where it goes."""

import itertools
import re
from collections import Counter
from pathlib import Path

import pytest
from documents.zoo import docx

from seqkit.text.spans import pieces
from seqkit.translation.documents.kinds import read_document
from seqkit.translation.documents.segment import Translated

ROOT = Path(__file__).parents[2]


def shouted(data, kind):
    """The texts of a document, and the document with all but code in capitals, where it is."""
    document = read_document(data, f"a.{kind}", kind)
    texts = [segment.text for segment in document.segments]
    aligned = [
        Translated(_shouted(text), [(i, i) for i in range(len(text.split()))]) for text in texts
    ]
    return texts, document.write(aligned)


def _shouted(text):
    return "".join(one.text if one.kind == "name" else one.text.upper() for one in pieces(text))


@pytest.mark.parametrize(
    ("markdown", "written"),
    [
        ("in files (`.x`) and more", "IN FILES (`.x`) AND MORE"),
        ("as `a`, `b`, and `c` are.", "AS `a`, `b`, AND `c` ARE."),
        ("a word`b` and {c}`d`. so", "A WORD`b` AND {c}`d`. SO"),
        ("a [`b`](c), and **`d` e**, so", "A [`b`](c), AND **`d` E**, SO"),
        ("`a` is `b` and `a`", "`a` IS `b` AND `a`"),
    ],
)  # fmt: skip
def test_code_is_read_in_its_sentence_and_stays(markdown, written):
    pytest.importorskip("markdown_it")
    texts, changed = shouted(markdown.encode(), "md")
    assert [_shouted(text) for text in texts] == [re.sub(r"\*\*|\[|\]\(c\)", "", written)]
    assert changed.decode() == written


@pytest.mark.parametrize(
    ("text", "kind", "read"),
    [
        ("a <code>b &lt;c&gt;</code> d", "html", "a `b <c>` d"),
        ("a <kbd><b>b</b></kbd> d", "html", "a `b` d"),
        ("a <code>b`c</code> d", "html", "a `` b`c `` d"),
        ("a <span translate='no'>b c</span> d", "html", "a `b c` d"),
        ("a <b class='x notranslate'>b c</b> d", "html", "a `b c` d"),
        ("<h2>a<span class=mw-editsection>[<a>b</a>]</span></h2>", "html", "a`[b]`"),
        ("<html lang=en>a <i lang=la>b c</i> <i lang=en-GB>d</i>", "html", "a `b c` d"),
        ("<html lang=en><p>a<p lang=ar>b", "html", "a"),
        ("<p>a <i lang=la>b c</i>", "html", "a b c"),
        ("a <https://b.c> $x^2$ {{ y }} d", "md", "a https://b.c `$x^2$` {{ y }} d"),
        ("a ``b ` c`` d", "md", "a ``b ` c`` d"),
    ],
)
def test_what_stays_is_read_as_code_or_a_url(text, kind, read):
    (segment,) = read_document(text.encode(), f"a.{kind}", kind).segments
    assert segment.text == read
    words = [(i, i) for i in range(len(read.split()))]
    assert segment.written(segment.text, words) == text[segment.start : segment.end]


def test_what_stays_goes_where_the_translation_has_it():
    (segment,) = read_document(b"a `b c`[^1], <b>`d`</b> and `b c`.", "a.md", "md").segments
    alignment = [(1, 0), (2, 1), (4, 2), (3, 3), (0, 4), (5, 5), (6, 6)]
    written = segment.written("`b c`, und `d`; a `b c`.", alignment)
    assert written == "`b c`,[^1] und <b>`d`</b>; a `b c`."


def test_code_that_a_translation_has_lost_is_placed_by_its_neighbours():
    (segment,) = read_document(b"a <code>c</code> b", "a.html", "html").segments
    assert segment.written("A B", [(0, 0), (2, 1)]) == "A <code>c</code> B"


def test_marks_that_touch_a_picture_and_no_word_are_of_the_picture():
    pytest.importorskip("markdown_it")
    texts, changed = shouted(b"in files (![](x)) and more", "md")
    assert texts == ["in files and more"]
    assert changed == b"IN FILES (![](x)) AND MORE"


def test_marks_become_markup_as_they_are_escaped():
    texts, changed = shouted(b"<p>a (&lt;<img>&gt;) c", "html")
    assert texts == ["a c"]
    assert changed == b"<p>A (&lt;<img>&gt;) C"


@pytest.mark.parametrize(
    "page",
    [
        "<p>A <code>x</code><code>y</code> B",
        "<p>A <code>x</code> <code>y</code> B",
        "<p>A <img><img>B",
        "<p>A<img><img> B",
        "<p>A <img> <img><img> B",
    ],
)
def test_what_touched_still_touches(page):
    assert shouted(page.replace("A", "a").encode(), "html")[1].decode() == page


@pytest.mark.parametrize(
    ("page", "read"),
    [
        ("<h1>A B<a class='headerlink' href='#a'>&para;</a></h1>", "a b"),
        ("<p>A<sup id='x'><a href='#y'><span>[</span>12<span>]</span></a></sup> B", "a b"),
        ("<p>A,<a href='#y'><sup>1</sup></a> B<a>[2]</a>", "a, b"),
        ("<p>A <a href='#y'>2019</a> B<b>!</b>", "a 2019 b!"),
        ("<p>A <a>B</a>", "a b"),
        ("<p>A<sup class='reference'>[2]</sup> B", "a b"),
        ("<p>A 9<sup>2</sup> B", "a 92 b"),
    ],
)
def test_a_link_that_is_only_a_sign_is_no_text(page, read):
    texts, changed = shouted(page.replace("A", "a").replace("B", "b").encode(), "html")
    assert texts == [read]
    assert changed.decode() == page


@pytest.mark.parametrize(
    ("page", "words", "written"),
    [
        ("5 m<sup>2</sup>, H<sub>2</sub>O", "5 m2 H2O", "5 m<sup>2</sup> H<sub>2</sub>O"),
        ("a x<sup>2</sup> b <b>W</b>ord", "A X2! B WORD", "A X<sup>2</sup>! B <b>W</b>ORD"),
        ("a H<sub>2</sub>O b", "A Wasser B", "A Wasser B"),  # not on another word
    ],
)
def test_a_word_that_stays_keeps_the_markup_within_it(page, words, written):
    (segment,) = read_document(f"<p>{page}".encode(), "a.html", "html").segments
    alignment = [(i, i) for i in range(len(words.split()))]
    assert segment.written(words, alignment) == written


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("a ", "b", " c d"), ["A ", "B", " C D"]),  # as in the source: the blanks are not bold
        (("a", " b ", "c d"), ["A", " B ", "C D"]),
    ],
)
def test_a_blank_is_in_the_run_of_word_that_it_was_in(texts, expected):
    plain, bold = "<w:r><w:t>{}</w:t></w:r>", "<w:r><w:rPr><w:b/></w:rPr><w:t>{}</w:t></w:r>"
    runs = [run.format(text) for run, text in zip((plain, bold, plain), texts, strict=True)]
    data = docx(f"<w:p>{''.join(runs)}</w:p>")
    (segment,) = read_document(data, "a.docx", "docx").segments
    written = segment.written("A B C D", [(i, i) for i in range(4)])
    assert re.findall("<w:t[^>]*>(.*?)</w:t>", written) == expected


def test_word_shows_the_blank_after_a_page_break():
    run = "<w:r><w:t>{}</w:t>{}<w:t xml:space='preserve'>{}</w:t></w:r>"
    body = f"<w:p>{run.format('a b', '<w:lastRenderedPageBreak/>', ' c d')}</w:p>"
    document = read_document(docx(body), "a.docx", "docx")
    (segment,) = document.segments
    written = segment.written("A B C D", [(i, i) for i in range(4)])
    shown = "".join(part.split("</w:t>")[0] for part in written.split("<w:t")[1:])
    assert shown.count(" ") - shown.count(" xml") == 3
    again = read_document(docx(f"<w:p>{written}</w:p>"), "a.docx", "docx")
    assert [one.text for one in again.segments] == ["A B C D"]


@pytest.mark.parametrize("encoding", ["utf-32-le", "utf-32-be"])
def test_a_byte_order_mark_of_utf_32_is_read(encoding):
    data = "\ufeff1\n00:00:01,000 --> 00:00:02,000\na b\n".encode(encoding)
    texts, changed = shouted(data, "srt")
    assert texts == ["a b"]
    assert changed.decode("utf-32").endswith("\nA B\n")


@pytest.mark.parametrize(
    ("markdown", "written"),
    [
        ("a `b\n  c` d\n", "A `b\n  c` D\n"),
        ("> a `b\n> c`\n> d\n", "> A `b\n> c` D\n"),
        ("a `b\nc\nd` e <!-- f\ng\nh --> i\n", "A `b\nc\nd` E <!-- f\ng\nh --> I\n"),
        ("- [x] a `b`\n- [ ] c\n", "- [x] A `b`\n- [ ] C\n"),
        ("a [sic] b [c] d\n\n[c]: x\n", "A \\[SIC\\] B [C] D\n\n[c]: x\n"),
        ("[^1]: a b\n", "[^1]: A B\n"),
        ("a\n: b c\n: d\n", "A\n: B C\n: D\n"),
        ("# 1. a\n\n1) b\n", "# 1. A\n\n1) B\n"),
        ("a costs $5 & b costs $6, $x y$ c\n", "A COSTS $5 & B COSTS $6, $x y$ C\n"),
        ("a <kbd>b</kbd>+<code class='c'>d</code> e\n",
         "A <kbd>b</kbd>+<code class='c'>d</code> E\n"),
    ],
)  # fmt: skip
def test_what_markdown_marks_stays(markdown, written):
    pytest.importorskip("markdown_it")
    assert shouted(markdown.encode(), "md")[1].decode() == written


@pytest.mark.parametrize("words", ["A B C D", "A B", "B A D C E", "A"])
def test_no_element_is_written_twice(words):
    page = '<p><span id="1">a b</span> <span>[<a>c</a>]</span> <b id="2">d</b></p>'
    (segment,) = read_document(page.encode(), "a.html", "html").segments
    count = len(words.split())
    for places in itertools.product(range(4), repeat=count):
        written = segment.written(words, sorted((place, i) for i, place in enumerate(places)))
        assert max(written.count(tag) for tag in ('<span id="1">', "<span>", "<a>", "<b")) == 1
        assert re.sub("<[^>]*>", "", written).split() == words.split()


@pytest.mark.parametrize(
    ("inner", "read"),
    [
        ('a <x id="1" equiv-text="{{n}}"/> b', "a {{n}} b"),
        ('a <ph id="1">%s</ph> b', "a %s b"),
        ('a <ph id="p1" disp="$x"/>, b', "a `$x`, b"),
        ('a <x id="1"/> b', "a `1` b"),
        ('a <x id="1" ctype="lb"/> b', "a b"),
        ('a <ph id="1">&lt;br&gt;</ph> b', "a b"),
        ('a <mrk translate="no">c d</mrk> b', "a `c d` b"),
    ],
)
def test_placeholders_of_xliff_are_read_in_their_sentences(inner, read):
    unit = f"<xliff><trans-unit><source>{inner}</source></trans-unit></xliff>"
    (segment,) = read_document(unit.encode(), "a.xliff", "xliff").segments
    assert segment.text == read
    words = [(i, i) for i in range(len(read.split()))]
    assert segment.written(read, words) == f"<target>{inner}</target>"


@pytest.mark.parametrize("page", ["README.md", "docs/concepts/documents.md", "CONTRIBUTING.md"])
def test_our_own_pages_have_the_same_markup_in_another_language(page):
    """As markdown-it reads them: each bit of code and each target of a link, once."""
    pytest.importorskip("markdown_it")
    data = (ROOT / page).read_bytes()
    assert markup(shouted(data, "md")[1].decode()) == markup(data.decode())


def markup(text):
    from markdown_it import MarkdownIt

    found = Counter()
    for block in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text):
        found[block.type] += 1
        found.update(
            (inline.type, inline.content, str(inline.attrs))
            for inline in block.children or ()
            if inline.type not in ("text", "softbreak")
        )
    return found


def test_code_of_word_and_writer_stays():
    run = "<w:r>{}<w:t xml:space='preserve'>{}</w:t></w:r>"
    style = '<w:rPr><w:b/><w:rStyle w:val="VerbatimChar"/></w:rPr>'
    parts = [("", "open "), (style, "a b"), ("", " "), (style, "c"), ("", " and go")]
    body = "".join(run.format(*part) for part in parts)
    (segment,) = read_document(docx(f"<w:p>{body}</w:p>"), "a.docx", "docx").segments
    assert segment.text == "open `a b` `c` and go"
    for places in itertools.product(range(6), repeat=2):
        alignment = [(places[0], 0), (1, 1), (2, 2), (3, 3), (places[1], 4)]
        written = segment.written("GO `a b` `c` OPEN.", sorted(alignment))
        again = read_document(docx(f"<w:p>{written}</w:p>"), "a.docx", "docx").segments
        assert [one.text for one in again] == ["GO `a b` `c` OPEN."]
        assert written.count(style) == 2
        lost = segment.written("GO OPEN.", sorted(alignment)[:2])
        assert re.sub("<w:r>.*?</w:r>", "", written + lost).strip() == ""
