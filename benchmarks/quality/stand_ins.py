"""Code in sentences: translated with stand-ins, and cut at it, as earlier versions did.

    python -m benchmarks.quality.stand_ins [MODEL] [--corpus tatoeba-deu-eng] [--reverse] [--show]

Sentences with references, by the held-out parts of a parallel corpus: a word or number that both
sides have, or a name (`NAMES`), becomes the same code on both sides. Names that are stand-ins
themselves are left alone. After them, lines of READMEs, which have no references.

Printed are how many of the bits of code came back exactly once, how many outputs have a stand-in
that the source has not, BLEU, chrF, and the seconds of CPU time.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator, Sequence

import seqkit
from seqkit.metrics.overlap import bleu, chrf
from seqkit.translation import stand_ins
from seqkit.translation.segments import joined

from .term_quality import held_out, parser_of

CODE = [
    "`seqkit`", "`train.toml`", "`--beam`", "`load()`", "`config`", "`KeyError`", "`batch_size`",
    "`/etc/hosts`", "`None`", "main.py", "https://example.org/a", "{name}", "%s", "tom@example.com",
]  # fmt: skip
NAMES = {
    "波士顿": "Boston", "波士頓": "Boston", "日本": "Japan", "东京": "Tokyo", "東京": "Tokyo",
    "中国": "China", "汤姆": "Tom", "湯姆": "Tom", "北京": "Beijing", "伦敦": "London",
}  # fmt: skip
README = """
Run `pip install seqkit` first.
The *station* is `here`.
The option `-v` prints more information.
Set `DEBUG=1` in your environment to see every request.
If the file `config.toml` does not exist, it is created.
The function `load()` returns a `Translator`.
Files ending in `.md` are read as Markdown.
`seqkit train` writes a run folder.
See https://example.com/docs for more examples.
Send bugs to bugs@example.com, please.
You can change the port with `--port 8080`.
Both `a.txt` and `b.txt` must have the same number of lines.
The variable `PATH` must contain the folder `/usr/local/bin`.
Copy the key into `~/.ssh/authorized_keys` on the server.
This raises a `ValueError` if the list is empty.
The default value of `timeout` is 30 seconds.
When `verbose` is `true`, all messages are shown.
Hello {name}, you have %d new messages.
Could not open file %s.
The user {user} deleted the page {page}.
Do you really want to delete "%s"?
Every sentence is read by `encode` and written by `decode`.
Press `Ctrl`+`C` to stop the program.
Instead of `print`, use the module `logging`.
What happens if `x` is negative?
""".strip().split("\n")
README_IN_CHINESE = """
请先运行 `pip install seqkit`。
选项 `-v` 会显示更多信息。
如果文件 `config.toml` 不存在，就会创建它。
函数 `load()` 返回一个 `Translator`。
更多例子请看 https://example.com/docs 。
可以用 `--port 8080` 改变端口。
`a.txt` 和 `b.txt` 必须有相同的行数。
如果列表是空的，就会出现 `ValueError`。
当 `verbose` 是 `true` 时，显示所有消息。
你好，{name}，你有 %d 条新消息。
无法打开文件 %s。
按 `Ctrl+C` 停止程序。
""".strip().split("\n")

_CODE = re.compile(
    r"`[^`]+`|https://[a-z./]+[a-z]|tom@example.com|bugs@example.com|main\.py|\{\w+\}|%[sd]"
)
_WORD = re.compile(r"[A-Za-z]{3,}|\d{2,}")
_STAND_INS = sorted(stand_ins.NAMES + stand_ins.NUMBERS)

Pair = tuple[str, str]


def main() -> None:
    options = parser_of(__doc__).parse_args()

    translator = seqkit.load(options.model, device="cpu")
    pairs = list(with_code(options.corpus, options.reverse))
    sources, references = [source for source, _ in pairs], [target for _, target in pairs]
    report(translator, sources, references, show=options.show)
    report(translator, README_IN_CHINESE if options.reverse else README, [], show=options.show)


def report(
    translator: seqkit.Translator, sources: Sequence[str], references: Sequence[str], *, show: bool
) -> None:
    wanted = [_CODE.findall(source) for source in sources]
    print(f"{len(sources)} sentences with {sum(map(len, wanted))} bits of code")
    outputs = {}
    translator.translate(sources[:1])
    for name in ("cut", "stand-ins"):
        began = time.process_time()
        texts = cut(translator, sources) if name == "cut" else translator.translate(sources)
        seconds = time.process_time() - began

        kept = sum(
            text.count(code) == 1
            for codes, text in zip(wanted, texts, strict=True)
            for code in codes
        )
        strays = sum(map(stray, sources, texts))
        metrics = (bleu, chrf) if references else ()
        scores = [f"{metric(texts, [references]).score:.2f}" for metric in metrics]
        print(f"| {name} | {kept} | {strays} | {' | '.join(scores)} | {seconds:.1f} |")
        outputs[name] = texts
    if show:
        for i, source in enumerate(sources):
            print("", source, *(f"    {texts[i]}" for texts in outputs.values()), sep="\n")


def cut(translator: seqkit.Translator, sources: Sequence[str]) -> list[str]:
    """The translations of sentences that are cut at what is copied."""
    search = translator.search
    lines = [translator.cut(source, search) for source in sources]
    found = iter(translator.search_parts([part for line in lines for part in line.parts], search))
    return [joined(line.lead, [next(found) for _ in line.parts], search)[0].text for line in lines]


def stray(source: str, translation: str) -> bool:
    """Whether a translation has a stand-in that its source has not in its own words."""
    known = source.replace("Mary", "Maria") + "".join(NAMES[one] for one in NAMES if one in source)
    return any(one in translation and one not in known for one in _STAND_INS)


def with_code(corpus: str, reverse: bool) -> Iterator[Pair]:
    """Held-out pairs with code in the place of words that both sides have."""
    rng = random.Random(5)
    seen: set[str] = set()
    for source, target in held_out(corpus, reverse):
        shared = dict(_shared(source, target))
        if not shared or source in seen:
            continue
        seen.add(source)
        codes = rng.sample(CODE, len(shared))
        for (here, there), code in zip(list(shared.items())[:2], codes, strict=False):
            source, target = _alone(here).sub(code, source), _alone(there).sub(code, target)
        yield source, target


def _shared(source: str, target: str) -> Iterator[Pair]:
    words = {word.casefold(): word for word in _WORD.findall(target)}
    same = {word: words.get(word.casefold(), "") for word in _WORD.findall(source)}
    for here, there in (same | NAMES).items():
        is_alone = len(_alone(here).findall(source)) == len(_alone(there).findall(target)) == 1
        if there and is_alone and here not in _STAND_INS and here.casefold() not in _ALIKE:
            yield here, there


_ALIKE = {"war", "die", "fast", "bald", "hat", "den", "will", "was", "also", "man", "hut", "tag"}
"""Words that both languages have, in other senses."""


def _alone(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9`]){re.escape(word)}(?![A-Za-z0-9`])")


if __name__ == "__main__":
    main()
