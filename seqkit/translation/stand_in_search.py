"""The search for parts with stand-ins: with numbers where some are lost, and cut at last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice

from ..search.settings import SearchConfig
from ..text.tokenizer import Tokenizer
from .cutting import CutLine, Part
from .segments import Candidate, joined

Search = Callable[[Sequence[Part]], list[list[Candidate]]]


def with_numbers_where_lost(
    parts: Sequence[Part], search: Search, tokenizer: Tokenizer, longest: int
) -> list[list[Candidate]]:
    """The candidates of each part; none for those whose stand-ins, numbers at last, are lost."""
    found = search(parts)
    again = {i: _with_numbers(parts[i], tokenizer, longest) for i in _lost(parts, found)}
    asked = {i: part for i, part in again.items() if part is not None}
    if asked:
        of_asked = search(list(asked.values()))
        for i, candidates in zip(asked, of_asked, strict=True):
            found[i] = candidates
    return found


def _lost(parts: Sequence[Part], found: Sequence[list[Candidate]]) -> list[int]:
    return [i for i, part in enumerate(parts) if part.stand_ins and not found[i]]


def _with_numbers(part: Part, tokenizer: Tokenizer, longest: int) -> Part | None:
    """A part with numbers for stand-ins; None if it has them, has too many, or becomes too long."""
    made = part.stand_ins.as_numbers(part.text)
    if made is None:
        return None
    text, stand_ins = made
    ids = tokenizer.encode(text, eos=True)
    changed = replace(part, text=text, ids=ids, stand_ins=stand_ins)
    return changed if len(ids) <= longest + 1 else None


def cut_where_lost(
    parts: Sequence[Part],
    found: Sequence[list[Candidate]],
    cut: Callable[[str, SearchConfig], CutLine],
    search: Search,
    settings: SearchConfig,
) -> list[list[Candidate]]:
    """The candidates of each part; where stand-ins are lost, it is cut at what they stand for."""
    made = list(found)
    lost = _lost(parts, found)
    lines = [_cut(parts[i], cut, settings) for i in lost]
    again = iter(search([part for line in lines for part in line.parts]) if lines else ())
    for i, line in zip(lost, lines, strict=True):
        translations = joined(line.lead, islice(again, len(line.parts)), settings)
        made[i] = [Candidate.of_cut(parts[i], translation) for translation in translations]
    return made


def _cut(
    part: Part, cut: Callable[[str, SearchConfig], CutLine], settings: SearchConfig
) -> CutLine:
    """A part cut at what its stand-ins stand for; whole if nothing else of it is language."""
    text = part.stand_ins.restored(part.text)
    line = cut(text, settings)
    return line if line.parts else cut(text, replace(settings, passthrough=False))
