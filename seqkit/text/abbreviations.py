"""What a sentence splitter knows of a language: abbreviations, and words that begin sentences.

All of it is written in lower case and compared without regard to case.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Words:
    """The words of one language, or of all of them together."""

    never_end: frozenset[str]  # what they abbreviate comes before a name or a word: Dr., e.g.
    before_numbers: frozenset[str]  # end no sentence before a number: p. 3, No. 5
    may_end: frozenset[str]  # end a sentence if the next word often begins one: etc., Inc.
    beginnings: frozenset[str]  # words that often begin a sentence
    of_one_letter: frozenset[str]  # single letters that are words, not initials
    words_elsewhere: frozenset[str]  # abbreviations that are words of another language
    ordinals: bool  # whether a full stop makes a number an ordinal: 3. Mai


def words_of(language: str) -> Words:
    """The words of a language by its code, as "en" or "pt-BR"; of all of them if it is unknown."""
    code, *_ = language.lower().replace("_", "-").split("-")
    return _words(code if code in _LANGUAGES else "")


@cache
def _words(code: str) -> Words:
    if code:
        return _parsed(_LANGUAGES[code])

    known = [_parsed(text) for text in _LANGUAGES.values()]
    return Words(
        never_end=_united(words.never_end for words in known),
        before_numbers=_united(words.before_numbers for words in known),
        may_end=_united(words.may_end for words in known),
        beginnings=_united(words.beginnings for words in known),
        of_one_letter=_united(words.of_one_letter for words in known),
        words_elsewhere=_ALSO_WORDS,
        ordinals=True,
    )


def _united(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*sets)


def _parsed(text: str) -> Words:
    """From lines such as `numbers: p pp vol`."""
    found: dict[str, frozenset[str]] = {}
    for line in text.split("\n"):
        name, _, listed = line.strip().partition(":")
        found[name] = found.get(name, frozenset()) | frozenset(listed.split())

    nothing: frozenset[str] = frozenset()
    return Words(
        never_end=found.get("never", nothing),
        before_numbers=found.get("numbers", nothing),
        may_end=found.get("may", nothing),
        beginnings=found.get("begin", nothing),
        of_one_letter=found.get("letters", nothing),
        words_elsewhere=nothing,
        ordinals="ordinals" in found,
    )


# Abbreviations of one language that are words of another one. Without a language, they count as
# abbreviations where a number follows, or where they are written like a title: Sen. Warren.
_WORDS_ELSEWHERE = """
abb abs ad am an ann app art as bat bed bel ben bes bis bl br bud cal can cl cor dans des det
dist div do don dot e ed em en end eng ent er es exp ext fam ft gr h hab har hat her hon hl il im in
ing is it jj k kap kas kat la lat let lib lip lit los lot mag maj man mar mat me mel men met mi min
mod mons mor most nat no nos nov o od of on op or os par per pop por port pot pub red ref reg rel
rep rom s sal sat se sen ser set si sig sin sl so sol son sp span spec sun sur ta tel ten test tom
ton trans u un up us van ven ver vers vid von war was wed y za доп ок см тов
"""
_ALSO_WORDS = frozenset(_WORDS_ELSEWHERE.split())

_LANGUAGES = {
    "en": """
never: mr mrs ms mx messrs mmes dr drs prof profs rev revd fr hon gov govs sen sens rep reps pres
never: gen genl col lt ltcol cpl sgt maj capt cmdr cdr adm brig pvt supt insp det pfc ste mt mts
never: vs v e.g i.e cf viz approx ca resp incl excl esp asst assoc dept mgr atty
never: ald amb sec-gen msgr sra cit hrh
numbers: c p pp no nos nr vol vols fig figs ch chap chaps sec sect secs art arts par para paras eq
numbers: eqs eqn ex exx ext tab tbl ref refs app apt rm rte hwy n nn l ll op opp ver v vv ed bk bks
numbers: pt pts suppl jan feb mar apr may jun jul aug sep sept oct nov dec mon tue tues wed thu
numbers: thur thurs fri sat sun tel ph ext flt cl lot
may: etc inc ltd co corp bros llc plc jr sr esq ph.d m.d b.a m.a b.sc m.sc d.c a.m p.m u.s u.k u.n
may: al e.u u.s.a u.s.s.r b.c a.d ave blvd rd dr st sq hwy univ inst assn ed eds trans dist
may: jan feb apr aug sep sept oct nov dec fig figs hrs hr min mins secs lb lbs oz ft yd yds km kg
begin: the a an this that these those he she it they we you i there here then thus however but
begin: and so if when while after before because since although as at in on by for from with
begin: what who where why how which his her its their our your my some many most all no not now
begin: once one two later meanwhile finally both each every only even let please do did does is
begin: are was were can could would should nobody everyone nothing everything yes perhaps
letters: i
""",
    "de": """
