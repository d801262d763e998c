"""`seqkit serve`: the models of this machine for other programs, and a page for people."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from ..errors import ConfigError
from ..progress import say
from ..threads import threads as threads_of_torch
from .options import PATH, device_options

_NEEDED = ("fastapi", "httptools", "prometheus_client", "python_multipart", "uvicorn")
_DEFAULT = "en-de"  # the shipped model's name
_GB = 10**9


@click.command()
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="[NAME=]MODEL",
    help="A model, or several as one (A+B), and its name for clients; repeat for several. The "
    "first is the default.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port to listen at; 0 = any that is free.",
)
@click.option(
    "--token-file",
    type=PATH,
    help="File with a token that clients must show; needed for any --host but this machine.",
)
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="Answer under this name, too: that of a proxy in front of the service.",
)
@click.option(
    "--memory",
    type=click.FloatRange(min=0),
    metavar="GB",
    help="Memory for open models; what is not in use is closed first.  [default: 70% of all]",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=120.0,
    show_default=True,
    help="Seconds for an answer.",
)
@click.option(
    "--engine",
    default="auto",
    show_default=True,
    help="What translates: torch (our own search), ctranslate2, or auto for what serves most.",
)
@click.option(
    "--compute",
    default="float32",
    show_default=True,
    help="Numbers: float32, int8; of ctranslate2 also int16, bfloat16, auto for the fastest.",
)
@device_options
def serve(
    models: tuple[str, ...],
    host: str,
    port: int,
    token_file: Path | None,
    hosts: tuple[str, ...],
    memory: float | None,
    timeout: float,
    engine: str,
    compute: str,
    device: str,
) -> None:
    """Answer requests for models over HTTP: translation, labels, scores, text, in JSON.

    Without a model, the one that ships with seqkit. GET /docs describes all that can be asked, and
    LibreTranslate's clients find its API. SIGTERM ends the service once what runs is answered.
    """
    check_installed()

    from ..serving.app import make_app
    from ..serving.catalogue import Catalogue
    from ..serving.server import run
    from ..serving.settings import Settings, read_token

    settings = Settings(
        host=host,
        port=port,
        hosts=hosts,
        token=read_token(token_file) if token_file else "",
        timeout=timeout,
    )
    _start_log()
    catalogue = Catalogue(
        named(models),
        partial(open_model, device=device, engine=engine_of(engine, compute), compute=compute),
        memory=None if memory is None else int(memory * _GB),
    )
    run(make_app(catalogue, settings), host=host, port=port, started=_started)


def open_model(model: str | None, *, device: str, engine: str, compute: str) -> Any:
    """The predictor of one of the models: engines and numbers are of translators, one by one."""
    from ..runs.ensembles import members_of
    from ..runs.load import load, task_of

    if task_of(model) != "translation":
        return load(model, device=device)
    is_plain = engine != "ctranslate2" and compute in ("float32", "auto")
    if members_of(model) and not is_plain:
        say(f"{model}: several models decode together by our own search, in float32")
        return load(model, device=device)
    try:
        return load(model, device=device, engine=engine, compute=compute)
    except ConfigError as error:
        is_named = model is None or model in str(error)
        raise error if is_named else ConfigError(f"{model}: {error}") from None


def engine_of(engine: str, compute: str) -> str:
    """What translates for many clients: `auto` is our own search where that costs less."""
    from ..search.quicker import is_quicker

    is_ours = engine == "auto" and is_quicker(compute, threads_of_torch())
    return "torch" if is_ours else engine


def check_installed() -> None:
    """Raise `ConfigError` where what serving needs is not installed."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ConfigError(f"seqkit serve needs {missing[0]}: pip install 'seqkit[serve]'")


def named(models: Iterable[str]) -> dict[str, str | None]:
    """Names and models: `NAME=MODEL`, or a model that is called by the last part of its path.

    "A+B" is an ensemble, whose members give it their names.
    """
    from ..runs.ensembles import PLUS, members_of

    found: dict[str, str | None] = {}
    for given in models:
        name, equals, path = given.partition("=")
        if not equals or Path(given).exists():
            name, path = PLUS.join(Path(one).name for one in members_of(given) or [given]), given
        if not name or not path or not name.isprintable():
            raise ConfigError(f"--model {given!r} is not NAME=MODEL")
        if name in found:
            raise ConfigError(f"two models are called {name!r}: give them names, as NAME=MODEL")
        found[name] = path
    return found or {_DEFAULT: None}


def _start_log() -> None:
    """A line for each request, and for what goes wrong, on stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    for name, level in (("seqkit.serving", logging.INFO), ("uvicorn", logging.ERROR)):
        log = logging.getLogger(name)
        log.handlers = [handler]
        log.setLevel(level)
        log.propagate = False


def _started(address: str) -> None:
    say(f"answering at {address} (Ctrl+C ends it)")
