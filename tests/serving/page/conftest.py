"""Chromium without a window, and a service for its page."""

import os
import shutil

import pytest
from fake_service import Fake, serving

CHROMIUM = os.environ.get("SEQKIT_CHROMIUM") or shutil.which("chromium")


@pytest.fixture(scope="module")
def chromium():
    """A browser for each file of tests: its event loop must not outlive them."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (PyPI)")
    if CHROMIUM is None:
        pytest.skip("needs chromium in the PATH, or its path in SEQKIT_CHROMIUM")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def fake():
    return Fake()


@pytest.fixture
def address(fake):
    with serving(fake.app()) as url:
        yield url


@pytest.fixture
def new_page(chromium, address):
    """Open the page in a browser of its own; what its scripts raise fails the test."""
    contexts = []
    errors = []

    def open_page(view="", **settings):
        settings.setdefault("locale", "en-US")
        context = chromium.new_context(**settings)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: said.type == "error" and errors.append(said.text))
        page.errors = errors
        page.goto(f"{address}/#{view}" if view else address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    faults = [error for error in errors if not error.startswith("Failed to load resource")]
    assert not faults


@pytest.fixture
def page(new_page):
    """The page in English; on a wide screen."""
    return new_page()
