"""Clients of a service, many in one process: HTTP/1.1 over plain connections.

Cheap enough to share a machine with what they measure.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any
from urllib.parse import urlsplit

Ask = Callable[[list[str]], tuple[str, dict[str, Any]]]
"""From sentences to the path and the JSON that ask for their translations."""
Read = Callable[[Any, list[str]], list[str] | None]
"""From an answer and its sentences to the translations; None if it answers something else."""


@dataclass
class Load:
    """What clients saw."""

    latencies: list[float] = field(default_factory=list)  # seconds, of requests
    sentences: int = 0  # that were answered
    translations: dict[str, set[str]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    refused: int = 0  # 429, and asked again
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Sentences a second."""
        return self.sentences / self.seconds

    def quantile(self, share: float) -> float:
        """Seconds in which this share of the requests was answered."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Client:
    """One connection, kept open."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def post(self, path: str, content: Any) -> tuple[int, Any]:
        """Status and answer."""
        body = json.dumps(content).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return await self.send(head.encode() + body)

    async def send(self, data: bytes) -> tuple[int, Any]:
        if self._writer is None or self._reader is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        self._writer.write(data)
        await self._writer.drain()

        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status = int(head.split()[1])
        fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
        answer = await self._reader.readexactly(int(fields.get("content-length", "0")))
        if fields.get("connection") == "close":
            self.close()
        return status, json.loads(answer) if answer else None

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


def native(beam: int = 0) -> Ask:
    """With a beam of this width, or that of the model."""
    search = {"search": {"beam": beam}} if beam else {}

    def ask(sentences: list[str]) -> tuple[str, dict[str, Any]]:
        return "/v1/translate", {"text": sentences, **search}

    return ask


def read_native(answer: Any, sentences: list[str]) -> list[str] | None:
    records = answer["translations"]
    if [record["source"] for record in records] != sentences:
        return None
    return [record["translation"] for record in records]


def libretranslate(source: str, target: str) -> Ask:
    def ask(sentences: list[str]) -> tuple[str, dict[str, Any]]:
        asked = sentences[0] if len(sentences) == 1 else sentences
        return "/translate", {"q": asked, "source": source, "target": target}

    return ask


def read_libretranslate(answer: Any, sentences: list[str]) -> list[str] | None:
    found = answer["translatedText"]
    translations = [found] if isinstance(found, str) else found
    return translations if len(translations) == len(sentences) else None


def press(
    address: str,
    sentences: Sequence[str],
    clients: int,
    seconds: float,
    ask: Ask,
    read: Read,
    *,
    together: int = 1,
) -> Load:
    """Many clients for a while, each of which asks again as soon as it is answered.

    Each request has so many sentences `together`.
    """
    load = Load()

    async def all_of_them() -> None:
        until = time.perf_counter() + seconds
        following = _round_and_round(sentences, together)
        began = time.perf_counter()
        each = [_one(load, address, following, until, ask, read) for _ in range(clients)]
        await asyncio.gather(*each)
        load.seconds = time.perf_counter() - began

    asyncio.run(all_of_them())
    return load


async def _one(
    load: Load, address: str, following: Iterator[list[str]], until: float, ask: Ask, read: Read
) -> None:
    client = Client(address)
    while time.perf_counter() < until:
        sentences = next(following)
        began = time.perf_counter()
        try:
            status, answer = await client.post(*ask(sentences))
        except (OSError, asyncio.IncompleteReadError) as error:
            load.errors.append(f"{type(error).__name__}: {error}")
            client.close()
            continue
        if status == 429:
            load.refused += 1
            await asyncio.sleep(1)
            continue

        translations = read(answer, sentences) if status == 200 else None
        if translations is None:
            load.errors.append(f"{status}: {str(answer)[:200]}")
            continue
        load.latencies.append(time.perf_counter() - began)
        load.sentences += len(sentences)
        for sentence, translation in zip(sentences, translations, strict=True):
            load.translations.setdefault(sentence, set()).add(translation)
    client.close()


def _round_and_round(sentences: Sequence[str], together: int) -> Iterator[list[str]]:
    endless = cycle(sentences)
    while True:
        yield list(islice(endless, together))
