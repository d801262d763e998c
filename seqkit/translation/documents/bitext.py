"""The pairs of a document's segments and translations, as TSV or TMX 1.4."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from ... import __version__
from .writing import write_whole

Pair = tuple[str, str]

_TMX = """\
<?xml version="1.0" encoding="UTF-8"?>
<tmx version="1.4">
  <header creationtool="seqkit" creationtoolversion="{version}" segtype="block" o-tmf="seqkit" \
adminlang="en" srclang={source} datatype="plaintext"/>
  <body>
{units}  </body>
</tmx>
"""
_UNIT = """\
    <tu>
      <tuv xml:lang={source_language}><seg>{source}</seg></tuv>
      <tuv xml:lang={target_language}><seg>{target}</seg></tuv>
    </tu>
"""


def write_bitext(path: Path, pairs: Sequence[Pair], languages: Pair) -> None:
    """Write pairs to a .tmx, or else as TSV. `languages` are codes; und where not known.

    Raises `DataError` if the file cannot be written.
    """
    is_tmx = path.suffix.lower() == ".tmx"
    text = _tmx(pairs, languages) if is_tmx else _tsv(pairs)
    write_whole(path, text.encode("utf-8"))


def _tsv(pairs: Iterable[Pair]) -> str:
    rows = ["\t".join(" ".join(text.split()) for text in pair) for pair in pairs]
    return "".join(f"{row}\n" for row in rows)


def _tmx(pairs: Iterable[Pair], languages: Pair) -> str:
    source_language, target_language = (quoteattr(code or "und") for code in languages)
    units = [
        _UNIT.format(
            source_language=source_language,
            target_language=target_language,
            source=escape(source),
            target=escape(target),
        )
        for source, target in pairs
    ]
    return _TMX.format(version=__version__, source=source_language, units="".join(units))
