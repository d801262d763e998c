"""Glossaries on terms whose translations are known: how many are placed, and what it costs.

    python -m benchmarks.quality.term_quality [MODEL] [--corpus tatoeba-deu-eng] [--show]

Terms are mined from the training part of a parallel corpus: words of both sides that occur together
(Dice's coefficient). A sentence of the test and validation parts is taken if it has a term, and its
reference the term's translation, which need not be the commonest: "car" is "Wagen" here and "Auto"
there. Those sentences whose plain translation lacks a term are translated in several ways. Printed
are how many terms the outputs have, in any inflection, and BLEU and chrF against one reference.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import seqkit
from benchmarks.texts import lines_of
from seqkit.metrics.overlap import bleu, chrf
from seqkit.translation.cutting import Part
from seqkit.translation.replaced_terms import Replacing
from seqkit.translation.segments import Candidate
from seqkit.translation.terms import Found, Terms, _key, _words, stemmer
from seqkit.translation.terms import with_terms as place_terms

FEWEST = 6  # sentences that have both
LOWEST = 0.08  # Dice's coefficient: low enough for the second and third translation of a word
COMMONEST = 0.01  # words in more of the sentences than this are no terms

Pair = tuple[str, str]
Stem = Callable[[str], str]
Stems = tuple[Stem, Stem]


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--lines", type=int, default=5_000)
    options = parser.parse_args()

    translator = seqkit.load(options.model, device="cpu")
    stems = stemmer(translator.language), stemmer(translator.target_language)
    terms = mined(pairs_of(options.corpus, "train.tsv.gz", options.reverse), stems)
    pairs = held_out(options.corpus, options.reverse)
    chosen = list(with_terms(pairs, terms, stems))[: options.lines]
    Trial(translator, chosen).report(show=options.show)


class Trial:
    """Sentences with terms, and the ways to place them."""

    def __init__(
        self, translator: seqkit.Translator, chosen: list[tuple[str, str, dict[str, str]]]
    ) -> None:
        self.translator = translator
        search = translator.search
        self.parts: list[Part] = []
        self.references: list[str] = []
        self.terms: list[Terms] = []
        for source, reference, found in chosen:
            terms = translator.terms(seqkit.Glossary(found), search)
            assert terms is not None
            for part in translator.cut(source, search).parts:
                self.parts.append(part)
                self.references.append(reference)
                self.terms.append(terms)

        plain = translator.search_parts(self.parts, search)
        lacking = [i for i, found in enumerate(plain) if self.lost(i, found[0].text)]
        self.total = len(self.parts)
        for name in ("parts", "references", "terms"):
            values = getattr(self, name)
            setattr(self, name, [values[i] for i in lacking])
        self.plain = [plain[i] for i in lacking]
        self.wanted = [
            terms.find(part.text) for terms, part in zip(self.terms, self.parts, strict=True)
        ]

    def lost(self, i: int, output: str) -> list[Found]:
        return self.terms[i].lacking(self.parts[i].text, output)

    def report(self, *, show: bool) -> None:
        outputs = self.outputs()
        print(f"{self.total} sentences; {len(self.parts)} of their plain translations lack a term")
        print("| terms by | placed | BLEU | chrF |\n|---|---|---|---|")
        wanted = sum(map(len, self.wanted))
        for name, texts in outputs.items():
            lost = sum(len(self.lost(i, text)) for i, text in enumerate(texts))
            scores = [metric(texts, [self.references]).score for metric in (bleu, chrf)]
            print(f"| {name} | {wanted - lost} of {wanted} | {scores[0]:.2f} | {scores[1]:.2f} |")
        if show:
            for i, part in enumerate(self.parts):
                print(f"\n{part.text}  {[item.wanted for item in self.wanted[i]]}")
                print("\n".join(f"    {name}: {texts[i]}" for name, texts in outputs.items()))

    def outputs(self) -> dict[str, list[str]]:
        """The translation of each sentence by each way."""
        translator = self.translator
        search = translator.search
        phrases = [
            terms.phrases(wanted) for terms, wanted in zip(self.terms, self.wanted, strict=True)
        ]
        searched = translator._search(self.parts, search, phrases=phrases)
        replacing = Replacing(translator.source, translator.target, translator._searcher, search)
        replaced = replacing.candidates(self.parts, self.plain, self.wanted)

        plain = [_best(found) for found in self.plain]
        by_search = [_best(found) for found in searched]
        by_place = [_best(found) or text for found, text in zip(replaced, plain, strict=True)]
        adds = [
            self.terms[i].appends(part.text, plain[i], by_search[i])
            for i, part in enumerate(self.parts)
        ]
        return {
            "nothing: the plain translation": plain,
            "search": by_search,
            "search; plain where it only adds": _chosen(adds, plain, by_search),
            "words replaced": by_place,
            "search; words replaced where it only adds": _chosen(adds, by_place, by_search),
            "search; words replaced where it only adds or lacks terms (what seqkit does)": [
                _best(found) for found in self.placed(searched, replaced)
            ],
            "a number in the place of the term": self.held(lambda i: str(7391 + 1234 * i)),
            "a name": self.held(lambda i: ["Tom", "Maria"][i % 2]),
            "X1": self.held(lambda i: f"X{i + 1}"),
            "⟦1⟧": self.held(lambda i: f"⟦{i + 1}⟧"),
        }

    def placed(
        self, searched: list[list[Candidate]], replaced: list[list[Candidate]]
    ) -> list[list[Candidate]]:
        """What seqkit chooses of the outputs of a search and of those with replaced words."""
        found: list[list[Candidate]] = []
        for i, plain in enumerate(self.plain):
            ways = partial(_given, [searched[i]]), partial(_given, [replaced[i]])
            found += place_terms(self.terms[i], [plain], *ways)
        return found

    def held(self, placeholder: Callable[[int], str]) -> list[str]:
        """Translations by placeholders, which the terms then take the place of."""
        texts: list[str] = []
        for part, wanted in zip(self.parts, self.wanted, strict=True):
            text = part.text
            for i, item in enumerate(wanted):
                text = text.replace(item.surface, placeholder(i), 1)
            texts.append(text)

        outputs = self.translator.translate(texts, split=False)
        for i, wanted in enumerate(self.wanted):
            for number, item in enumerate(wanted):
                outputs[i] = outputs[i].replace(placeholder(number), item.wanted, 1)
        return outputs


def _best(found: list[Candidate]) -> str:
    return found[0].text if found else ""


def _given(found: list[list[Candidate]], *_: object, **__: object) -> list[list[Candidate]]:
    """What a search would find, already found."""
    return found


def _chosen(are_first: list[bool], first: list[str], second: list[str]) -> list[str]:
    rows = zip(are_first, first, second, strict=True)
    return [one if is_first else other for is_first, one, other in rows]


def parser_of(description: str) -> argparse.ArgumentParser:
    """The options of a trial of a model on a parallel corpus, described by its first line."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("model", nargs="?", default="en-de")
    parser.add_argument("--corpus", default="tatoeba-deu-eng")
    parser.add_argument("--reverse", action="store_true", help="from the other language to English")
    parser.add_argument("--show", action="store_true", help="print the translations")
    return parser


