"""What a search found for a part of a line, as text."""

from __future__ import annotations

from ..search.hypothesis import Hypothesis
from ..search.settings import SearchConfig
from ..text.tokenizer import Tokenizer
from ..text.vocab import UNK
from .constraints import unknown_policy
from .cutting import Part
from .engines.searcher import Searched, Searcher
from .segments import Candidate


def candidates(
    part: Part,
    found: Searched,
    search: SearchConfig,
    *,
    source: Tokenizer,
    target: Tokenizer,
    searcher: Searcher,
) -> list[Candidate]:
    """Hypotheses as text, with unknown words copied from the source if asked for.

    Those that lack a stand-in are left out; of draws all are then, or those of a line would not
    pair up.
    """
    copies = unknown_policy(search, target, attends=searcher.attends) == "copy"
    made: list[Candidate] = []
    for hypothesis in found.hypotheses:
        ids = hypothesis.ids
        if UNK in ids and copies:
            tokens = _copy_unknown(part, hypothesis, source, target, searcher)
            text = target.join(tokens)
        else:
            tokens = [target.vocab.tokens[i] for i in ids]
            text = target.decode(ids)
        if part.stand_ins.are_in(text):
            text = part.finished(text, target)
            made.append(Candidate.of(hypothesis, part, tokens, text, found.engine))
    return [] if search.sample and len(made) < len(found.hypotheses) else made


def _copy_unknown(
    part: Part, hypothesis: Hypothesis, source: Tokenizer, target: Tokenizer, searcher: Searcher
) -> list[str]:
    """Tokens of an output; for `<unk>`, the source token that it attends to most."""
    from .engines import own

    ids = hypothesis.ids
    source_tokens = source.token_strings(part.text)
    model = searcher.models[0]
    most_attended = own.most_attended(model, part.ids, ids, len(source_tokens))

    tokens: list[str] = []
    for i, place in zip(ids, most_attended, strict=True):
        tokens.append(source_tokens[place] if i == UNK else target.vocab.tokens[i])
    return tokens
