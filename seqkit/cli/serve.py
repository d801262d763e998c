"""`seqkit serve`: the models of this machine for other programs, and a page for people."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from importlib.util import find_spec

import click

from ..errors import ConfigError
from .options import device_options, set_threads

_NEEDED = ("fastapi", "httptools", "prometheus_client", "python_multipart", "uvicorn")
_DEFAULT = "en-de"  # the shipped model's name


@click.command()
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="[NAME=]MODEL",
    help="A model to serve, and its name for clients; repeat for several.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="0 = any free one.",
)
@device_options
def serve(models: tuple[str, ...], host: str, port: int, device: str, threads: int | None) -> None:
    """Answer requests for models over HTTP. Without a model, the one that ships with seqkit."""
    check_installed()
    set_threads(threads)

    from ..runs.load import load
    from ..serving.app import make_app
    from ..serving.catalogue import Catalogue
    from ..serving.server import run
    from ..serving.settings import Settings

    catalogue = Catalogue(named(models), partial(load, device=device))
    app = make_app(catalogue, Settings(host=host, port=port))
    run(app, host=host, port=port)


def check_installed() -> None:
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ConfigError(f"seqkit serve needs {missing[0]}: pip install 'seqkit[serve]'")


def named(models: Iterable[str]) -> dict[str, str | None]:
    """Names and models, `NAME=MODEL` or a model that is called by the last part of its path."""
    found: dict[str, str | None] = {}
    for given in models:
        name, equals, path = given.partition("=")
        if not equals:
            name, path = given.rstrip("/").rpartition("/")[2], given
        if not name or not path:
            raise ConfigError(f"--model {given!r} is not NAME=MODEL")
        if name in found:
            raise ConfigError(f"two models are called {name!r}: give them names, as NAME=MODEL")
        found[name] = path
    return found or {_DEFAULT: None}
