"""Nothing that holds up one request holds up another, and a stream tells all there is."""

import asyncio
import json
import logging
import threading

import pytest
from connections import MOST_SECONDS, answer_of, ask, connected, request_of, serving, until
from small_services import SERVICE, Capitals, app_of
from starlette.testclient import TestClient

from seqkit.services import Operation, Service, Work
from seqkit.serving import catalogue, kernel

PREDICT = SERVICE.operation("predict")
LOCAL = "http://localhost:8000"


def app_with(begin, **settings):
    """An application whose only operation is begun so."""
    service = Service([Operation("predict", "Toy.", PREDICT.request, begin)])
    return app_of({"toy": Capitals()}, {"toy": service}, **settings)


def works(items, answer=list, events=None, compute=list):
    """What begins with these items, whatever is asked."""

    def begin(model, asked, uploads):
        return Work("k", items, [1] * len(items), compute, answer, events)

    return begin


# Streams


def told(app, during, **asked):
    """The data of a stream's events; `during` runs while the first is held back."""

    async def main():
        served = app.state.kernel
        await served.open()
        events = served.events("predict", {"inputs": [], "stream": True, **asked}, None)
        assert await anext(events) == ""
        first = await anext(events)
        await asyncio.to_thread(during)
        rest = [one async for one in events]
        await served.close()
        return [first, *rest]

    *data, end = asyncio.run(main())
    assert end == kernel.END
    return [json.loads(one.removeprefix("data: ")) for one in data]


def test_what_is_computed_while_events_are_sent_is_sent_too():
    steps = threading.Semaphore(1)

    def begin(model, asked, uploads):
        return Work("k", [1, 2, 3], [1, 9, 9], compute, list, lambda n, found: found[n:])

    def compute(numbers):
        assert steps.acquire(timeout=MOST_SECONDS)
        return numbers

    def compute_the_rest():
        steps.release()
        counted = b'seqkit_batch_items_sum{model="toy"} 3.0'
        until(lambda: counted in app.state.kernel.measures.text())

    app = app_with(begin)
    assert told(app, compute_the_rest) == [1, 2, 3]


def test_a_stream_has_no_answer_made_that_nobody_reads():
    app = app_with(works([1], answer=lambda found: 1 / 0, events=lambda n, found: found[n:]))
    assert told(app, lambda: None) == [1]


def test_many_results_are_told_some_at_a_time():
    sizes = []

    def events(before, found):
        sizes.append(len(found) - before)
        return found[before:]

    app = app_with(works(list(range(200)), events=events))
    assert told(app, lambda: None) == list(range(200))
    assert max(sizes) == 64


def test_events_that_cannot_be_made_end_the_stream_and_are_logged(caplog):
    app = app_with(works([1], events=lambda n, found: 1 / 0))
    with TestClient(app, base_url=LOCAL) as client, caplog.at_level(logging.ERROR):
        response = client.post("/v1/predict", json={"inputs": [], "stream": True})
    assert response.text.startswith("event: error\n")
    assert "ZeroDivisionError at" in caplog.text


# The loop of the server


@pytest.mark.parametrize("stream", [False, True])
def test_what_takes_long_to_say_holds_up_nobody(stream):
    is_free = threading.Event()

    def say(*given):
        assert is_free.wait(MOST_SECONDS)
        return []

    app = app_with(works([1], events=say) if stream else works([], answer=say))
    with serving(app) as address, connected(address) as connection:
        connection.sendall(request_of({"inputs": [], "stream": stream}))
        until(lambda: app.state.kernel.running)
        with connected(address) as other:
            other.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            other.settimeout(MOST_SECONDS / 4)
            assert answer_of(other)[0] == 200
        is_free.set()
        assert b"200" in connection.recv(15)


def test_a_list_without_end_is_refused():
    with TestClient(app_of({"toy": Capitals()}), base_url=LOCAL) as client:
        response = client.post("/v1/predict", json={"inputs": [""] * 10_001})
        assert (response.status_code, response.json()["error"]["code"]) == (413, "too_many")
        assert client.post("/v1/predict", json={"inputs": [""] * 10_000}).status_code == 200


# Requests that are long in preparation


class Books:
    """Requests for "book", which are prepared until all are free."""

    def __init__(self):
        self.begun = 0
        self.is_free = threading.Event()

    def begin(self, model, asked, uploads):
        if asked.inputs == ["book"]:
            self.begun += 1
            assert self.is_free.wait(MOST_SECONDS)
        return PREDICT.begin(model, asked, uploads)

    def send(self, connection, **more):
        connection.sendall(request_of({"inputs": ["book"], **more}))


@pytest.mark.parametrize("stream", [False, True])
def test_what_waits_to_be_prepared_for_clients_that_hang_up_never_is(stream):
    books = Books()
    app = app_with(books.begin)
    with serving(app) as address:
        connections = []
        for number in range(1, 8):
            with connected(address) as connection:
                books.send(connection, stream=stream)
                until(lambda: app.state.kernel.running == 1)
                until(lambda n=number: books.begun == min(n, 4))
            connections.append(connection)
            until(lambda: not app.state.kernel.running)
        books.is_free.set()
        assert ask(address, {"inputs": ["phrase"]})[0] == 200
    assert books.begun == 4


@pytest.mark.parametrize("stream", [False, True])
def test_what_takes_too_long_to_prepare_is_given_up(stream):
    books = Books()
    app = app_with(books.begin, timeout=0.1)
    try:
        with TestClient(app, base_url=LOCAL) as client:
            response = client.post("/v1/predict", json={"inputs": ["book"], "stream": stream})
            books.is_free.set()
    finally:
        books.is_free.set()
    assert (response.status_code, response.json()["error"]["code"]) == (503, "timeout")


def test_more_requests_than_can_be_prepared_are_told_to_come_again(monkeypatch):
    monkeypatch.setattr(catalogue, "_MOST_PREPARED", 2)
    books = Books()
    app = app_with(books.begin)
    with serving(app) as address, connected(address) as one, connected(address) as two:
        books.send(one)
        books.send(two)
        until(lambda: books.begun == 2)
        status, headers, _ = ask(address, {"inputs": ["phrase"]})
        assert status == 429
        assert int(headers["retry-after"]) >= 1

        books.is_free.set()
        assert answer_of(one)[0] == answer_of(two)[0] == 200
        assert ask(address, {"inputs": ["phrase"]})[0] == 200
