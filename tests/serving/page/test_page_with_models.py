"""The page and the service together, with the model that ships with seqkit."""

import re

import pytest
from fake_service import serving
from playwright.sync_api import expect

import seqkit
from seqkit.serving.app import make_app
from seqkit.serving.catalogue import Catalogue

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shipped():
    model = seqkit.load()
    model.explain(model.force("Good morning.", "Guten Morgen."))  # the first one imports torch
    return model


@pytest.fixture
def address(shipped):
    catalogue = Catalogue({"en-de": None}, lambda path: shipped)
    with serving(make_app(catalogue)) as url:
        yield url


def test_a_sentence_is_translated_explained_and_redone(new_page, shipped):
    page = new_page()
    page.fill("#source", "Good morning. I am very tired today.")
    (expected,) = shipped.translate(["Good morning. I am very tired today."])
    output = page.locator("#translation")
    expect(output).to_have_text(expected)

    tired = output.get_by_role("button", name="müde")
    tired.hover()
    expect(page.locator("#source-mirror mark", has_text="tired")).to_be_visible()
    expect(page.locator("#translation-hint")).to_contain_text("“tired")

    tired.click()
    alternative = page.locator(".alternatives button").first
    word = alternative.locator("strong").inner_text()
    alternative.click()
    expect(output).not_to_have_text(expected)
    start = expected.index("müde")
    expect(output).to_have_text(re.compile("^" + re.escape(expected[:start] + word)))


def test_a_document_is_translated(new_page):
    page = new_page("documents")
    expect(page.locator("#documents-types")).to_contain_text(".srt")
    subtitle = "1\n00:00:01,000 --> 00:00:03,000\nGood morning.\n"
    page.set_input_files(
        "#documents-file",
        [{"name": "a.srt", "mimeType": "text/plain", "buffer": subtitle.encode()}],
    )
    with page.expect_download() as download:
        page.get_by_role("button", name="Download a.srt, translated").click()
    with open(download.value.path(), encoding="utf-8") as file:
        text = file.read()
    assert text.startswith("1\n00:00:01,000 --> 00:00:03,000\nGuten Morgen")


def test_what_the_service_refuses_is_said_in_its_words(new_page):
    page = new_page("documents")
    page.set_input_files(
        "#documents-file", [{"name": "a.exe", "mimeType": "", "buffer": b"MZ\x90\x00"}]
    )
    expect(page.locator("#documents-list .problem")).to_contain_text("a.exe: documents of this")