never: gem hr hrn fr frl dr prof ing dipl mag st vgl bzw ca sog insb insbes evtl ggf gegr geb gest
never: inkl exkl zzgl abzgl etw allg bes bspw d.h z.b z.t u.a u.u i.d.r i.a i.e o.ä.g m.e v.a
never: s.o s.u o.g vs verh kath ev röm griech lat engl frz dt österr schweiz amerik russ ital span
never: jap chin hl abt hrsg red übers bearb hptm obst gen lt ltn kpt priv univ
numbers: abs art nr nrn kap s bd bde abb tab tabelle § §§ anm aufl fn rn rdnr rz ziff lfd buchst
numbers: vers str tel hft jg sp bl jan jän feb mär apr mai jun jul aug sep sept okt nov dez mo di
numbers: mi do fr sa so hnr pos ca str
may: usw etc uvm usf mio mrd tsd str co gmbh std min sek jh jhd jhdt tel u.a.m u.ä o.ä n.chr v.chr
may: jan jän feb mär apr jun jul aug sep sept okt nov dez jr sen e.v a.d ff f
begin: der die das ein eine einer er sie es wir ihr ich du man dies diese dieser dieses jene und
begin: aber oder doch denn dann da dort hier heute gestern morgen jetzt nun so also wenn als
begin: weil obwohl nach vor seit bei mit in im am an auf aus für von zu zum zur über unter wer was
begin: wo wann warum wie welche sein seine ihre mein meine unser alle viele manche kein keine nicht
begin: auch nur noch schon danach damals später schließlich trotzdem deshalb ja nein bitte
ordinals:
""",
    "fr": """
never: m mm mme mmes mlle mlles dr prof pr me mgr st ste cf c.-à-d p.ex p.-ex env resp not vve
never: gén col cap lt cdt adj av bd fbg vs ndlr
numbers: p pp art chap ch vol t fig n no nos al § éd col l liv réf tél tab janv févr avr juil sept
numbers: oct nov déc av ann sect v vers rm
may: etc suiv s.a s.a.r.l inc ltée cie j.-c av.j.-c apr.j.-c janv févr juil sept oct nov déc jr
may: hab min env r.d.c
begin: le la les l' un une des il elle ils elles on nous vous je tu ce cet cette ces c'est mais et
begin: ou donc or car puis ensuite alors ainsi quand lorsque si comme après avant depuis pendant
begin: dans en à au aux avec sans sous sur pour par chez qui que quoi où pourquoi comment son sa
begin: ses leur leurs mon ma mes notre votre tout tous toutes chaque plusieurs aucun rien personne
begin: hier demain ici là oui non enfin cependant
""",
    "es": """
never: sr sra sres sras srta srtas dr dra dres d dña dª prof profa lic ing arq ud uds vd vds gral
never: ee rr ff cc cnel cap tte sgto sto sta fr mons excmo excma ilmo ilma rvdo p.ej pej v.gr cf cfr
never: vs aprox
never: avda av c/ pza atte
numbers: pág págs p pp núm núms nº n art arts cap caps vol vols fig figs t tel tfno ed párr ref sec
numbers: lám ene feb mar abr may jun jul ago sept oct nov dic apdo dpto km l lib
may: etc ee.uu s.a s.l cía ltda a.c d.c a.m p.m hnos ene feb abr jun jul ago sept oct nov dic jr
begin: el la los las un una unos unas él ella ellos ellas yo tú nosotros usted ustedes esto este
begin: esta estos estas ese esa eso aquel aquella pero y o si no sí cuando donde como porque
begin: aunque después antes luego entonces así también además hoy ayer mañana aquí allí en de a
begin: al del con sin por para sobre entre desde hasta qué quién quiénes cuál cómo dónde se lo le
begin: su sus mi mis tu todo todos muchos algunos nadie nada hay es son fue era
letters: y o
""",
    "it": """
