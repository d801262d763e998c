"""A server of its own for each test, and clients that are slow, leave, or come too late.

No test waits for a time to pass: limits are set so low that they are met on any machine, or so high
that they never are.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import small_services
from connections import MOST_SECONDS, answer_of, ask, connected, request_of, serving, until
from small_services import SERVICE, Capitals, app_of, catalogue_of

from seqkit.errors import CheckpointError, ConfigError
from seqkit.services import Operation, Service
from seqkit.serving import entrance, limits, server
from seqkit.serving.app import make_app


@pytest.fixture
def model():
    return Capitals()


@pytest.fixture
def address(model):
    app = app_of({"toy": model})
    with serving(app) as address:
        yield address


def is_closed(connection):
    """Whether the other side closes the connection, in time."""
    try:
        while connection.recv(1 << 16):
            pass
    except ConnectionError:
        pass
    return True  # a timeout raises


def test_a_connection_is_used_for_several_requests(address):
    with connected(address) as connection:
        for text in ("a", "b"):
            connection.sendall(request_of({"inputs": [text]}))
            status, headers, body = answer_of(connection)
            assert status == 200
            assert json.loads(body) == {"predictions": [text.upper()]}
            assert "server" not in headers


# Slow clients


@pytest.mark.parametrize("begun", [b"", b"GET /health HTTP/1.1\r\nHost: loc", b"GET"])
def test_a_client_that_sends_no_whole_head_is_left(address, monkeypatch, begun):
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.05)
    with connected(address) as connection:
        connection.sendall(begun)
        assert is_closed(connection)
    assert ask(address, {"inputs": ["a"]})[0] == 200


def test_a_client_that_dribbles_its_second_head_is_left_too(address, monkeypatch):
    with connected(address) as connection:
        connection.sendall(request_of({"inputs": ["a"]}))
        assert answer_of(connection)[0] == 200
        monkeypatch.setattr(server, "HEAD_SECONDS", 0.05)
        connection.sendall(b"GET /health HT")
        assert is_closed(connection)


def test_a_head_without_end_is_not_read(address):
    with connected(address) as connection:
        try:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")
            for number in range(100_000):
                connection.sendall(b"X-%d: %s\r\n" % (number, b"x" * 1000))
        except ConnectionError:
            return
    pytest.fail("100 MB of head were read")


def test_a_body_that_does_not_come_is_refused(address, monkeypatch):
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.05)
    with connected(address) as connection:
        connection.sendall(request_of({"inputs": ["a"]})[:-3])
        status, _, body = answer_of(connection)
    assert status == 408
    assert json.loads(body)["error"]["code"] == "slow_body"


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(address):
    with connected(address) as connection:
        connection.sendall(
            b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999\r\n"
            b"Content-Type: application/json\r\n\r\n"
        )
        assert answer_of(connection)[0] == 413


def test_a_client_that_reads_nothing_is_left(model, monkeypatch):
    monkeypatch.setattr(server, "WRITE_SECONDS", 0.05)
    app = app_of({"toy": model})
    with serving(app) as address, connected(address) as connection:
        connection.sendall(request_of({"inputs": ["a" * 1000], "times": 50_000}))  # 50 MB
        until(lambda: model.computed)
        until(lambda: not app.state.kernel.running)
        assert ask(address, {"inputs": ["b"]})[0] == 200


def test_a_request_that_takes_long_to_prepare_holds_up_no_other(model):
    is_free = threading.Event()

    def begin(model, asked, uploads):
        if asked.inputs == ["a book"]:
            is_free.wait(MOST_SECONDS)
        return predict.begin(model, asked, uploads)

    predict = SERVICE.operation("predict")
    service = Service([Operation("predict", "Slow.", predict.request, begin)])
    app = app_of({"toy": model}, {"toy": service})
    with serving(app) as address, connected(address) as connection:
        connection.sendall(request_of({"inputs": ["a book"]}))
        assert ask(address, {"inputs": ["a phrase"]})[0] == 200
        is_free.set()
        assert answer_of(connection)[0] == 200
    assert model.computed == [["a phrase"], ["a book"]]


# Clients that leave


def test_what_waits_for_a_client_that_hangs_up_is_never_computed(model):
    model.gate.clear()
    app = app_of({"toy": model})
    kernel = app.state.kernel
    with serving(app) as address, connected(address) as stays:
        stays.sendall(request_of({"inputs": ["first"]}))
        until(lambda: model.begun)
        batcher = kernel.catalogue.entries["toy"].model.batcher

        with connected(address) as leaves:
            leaves.sendall(request_of({"inputs": ["second"]}))
            until(lambda: batcher.queued[0] == 1)
        until(lambda: kernel.running == 1)
        model.gate.set()
        assert answer_of(stays)[0] == 200
        assert ask(address, {"inputs": ["third"]})[0] == 200
    assert model.computed == [["first"], ["third"]]


def test_a_stream_ends_when_its_reader_hangs_up(model):
    app = app_of({"toy": model})
    text = "a" * 100_000
    with serving(app) as address:
        with connected(address) as connection:
            asked = {"text": text, "stream": True}
            connection.sendall(request_of(asked, "/v1/generate"))
            assert b"200" in connection.recv(15)
        until(lambda: not app.state.kernel.running)
        assert ask(address, {"inputs": ["b"]})[0] == 200


# Too many


def test_a_full_queue_says_when_to_come_again_and_loses_nothing(model):
    from seqkit.serving.batching import Bounds

    model.gate.clear()
    app = make_app(catalogue_of({"toy": model}, bounds=Bounds(requests=2)))
    kernel = app.state.kernel
    with serving(app) as address:
        answers = []
        threads = []
        for number in range(3):  # one is computed, two wait
            thread = threading.Thread(
                target=lambda text: answers.append(ask(address, {"inputs": [text]})),
                args=(f"text {number}",),
            )
            thread.start()
            threads.append(thread)
            until(lambda: model.begun)
        batcher = kernel.catalogue.entries["toy"].model.batcher
        until(lambda: batcher.queued[0] == 2)

        status, headers, _ = ask(address, {"inputs": ["too many"]})
        assert status == 429
        assert int(headers["retry-after"]) >= 1
        model.gate.set()
        for thread in threads:
            thread.join(MOST_SECONDS)
    texts = {json.loads(body)["predictions"][0] for _, _, body in answers}
    assert texts == {"TEXT 0", "TEXT 1", "TEXT 2"}


def test_a_service_that_answers_as_much_as_it_may_says_when_to_come_again(model, monkeypatch):
    monkeypatch.setattr(entrance, "_MOST_RUNNING", 1)
    model.gate.clear()
    app = app_of({"toy": model})
    with serving(app) as address, connected(address) as connection:
        connection.sendall(request_of({"inputs": ["a"]}))
        until(lambda: model.begun)
        status, headers, body = ask(address, {"inputs": ["b"]})
        assert status == 429
        assert json.loads(body)["error"]["code"] == "overloaded"
        assert "retry-after" in headers
        assert "x-content-type-options" in headers

        with connected(address) as other:
            other.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert answer_of(other)[0] == 200
        model.gate.set()
        assert answer_of(connection)[0] == 200


def test_idle_connections_make_room_and_busy_ones_do_not(model, monkeypatch):
    monkeypatch.setattr(server, "CONNECTIONS", 3)
    model.gate.clear()
    app = app_of({"toy": model})
    with serving(app) as address, connected(address) as busy:
        busy.sendall(request_of({"inputs": ["a"]}))
        until(lambda: model.begun)
        with connected(address) as idle, connected(address) as later:
            idle.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert answer_of(idle)[0] == 200
            later.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert answer_of(later)[0] == 200
            with connected(address) as new:
                new.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert answer_of(new)[0] == 200
            assert is_closed(idle)
            later.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert answer_of(later)[0] == 200
        model.gate.set()
        assert answer_of(busy)[0] == 200


# The beginning and the end


def test_a_stop_answers_what_runs_and_refuses_what_is_new(model):
    model.gate.clear()
    app = app_of({"toy": model})
    kernel = app.state.kernel
    listener = server.listening("127.0.0.1", 0)
    running = server.Server(server.config_of(app), kernel)
    thread = threading.Thread(target=running.run, args=([listener],), daemon=True)
    thread.start()
    address = listener.getsockname()
    with connected(address) as connection:
        connection.sendall(request_of({"inputs": ["a"]}))
        until(lambda: model.begun)
        running.handle_exit(15, None)

        status, headers, body = ask(address, {"inputs": ["late"]})
        assert status == 503
        assert json.loads(body)["error"]["code"] == "stopping"
        assert "retry-after" in headers

        model.gate.set()
        assert json.loads(answer_of(connection)[2]) == {"predictions": ["A"]}
    thread.join(MOST_SECONDS)
    assert not thread.is_alive()
    assert model.computed == [["a"]]


_NEVER_ENDS = """
from small_services import Capitals, app_of
from seqkit.cli.serve import _start_log
from seqkit.serving import catalogue, server

