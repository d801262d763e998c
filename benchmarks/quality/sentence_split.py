"""Sentence splitters on paragraphs in ten languages, split by hand: ours beside other people's.

    pip install sentencex pysbd icu4py      # each is measured if it is installed
    python -m benchmarks.quality.sentence_split [--wrong]

F1 is over the ends of sentences inside the paragraphs; "exact" is how many paragraphs are split as
by hand. `--wrong` lists the paragraphs that are not, with the end that is missing or too many.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable, Iterator

from seqkit.text import split_sentences

Splitter = Callable[[str, str], list[str]]

# Paragraphs, a line each; " | " stands between two sentences.
GOLD = {
    "en": """
Mr. Brown met Dr. Smith at 5 p.m. in the lobby. | They talked until 6 p.m. | Then they left.
Mt. Fuji is 3,776 metres high. | We climbed it in Aug. 2019 with Prof. Tanaka.
Add approx. 5 litres of water. | Stir well!
See pp. 3 and 4, esp. Fig. 2. | The rest is in vol. 7, no. 12.
Gov. Brown spoke to Sen. Warren. | Neither of them smiled.
He works for Apple Inc. in Cork. | She works for Jones & Co. | Both are happy.
"Is it you?" she asked. | "Yes." | He laughed.
I bought apples, pears, etc. | The shop closes at 8.
The U.S. Army is large. | He moved to the U.S. | His brother stayed in the U.K. until May.
J. R. R. Tolkien wrote it in 1937. | Ten years later it was famous.
No. | I can't do that.
So do I. | He does too.
Use a knife, e.g. Grandma's. | Wait... | What was that?
Go to www.example.com now. | Version 3.11 is out!
The meeting is at 10.30 a.m. on Monday. | Rep. Lee and Capt. Jones will come, cf. Table 3.
""",
    "de": """
Vgl. Kap. 3 und Abs. 2. | Das ist neu.
Am 3. Mai kam Dr. Weber, am 12. Juni Fr. Prof. Lang. | Sie blieben bis Sept. 2020.
Das ist z. B. Wasser, d. h. H2O. | Es ist nass.
Er kaufte Brot, Milch usw. | Dann ging er.
„Kommst du?“, fragte sie. | „Nein.“ | Er blieb.
Ludwig XIV. regierte lange. | Er starb 1715. | Sein Nachfolger war ein Kind.
Die Firma hat ca. 200 Mitarbeiter. | Der Umsatz liegt bei 3,5 Mio. Euro im Jahr.
Das Treffen ist in der Berliner Str. 5. | Bitte kommen Sie pünktlich!
Siehe Bd. 4, S. 17 f. | Dort steht alles.
Ich bin 12. | Meine Schwester ist 14.
Der 2. Weltkrieg endete 1945. | 80 Jahre später gibt es noch Zeugen.
Bzw. Müller, wie er sich nannte, ggf. auch Schmidt. | Wer weiß?
""",
    "fr": """
É. Zola est né en 1840. | Il est mort en 1902.
M. Dupont et Mme Durand sont là. | MM. Petit et Grand arrivent.
Où vas-tu ? | À Paris ! | Avec qui ?
Voir p. 12 et fig. 3. | Le reste est au chap. 5.
Elle vend des pommes, des poires, etc. | Le marché ferme à midi.
« Tu viens ? » | « Non. » | Il est resté.
J.-C. est l'abréviation de Jésus-Christ. | César est mort en 44 av. J.-C. à Rome.
Il habite au 5 bd. Victor-Hugo. | C'est loin.
Le Dr Martin arrive vers 15 h. | Il faut l'attendre.
La loi no. 78 est votée, cf. Art. 3. | Personne n'a protesté.
""",
    "es": """
La Sra. López llegó tarde. | El Sr. Gómez ya se había ido.
¿Qué haces? | ¡Nada! | Estoy cansado.
Véase la pág. 5 y el cap. 3. | Lo demás está en el vol. 2.
Uds. pueden pasar. | El Dr. Ruiz les espera.
Compró pan, leche, etc. | Después volvió a casa.
Vive en EE. UU. desde 1999. | Su hermano vive en Perú.
La reunión es a las 5 p. m. en la Avda. América. | No llegues tarde.
—¿Vienes? —preguntó. | —No. | Se quedó en casa.
Gana aprox. 300 euros al mes. | Es poco.
El mar. | La playa. | Todo era azul.
""",
    "it": """
Il sig. Rossi e la dott.ssa Bianchi sono qui. | Arriva anche l'avv. Verdi.
Vedi pag. 7 e fig. 2. | Il resto è nel cap. 9.
Che ore sono? | Non lo so! | È tardi.
Comprò pane, latte, ecc. | Poi tornò a casa.
G. Verdi nacque nel 1813. | Morì nel 1901.
Nel 44 a.C. Cesare fu ucciso. | Bruto fuggì.
«Vieni?» | «No.» | Rimase a casa.
Costa ca. 20 euro. | È caro.
Lavora alla Fiat S.p.A. di Torino. | Sua moglie è medico.
L'art. 3 è chiaro. | Nessuno lo rispetta.
""",
    "pt": """
