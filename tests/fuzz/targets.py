"""Every reader of the project, as a target: valid files, and what reads them.

A target's `write` makes a folder of valid files; its `read` reads that folder, of which a file or
two have been damaged since. `read` may return whatever it likes or raise `SeqkitError`.
"""

from __future__ import annotations

import gzip
import itertools
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from letters import write_config, write_lines, write_pairs
from small_arpa import ARPA

import seqkit
from seqkit import ngram, recipes
from seqkit.data.files import read_lines
from seqkit.data.parallel import read_parallel, read_references
from seqkit.drawing import curves
from seqkit.language.data_config import LanguageData
from seqkit.language.prepared import PreparedText
from seqkit.plugins import components
from seqkit.text import TextConfig, Tokenizer, Vocab

WORDS = ["the", "cat", "dog", "man", "sees", "has", "ball", "tree", "bird", "house", "red", "a"]
TEXT = [" ".join(WORDS[i % 12 : i % 12 + 1 + i % 5]) for i in range(60)]


@dataclass(frozen=True)
class Target:
    """A reader: how its files are made, which of them are damaged, and how they are read."""

    name: str
    write: Callable[[Path], None]
    damaged: tuple[str, ...]  # patterns of the files that are damaged
    read: Callable[[Path], object]
    rounds: int = 30  # of the short fuzzer: dear ones get fewer

    def files(self, folder: Path) -> list[str]:
        """The files that are damaged, by their path in `folder`."""
        found = itertools.chain.from_iterable(folder.glob(pattern) for pattern in self.damaged)
        return sorted({str(path.relative_to(folder)) for path in found if path.is_file()})


# Config


def _write_configs(folder: Path) -> None:
    write_config(folder / "translation.toml")
    for name in ("timemachine/lstm", "demo/en-de"):
        shutil.copy(recipes.find(name), folder / f"{name.replace('/', '-')}.toml")


def _read_configs(folder: Path) -> None:
    for path in sorted(folder.glob("*.toml")):
        recipes.load(path, {"train.steps": 3})


def _write_settings(folder: Path) -> None:
    write_lines(
        folder / "search.toml",
        ["beam=5", "nbest=2", 'normalize="gnmt"', 'must=["a", "b c"]', "rules.some=1"],
    )


def _read_settings(folder: Path) -> None:
    from seqkit.cli.options import key_values
    from seqkit.config import build, override
    from seqkit.search.settings import SearchConfig

    values: dict[str, object] = {}
    pairs = (folder / "search.toml").read_text(encoding="utf-8", errors="surrogateescape")
    override(values, key_values(pairs.removesuffix("\n").split("\n"), "--search"))
    build(SearchConfig, values, "search settings")


# Runs


def _write_translator(folder: Path) -> None:
    write_pairs(folder)
    config = write_config(folder / "tiny.toml")
    seqkit.train(config, out=folder / "run", device="cpu")


def _write_subword_translator(folder: Path) -> None:
    write_pairs(folder)
    config = write_config(folder / "tiny.toml", tokenizer="sentencepiece")
    seqkit.train(config, out=folder / "run", overrides={"text.vocab_size": 280}, device="cpu")


def _open_translator(folder: Path) -> None:
    model = seqkit.load(folder / "run", device="cpu")
    model.translate(["a b", ""], max_length=6, beam=2)


def _resume_translator(folder: Path) -> None:
    more = {"train.steps": 5}
    config = folder / "tiny.toml"
    seqkit.train(config, out=folder / "run", overrides=more, resume=True, device="cpu")


def _write_language_model(folder: Path) -> None:
    write_lines(folder / "text", TEXT)
    (folder / "lm.toml").write_text(
        f"""task = "language-modelling"
data = {{ train = ["{folder / "text"}"], batch = 2, steps = 4, test_share = 0.1 }}
text = {{ tokenizer = "word" }}
model = {{ name = "lstm", embedding = 4, hidden = 6, layers = 1 }}
train = {{ steps = 2, eval_every = 1 }}
"""
    )
    seqkit.train(folder / "lm.toml", out=folder / "run", device="cpu")


def _open_language_model(folder: Path) -> None:
    model = seqkit.load(folder / "run", device="cpu")
    model.perplexity(["the cat sees", ""])
    list(model.predict(["a ball"]))


# Text


def _write_tokenizers(folder: Path) -> None:
    for name, more in (("char", {}), ("word", {}), ("sentencepiece", {"vocab_size": 290})):
        (folder / name).mkdir()
        Tokenizer.train(TEXT, TextConfig(tokenizer=name, **more)).save(folder / name)


def _read_tokenizers(folder: Path) -> None:
    for name in ("char", "word", "sentencepiece"):
        tokenizer = Tokenizer.load(folder / name, tokenizers=components().tokenizers.load)
        ids = tokenizer.encode("the ball é", bos=True, eos=True)
        tokenizer.decode(ids)


