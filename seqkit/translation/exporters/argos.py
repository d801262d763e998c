"""Packages of Argos Translate, which LibreTranslate serves: a zip around a CTranslate2 folder.

    translate-en_de-100_0/
      metadata.json            languages, version
      sentencepiece.model      cuts text into pieces
      model/                   the CTranslate2 folder
      README.md

Argos cuts text into sentences by a model in the package, or else by one that it fetches itself,
from version 1.10 on; older ones stop. None is put in: Stanza's are pickles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...errors import ConfigError
from ...parsing import to_json
from .card import card_text
from .run_folder import Exported

_VERSION = "100.0"
"""Of the package. An update replaces installed packages by those of Argos's index, which are 1.x,
if they are newer and for the same languages."""

_ARGOS_VERSION = "1.10"  # the first that needs no sentence splitter in a package

# The languages of Argos Translate, as it calls them.
_NAMES = {
    "ar": "Arabic",
    "az": "Azerbaijani",
    "bg": "Bulgarian",
    "bn": "Bengali",
    "ca": "Catalan",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "eo": "Esperanto",
    "es": "Spanish",
    "et": "Estonian",
    "eu": "Basque",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "ga": "Irish",
    "gl": "Galician",
    "he": "Hebrew",
    "hi": "Hindi",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "ky": "Kyrgyz",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "ms": "Malay",
    "nb": "Norwegian",
    "nl": "Dutch",
    "pb": "Portuguese (Brazil)",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sq": "Albanian",
    "sv": "Swedish",
    "th": "Thai",
    "tl": "Tagalog",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "vi": "Vietnamese",
    "zh": "Chinese",
    "zt": "Chinese (traditional)",
}

_USE = """
```sh
pip install argostranslate
python -c "import argostranslate.package as p; p.install_from_path('{name}.argosmodel')"
argos-translate --from-lang {source} --to-lang {target} "…"
```

LibreTranslate serves what is installed: `libretranslate --load-only {source},{target}`.
"""


def package_files(
    exported: Exported, model: Mapping[str, bytes], languages: Sequence[str]
) -> dict[str, bytes]:
    """The files of a package, by path, around `model`, the files of a CTranslate2 folder.

    `languages` are the codes of source and target. Raises `ConfigError` for a tokenizer that is
    not SentencePiece's.
    """
    source, target = languages
    pieces, _ = exported.piece_models()  # Argos joins by the same model; it knows any piece
    if pieces is None:
        raise ConfigError(
            f"Argos cuts text by SentencePiece, and this model by {exported.tokenizers[0].name!r}: "
            "only --to ctranslate2 can be had"
        )

    metadata = {
        "package_version": _VERSION,
        "argos_version": _ARGOS_VERSION,
        "from_code": source,
        "from_name": _NAMES.get(source, source),
        "to_code": target,
        "to_name": _NAMES.get(target, target),
        "type": "translate",
    }
    name = package_name(languages)
    use = _USE.format(name=name, source=source, target=target)
    return {
        "metadata.json": (to_json(metadata, indent=2) + "\n").encode(),
        "sentencepiece.model": pieces,
        "README.md": card_text(exported, f"{source}-{target}", use).encode(),
        **{f"model/{path}": content for path, content in model.items()},
    }


def package_name(languages: Sequence[str]) -> str:
    """The folder inside of a package, by which Argos keeps installed ones apart."""
    source, target = languages
    return f"translate-{source}_{target}-{_VERSION.replace('.', '_')}"
