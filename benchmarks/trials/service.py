"""The memory of `seqkit serve` over a long time of mixed load, a line a minute:

    python -m benchmarks.trials.service [--minutes 60] [--clients 8] [--pause 0.05]

Sentences, texts of many lines, HTML, lists of translations, what words looked at, detection,
documents that are fetched or abandoned, bad requests, broken documents, and clients that leave
before they are answered. Fails if the memory of the last third is more than 5 % above that of the
second, or if what should be answered is not. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ..machine import cpu
from ..served import cpu_seconds, memory, sentences_of, served
from ..service_client import Client

GROWTH = 1.05
_EVERY = 10.0  # seconds between two looks at the memory

Act = Callable[["Visitor"], Awaitable[None]]


class Visitor:
    """A client that does whatever comes to its mind."""

    def __init__(self, address: str, sentences: Sequence[str], seed: int) -> None:
        self.client = Client(address)
        self.random = random.Random(seed)
        self._sentences = sentences

    def some(self, count: int) -> list[str]:
        return self.random.sample(self._sentences, count)

    async def ask(self, path: str, content: Any, status: int = 200) -> Any:
        """Raises `AssertionError` for another status."""
        found, answer = await self.client.post(path, content)
        assert found in (status, 429), f"{path}: {found}, {answer}"
        return answer

    async def send(self, name: str, data: bytes, status: int = 202) -> Any:
        """A document."""
        body = (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n--x--'
            b"\r\n" % (name.encode(), data)
        )
        head = (
            "POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; "
            f"boundary=x\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        found, answer = await self.client.send(head.encode() + body)
        assert found in (status, 429), f"{name}: {found}, {answer}"
        return answer if found == status else None

    async def get(self, path: str) -> Any:
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        return (await self.client.send(head.encode()))[1]


async def sentence(one: Visitor) -> None:
    await one.ask("/v1/translate", {"text": one.some(1)[0]})


async def text(one: Visitor) -> None:
    lines = "\n".join(one.some(20))
    await one.ask("/translate", {"q": lines, "source": "auto", "target": "de"})


async def html(one: Visitor) -> None:
    page = "".join(f"<p>{line.replace(' a ', ' <b>a</b> ')}</p>" for line in one.some(5))
    await one.ask("/translate", {"q": page, "source": "en", "target": "de", "format": "html"})


async def nbest(one: Visitor) -> None:
    await one.ask("/v1/translate", {"text": one.some(3), "nbest": 5})


async def explanation(one: Visitor) -> None:
    await one.ask("/v1/explain", {"text": one.some(1)[0]})


async def detection(one: Visitor) -> None:
    await one.ask("/detect", {"q": one.some(1)[0]})


async def document(one: Visitor) -> None:
    page = "".join(f"<p>{line}</p>\n" for line in one.some(40))
    job = await one.send("a.html", page.encode())
    while job and job["state"] in ("waiting", "running"):
        await asyncio.sleep(0.5)
        job = await one.get(job["url"])
    assert job is None or job["state"] == "done", job


async def abandoned(one: Visitor) -> None:
    await one.send("a.txt", "\n".join(one.some(100)).encode())


async def broken(one: Visitor) -> None:
    await one.send("a.docx", one.random.randbytes(100_000), status=422)


async def nonsense(one: Visitor) -> None:
    await one.ask("/v1/translate", {"text": 1}, status=422)
    await one.ask("/translate", {"q": "a", "source": "en", "target": "xx"}, status=400)


async def leaves(one: Visitor) -> None:
    asking = asyncio.ensure_future(one.ask("/v1/translate", {"text": one.some(50)}))
    await asyncio.sleep(0.1)
    asking.cancel()
    one.client.close()


ACTS: dict[Act, int] = {
    sentence: 40, text: 5, html: 8, nbest: 5, explanation: 5, detection: 10, document: 3,
    abandoned: 2, broken: 3, nonsense: 5, leaves: 4,
}  # fmt: skip


async def _visit(one: Visitor, until: float, pause: float, done: Counter[str]) -> None:
    acts, weights = list(ACTS), list(ACTS.values())
    while time.monotonic() < until:
        (act,) = one.random.choices(acts, weights)
        try:
            await act(one)
        except (AssertionError, OSError, asyncio.IncompleteReadError) as error:
            done["failed"] += 1
            print(f"{act.__name__}: {error!r}", file=sys.stderr, flush=True)
            one.client.close()
        done[act.__name__] += 1
        await asyncio.sleep(pause)


async def _watch(pid: int, until: float, done: Counter[str], seen: list[int]) -> None:
    began = time.monotonic()
    minute = 0
    while time.monotonic() < until:
        seen.append(memory(pid))
        passed = time.monotonic() - began
        if passed >= 60 * minute:
            print(
                f"{minute} min: {seen[-1] / 1e6:.0f} MB, {cpu_seconds(pid):.0f} CPU s, "
                f"{done.total() - done['failed']:,} done, {done['failed']} failed",
                flush=True,
            )
            minute += 1
        await asyncio.sleep(_EVERY)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between two requests")
    parser.add_argument("--model", default="en-de")
    options = parser.parse_args()

    print(cpu(), flush=True)
    sentences = sentences_of("")
    done: Counter[str] = Counter()
    seen: list[int] = []
    with served(options.model) as (address, pid):
        until = time.monotonic() + 60 * options.minutes
        visitors = [Visitor(address, sentences, seed) for seed in range(options.clients)]

        async def everybody() -> None:
            visits = [_visit(one, until, options.pause, done) for one in visitors]
            await asyncio.gather(_watch(pid, until, done, seen), *visits)

        asyncio.run(everybody())

    third = len(seen) // 3
    before, after = (sum(part) / len(part) for part in (seen[third : 2 * third], seen[2 * third :]))
    print(f"{dict(done)}; second third {before / 1e6:.1f} MB, last {after / 1e6:.1f} MB")
    if after > GROWTH * before or done["failed"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
