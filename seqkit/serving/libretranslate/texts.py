"""Texts and HTML through the models of the service."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

from fastapi import Request

from ...translation.documents.kinds import read_document
from ...translation.documents.plain import segments
from ...translation.documents.segment import Segment, Translated, replaced
from ...translation.documents.translating import translated
from ...wanted import while_wanted
from ..kernel import Kernel, unless_gone
from ..pairs import Hop
from ..served import Wish, lines_of

_PAGES_AT_ONCE = 8  # texts in HTML, each of which has a thread


class Texts:
    """Translates what LibreTranslate's clients send."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._threads = ThreadPoolExecutor(_PAGES_AT_ONCE, thread_name_prefix="seqkit html")
        kernel.at_close.append(self._close)

    async def plain(
        self, texts: Sequence[str], hops: Sequence[Hop], nbest: int, request: Request
    ) -> list[list[str]]:
        """The `nbest` translations of each text, best first; blanks and line ends stay."""
        found = [segments(text) for text in texts]
        lines = [segment.text for segment in chain.from_iterable(found)]
        translations = iter(await self._lines(lines, hops, nbest, request))

        results: list[list[str]] = []
        for text, of_text in zip(texts, found, strict=True):
            each = [next(translations) for _ in of_text]
            count = max(map(len, each), default=1)
            results.append([_put_together(text, of_text, each, i) for i in range(count)])
        return results

    async def html(
        self, texts: Sequence[str], hops: Sequence[Hop], request: Request
    ) -> list[list[str]]:
        """The translation of each text, whose markup is put back around the right words."""
        gone = threading.Event()
        loop = asyncio.get_running_loop()
        pages = [
            loop.run_in_executor(self._threads, self._page, text, hops, gone) for text in texts
        ]
        try:
            results: list[str] = await unless_gone(asyncio.gather(*pages), request)
            return [[result] for result in results]
        finally:
            gone.set()

    async def _lines(
        self, lines: Sequence[str], hops: Sequence[Hop], nbest: int, request: Request
    ) -> list[list[str]]:
        if not lines or not hops:
            return [[line] for line in lines]

        for hop in hops[:-1]:
            records = await self._ask(hop, lines, 1, request)
            lines = [record["translation"] for record in records]
        records = await self._ask(hops[-1], lines, nbest, request)
        return [_all_of(record) for record in records]

    async def _ask(
        self, hop: Hop, lines: Sequence[str], nbest: int, request: Request
    ) -> list[dict[str, Any]]:
        body = {"model": hop.model, "text": list(lines), "nbest": nbest}
        if hop.to:
            body["to"] = hop.to
        answer = await self._kernel.answer("translate", body, request)
        records: list[dict[str, Any]] = answer["translations"]
        return records

    def _page(self, text: str, hops: Sequence[Hop], gone: threading.Event) -> str:
        """In a thread: a text in HTML, translated."""
        document = read_document(text.encode("utf-8", "replace"), "q", "html")
        with while_wanted(lambda: not gone.is_set()):
            data, _ = translated(lines_of(self._kernel, Wish(hops)), document)
        return data.decode("utf-8")

    async def _close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _all_of(record: dict[str, Any]) -> list[str]:
    """The translation of a line and the others, none of them twice."""
    others = [one["translation"] for one in record.get("nbest", [])]
    return list(dict.fromkeys([record["translation"], *others]))


def _put_together(
    text: str, found: Sequence[Segment], each: Sequence[list[str]], number: int
) -> str:
    """The text with the translation of this number in each line, or the last there is."""
    chosen = [Translated(one[min(number, len(one) - 1)]) for one in each]
    return replaced(text, found, chosen)
