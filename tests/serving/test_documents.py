"""Documents as jobs: in, how far they are, out; and what goes wrong with them."""

import json
import threading
import time
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from documents.test_bad_documents import BAD
from documents.zoo import docx
from running_service import running, until

import seqkit
from seqkit.serving import jobs
from seqkit.serving.jobs import shown_name

PAGE = b"<p>I have a <i>book</i>.</p>"


@pytest.fixture(scope="module")
def translator(shipped):
    return seqkit.load(shipped, device="cpu")


@pytest.fixture(scope="module")
def client(translator):
    with running({"en-de": None}, lambda path: translator) as client:
        yield client


def sent(client, name, data, **form):
    return client.post("/v1/documents", files={"file": (name, data)}, data=form)


def ended(client, job):
    """The record of a job once it has ended."""

    def record():
        found = client.get(job["url"]).json()
        return found if found["state"] in ("done", "failed") else None

    return until(record)


@contextmanager
def held(monkeypatch, translator):
    """The translator computes nothing before the context ends."""
    may_go = threading.Event()
    search = translator.search_parts

    def search_later(*args, **kwargs):
        assert may_go.wait(60)
        return search(*args, **kwargs)

    monkeypatch.setattr(translator, "search_parts", search_later)
    try:
        yield
    finally:
        may_go.set()


def test_a_document_goes_in_and_comes_out_translated(client):
    answer = sent(client, "a book.html", PAGE)
    assert answer.status_code == 202
    job = answer.json()
    assert (job["name"], job["state"]) == ("a book.html", "waiting")

    assert ended(client, job) | {"url": ""} == {
        "id": job["id"],
        "name": "a book.html",
        "state": "done",
        "done": 1,
        "total": 1,
        "url": "",
    }
    file = client.get(f"{job['url']}/file")
    assert file.text == "<p>Ich habe ein <i>Buch</i>.</p>"
    assert file.headers["content-type"] == "application/octet-stream"
    assert "a%20book.html" in file.headers["content-disposition"]

    assert client.delete(job["url"]).status_code == 204
    for path in ("", "/file", "/events"):
        assert client.get(job["url"] + path).status_code == 404


def test_an_office_document_keeps_what_is_not_text(client):
    source = docx("<w:p><w:r><w:t>I have a book.</w:t></w:r></w:p>")
    job = ended(client, sent(client, "a.docx", source).json())
    data = client.get(f"{job['url']}/file").content
    with zipfile.ZipFile(BytesIO(data)) as new, zipfile.ZipFile(BytesIO(source)) as old:
        assert new.namelist() == old.namelist()
        assert "Ich habe ein Buch." in new.read("word/document.xml").decode()