never: sig sigg sig.ra sig.na sigra dott dottssa dott.ssa prof prof.ssa ing avv arch geom rag on
never: sen gen col cap ten mons s ss cf cfr es p.es ad.es vs ca egr gent spett
numbers: pag pagg p pp art artt cap capp vol voll fig figg n nn nr num tab t sez par co lett tel
numbers: genn febb mar apr magg giu lug ago sett ott nov dic v vv ed
may: ecc etc s.p.a s.r.l s.n.c a.c d.c u.s.a genn febb apr magg giu lug ago sett ott nov dic jr
begin: il lo la i gli le l' un uno una egli lui lei loro noi voi io tu questo questa questi queste
begin: quello quella ma e ed o se quando dove come perché poi dopo prima allora così anche inoltre
begin: oggi ieri domani qui in di a da con su per tra fra nel nella al alla dal dalla chi che cosa
begin: quale si non sì no suo sua mio tutto tutti molti alcuni nessuno niente c'è è era
letters: è e o
""",
    "pt": """
never: sr sra srs sras srta dr dra drs prof profa profs d dona eng arq adv gen cel cap ten sgt pe
never: exmo exma ilmo v.ex v.exa p.ex pex vs aprox cf av al dep
numbers: pág págs p pp n nº núm art arts cap caps vol vols fig figs tel ed t séc sec par inc jan fev
numbers: mar abr mai jun jul ago set out nov dez apto km
may: etc s.a ltda cia e.u.a eua a.c d.c jr jan fev abr jun jul ago set out nov dez
begin: o a os as um uma uns umas ele ela eles elas eu tu nós você vocês isto este esta estes estas
begin: esse essa isso aquele aquela mas e ou se quando onde como porque depois antes então assim
begin: também além hoje ontem amanhã aqui ali em de do da no na nos nas com sem por para sobre
begin: entre desde até que quem qual seu sua meu minha todo todos muitos alguns ninguém nada há é
letters: é e o
""",
    "nl": """
never: dhr mw mevr mej dr drs ir ing mr prof ds pr st jhr jkvr bijv bv d.w.z i.p.v t.o.v m.b.t
never: m.n a.h.w o.a i.v.m n.a.v ca vgl cf resp incl excl evt zgn z.g.a vs gen kol lt burg wnd
numbers: blz p pp nr nrs art afb fig hfst hst dl jg tel no tab jan feb mrt apr jun jul aug sep sept
numbers: okt nov dec par lid
may: enz etc e.d e.a n.v b.v a.u.b jl mld mln jr sr jan feb mrt apr jun jul aug sep sept okt nov
may: dec n.chr v.chr
begin: de het een hij zij ze wij we ik jij je u jullie dit dat deze die er hier daar nu toen dan
begin: maar en of want dus als wanneer omdat hoewel na voor sinds bij met in op aan uit van door
begin: over onder wie wat waar waarom hoe welke zijn haar hun mijn ons onze alle veel sommige geen
begin: niet ook nog al later eindelijk ja nee
""",
    "ru": """
never: г г-н г-жа тов гр проф акад доц им св ул пр просп пер пл наб бул д корп кв обл р-н
never: т.е т.н т.к т.о напр см ср ок прим пос дер ст-ца о оз р инж зам пом ген полк кап
never: канд лат англ нем фр греч илл
numbers: стр с рис табл гл п пп ст ч т тт вып изд № тел кв к эт д разд янв февр мар апр авг сент
numbers: окт нояб дек ок
may: т.д т.п др пр гг г вв в н.э до.н.э руб коп тыс млн млрд чел мин сек час км кг см мм с.ш в.д
may: янв февр апр авг сент окт нояб дек
begin: он она оно они мы вы я ты это этот эта эти тот та те но и а или если когда где как потому
begin: хотя после до потом затем тогда так также сегодня вчера завтра здесь там в во на с со по
begin: из к от за для при о об у кто что какой почему зачем его её их мой наш все всё многие
begin: некоторые никто ничто не нет да однако поэтому теперь уже
letters: я и в к о с у а
""",
    "uk": """
