"""`seqkit serve` under load: sentences a second, latencies, memory; beside `seqkit translate -i`.

    SEQKIT_CORPORA=… python benchmarks/service_load.py [--clients 1 16 200] [--seconds 120]
    python benchmarks/service_load.py --model zh-en=FILE.argosmodel --source zh --target en \
        --text FILE --beside http://127.0.0.1:5000

The clients ask for sentences of 15 words, one after the other, as fast as they are answered. An
answer is lost if it is an error, or one to another sentence. What is the same sentence must get the
translation that the command gives it. Server, clients and command share the cores that this process
may use; CPU seconds tell what each cost. `--beside` is a LibreTranslate that already runs.
"""

from __future__ import annotations

import argparse
import gzip
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from machine import cpu
from service_client import Load, libretranslate, native, press, read_libretranslate, read_native

from seqkit.recipes import corpora

WORDS = 15
SENTENCES = 2000
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16, 200])
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--model", default="en-de")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--compute", default="float32", help="as `seqkit serve` takes it")
    parser.add_argument("--beam", type=int, default=0, help="else that of the model")
    parser.add_argument("--text", type=Path, help="sentences, one a line; else those of 15 words")
    parser.add_argument("--source", default="en")
    parser.add_argument("--target", default="de")
    parser.add_argument("--beside", help="the address of a LibreTranslate")
    parser.add_argument("--beside-pid", type=int, help="its process, for its CPU and memory")
    options = parser.parse_args()

    sentences = sentences_of(options.text)
    print(f"{cpu()}; {len(sentences):,} sentences\n", flush=True)
    settings = ["--threads", str(options.threads), "--compute", options.compute]
    expected = _translated(options.model, sentences, settings)
    with served(options.model, settings=settings) as (address, pid):
        press(address, sentences[:50], 4, 3.0, native(), read_native)  # warm
        for clients in options.clients:
            _measure(f"seqkit, {clients} clients", address, pid, sentences, clients, options)
            if options.beside:
                name = f"LibreTranslate, {clients} clients"
                _measure(
                    name, options.beside, options.beside_pid, sentences, clients, options,
                    is_theirs=True,
                )  # fmt: skip
        _check_same(address, sentences, expected)


def _measure(
    name: str,
    address: str,
    pid: int | None,
    sentences: Sequence[str],
    clients: int,
    options: argparse.Namespace,
    *,
    is_theirs: bool = False,
) -> Load:
    ask, read = native(options.beam), read_native
    if is_theirs:
        ask, read = libretranslate(options.source, options.target), read_libretranslate
    before = cpu_seconds(pid)
    load = press(address, sentences, clients, options.seconds, ask, read)
    spent = cpu_seconds(pid) - before

    row = [
        name,
        f"{load.rate:.1f}",
        f"{len(load.latencies) / spent:.1f}" if spent else "",
        f"{1000 * load.quantile(0.5):.0f}",
        f"{1000 * load.quantile(0.95):.0f}",
        f"{len(load.latencies):,}",
        f"{len(load.errors)}",
        f"{load.refused}",
        f"{memory(pid) / 1e6:,.0f}",
    ]
    print(f"| {' | '.join(row)} |", flush=True)
    for error in load.errors[:3]:
        print(f"  {error}", file=sys.stderr)
    return load


def _check_same(address: str, sentences: Sequence[str], expected: dict[str, str]) -> None:
    load = press(address, sentences[:200], 8, 5.0, native(), read_native)
    others = [one for one, found in load.translations.items() if found != {expected[one]}]
    print(f"\n{len(load.translations)} sentences again: {len(others)} unlike the command's")


def _translated(model: str, sentences: Sequence[str], settings: Sequence[str]) -> dict[str, str]:
    """What the command makes of the sentences; prints how fast it was."""
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name) / "a.txt", Path(name) / "b.txt"
        source.write_text(f"{sentences[0]}\n", encoding="utf-8")
        start = _run_command(model, source, target, settings)
        source.write_text("".join(f"{one}\n" for one in sentences), encoding="utf-8")
        whole = _run_command(model, source, target, settings)
        lines = target.read_text(encoding="utf-8").splitlines()

    seconds, spent = (after - before for after, before in zip(whole, start, strict=True))
    print("| what | sentences/s | a CPU s | p50 ms | p95 ms | answers | errors | 429 | MB |")
    print("|---|---|---|---|---|---|---|---|---|")
    rates = f"{len(sentences) / seconds:.1f} | {len(sentences) / spent:.1f}"
    print(f"| `translate -i`, without its start | {rates} | | | | | | |", flush=True)
    return dict(zip(sentences, lines, strict=True))


def _run_command(
    model: str, source: Path, target: Path, settings: Sequence[str]
) -> tuple[float, float]:
    """Seconds, and CPU seconds."""
    command = [sys.executable, "-m", "seqkit", "translate", "-m", model.partition("=")[2] or model]
    command += ["-i", str(source), "-o", str(target), *settings]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, spent


@contextmanager
def served(*models: str, settings: Sequence[str] = ()) -> Iterator[tuple[str, int]]:
    """The address of a service with these models, and its process."""
    command = [sys.executable, "-m", "seqkit", "serve", "--port", "0", *settings]
    for model in models:
        command += ["-m", model]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        address = ""
        while not address:
            line = process.stderr.readline()
            if not line:
                raise SystemExit("the service has ended")
            address = next((word for word in line.split() if word.startswith("http://")), "")
        threading.Thread(target=deque, args=(process.stderr, 0), daemon=True).start()  # its log
        yield address.rstrip(".,"), process.pid
    finally:
        process.terminate()
        process.wait()


def sentences_of(path: Path | None) -> list[str]:
    """Those of a file, or of Multi30k those of 15 words."""
    if path is not None:
        return list(dict.fromkeys(path.read_text(encoding="utf-8").splitlines()))[:SENTENCES]
    (file,) = corpora().locate("multi30k", ["train.en.gz"])
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        chosen = [line.strip() for line in lines if len(line.split()) == WORDS]
    return list(dict.fromkeys(chosen))[:SENTENCES]


def cpu_seconds(pid: int | None) -> float:
    if pid is None:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory(pid: int | None) -> int:
    """Bytes that a process has in memory."""
    if pid is None:
        return 0
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
