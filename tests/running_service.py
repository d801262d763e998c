"""A service on a port of its own, for the tests that ask it as clients do."""

import threading
import time
from contextlib import contextmanager

import httpx2
import uvicorn

from seqkit.serving.app import make_app
from seqkit.serving.catalogue import Catalogue
from seqkit.serving.server import listening
from seqkit.serving.settings import Settings


@contextmanager
def running(models, open_model, **settings):
    """A client of a service that opens `models`, names and paths, by `open_model`."""
    app = make_app(Catalogue(models, open_model), Settings(**settings))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none"))
    listener = listening("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"

    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        with httpx2.Client(base_url=address, timeout=60, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def until(condition, seconds=60):
    """What `condition` returns once it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")
