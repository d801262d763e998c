"""Documents on the page: sent, watched, fetched back."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect


@pytest.fixture
def page(new_page):
    page = new_page("documents")
    expect(page.locator("#documents-types")).to_have_text(".txt, .docx, up to 20 MB")
    return page


def document(name="letter.docx", text="Good morning."):
    return {"name": name, "mimeType": "text/plain", "buffer": text.encode()}


def finish(fake, **state):
    fake.documents["d1"].update({"state": "done", "done": 4, **state})


def test_a_document_is_watched_and_fetched_back(page, fake):
    page.set_input_files("#documents-file", [document()])
    row = page.locator("#documents-list li")
    expect(row).to_contain_text("letter.docx")
    expect(row).to_contain_text("1 of 4")
    expect(row.get_by_role("progressbar", name="Progress of letter.docx")).to_be_visible()
    (sent,) = [body for body in fake.bodies("v1/documents") if body]
    assert sent == {"file": "letter.docx", "model": "en-de"}

    finish(fake)
    expect(row).to_contain_text("Translated")
    with page.expect_download() as download:
        row.get_by_role("button", name="Download letter.docx, translated").click()
    assert download.value.suggested_filename == "letter.de.docx"
    assert Path(download.value.path()).read_bytes() == b"Guten Morgen."


DROP = """([name, size]) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(size)], name));
    const event = new DragEvent("drop", { dataTransfer: data, bubbles: true });
    document.querySelector("#documents-drop").dispatchEvent(event);
}"""


def test_a_file_that_is_dropped_is_sent(page):
    page.evaluate(DROP, ["dropped.txt", 10])
    expect(page.locator("#documents-list li")).to_contain_text("dropped.txt")
    expect(page.locator("#documents-list li")).to_contain_text("1 of 4")


def test_a_file_that_is_too_large_is_not_sent(page, fake):
    page.evaluate(DROP, ["large.txt", 20_000_001])
    problem = page.locator("#documents-list .problem")
    expect(problem).to_have_text("large.txt is too large; 20 MB are allowed.")
    assert not [body for body in fake.bodies("v1/documents") if body]


def test_a_file_that_has_vanished_is_no_server_that_is_away(page, tmp_path):
    path = tmp_path / "gone.txt"
    path.write_text("Good morning.")
    page.clock.install()
    page.context.set_offline(True)
    page.set_input_files("#documents-file", path)
    problem = page.locator("#documents-list .problem")
    expect(problem).to_contain_text("the server is away")

    path.unlink()
    page.context.set_offline(False)
    page.clock.run_for(3000)
    expect(problem).to_have_text("gone.txt cannot be read. Choose it again.")
    expect(page.locator("#notice")).to_have_text("")


def test_many_documents_leave_connections_for_the_rest_of_the_page(page):
    names = [f"{i}.txt" for i in range(8)]
    page.set_input_files("#documents-file", [document(name) for name in names])
    expect(page.locator("#documents-list li", has_text="1 of 4")).to_have_count(8)
    page.click("nav a >> text=Translate")
    page.fill("#source", "good")
    expect(page.locator("#translation")).to_have_text("goodo")


def test_documents_are_sent_two_at_a_time(page, fake):
    fake.held.add("v1/documents")
    page.set_input_files("#documents-file", [document(f"{i}.txt") for i in range(3)])
    page.click("nav a >> text=Translate")
    page.fill("#source", "good")
    expect(page.locator("#translation")).to_have_text("goodo")
    assert len([body for body in fake.bodies("v1/documents") if body]) == 2

    fake.held.clear()
    page.click("nav a >> text=Documents")
    expect(page.locator("#documents-list li", has_text="1 of 4")).to_have_count(3)


def test_the_name_of_a_file_is_text(page):
    name = "<img src=x onerror=window.hacked=1>.txt"
    page.set_input_files("#documents-file", [document(name)])
    expect(page.locator("#documents-list .name")).to_have_text(name)
    assert page.locator("#documents img").count() == 0
    assert page.evaluate("window.hacked") is None


def test_a_refused_document_is_said_beside_its_name(page, fake):
    sentence = "a.exe: no document that seqkit can read"
    fake.refusals["v1/documents"] = [(415, sentence)]
    page.set_input_files("#documents-file", [document("a.exe")])
    expect(page.locator("#documents-list li .problem")).to_have_text(sentence)
    expect(page.locator("#documents-list progress")).to_be_hidden()


def test_a_document_that_fails_says_why(page, fake):
    page.set_input_files("#documents-file", [document()])
    expect(page.locator("#documents-list li")).to_contain_text("1 of 4")
    finish(fake, state="failed", error={"code": "bad", "message": "the file is broken"})
    expect(page.locator("#documents-list .problem")).to_have_text("the file is broken")
    expect(page.locator("#documents-list li")).not_to_contain_text("Translated")


def test_a_removed_document_is_deleted_on_the_server(page, fake):
    page.set_input_files("#documents-file", [document()])
    expect(page.locator("#documents-list li")).to_contain_text("1 of 4")
    page.get_by_role("button", name="Remove letter.docx").click()
    expect(page.locator("#documents-list li")).to_have_count(0)
    expect(page.locator("#documents-file")).to_be_focused()
    for _ in range(100):
        if not fake.documents:
            break
        page.wait_for_timeout(20)
    assert fake.documents == {}


def test_a_reloaded_page_still_has_its_documents(page, fake):
    page.set_input_files("#documents-file", [document()])
    expect(page.locator("#documents-list li")).to_contain_text("1 of 4")
    page.reload()
    expect(page.locator("#documents-list li")).to_contain_text("letter.docx")
    finish(fake)
    expect(page.locator("#documents-list li")).to_contain_text("Translated")


def test_terms_go_with_a_document_unless_they_are_switched_off(page, fake):
    terms = json.dumps({"en>de": [["railway", "Bahn"]]})
    page.evaluate("terms => localStorage.setItem('seqkit.terms', terms)", terms)
    page.reload()
    expect(page.locator("#documents-with-terms")).to_contain_text("Use 1 term")
    page.set_input_files("#documents-file", [document("a.txt")])
    expect(page.locator("#documents-list li")).to_have_count(1)
    page.uncheck("#documents-terms")
    page.set_input_files("#documents-file", [document("b.txt")])
    expect(page.locator("#documents-list li")).to_have_count(2)
    expect(page.locator("#documents-list li").first).to_contain_text("1 of 4")

    first, second = [body for body in fake.bodies("v1/documents") if body]
    assert json.loads(first["glossary"]) == [["railway", "Bahn"]]
    assert "glossary" not in second


def test_columns_to_translate_go_with_a_document(page, fake):
    page.fill("#documents-fields", "title, body")
    page.set_input_files("#documents-file", [document("table.txt")])
    expect(page.locator("#documents-list li")).to_contain_text("1 of 4")
    (sent,) = [body for body in fake.bodies("v1/documents") if body]
    assert sent["fields"] == "title, body"


def test_a_document_that_finds_no_server_is_sent_when_it_is_back(page, fake):
    page.clock.install()
    page.context.set_offline(True)
    page.set_input_files("#documents-file", [document()])
    expect(page.locator("#documents-list .problem")).to_contain_text("the server is away")
    page.context.set_offline(False)
    page.clock.run_for(3000)
    expect(page.locator("#documents-list li")).to_contain_text("1 of 4")
    expect(page.locator("#documents-list .problem")).to_have_text("")