never: п проф акад доц ім св вул просп пров пл бул буд корп кв обл р-н тобто т.зв напр див пор
never: бл прим смт с о р ген полк канд лат англ нім гр
numbers: стор с рис табл гл розд п пп ст ч т вип вид № тел кв січ лют бер квіт трав черв лип серп
numbers: вер жовт лист груд
may: т.д т.п та.ін ін рр р ст н.е грн коп тис млн млрд чол хв сек км кг
begin: він вона воно вони ми ви я ти це цей ця ці той та ті але і й а або якщо коли де як тому
begin: хоча після до потім тоді так також сьогодні вчора завтра тут там в у на з зі по із від за
begin: для при про хто що який чому його її їх мій наш всі все багато деякі ніхто не ні
letters: я і й в у з а
""",
    "pl": """
never: p dr prof mgr inż hab doc ks św bł abp bp o gen płk kpt por mjr sierż im ul al pl
never: os np tzn tzw m.in ok zob wg tj red oprac pt ps wz vs ww nt ds dot
numbers: s str nr rys tab art ust pkt poz par rozdz roz t cz z zob tel ryc il
may: itd itp etc r w wz ww zł gr tys mln mld godz min sek km kg n.e p.n.e jr
begin: on ona ono oni one my wy ja ty to ten ta te tamten ale i a lub albo jeśli jeżeli kiedy gdy
begin: gdzie jak bo ponieważ chociaż po przed potem wtedy tak także dziś dzisiaj wczoraj jutro tu
begin: tam w we na z ze do od za dla przy o u kto co który dlaczego jego jej ich mój nasz
begin: wszyscy wszystko wiele niektóre nikt nic nie
letters: i a
ordinals:
""",
    "cs": """
never: p pí sl dr prof doc ing mgr bc mudr judr phdr rndr sv gen plk kpt por nám ul tř např
never: tzv tj resp popř cca vs srov mj kupř zvl jm arch
numbers: s str č čís obr tab čl odst kap sv sešit roč tel pozn
may: atd apod aj etc kč tis mil mld hod min sek n.l př.n.l r st jr s.r.o a.s
begin: on ona ono oni my vy já ty to ten ta ti ale a nebo jestli když kde jak protože ačkoli po
begin: před potom pak tehdy tak také dnes včera zítra tady tam v ve na z ze do od za pro při o u
begin: kdo co který proč jeho její jejich můj náš všichni vše mnoho někteří nikdo nic ne není
letters: a
ordinals:
""",
    "sv": """
never: dr prof doc ing fil kand hr fr frk st s:t bl.a t.ex d.v.s dvs tex bla s.k sk f.d fd m.fl.a
never: ca jfr jmf resp inkl exkl enl vs ev eg gen kapt
numbers: s sid nr kap fig tab bil st art par tel jan feb mar apr jun jul aug sep sept okt nov dec kl
may: osv etc m.m mm m.fl mfl o.s.v o.d od f.kr e.kr kr tkr mkr jr ab jan feb apr jun jul aug sep
may: sept okt nov dec
begin: han hon den det de vi ni jag du man detta denna dessa en ett men och eller om när där här
begin: hur eftersom fast efter innan sedan då så också idag igår imorgon nu i på av för från med
begin: till vid under över vem vad vilken varför hans hennes deras min vår alla många några ingen
begin: inget inte ja nej
letters: i å ö
""",
    "da": """
never: hr fr frk dr prof ing cand mag skt st bl.a f.eks feks d.v.s dvs s.k ca jf jfr resp inkl
never: ekskl evt vs gen kapt pga m.h.t ift vedr
numbers: s nr kap fig tab bd art stk par tlf jan feb mar apr jun jul aug sep sept okt nov dec kl §
may: osv etc m.m mm m.fl mfl o.s.v o.l kr mio mia f.kr e.kr jr jan feb apr jun jul aug sep sept
may: okt nov dec
begin: han hun den det de vi i jeg du man dette denne disse en et men og eller hvis når hvor her
begin: der hvordan fordi selvom efter før siden da så også dag går nu på af for fra med til ved
begin: under over hvem hvad hvilken hvorfor hans hendes deres min vores alle mange nogle ingen
begin: intet ikke ja nej
letters: i å ø
ordinals:
""",
    "nb": """