def held_out(corpus: str, reverse: bool) -> list[Pair]:
    """The pairs of a corpus that no model was trained on."""
    parts = ("test.tsv.gz", "valid.tsv.gz")
    return [pair for part in parts for pair in pairs_of(corpus, part, reverse)]


def pairs_of(corpus: str, part: str, reverse: bool) -> list[Pair]:
    """The sentences of a part of a corpus, each with its translation."""
    pairs: list[Pair] = []
    for line in lines_of(corpus, part):
        english, other = line.split("\t")[:2]
        pairs.append((other, english) if reverse else (english, other))
    return pairs


def mined(pairs: list[Pair], stems: Stems) -> dict[Pair, Pair]:
    """Terms as they are written most often, by the stems of term and translation."""
    of_source: Counter[str] = Counter()
    of_target: Counter[str] = Counter()
    of_both: Counter[tuple[str, str]] = Counter()
    written: defaultdict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for source, target in pairs:
        left, right = dict(candidates(source, stems[0])), dict(candidates(target, stems[1]))
        of_source.update(list(left))
        of_target.update(list(right))
        for side, found in enumerate((left, right)):
            for key, surface in found.items():
                written[side, key][surface] += 1
        of_both.update((one, other) for one in left for other in right)

    most = COMMONEST * len(pairs)
    best: dict[str, tuple[float, str]] = {}  # of each translation, the word it translates most
    for (one, other), together in of_both.items():
        dice = 2 * together / (of_source[one] + of_target[other])
        is_rare = max(of_source[one], of_target[other]) <= most
        if together >= FEWEST and dice >= LOWEST and is_rare:
            best[other] = max(best.get(other, (0.0, "")), (dice, one))

    terms: dict[Pair, Pair] = {}
    for other, (_, one) in best.items():
        surfaces = [written[side].most_common(1)[0][0] for side in ((0, one), (1, other))]
        if is_noun(surfaces[1], stems):
            terms[one, other] = surfaces[0], surfaces[1]
    return terms


def is_noun(word: str, stems: Stems) -> bool:
    """Whether a word is one, if the language shows it: most terms of glossaries are."""
    return word[0].isupper() or stems[1] is not stemmer("de")


def candidates(text: str, stem: Stem) -> Iterator[tuple[str, str]]:
    """Words of four letters or more, or pairs of Chinese characters, each with its stem."""
    words = _words(text)
    for i, word in enumerate(words):
        if len(word.text) >= 4 and word.text.isalpha():
            yield _key([word], stem)[0], word.text
        pair = text[word.start : words[i + 1].end] if i + 1 < len(words) else ""
        if len(pair) == 2 and min(pair) >= "\u4e00":
            yield pair, pair


def with_terms(
    pairs: Iterable[Pair], terms: dict[Pair, Pair], stems: Stems
) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Sentences with one or two terms whose translations their references have; each once."""
    seen: set[str] = set()
    for source, target in pairs:
        left, right = dict(candidates(source, stems[0])), dict(candidates(target, stems[1]))
        found = {}
        for one in left:
            translations = [terms[one, other] for other in right if (one, other) in terms]
            if len(translations) == 1:  # else which it is cannot be told
                found[translations[0][0]] = translations[0][1]
        if 1 <= len(found) <= 2 and source not in seen:
            seen.add(source)
            yield source, target, found


if __name__ == "__main__":
    main()