def test_its_events_tell_how_far_it_is(client, monkeypatch, translator):
    lines = "".join(f"I have {n} books.\n" for n in range(150))
    with held(monkeypatch, translator):
        job = sent(client, "a.txt", lines.encode()).json()
        until(lambda: client.get(job["url"]).json()["total"])
    with client.stream("GET", f"{job['url']}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = "".join(answer.iter_text()).split("\n\n")

    records = [json.loads(event.removeprefix("data: ")) for event in events[:-2]]
    assert events[-2].startswith("event: end")
    assert [one["done"] for one in records] == sorted(one["done"] for one in records)
    assert records[-1] | {"done": 150, "total": 150, "state": "done"} == records[-1]


def test_terms_and_fields_are_those_of_the_form(client):
    glossary = json.dumps([["house", "Gebäude"]])
    text = b"I live in a small house.\nI have a book."
    job = ended(client, sent(client, "a.txt", text, glossary=glossary).json())
    file = client.get(f"{job['url']}/file")
    assert file.text == "Ich wohne in einem kleinen Gebäude.\nIch habe ein Buch."

    data = b'{"title": "I have a book.", "id": "I have a book."}'
    job = ended(client, sent(client, "a.json", data, fields="title").json())
    expected = '{"title": "Ich habe ein Buch.", "id": "I have a book."}'
    assert client.get(f"{job['url']}/file").text == expected


def test_terms_that_could_not_be_placed_are_told(client, monkeypatch, translator):
    described = translator.described

    def without_terms(*args, **kwargs):
        return replace(described(*args, **kwargs), unplaced_terms=["a → b"])

    monkeypatch.setattr(translator, "described", without_terms)
    job = ended(client, sent(client, "a.txt", b"I have a book.\nI have a house.").json())
    assert job["unplaced_terms"] == ["a → b"]


def test_sentences_of_others_do_not_wait_for_a_document(client):
    lines = "".join(f"I have {n} books, and you have {n} houses.\n" for n in range(3000))
    job = sent(client, "a.txt", lines.encode()).json()
    try:
        until(lambda: client.get(job["url"]).json()["done"])
        for _ in range(3):
            answer = client.post("/v1/translate", json={"text": "I have a book."})
            assert answer.json()["translations"][0]["translation"] == "Ich habe ein Buch."
        assert client.get(job["url"]).json()["state"] == "running"
    finally:
        client.delete(job["url"])


def test_a_document_that_is_removed_is_no_longer_translated(client, monkeypatch, translator):
    asked = []
    search = translator.search_parts

    def counted(parts, *args):
        asked.extend(parts)
        return search(parts, *args)

    monkeypatch.setattr(translator, "search_parts", counted)
    lines = "".join(f"I have {n} books, and you have {n} houses.\n" for n in range(3000))
    job = sent(client, "a.txt", lines.encode()).json()
    until(lambda: asked)
    client.delete(job["url"])
    time.sleep(0.5)
    count = len(asked)
    time.sleep(0.5)
    assert len(asked) == count < 3000


def test_nothing_is_left_when_the_service_stops(translator, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    lines = "".join(f"I have {n} books, and you have {n} houses.\n" for n in range(3000))
    with running({"en-de": None}, lambda path: translator) as client:
        job = ended(client, sent(client, "a.html", PAGE).json())
        (folder,) = tmp_path.glob("seqkit-documents-*")
        assert [path.name for path in folder.iterdir()] == [job["id"]]  # not its own name
        sent(client, "a.txt", lines.encode())  # still running
    assert list(tmp_path.iterdir()) == []


def test_a_document_that_was_not_fetched_is_forgotten(client, monkeypatch):
    job = ended(client, sent(client, "a.html", PAGE).json())
    monkeypatch.setattr(jobs, "KEPT_SECONDS", 0.0)
    assert client.get(job["url"]).status_code == 404


def test_too_many_documents_are_told_to_come_again(client, monkeypatch, translator):
    monkeypatch.setattr(jobs, "_MOST", 2)
    with held(monkeypatch, translator):
        taken = [sent(client, "a.html", PAGE).json() for _ in range(2)]
        answer = sent(client, "a.html", PAGE)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
    for job in taken:
        assert ended(client, job)["state"] == "done"


SENT = {name: bad for name, bad in BAD.items() if bad[1]}  # nothing at all is refused before


@pytest.mark.parametrize(("kind", "data", "message"), SENT.values(), ids=list(SENT))
def test_a_bad_document_is_refused_in_one_sentence(client, kind, data, message):
    answer = sent(client, f"x.{kind}", data, fields="a")
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["code"] == "broken_document"
    assert error["message"].startswith(f"x.{kind}")
    assert "\n" not in error["message"]
    assert client.get("/health").status_code == 200


def test_what_is_no_document_is_refused(client):
    assert sent(client, "a.pdf", b"%PDF-1.7").status_code == 415
    assert sent(client, "a", b"text").status_code == 415
    assert sent(client, "a.txt", b"").status_code == 400
    assert client.post("/v1/documents", data={"file": "text"}).status_code == 415
    assert client.post("/v1/documents", files={"other": ("a.txt", b"a")}).status_code == 400
    assert client.post("/v1/documents", json={}).status_code == 415


def test_wrong_settings_are_refused_before_the_document_is_taken(client):
    assert sent(client, "a.txt", b"a", model="none").status_code == 404
    for glossary in ("{", '{"a": "b"}', '[["a"]]', '[["a", 1]]'):
        answer = sent(client, "a.txt", b"a", glossary=glossary)
        assert answer.status_code == 422
        assert answer.json()["error"]["message"].startswith("glossary is JSON")


def test_what_the_model_refuses_is_told_by_the_job(client):
    job = ended(client, sent(client, "a.txt", b"I have a book.", to="klingon").json())
    assert job["state"] == "failed"
    assert "klingon" in job["error"]["message"]
    assert client.get(f"{job['url']}/file").status_code == 400


def test_too_large_a_document_is_refused(translator):
    with running({"en-de": None}, lambda path: translator, upload_bytes=10_000) as client:
        assert client.get("/v1/documents").json()["limit"] == 10_000
        assert sent(client, "a.txt", b"a b\n" * 5000).status_code == 413
        assert sent(client, "a.txt", b"1 2\n" * 500).status_code == 202


def test_there_is_no_list_of_what_others_sent(client):
    sent(client, "secret.txt", b"1")
    assert "secret" not in client.get("/v1/documents").text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\letters\\a.docx", "a.docx"),
        ("a\n\0b.txt", "ab.txt"),
        ("a" * 500 + ".txt", "a" * 120 + ".txt"),
        ("..", "document"),
        ("", "document"),
        ("Brief.docx", "Brief.docx"),
    ],
)
def test_names_are_shown_without_folders_and_controls(name, shown):
    assert shown_name(name) == shown


def test_a_name_of_a_client_is_no_path_here(client, tmp_path):
    aside = Path("passwd.txt")
    job = ended(client, sent(client, f"{tmp_path}/../passwd.txt", b"I have a book.").json())
    assert job["state"] == "done"
    assert not aside.exists()
    assert list(tmp_path.iterdir()) == []
