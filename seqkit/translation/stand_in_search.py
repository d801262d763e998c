"""The search for parts with stand-ins: with others where some are lost, and cut at last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice

from ..search.settings import SearchConfig
from ..text.tokenizer import Tokenizer
from .cutting import CutLine, Part
from .segments import Candidate, joined
from .stand_ins import SETS

Search = Callable[[Sequence[Part]], list[list[Candidate]]]


def with_other_stand_ins(
    parts: Sequence[Part], search: Search, tokenizer: Tokenizer, longest: int
) -> list[list[Candidate]]:
    """The candidates of each part; none for those that no set of stand-ins came through."""
    found = search(parts)
    for chosen in range(1, len(SETS)):
        lost = _lost(parts, found)
        others = {i: _other(parts[i], chosen, tokenizer, longest) for i in lost}
        asked = {i: part for i, part in others.items() if part is not None}
        if asked:
            again = search(list(asked.values()))
            for i, candidates in zip(asked, again, strict=True):
                found[i] = candidates
    return found


def _lost(parts: Sequence[Part], found: Sequence[list[Candidate]]) -> list[int]:
    return [i for i, part in enumerate(parts) if part.stand_ins and not found[i]]


def _other(part: Part, chosen: int, tokenizer: Tokenizer, longest: int) -> Part | None:
    """A part with stand-ins of another set; None if it has too many, or becomes too long.

    None, too, for one of numbers only, which are those of each set.
    """
    made = part.stand_ins.others(part.text, chosen)
    if made is None or made[1] == part.stand_ins:
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
