"""Translation of the shipped model: text in, text out, loading not counted."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from ..core import Clock, Contestant, Outcome, Row, Settings, same_lines

TARGETS = ("ctranslate2", "huggingface")


def prepare(settings: Settings) -> None:
    """The model for the peers, and sentences of Multi30k."""
    from ..machine import whole
    from ..texts import lines_of

    folder = Path(settings["folder"])
    export(folder)
    if not (folder / "sentences.txt").exists():
        lines = lines_of("multi30k", "test_2016_flickr.en.gz")
        lines = islice(lines, 20 if settings["quick"] else 320)
        with whole(folder / "sentences.txt") as part:
            part.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def export(folder: Path) -> None:
    """The shipped model in the peers' formats, made anew when another one ships."""
    import shutil
    import subprocess
    import sys

    from ..machine import whole

    digest = _digest_of_shipped()
    known = folder / "shipped.sha256"
    if not known.exists() or known.read_text(encoding="utf-8") != digest:
        for target in TARGETS:
            shutil.rmtree(folder / target, ignore_errors=True)
        known.write_text(digest, encoding="utf-8")

    for target in TARGETS:
        if (folder / target).exists():
            continue
        with whole(folder / target) as part:
            export = ["seqkit", "export", "--to", target, "--out", str(part)]
            subprocess.run([sys.executable, "-m", *export], check=True)


def _digest_of_shipped() -> str:
    """SHA-256 of the shipped translator's files."""
    import hashlib

    from seqkit.runs.finding import find

    found = hashlib.sha256()
    for path in sorted(each for each in find(None).folder.rglob("*") if each.is_file()):
        found.update(path.read_bytes())
    return found.hexdigest()


def by_seqkit(settings: Settings, clock: Clock) -> Outcome:
    return _by_engine("torch", settings, clock)


def by_seqkit_on_ctranslate2(settings: Settings, clock: Clock) -> Outcome:
    return _by_engine("ctranslate2", settings, clock)


def _by_engine(engine: str, settings: Settings, clock: Clock) -> Outcome:
    import torch

    import seqkit

    torch.set_num_threads(1)
    translator = seqkit.load(device="cpu", engine=engine, compute="float32")
    options: dict[str, Any] = {"beam": settings["beam"], "split": False}
    batch = settings["batch"]

    def translate(lines: list[str]) -> list[str]:
        if batch > 1:
            return list(translator.translate(lines, **options))
        return [translator.translate([line], **options)[0] for line in lines]

    return _timed(translate, settings, clock)


def _timed(
    translate: Callable[[list[str]], list[str]], settings: Settings, clock: Clock
) -> Outcome:
    """The translations of all sentences, after those of a few that are not measured."""
    sentences = sentences_of(settings)
    translate(sentences[: min(settings["batch"], 8)])
    with clock:
        texts = translate(sentences)
    return Outcome(len(texts), texts)


def by_ctranslate2(settings: Settings, clock: Clock) -> Outcome:
    import ctranslate2
    import sentencepiece

    folder = f"{settings['folder']}/ctranslate2"
    pieces = sentencepiece.SentencePieceProcessor(model_file=f"{folder}/sentencepiece.model")
    translator = ctranslate2.Translator(folder, compute_type="float32", intra_threads=1)
    batch = settings["batch"]

    def translate(lines: list[str]) -> list[str]:
        groups = [lines] if batch > 1 else [[line] for line in lines]
        found = []
        for group in groups:
            results = translator.translate_batch(
                pieces.encode(group, out_type=str), beam_size=settings["beam"], max_batch_size=batch
            )
            found += [pieces.decode(result.hypotheses[0]) for result in results]
        return found

    return _timed(translate, settings, clock)


def by_transformers(settings: Settings, clock: Clock) -> Outcome:
    """At most as many tokens as our limit allows the longest line of a batch."""
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    torch.set_num_threads(1)
    folder = f"{settings['folder']}/huggingface"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    batch = settings["batch"]

    def translate(lines: list[str]) -> list[str]:
        order = sorted(range(len(lines)), key=lambda i: -len(lines[i]))
        found = [""] * len(lines)
        for first in range(0, len(order), batch):
            chosen = order[first : first + batch]
            inputs = tokenizer([lines[i] for i in chosen], return_tensors="pt", padding=True)
            longest = 2 * inputs["input_ids"].shape[1] + 10
            with torch.inference_mode():
                ids = model.generate(**inputs, num_beams=settings["beam"], max_new_tokens=longest)
            texts = tokenizer.batch_decode(ids, skip_special_tokens=True)
            for i, text in zip(chosen, texts, strict=True):
                found[i] = text
        return found

    return _timed(translate, settings, clock)


def sentences_of(settings: Settings) -> list[str]:
    path = Path(settings["folder"]) / "sentences.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    return lines if settings["batch"] > 1 else lines[: len(lines) // 4]


ROW = Row(
    title="translation by the shipped model, float32; the same weights in each program",
    unit="sentences",
    cases={
        "beam 5, batch 64": {"beam": 5, "batch": 64},
        "greedy, batch 64": {"beam": 1, "batch": 64},
        "beam 5, one by one": {"beam": 5, "batch": 1},
    },
    contestants=[
        Contestant("seqkit", by_seqkit),
        Contestant("seqkit on CTranslate2", by_seqkit_on_ctranslate2, is_variant=True),
        Contestant("CTranslate2", by_ctranslate2, peer="ctranslate2"),
        Contestant("transformers", by_transformers, peer="transformers"),
    ],
    agree=same_lines(0.9),
    prepare=prepare,
    targets={
        "beam 5, batch 64": {"CTranslate2": 1.0},
        "greedy, batch 64": {"CTranslate2": 0.8},
        "beam 5, one by one": {"CTranslate2": 0.6},
    },
)
