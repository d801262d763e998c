"""The page's files: what is sent, how, and what may not be in them."""

import json
import re
from pathlib import Path

import pytest
from fastapi import FastAPI, Response
from fastapi.testclient import TestClient

from seqkit.serving.errors import Refused
from seqkit.serving.routes import page

FOLDER = Path(page.__file__).parent.parent / "page"
SCRIPTS = sorted(FOLDER.glob("*.js"))
STRINGS = json.loads((FOLDER / "strings.json").read_text(encoding="utf-8"))
INDEX = (FOLDER / "index.html").read_text(encoding="utf-8")
KINDS = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
KEY = re.compile(r'"((?:[a-z-]+\.)*[a-z-]+)"')


@pytest.fixture
def client():
    app = FastAPI()
    app.include_router(page.router(None))
    app.add_exception_handler(Refused, lambda request, refused: Response(str(refused), 404))
    return TestClient(app)


def test_the_page_allows_only_its_own_scripts_and_styles(client):
    policy = client.get("/").headers["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", [path.name for path in sorted(FOLDER.glob("*.*"))])
def test_every_file_is_served_as_what_it_is(client, path):
    answer = client.get(f"/page/{path}")
    assert answer.status_code == 200
    assert answer.content == (FOLDER / path).read_bytes()
    assert answer.headers["content-type"].split(";")[0] == KINDS[Path(path).suffix]


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fapp.py", "%2e%2e%2fapp.py", "page.py"])
def test_no_other_file_can_be_had(client, name):
    assert client.get(f"/page/{name}").status_code == 404


def test_a_file_that_the_browser_has_is_not_sent_again(client):
    first = client.get("/page/main.js")
    again = client.get("/page/main.js", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_nothing_is_written_into_the_page_as_markup():
    for path in SCRIPTS:
        code = path.read_text(encoding="utf-8")
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in code, f"{path.name} uses {way}"
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon[a-z]+=", INDEX)


def test_nothing_is_asked_of_another_server():
    for path in FOLDER.glob("*.*"):
        code = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|[\"'(]//", code), path.name


def test_both_languages_say_the_same_things():
    english, german = STRINGS["en"], STRINGS["de"]
    assert list(english) == list(german)
    for key in english:
        assert values_of(english[key]) == values_of(german[key]), key


def values_of(entry):
    """The names in braces, of each plural form."""
    forms = entry.values() if isinstance(entry, dict) else [entry]
    return {name for form in forms for name in re.findall(r"\{(\w+)\}", form)}


def test_every_string_is_used_and_every_string_that_is_used_exists():
    code = INDEX + "".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    states = {f"documents.{state}" for state in ("waiting", "running", "done", "failed")}
    views = {f"view.{name}" for name in re.findall(r'<section id="(\w+)"', INDEX)}
    used = {key for key in KEY.findall(code) if key in STRINGS["en"]} | states | views
    assert set(STRINGS["en"]) - used == set()

    attributes = re.findall(r'data-(?:text|label|placeholder)="([^"]+)"', INDEX)
    calls = re.findall(r'(?:[sS]ay\w*\([^,]+, |\bt\()"([^"]+)"', code)
    said = [*attributes, *calls]
    assert len(said) > 50
    assert set(said) - set(STRINGS["en"]) == set()