O Sr. Silva e a Sra. Costa chegaram. | O Dr. Lima não veio.
Onde estás? | Em casa! | Vem já.
Ver pág. 10 e fig. 4. | O resto está no vol. 2.
Comprou pão, leite, etc. | Depois voltou para casa.
A Av. Paulista é longa. | Fica em São Paulo.
É difícil. | À noite é pior. | Ninguém dorme.
O prof. Sousa nasceu em 1950. | Ele ensina física.
Vive nos E.U.A. desde 2001. | O irmão vive em Lisboa.
O art. 5 da lei n. 12 mudou. | Isso é bom.
Custa aprox. 30 euros. | É barato.
""",
    "ru": """
А. С. Пушкин родился в Москве. | Он был поэтом.
В 1999 г. Иванов уехал. | Вернулся он через 5 лет.
Это был я. | Он меня не узнал.
См. стр. 5 и рис. 3. | Остальное в гл. 7.
Купил хлеб, молоко и т. д. | Потом пошёл домой.
Он живёт на ул. Ленина, д. 5, кв. 12. | Это недалеко.
«Ты идёшь?» — спросил он. | «Нет.» | Она осталась.
Проф. Смирнов и акад. Павлов спорили. | Никто не победил!
Население — 3 млн. человек. | Город растёт.
Ёлка была большая. | Ёжик спал. | Что дальше?
""",
    "pl": """
Prof. Kowalski i dr hab. Nowak przyszli. | Nikt ich nie witał.
Zob. s. 5 i rys. 3. | Reszta jest w t. 2.
Gdzie jesteś? | W domu! | Przyjdź tu.
Kupił chleb, mleko itd. | Potem wrócił do domu.
Ulica św. Jana jest długa. | Ładnie tam.
W 1999 r. Polska weszła do NATO. | To był dobry rok.
Przyjdą m.in. Anna i Jan. | Świetnie!
Dnia 3. Maja jest święto. | Życie jest piękne.
Mieszka przy ul. Długiej 5. | To blisko.
Np. Warszawa jest duża. | Łódź jest mniejsza.
""",
    "zh": """
你好。|再见！
他说：“好。”|她走了。
真的吗？？|是的。|我不知道……
今天是2020年5月3日。|天气很好。
价格是3.5元。|太贵了！
我在看U.S. News。|很有意思。
“你来吗？”|“不来。”|他走了。
第一章。|从前有一个人。
北京（首都）。|上海很大。
他来了！|她呢？|没来。
""",
    "ja": """
こんにちは。|元気ですか？
「行くよ。」|彼は言った。
本当？|はい、本当です！
今日は2020年5月3日です。|いい天気です。
値段は3.5万円です。|高い！
彼はNo. 1です。|すごい。
東京（首都）は大きい。|大阪も大きい。
え！？|なに。|知らない。
第一章。|昔々、男がいた。
山田さんが来た。|すぐ帰った。
""",
}

# Written after our rules were finished, and measured apart: no rule was changed for these.
HELD_OUT = {
    "en": """
Adm. Nelson won at Trafalgar. | H.M.S. Victory was his ship.
The parcel weighs 3 lbs. and costs $5. | Mrs. O'Hara paid.
Ask Ms. Lee (ext. 12) or Messrs. Hill and Co. | They know.
She got her Ph.D. in 2004 from M.I.T. | Her thesis was short.
Is it ready yet? | Not quite... | Maybe by Fri. or Sat. next week.
St. John's Wood is in London. | No. 10 Downing St. is, too.
""",
    "de": """
Der Kurs läuft v. a. abends, u. U. auch am Wochenende. | Anmeldung bis 15. Oktober!
Lt. Bericht stieg der Preis um 3 Prozent. | Das sind ca. 20 Cent.
Der VfB spielt in der 2. Bundesliga. | Er wird Dritter.
Frau Dr. med. Ilse Koch, geb. Schmidt, wohnt hier. | Klingeln Sie bitte.
Gem. § 5 Abs. 2 S. 1 BGB ist das erlaubt. | Oder etwa nicht?
""",
    "fr": """
Cf. p. 45, éd. Gallimard. | C'est dans la coll. Folio.
Le R.P. Dubois habite av. Foch. | Il a 80 ans.
Elle est née le 1er janv. 1980 à St. Malo. | Son père était marin.
Apportez env. 3 kg de farine. | Merci !
""",
    "es": """
