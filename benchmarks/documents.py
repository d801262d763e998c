"""Documents made of real text, with as much markup as such files have.

An SRT of 2,000 cues (Tatoeba), an HTML page of 1 MB and a DOCX of 300 pages (WMT news).
"""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable, Iterator
from html import escape
from io import BytesIO
from itertools import islice

from .texts import TATOEBA, lines_of, news

CUES = 2_000
PAGE = 1_000_000  # bytes of HTML
WORDS = 300 * 400  # of a document of 300 pages

# How much of a document has markup within its sentences.
ITALIC_CUES = 0.08
LINKED = 0.35  # paragraphs of a page with one link, emphasis or more
SPLIT_RUNS = 0.5  # paragraphs of Word in several runs: spelling marks and edits make them, too


def srt(generator: random.Random, scale: float) -> bytes:
    cues: list[str] = []
    lines = dict.fromkeys(lines_of(*TATOEBA, 0))
    for text in islice(lines, 0, None, 37):
        words = text.split()
        chance = generator.random()
        if chance < ITALIC_CUES and len(words) > 2:
            start, end = _stretch(words, generator)
            words[start] = f"<i>{words[start]}"
            words[end - 1] = f"{words[end - 1]}</i>"
        parts = [words]
        if len(words) > 9:  # a sentence that goes on in the next cue
            half = len(words) // 2
            parts = [words[:half], words[half:]]
        cues += [" ".join(part) for part in parts]
        if len(cues) >= CUES * scale:
            break

    blocks: list[str] = []
    for i, cue in enumerate(cues, 1):
        time = f"{i // 1200:02}:{i // 20 % 60:02}:{3 * i % 60:02}"
        blocks.append(f"{i}\n{time},000 --> {time},900\n{cue}\n")
    return "\n".join(blocks).encode()


def html(generator: random.Random, scale: float) -> bytes:
    pieces = ["<!DOCTYPE html><html><head><meta charset='utf-8'><title>News</title></head><body>\n"]
    size = 0
    for text in _news():
        words = [escape(word, quote=False) for word in text.split()]
        if generator.random() < LINKED:
            start, end = _stretch(words, generator)
            tag = generator.choice(["a", "b", "em", "strong", "a"])
            address = f' href="/wiki/{generator.randrange(10**6)}" title="more about it"'
            words[start] = f"<{tag}{address if tag == 'a' else ''}>{words[start]}"
            words[end - 1] = f"{words[end - 1]}</{tag}>"
        piece = f'<div class="story"><p id="p{len(pieces)}">{" ".join(words)}</p></div>\n'
        size += len(piece.encode())
        pieces.append(piece)
        if size >= PAGE * scale:
            break
    return "".join([*pieces, "</body></html>\n"]).encode()


def docx(generator: random.Random, scale: float) -> bytes:
    paragraphs: list[str] = []
    words = 0
    stories = _news()
    while words < WORDS * scale and (sentences := list(islice(stories, 3))):
        text = " ".join(sentences).split()
        words += len(text)
        runs = [text]
        if generator.random() < SPLIT_RUNS:
            start, end = _stretch(text, generator)
            runs = [text[:start], text[start:end], text[end:]]
        styles = ["", "<w:rPr><w:b/></w:rPr>", ""]
        texts = [" ".join(run) for run in runs]
        inner = "".join(
            f'<w:r>{style}<w:t xml:space="preserve">{escape(part, quote=False)} </w:t></w:r>'
            for style, part in zip(styles, texts, strict=False)
            if part
        )
        paragraphs.append(f'<w:p w:rsidR="00{len(paragraphs):06}">{inner}</w:p>')

    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = "".join(paragraphs)
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "word/document.xml",
            f'<?xml version="1.0"?><w:document xmlns:w="{space}"><w:body>{body}</w:body>'
            "</w:document>",
        )
    return packed.getvalue()


def _news() -> Iterator[str]:
    """Sentences of news, and as many of their halves in the other order."""
    found = [line for line in dict.fromkeys(line.strip() for line in news()) if line]
    yield from found
    for line in found:
        words = line.split()
        yield " ".join(words[len(words) // 2 :] + words[: len(words) // 2])


def _stretch(words: list[str], generator: random.Random) -> tuple[int, int]:
    """One to three words in the middle of a sentence."""
    length = generator.randint(1, 3)
    start = generator.randrange(max(1, len(words) - length))
    return start, min(len(words), start + length)


MAKERS: dict[str, Callable[[random.Random, float], bytes]] = {
    "srt": srt,
    "html": html,
    "docx": docx,
}
