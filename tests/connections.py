"""A service in a thread, and clients that send and read what they like, as slowly as they like."""

import json
import socket
import threading
import time
from contextlib import contextmanager

from seqkit.serving import server

MOST_SECONDS = 60  # that anything is waited for


@contextmanager
def serving(app):
    """The address of a service that runs in a thread."""
    config = server.config_of(app)
    listener = server.listening("127.0.0.1", 0)
    running = server.Server(config, app.state.kernel)
    thread = threading.Thread(target=running.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield listener.getsockname()
    finally:
        for entry in app.state.kernel.catalogue.entries.values():
            entry.model.predictor.gate.set()
        running.should_exit = True
        thread.join(MOST_SECONDS)
        assert not thread.is_alive()


@contextmanager
def connected(address):
    connection = socket.create_connection(address[:2], timeout=MOST_SECONDS)
    try:
        yield connection
    finally:
        connection.close()


def request_of(body, path="/v1/predict"):
    data = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


def answer_of(connection):
    """Status, headers and body of one answer."""
    file = connection.makefile("rb")
    status = int(file.readline().split()[1])
    headers = {}
    while line := file.readline().strip():
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    return status, headers, file.read(int(headers["content-length"]))


def ask(address, body):
    with connected(address) as connection:
        connection.sendall(request_of(body))
        return answer_of(connection)


def until(condition):
    """Wait until something is so."""
    end = time.monotonic() + MOST_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