El Ing. Pérez trabaja en la C. Mayor, núm. 3. | Vive cerca.
¡Feliz cumpleaños, Dña. Carmen! | ¿Cuántos cumple?
Nació en el s. XIX. | Murió en el s. XX.
Según el Lic. Gómez, el plazo acaba el 3 de dic. | Quedan dos días.
""",
    "it": """
Il gen. Garibaldi sbarcò a Marsala. | Era il 1860.
L'on. Bianchi e il prof. Neri litigano. | Chi ha ragione?
Tel. 06 1234, int. 5. | Chiamare dopo le 9.
""",
    "pt": """
O Exmo. Sr. Presidente falou. | Todos ouviram.
Mora na R. Augusta, n. 20. | É perto do metrô.
O gen. Dutra, o cel. Souza e o ten. Alves saíram. | Ninguém ficou.
""",
    "ru": """
Им. Горького парк открыт. | Вход с 10 ч. утра.
Гр. Петров, ул. Мира, д. 3, живёт один. | Ему 80 лет.
Л. Н. Толстой написал «Войну и мир» в XIX в. | Это роман.
Ок. 30 чел. пришли. | Ждали больше.
""",
    "pl": """
Dr n. med. Anna Lis przyjmuje w pon. i wt. | Proszę dzwonić.
Tj. w 2020 r. było inaczej. | Pamiętasz?
Al. Jerozolimskie są blisko pl. Konstytucji. | Idziemy!
""",
    "zh": """
他问：“几点了？”|我说不知道。
太好了！！|我们走吧。
""",
    "ja": """
「本当ですか？」と聞いた。|答えはなかった。
すごい！|信じられない…。|でも本当だ。
""",
}


def paragraphs(texts: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Each paragraph as a language and its sentences."""
    for language, text in texts.items():
        for line in text.strip().split("\n"):
            separator = "|" if language in ("zh", "ja") else " | "
            yield language, line.split(separator)


def splitters() -> dict[str, Splitter]:
    """Ours, and every other one that is installed."""
    found: dict[str, Splitter] = {
        "seqkit": lambda text, language: [s for s, _ in split_sentences(text, language)],
        "seqkit, no language": lambda text, language: [s for s, _ in split_sentences(text)],
    }
    makers = {"sentencex": _sentencex, "pysbd": _pysbd, "icu4py": _icu}
    for name, make in makers.items():
        if importlib.util.find_spec(name):
            found[name] = make()
    return found


def _sentencex() -> Splitter:
    import sentencex

    return lambda text, language: list(sentencex.segment(language, text))


def _pysbd() -> Splitter:
    import pysbd
    from pysbd.languages import LANGUAGE_CODES

    known = {
        code: pysbd.Segmenter(language=code, clean=False) for code in GOLD if code in LANGUAGE_CODES
    }
    return lambda text, language: known.get(language, known["en"]).segment(text)


def _icu() -> Splitter:
    from icu4py.breakers import SentenceBreaker

    def split(text: str, language: str) -> list[str]:
        return list(SentenceBreaker(text, f"{language}@ss=standard"))  # with CLDR's exceptions

    return split


def ends(sentences: list[str]) -> set[int]:
    """How many characters that are not white space come before the end of each but the last."""
    places: set[int] = set()
    place = 0
    for sentence in sentences:
        place += len("".join(sentence.split()))
        places.add(place)
    places.discard(place)
    return places


def measure(split: Splitter, texts: dict[str, str], *, show: bool) -> tuple[float, int, float]:
    """F1 in percent, paragraphs split as by hand, and milliseconds for all of them."""
    right = found = wanted = exact = 0
    seconds = 0.0
    for language, sentences in paragraphs(texts):
        text = ("" if language in ("zh", "ja") else " ").join(sentences)
        start = time.perf_counter()
        pieces = split(text, language)
        seconds += time.perf_counter() - start

        ours, gold = ends(pieces), ends(sentences)
        right += len(ours & gold)
        found += len(ours)
        wanted += len(gold)
        exact += ours == gold
        if show and ours != gold:
            print(f"  {language}: {' | '.join(piece.strip() for piece in pieces)}")

    return 200 * right / (found + wanted), exact, 1000 * seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wrong", action="store_true", help="list what is split otherwise")
    show = parser.parse_args().wrong

    for title, texts in {"gold": GOLD, "held out": HELD_OUT}.items():
        gold = list(paragraphs(texts))
        count = sum(len(sentences) for _, sentences in gold)
        print(f"{title}: {count} sentences in {len(gold)} paragraphs, {len(texts)} languages")
        print(f"{'':20}  {'F1':>5}  {'exact':>7}  {'ms':>6}")
        for name, split in splitters().items():
            f1, exact, milliseconds = measure(split, texts, show=show)
            print(f"{name:20}  {f1:5.1f}  {exact:3}/{len(gold)}  {milliseconds:6.1f}")


if __name__ == "__main__":
    main()