server.GRACE_SECONDS = catalogue.CLOSE_SECONDS = 0.1
server._LAST_SECONDS = 1
model = Capitals()
model.gate.clear()
_start_log()
server.run(
    app_of({"toy": model}), host="127.0.0.1", port=0, started=lambda at: print(at, flush=True)
)
"""


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"inputs": ["a"]}, "/v1/predict"),
        ({"text": "a", "stream": True}, "/v1/generate"),
    ],
)
def test_a_stop_waits_for_no_batch_without_end(asked, path):
    folder = str(Path(small_services.__file__).parent)
    process = subprocess.Popen(
        [sys.executable, "-c", _NEVER_ENDS],
        env={**os.environ, "PYTHONPATH": folder},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        port = int(process.stdout.readline().rpartition(":")[2])
        with connected(("127.0.0.1", port)) as connection:
            connection.sendall(request_of(asked, path))
            ask_health(port)
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=MOST_SECONDS)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "Traceback" not in said
    assert "ended, though something was still computed" in said


def ask_health(port):
    """Once this is answered, so is what came before as far as it goes without a thread."""
    with connected(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert answer_of(connection)[0] == 200


def test_a_port_that_is_taken_is_one_clear_line():
    taken = server.listening("127.0.0.1", 0)
    port = taken.getsockname()[1]
    with pytest.raises(ConfigError, match=f"port {port}: Address already in use; choose another"):
        server.listening("127.0.0.1", port)
    taken.close()


def test_a_model_that_does_not_open_ends_the_start_with_its_own_error():
    def broken(name):
        raise CheckpointError("runs/x is damaged")

    catalogue = catalogue_of({"toy": Capitals()})
    catalogue._open = broken
    with pytest.raises(CheckpointError, match="runs/x is damaged"):
        server.run(make_app(catalogue), host="127.0.0.1", port=0)