never: hr fr frk dr prof ing cand mag st bl.a f.eks feks d.v.s dvs s.k ca jf jfr resp inkl ekskl
never: evt vs gen kapt pga mht ifm vedr
numbers: s nr kap fig tab bd art pkt par tlf jan feb mar apr jun jul aug sep sept okt nov des kl §
may: osv etc m.m mm m.fl mfl o.s.v o.l kr mill mrd f.kr e.kr jr jan feb apr jun jul aug sep sept
may: okt nov des
begin: han hun den det de vi dere jeg du man dette denne disse en et ei men og eller hvis når hvor
begin: her der hvordan fordi selv etter før siden da så også nå på av for fra med til ved under
begin: over hvem hva hvilken hvorfor hans hennes deres min vår alle mange noen ingen ikke ja nei i
letters: i å ø
ordinals:
""",
    "fi": """
never: hra rva nti tri prof esim ks vrt mm ns nk ts toim huom n ent nyk vt ao em
numbers: s ss nro n:o kuva taul luku art mom kohta puh klo os
may: jne yms ym tms eaa jaa ekr jkr milj mrd jr oy
begin: hän he me te minä sinä se ne tämä tuo nämä nuo mutta ja tai jos kun missä miten koska vaikka
begin: sitten ennen jälkeen niin myös tänään eilen huomenna nyt täällä siellä kuka mikä miksi
begin: kaikki monet jotkut kukaan ei en on oli
ordinals:
""",
    "tr": """
never: sn dr doç prof av öğr yrd alb gen yzb bkz örn krş hz st mah cad sok apt
numbers: s sf no nr c bl şek tab md tel
may: vb vs vd a.ş ltd şti m.ö m.s yy tl jr
begin: o bu şu onlar biz siz ben sen ama ve veya eğer nerede nasıl çünkü sonra önce o zaman bugün
begin: dün yarın şimdi burada orada kim ne neden onun bizim herkes bütün bazı hiç evet hayır bir
letters: o
ordinals:
""",
    "ro": """
never: dl d-l dna d-na dra d-ra dr prof ing conf lect acad gen col cpt mr sf str bd ex d.ex
never: p.ex cf vs cca aprox jud
numbers: p pp pag nr art alin cap vol fig tab lit t ed tel lit ian feb mar apr iun iul aug sept oct
numbers: nov dec
may: etc s.a s.r.l a.c î.hr d.hr lei mil mld jr ș.a ian feb apr iun iul aug sept oct nov dec
begin: el ea ei ele noi voi eu tu acesta aceasta acest această acei dar și sau dacă când unde cum
begin: pentru deși după înainte apoi atunci așa azi ieri mâine acum aici acolo în din la cu pe de
begin: cine ce care lui toți multe unii nimeni nimic nu da un o
letters: o a
""",
    "hu": """
never: dr prof ifj id özv st szt ún ill pl kb vö ld bp tan vez
numbers: old o fej ábr táb köt sz tel jan febr márc ápr máj jún júl aug szept okt nov dec
may: stb kft rt zrt nyrt bt i.e i.sz u kr ft jr jan febr márc ápr máj jún júl aug szept okt nov dec
begin: ő ők mi ti én te ez az ezek azok a egy de és vagy ha amikor ahol hogyan mert bár után előtt
begin: majd akkor így is ma tegnap holnap most itt ott ki mi miért mindenki sok néhány senki nem
letters: a ő
ordinals:
""",
    "el": """
never: κ κα κος δρ καθ αγ π.χ πχ δηλ λ.χ βλ πρβλ περ στρ υπ αν
numbers: σ σελ αρ αριθ τ τομ κεφ εικ πιν παρ τηλ ιαν φεβ μαρ απρ ιουν ιουλ αυγ σεπ οκτ νοε δεκ
may: κ.λπ κλπ κ.ά κ.τ.λ κτλ π.μ μ.μ μ.χ α.ε ε.π.ε εκ χιλ
begin: ο η το οι τα ένας μια ένα αυτός αυτή αυτό αυτοί εμείς εσείς εγώ εσύ αλλά και ή αν όταν όπου
begin: πώς γιατί επειδή μετά πριν τότε έτσι επίσης σήμερα χθες αύριο τώρα εδώ εκεί σε στο στη στον
begin: στην από με για ποιος τι πού δεν όχι ναι όλοι πολλοί
letters: ο η ή
""",
}
