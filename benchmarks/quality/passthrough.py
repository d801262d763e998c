"""What is left of URLs, tags, times and the like in a translation, with and without passthrough.

    python -m benchmarks.quality.passthrough [MODEL]

Each line says in braces what must come back as it stands, in order.
"""

from __future__ import annotations

import re
import sys

import seqkit

LINES = """
⟦1⟧
⟦00:00:01,000 --> 00:00:03,500⟧
⟦.⟧
⟦| --- | :---: |⟧
⟦12:30⟧
⟦https://example.com/a?b=c#d⟧
⟦tom@example.com⟧
⟦😀 🎉⟧
⟦print("Hello, world")⟧
⟦<br/>⟧
⟦<b>⟧Hello⟦</b>⟧ world
⟦<p class="a">⟧I like it here.⟦</p>⟧
⟦<i>⟧Where are you?⟦</i>⟧
Please visit ⟦https://example.com/news⟧ today.
My address is ⟦tom.jones@mail.example.com⟧.
The page ⟦www.example.com⟧ is new.
I love you ⟦❤️⟧ so much ⟦👩‍👩‍👧‍👦⟧!
Tom ⟦&amp;⟧ Mary are here.
⟦## ⟧My house
⟦- ⟧I have a dog.
⟦> ⟧He said nothing.
⟦| ⟧Name⟦ | ⟧Age⟦ |⟧
This is ⟦**⟧very⟦**⟧ good.
Read ⟦[⟧this book⟦](http://x.y/z)⟧ now.
Use ⟦`pip install seqkit`⟧ first.
Open ⟦/usr/local/bin⟧ and ⟦main.py⟧.
Hello ⟦{name}⟧, you have ⟦%d⟧ letters.
Call ⟦foo_bar()⟧ twice.
Thanks ⟦@tom⟧ for the ⟦#party⟧.
Good morning ⟦:-)⟧
"""
_SPAN = re.compile("⟦(.*?)⟧")


def unharmed(wanted: list[str], translation: str) -> int:
    """How many of the spans are in a translation, in order."""
    place, found = 0, 0
    for span in wanted:
        at = translation.find(span, place)
        if at >= 0:
            found += 1
            place = at + len(span)
    return found


def main(model: str = "en-de") -> None:
    lines = LINES.strip().split("\n")
    wanted = [_SPAN.findall(line) for line in lines]
    sources = [_SPAN.sub(r"\1", line) for line in lines]
    total = sum(map(len, wanted))

    translator = seqkit.load(model, device="cpu")
    for passthrough in (False, True):
        outputs = translator.translate(sources, passthrough=passthrough)
        kept = [unharmed(spans, text) for spans, text in zip(wanted, outputs, strict=True)]
        whole = sum(len(spans) == n for spans, n in zip(wanted, kept, strict=True))
        print(
            f"passthrough {str(passthrough).lower():5}  {sum(kept)} of {total} spans, "
            f"{whole} of {len(lines)} lines"
        )

    for source, text in zip(sources, outputs, strict=True):
        print(f"  {source}  →  {text}")


if __name__ == "__main__":
    main(*sys.argv[1:])
