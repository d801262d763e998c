"""The card of an exported model: what the run says of itself, and how to use it elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...data.corpora import Corpora, shipped
from ...parsing import to_json
from .run_folder import Exported

_HEADER = re.compile(r"\A---\n(.*?\n)---\n", re.DOTALL)  # YAML, in cards of Hugging Face
_LICENCE = re.compile(r"^license:[ \t]*([\w.-]+)[ \t]*$", re.MULTILINE)


def card_text(exported: Exported, name: str, use: str) -> str:
    """README.md for a model called `name`; `use` is Markdown on how to use it."""
    own = _HEADER.sub("", exported.card).strip() or _description(exported, name)
    return f"{own}\n\n## How to use it\n\n{use.strip()}\n"


def yaml_header(exported: Exported, languages: Sequence[str], tags: Sequence[str]) -> str:
    """The header that Hugging Face's hub reads: languages, licence, tags."""
    lines = ["---"]
    if languages:
        lines += ["language:", *(f"- {_quoted(code)}" for code in languages)]

    header = _HEADER.match(exported.card)
    known = _LICENCE.search(header[1]) if header else None
    licence = _licence(exported)
    if known:
        lines += [f"license: {known[1]}"]
    elif licence:
        lines += ["license: other", f"license_name: {_quoted(licence)}"]

    lines += ["library_name: transformers", "pipeline_tag: translation"]
    lines += ["tags:", *(f"- {tag}" for tag in tags), "---", ""]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A YAML string; without quotes, the code of Norwegian is a truth value."""
    return to_json(text)


def _description(exported: Exported, name: str) -> str:
    weights = exported.weights
    source, target = exported.tokens
    languages = " to ".join(exported.languages) or "not said"
    rows = [
        ("languages", languages),
        (
            "model",
            f"Transformer, {len(weights.encoder)} + {len(weights.decoder)} layers of "
            f"{weights.width}",
        ),
        ("vocabulary", f"{len(source):,} source tokens, {len(target):,} target tokens"),
    ]
    if exported.corpora:
        rows.append(("trained on", ", ".join(exported.corpora)))
    licence = _licence(exported)
    if licence:
        rows.append(("licence of the data", licence))
    table = [f"| {key} | {value} |" for key, value in rows]
    return "\n".join([f"# {name}", "", "| | |", "|---|---|", *table])


def _licence(exported: Exported) -> str:
    """The licences of the corpora; that of the weights is for its owner to say."""
    known = [name for name in exported.corpora if name in shipped()]
    licences = dict.fromkeys(Corpora().card(name).licence for name in known)
    return "; ".join(licences)
