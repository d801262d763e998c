"""Languages by the codes that clients and models know them by, and their English names."""

from __future__ import annotations

from collections.abc import Iterable

_KNOWN = """
af afr Afrikaans; am amh Amharic; ar ara Arabic; az aze Azerbaijani; be bel Belarusian;
bg bul Bulgarian; bn ben Bengali; bs bos Bosnian; ca cat Catalan; cs ces Czech; cy cym Welsh;
da dan Danish; de deu German; el ell Greek; en eng English; eo epo Esperanto; es spa Spanish;
et est Estonian; eu eus Basque; fa fas Persian; fi fin Finnish; fo fao Faroese; fr fra French;
fy fry Western Frisian; ga gle Irish; gd gla Scottish Gaelic; gl glg Galician; gu guj Gujarati;
ha hau Hausa; he heb Hebrew; hi hin Hindi; hr hrv Croatian; ht hat Haitian; hu hun Hungarian;
hy hye Armenian; id ind Indonesian; ig ibo Igbo; is isl Icelandic; it ita Italian;
ja jpn Japanese; jv jav Javanese; ka kat Georgian; kk kaz Kazakh; km khm Khmer; kn kan Kannada;
ko kor Korean; ku kur Kurdish; ky kir Kyrgyz; la lat Latin; lb ltz Luxembourgish; lo lao Lao;
lt lit Lithuanian; lv lav Latvian; mg mlg Malagasy; mk mkd Macedonian; ml mal Malayalam;
mn mon Mongolian; mr mar Marathi; ms msa Malay; mt mlt Maltese; my mya Burmese;
nb nob Norwegian Bokmål; ne nep Nepali; nl nld Dutch; nn nno Norwegian Nynorsk; no nor Norwegian;
oc oci Occitan; om orm Oromo; pa pan Punjabi; pl pol Polish; ps pus Pashto; pt por Portuguese;
qu que Quechua; ro ron Romanian; ru rus Russian; rw kin Kinyarwanda; sa san Sanskrit;
si sin Sinhala; sk slk Slovak; sl slv Slovenian; so som Somali; sq sqi Albanian; sr srp Serbian;
st sot Sotho; sv swe Swedish; sw swa Swahili; ta tam Tamil; te tel Telugu; tg tgk Tajik;
th tha Thai; tk tuk Turkmen; tl tgl Tagalog; tr tur Turkish; tt tat Tatar; ug uig Uyghur;
uk ukr Ukrainian; ur urd Urdu; uz uzb Uzbek; vi vie Vietnamese; xh xho Xhosa; yo yor Yoruba;
zh zho Chinese; zu zul Zulu
"""
_ROWS = [row.split(maxsplit=2) for row in " ".join(_KNOWN.split()).split("; ")]
_NAMES = {short: name for short, _, name in _ROWS}
_SHORT = {long: short for short, long, _ in _ROWS}
_ALIASES = {"zt": "zh-hant", "pb": "pt-br", "iw": "he", "in": "id"}  # of Argos, and of old
_SCRIPTS = {"zh-cn": "zh-hans", "zh-sg": "zh-hans", "zh-tw": "zh-hant", "zh-hk": "zh-hant"}
_OF_SCRIPTS = {"hans": "simplified", "hant": "traditional", "latn": "Latin", "cyrl": "Cyrillic"}


def same(code: str) -> str:
    """A code in the one spelling that others are compared in: "zh_Hans" → "zh-hans"."""
    spelt = code.strip().lower().replace("_", "-")
    spelt = _ALIASES.get(spelt, spelt)
    first, hyphen, rest = _SCRIPTS.get(spelt, spelt).partition("-")
    return _SHORT.get(first, first) + hyphen + rest


def base_of(code: str) -> str:
    """The language alone: "pt-BR" → "pt"."""
    return same(code).partition("-")[0]


def find(code: str, known: Iterable[str]) -> str | None:
    """Which of the known codes is meant; None for none of them.

    A variety that is not known is that of the language in general, and "zh" any variety there is;
    but traditional Chinese is never taken for simplified.
    """
    spelt = {same(one): one for one in reversed(list(known))}
    wanted = same(code)
    if wanted in spelt:
        return spelt[wanted]

    base, _, variety = wanted.partition("-")
    if variety and variety != "hant":
        return spelt.get(base)
    if not variety:
        return next((one for one in known if base_of(one) == base), None)
    return None


def name_of(code: str) -> str:
    """The English name of a language; its code where none is known."""
    base, _, variety = same(code).partition("-")
    name = _NAMES.get(base, code)
    if not variety or name == code:
        return name
    return f"{name} ({_OF_SCRIPTS.get(variety, variety.upper())})"
