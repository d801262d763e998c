"""Chromium without a window, and a service for its page."""

import os
import shutil

import pytest
from fake_service import Stage, serving

CHROMIUM = os.environ.get("SEQKIT_CHROMIUM") or shutil.which("chromium")


STARTED = "#views [aria-current], #token-dialog[open], #loading:not([data-text=loading])"
PATIENCE = 20_000  # milliseconds: machines that run tests are busy


@pytest.fixture(scope="package")
def chromium():
    """One browser for these files. Its event loop must not outlive them: others run their own."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (PyPI)")
    playwright.expect.set_options(timeout=PATIENCE)
    if CHROMIUM is None:
        pytest.skip("needs chromium in the PATH, or its path in SEQKIT_CHROMIUM")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def stage():
    return Stage()


@pytest.fixture
def fake(stage):
    """What the service answers in this test."""
    return stage.play()


@pytest.fixture(scope="package")
def stage_address(stage):
    with serving(stage.app()) as url:
        yield url


@pytest.fixture
def address(fake, stage_address):
    return stage_address


@pytest.fixture
def new_page(chromium, address):
    """Open the page in a browser of its own; what its scripts raise fails the test."""
    contexts = []
    errors = []

    def open_page(view="", **settings):
        settings.setdefault("locale", "en-US")
        context = chromium.new_context(**settings)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: said.type == "error" and errors.append(said.text))
        page.errors = errors
        page.goto(f"{address}/#{view}" if view else address)
        page.locator(STARTED).first.wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    faults = [error for error in errors if not error.startswith("Failed to load resource")]
    assert not faults


@pytest.fixture
def refuse_storage():
    """From the next load on, a page has no storage, as in some private windows."""
    script = """for (const name of ["localStorage", "sessionStorage"])
        Object.defineProperty(window, name, { get() { throw new Error("refused") } })"""
    return lambda page: page.add_init_script(script)


@pytest.fixture
def page(new_page):
    """The page in English; on a wide screen."""
    return new_page()