def _write_vocab(folder: Path) -> None:
    Vocab.build([line.split() for line in TEXT]).save(folder / "vocab.tsv")


def _read_vocab(folder: Path) -> None:
    vocab = Vocab.load(folder / "vocab.tsv")
    vocab.decode(vocab.encode(["cat", "unheard"]))
    repr(vocab.oov_rate)


def _write_texts(folder: Path) -> None:
    write_lines(folder / "a.txt", TEXT)
    write_lines(folder / "b.txt", [line.upper() for line in TEXT])
    write_lines(folder / "c.tsv", [f"{i}\t{line}\t{line[::-1]}" for i, line in enumerate(TEXT)])
    for name in ("a.txt", "b.txt"):
        packed = gzip.compress((folder / name).read_bytes(), mtime=0)
        (folder / f"{name}.gz").write_bytes(packed)


def _read_pairs(folder: Path) -> None:
    read_parallel([folder / "a.txt", folder / "b.txt.gz"])


def _read_tsv(folder: Path) -> None:
    read_parallel([folder / "c.tsv"], (2, 3))
    read_references([folder / "c.tsv"], (2, 3))


def _read_text(folder: Path) -> None:
    for name in ("a.txt", "b.txt.gz"):
        list(read_lines(folder / name))
        for block in ngram.text.blocks(folder / name):
            block.decode()
    files = {"train": [str(folder / "a.txt")], "valid": [str(folder / "b.txt.gz")]}
    PreparedText(LanguageData(**files), ["nfc", "spaces"])
    tsv = {"train": [str(folder / "c.tsv")], "column": 2}
    PreparedText(LanguageData(**tsv))


def _count_text(folder: Path) -> None:
    for name in ("a.txt", "a.txt.gz"):
        model = ngram.train(read_lines(folder / name), order=3, unk="skip")
        model.perplexity(["the cat"])


# n-gram models


def _write_arpa(folder: Path) -> None:
    (folder / "lm.arpa").write_text(ARPA, encoding="utf-8")
    (folder / "lm.arpa.gz").write_bytes(gzip.compress(ARPA.encode(), mtime=0))


def _read_arpa(folder: Path) -> None:
    for name in ("lm.arpa", "lm.arpa.gz"):
        _score(ngram.load(folder / name))


def _score(model: ngram.Model) -> None:
    model.perplexity(["ä b", "b c d", ""])
    model.score("ä b")
    list(model.generate(length=5, seed=1))


def _write_binary(folder: Path) -> None:
    ngram.save(ngram.train(["a b c", "b a", "c ä"], order=3), folder / "words.bin")
    ngram.save(ngram.train(TEXT, order=2, tokenizer="char"), folder / "letters.bin")


def _read_binary(folder: Path) -> None:
    for name in ("words.bin", "letters.bin"):
        _score(ngram.load(folder / name))


# Logs


def _write_log(folder: Path) -> None:
    write_pairs(folder)
    config = write_config(folder / "tiny.toml")
    seqkit.train(config, out=folder / "run", overrides={"train.watch": True}, device="cpu")


def _draw_log(folder: Path) -> None:
    log = curves.read(folder / "run/log.jsonl")
    curves.draw(log, folder / "curves.svg", title="a run")
    curves.draw_layers(log, folder / "layers.svg", title="a run")


TARGETS = [
    Target("config", _write_configs, ("*.toml",), _read_configs, 50),
    Target("settings", _write_settings, ("*.toml",), _read_settings, 200),
    Target("open-translator", _write_translator, ("run/**/*",), _open_translator, 15),
    Target(
        "open-subwords", _write_subword_translator, ("run/**/tokenizer/*",), _open_translator, 15
    ),
    Target("resume", _write_translator, ("run/**/*",), _resume_translator, 10),
    Target("open-language-model", _write_language_model, ("run/**/*",), _open_language_model),
    Target("tokenizers", _write_tokenizers, ("*/*",), _read_tokenizers, 60),
    Target("vocab", _write_vocab, ("vocab.tsv",), _read_vocab, 200),
    Target("pairs", _write_texts, ("a.txt", "b.txt.gz"), _read_pairs, 100),
    Target("tsv", _write_texts, ("c.tsv",), _read_tsv, 100),
    Target("text", _write_texts, ("*",), _read_text, 100),
    Target("counting", _write_texts, ("a.*",), _count_text, 20),
    Target("arpa", _write_arpa, ("*",), _read_arpa, 100),
    Target("ngram-binary", _write_binary, ("*",), _read_binary, 60),
    Target("log", _write_log, ("run/log.jsonl",), _draw_log, 2),
]
