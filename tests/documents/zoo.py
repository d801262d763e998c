"""Documents, each with a trap: (what the trap is, kind, bytes, fields)."""

import io
import zipfile

FIELDS = ("title", "body")


def zipped(**members):
    """A zip file of members named with `__` for a slash and `_` for a dot."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/x", zipfile.ZIP_STORED)
        for name, text in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), text)
    return packed.getvalue()


def docx(body):
    xml = f'<?xml version="1.0"?>\r\n<w:document xmlns:w="w" xmlns:r="r"><w:body>{body}</w:body>'
    return zipped(word__document_xml=f"{xml}</w:document>", word__media__a_png=b"\x89PNG\0\1")


def odt(body):
    xml = f'<office xmlns:text="t" xmlns:draw="d">{body}</office>'
    return zipped(content_xml=xml, META_INF="<m/>")


def word_box(text):
    """A text box as Word writes it: twice, for new and for old programs."""
    body = f"<w:p>{RUN.format(text)}</w:p>"
    choice = f"<w:drawing><wps:txbx><w:txbxContent>{body}</w:txbxContent></wps:txbx></w:drawing>"
    old = f"<w:pict><v:textbox><w:txbxContent>{body}</w:txbxContent></v:textbox></w:pict>"
    return (
        '<w:r><mc:AlternateContent xmlns:mc="m" xmlns:wps="s" xmlns:v="v">'
        f"<mc:Choice>{choice}</mc:Choice><mc:Fallback>{old}</mc:Fallback>"
        "</mc:AlternateContent></w:r>"
    )


def slide(body):
    xml = f'<p:sld xmlns:a="a" xmlns:p="p">{body}</p:sld>'
    return zipped(ppt__presentation_xml="<a/>", ppt__slides__slide1_xml=xml)


def page(text, **others):
    return zipped(**{"META-INF__container_xml": "<a/>", "OEBPS__one_xhtml": text, **others})


RUN = "<w:r><w:rPr><w:b/></w:rPr><w:t>{}</w:t></w:r>"
CUE = "{}\n00:00:0{},000 --> 00:00:0{},900\n{}\n\n"

ZOO = [
    ("blank lines, tabs and no last line end", "txt", b"  a b\t\n\n\t\n c d", ()),
    ("a byte-order mark and CRLF", "txt", b"\xef\xbb\xbfa b\r\nc d\r\n", ()),
    ("UTF-16", "txt", b"\xff\xfe" + "a b☃\r\n".encode("utf-16-le"), ()),
    (
        "a sentence over two cues",
        "srt",
        (CUE * 2).format(1, 1, 2, "a b", 2, 3, 4, "c d.").encode(),
        (),
    ),
    ("CRLF and no end after the last cue", "srt", b"1\r\n00:00:01,000 --> 00:00:02,000\r\na b", ()),
    (
        "tags, positions and a dialogue",
        "srt",
        (CUE * 2).format(1, 1, 2, r"{\an8}<i>a</i> b", 2, 3, 4, "- a\n- b").encode(),
        (),
    ),
    (
        "a sentence over cues with tags",
        "srt",
        (CUE * 2).format(1, 1, 2, r"{\an8}<i>a b</i>", 2, 3, 4, "<b>c</b> d.").encode(),
        (),
    ),
    (
        "songs, names and sounds in lines with CRLF",
        "srt",
        (CUE * 2)
        .format(1, 1, 2, "<i>♪ a b ♪</i>\n# c d #", 2, 3, 4, "ADA: a\nb c\n[d]\nBOB: e")
        .replace("\n", "\r\n")
        .encode(),
        (),
    ),
    (
        "no blank between cues, and blanks within them",
        "srt",
        b"1\n00:00:01,000 --> 00:00:02,000\n\na b\n \nc d\n2\n00:00:03,000 --> 00:00:04,000\nE\n",
        (),
    ),
    (
        "numbers missing and an empty cue",
        "srt",
        b"00:00:01,000 --> 00:00:02,000\n\n00:00:03,000 --> 00:00:04,000\na\n",
        (),
    ),
    (
        "notes, styles, settings and voices",
        "vtt",
        b"WEBVTT - a b\n\nNOTE a b\n\nSTYLE\n::cue { x }\n\nid a\n00:01.000 --> 00:02.000 "
        b"align:start\n<v Ada>a <c.x>b</c>\n",
        (),
    ),
    (
        "scripts, styles, comments and attributes",
        "html",
        b"<!doctype html><script>var a = '<b>a</b>';</script><style>a{}</style><!-- a -->"
        b"<p title='a'>b",
        (),
    ),
    (
        "tags that are never closed or cross",
        "html",
        b"<p>a <b>b<p>c</b> d<li>e<i>f<u>g</i>h</u>",
        (),
    ),
    (
        "latin-1 as it declares",
        "html",
        '<meta charset="iso-8859-1"><p>a é &eacute; &nbsp; &#233;'.encode("latin-1"),
        (),
    ),
    (
        "code, pre, and translate=no",
        "html",
        b'<pre>a  b</pre><p>a <code>b &lt; c</code> d</p><p translate="no">a</p><p>b',
        (),
    ),
    (
        "white space and line breaks within a sentence",
        "html",
        b"<p>\n   a\n   <em> b </em>\n</p>\n",
        (),
    ),
    ("10,000 nested tags", "html", b"<div>" * 5000 + b"<b>" * 5000 + b"a b", ()),
    (
        "front matter, code and a table",
        "md",
        b"---\ntitle: a b\n---\n\n# a\n\n```\na b\n```\n\n    a b\n\n"
        b"| a | b |\n|--|:-:|\n| `a` | b c |\n",
        (),
    ),
    (
        "links, references, images and escapes",
        "md",
        b'a [b](c_d.html "e") ![f](g.png) \\*h\\* <http://x.y>\n\n[b]: http://x.y\n',
        (),
    ),
    (
        "nested quotes and lists with CRLF",
        "md",
        b"> a\r\n> > b\r\n>\r\n> 1. c\r\n>    d\r\n\r\n* e\r\n",
        (),
    ),
    (
        "hard breaks and names with underscores",
        "md",
        b"a  \nb\\\nc _d_ snake_case_e f *g* h **i\nj**\n",
        (),
    ),
    (
        "contexts, comments and fuzzy messages",
        "po",
        b'# a\nmsgid ""\nmsgstr ""\n"Plural-Forms: nplurals=2; plural=n != 1;\\n"\n\n#, fuzzy\n'
        b'msgctxt "a"\nmsgid "a %s"\nmsgstr "b"\n\n#~ msgid "c"\n#~ msgstr "d"\n',
        (),
    ),
    ("messages over several lines", "po", b'msgid ""\n"a b\\n"\n"c \\"d\\""\nmsgstr ""\n"e"\n', ()),
    (
        "units with a target",
        "xliff",
        b'<?xml version="1.0"?><xliff><trans-unit id="1"><source>a <x id="1"/></source>'
        b"<target>b</target></trans-unit></xliff>",
        (),
    ),
    (
        "escapes, order of keys and white space",
        "json",
        b'{"body": ["a\\u00e9", {"x": 1.0e5}],\r\n  "id":"a b" , "title":"\\/ a"}',
        FIELDS,
    ),
    (
        "anchors, comments and styles",
        "yaml",
        b"# a\ntitle: &x 'it''s' # b\nc: *x\nbody: |-\n  a b\n\n  c\nlist: [1, yes]\n",
        FIELDS,
    ),
    (
        "quotes, line ends and commas in cells",
        "csv",
        b'id,title,body\r\n1,"a ""b"", c","d\r\ne"\r\n2,,f',
        FIELDS,
    ),
    ("empty columns", "tsv", b"title\tbody\tx\na b\t\t\n\tc\td\n", FIELDS),
    (
        "words cut into runs, and a picture",
        "docx",
        docx(
            f"<w:p><w:pPr/>{RUN.format('a')}{RUN.format(' b')}<w:r><w:drawing><w:t>n</w:t>"
            "</w:drawing></w:r></w:p>"
        ),
        (),
    ),
    (
        "links, tabs, fields and deletions",
        "docx",
        docx(
            f'<w:p>{RUN.format("a")}<w:hyperlink r:id="1">{RUN.format(" b")}</w:hyperlink><w:r>'
            "<w:tab/><w:t>c</w:t></w:r><w:del><w:r><w:delText>d</w:delText></w:r></w:del></w:p>"
        ),
        (),
    ),
    (
        "notes, spans and blanks",
        "odt",
        odt(
            '<text:p>a <text:span>b</text:span><text:s text:c="3"/>c<text:note><text:p>d</text:p>'
            "</text:note></text:p>"
        ),
        (),
    ),
    (
        "text boxes within a sentence",
        "docx",
        docx(f"<w:p>{RUN.format('a')}{word_box('c d')}{RUN.format(' b')}</w:p>"),
        (),
    ),
    (
        "comments with a date within a sentence",
        "odt",
        odt(
            '<text:p>a <office:annotation xmlns:office="o" xmlns:dc="c" office:name="1">'
            "<dc:creator>A B</dc:creator><dc:date>2020</dc:date><text:p>c <text:span>d</text:span>"
            '</text:p></office:annotation>b<office:annotation-end xmlns:office="o"/></text:p>'
        ),
        (),
    ),
    (
        "titles, and tables of contents with a doctype",
        "epub",
        page(
            "<html><p>a</p></html>",
            toc_ncx='<?xml version="1.0"?><!DOCTYPE ncx PUBLIC "n" "http://x/n.dtd"><ncx>'
            '<meta n="a"/><navPoint id="a"><navLabel><text>a &amp; b</text></navLabel></navPoint>'
            "</ncx>",
            book_opf='<package xmlns:dc="c"><dc:title>a b</dc:title><dc:creator>A B</dc:creator>'
            "<meta>a</meta></package>",
        ),
        (),
    ),
    (
        "line breaks and empty paragraphs",
        "pptx",
        slide("<a:p/><a:p><a:r><a:rPr/><a:t>a</a:t></a:r><a:br/><a:r><a:t>b</a:t></a:r></a:p>"),
        (),
    ),
    (
        "entities of HTML in a page",
        "epub",
        page("<?xml version='1.0'?><!DOCTYPE html><html><p>a&nbsp;<b>b</b> &amp; c</p></html>"),
        (),
    ),
]
