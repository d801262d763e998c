"""LibreTranslate's API, asked by its own client and as Weblate asks."""

from urllib.error import HTTPError

import pytest
from libretranslatepy import LibreTranslateAPI
from running_service import running

import seqkit

TOKEN = "a-token-that-nobody-guesses"


@pytest.fixture(scope="module")
def translator(shipped):
    return seqkit.load(shipped, device="cpu")


@pytest.fixture(scope="module")
def client(translator):
    with running({"en-de": None}, lambda path: translator) as client:
        yield client


@pytest.fixture(scope="module")
def guarded(translator):
    with running({"en-de": None}, lambda path: translator, token=TOKEN) as client:
        yield client


def translated(client, **asked):
    answer = client.post("/translate", json={"source": "en", "target": "de", **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_client_of_pypi_translates_detects_and_lists_languages(client):
    api = LibreTranslateAPI(str(client.base_url))
    assert api.translate("I have a book.", "en", "de") == "Ich habe ein Buch."
    assert api.detect("Where is my book?")[0]["language"] == "en"
    assert api.languages() == [
        {"code": "en", "name": "English", "targets": ["en", "de"]},
        {"code": "de", "name": "German", "targets": ["de"]},
    ]


def test_weblate_gets_its_list_in_order(client):
    """What weblate/machinery/libretranslate.py sends, and reads of the answer."""
    texts = ["I have a book.", "%s", "Where is my house?"]
    answer = translated(client, api_key="", q=texts)
    assert answer == {"translatedText": ["Ich habe ein Buch.", "%s", "Wo ist mein Haus?"]}


def test_the_language_is_detected(client):
    asked = {"source": "auto", "q": "I have a book."}
    detected = translated(client, **asked)["detectedLanguage"]
    assert detected["language"] == "en"
    assert 50 < detected["confidence"] <= 100
    of_list = translated(client, **asked | {"q": ["I have a book.", "Yes."]})["detectedLanguage"]
    assert [one["language"] for one in of_list] == ["en", "en"]


def test_blanks_and_line_ends_stay(client):
    answer = translated(client, q="  I have a book.\n\n123\r\nWhere is my house? \n")
    assert answer["translatedText"] == "  Ich habe ein Buch.\n\n123\r\nWo ist mein Haus? \n"


def test_alternatives_are_others(client):
    answer = translated(client, q="How are you?", alternatives=3)
    assert 1 <= len(answer["alternatives"]) <= 3
    assert answer["translatedText"] not in answer["alternatives"]
    of_list = translated(client, q=["How are you?", "1"], alternatives=1)
    assert [len(one) for one in of_list["alternatives"]] == [1, 0]


def test_html_keeps_its_tags_around_the_right_words(client):
    text = '<p class="a">I have a <b>book</b>.</p><!-- I am here --><pre>I have</pre>'
    answer = translated(client, q=[text, "<br>"], format="html")["translatedText"]
    expected = '<p class="a">Ich habe ein <b>Buch</b>.</p><!-- I am here --><pre>I have</pre>'
    assert answer == [expected, "<br>"]


@pytest.mark.parametrize("language", ["en", "de"])
def test_into_its_own_language_a_text_stays(client, language):
    for kind in ("text", "html"):
        asked = {"source": language, "target": language, "q": "A <b>book</b>", "format": kind}
        assert translated(client, **asked)["translatedText"] == "A <b>book</b>"


def test_a_form_and_a_query_are_asked_in_the_same_way(client):
    asked = {"q": "I have a book.", "source": "en", "target": "de"}
    multipart = {name: (None, value) for name, value in asked.items()}
    for sent in ({"data": asked}, {"params": asked}, {"files": multipart}):
        assert client.post("/translate", **sent).json() == {"translatedText": "Ich habe ein Buch."}


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"source": "en", "target": "de"}, "Invalid request: missing q parameter"),
        ({"q": "a", "target": "de"}, "Invalid request: missing source parameter"),
        ({"q": "a", "source": "en"}, "Invalid request: missing target parameter"),
        ({"q": "", "source": "en", "target": "de"}, "Invalid request: missing q parameter"),
        ({"q": "a", "source": "xx", "target": "de"}, "xx is not supported"),
        ({"q": "a", "source": "en", "target": "fr"}, "fr is not supported"),
        (
            {"q": "a", "source": "de", "target": "en"},
            "English (en) is not available as a target language from German (de)",
        ),
        (
            {"q": "Je n'ai pas vu ton frère depuis lundi.", "source": "auto", "target": "de"},
            "fr is not supported",
        ),
    ],
)
def test_what_cannot_be_answered_is_a_sentence(client, asked, sentence):
    answer = client.post("/translate", json=asked)
    assert answer.status_code == 400
    assert answer.json() == {"error": sentence}


@pytest.mark.parametrize(
    "asked",
    [
        {"q": 1},
        {"q": ["a", None]},
        {"format": "pdf"},
        {"alternatives": "many"},
        {"alternatives": 1000},
        {"alternatives": -1},
    ],
)
def test_wrong_values_are_named(client, asked):
    answer = client.post("/translate", json={"q": "a", "source": "en", "target": "de", **asked})
    assert answer.status_code == 400
    assert next(iter(asked)) in answer.json()["error"]


@pytest.mark.parametrize("body", [b'{"q":', b"[1]", b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_said(client, body):
    headers = {"content-type": "application/json"}
    answer = client.post("/translate", content=body, headers=headers)
    assert answer.status_code == 400
    assert "JSON" in answer.json()["error"]


def test_a_document_is_translated_and_fetched(client):
    form = {"source": "auto", "target": "de"}
    files = {"file": ("../book.html", b"<p>I have a <i>book</i>.</p>")}
    url = client.post("/translate_file", data=form, files=files).json()["translatedFileUrl"]
    assert url.startswith(str(client.base_url))
    answer = client.get(url)
    assert answer.text == "<p>Ich habe ein <i>Buch</i>.</p>"
    assert answer.headers["content-disposition"] == 'attachment; filename="book.html"'
    assert answer.headers["content-type"] == "application/octet-stream"  # no page of this service


def test_behind_a_proxy_with_tls_the_address_is_one_of_the_proxy(client):
    form = {"source": "en", "target": "de"}
    headers = {"X-Forwarded-Proto": "https"}
    files = {"file": ("a.txt", b"I have a book.")}
    answer = client.post("/translate_file", data=form, files=files, headers=headers)
    url = answer.json()["translatedFileUrl"]
    assert url.startswith(f"https://{client.base_url.host}:{client.base_url.port}/download_file/")


def test_a_broken_document_is_a_sentence(client):
    form = {"source": "en", "target": "de"}
    answer = client.post("/translate_file", data=form, files={"file": ("a.docx", b"a b")})
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("a.docx is not a readable .docx")
    answer = client.post("/translate_file", data=form, files={"file": ("a.pdf", b"%PDF-1.7")})
    assert answer.status_code == 415


def test_there_is_no_way_out_of_the_folder_of_translations(client):
    for path in ("/download_file/..%2F..%2Fetc%2Fpasswd", "/download_file/a.html"):
        assert client.get(path).status_code == 404


def test_settings_say_what_there_is(client):
    settings = client.get("/frontend/settings").json()
    assert settings["keyRequired"] is False
    assert ".docx" in settings["supportedFilesFormat"]
    assert settings["language"]["target"] == {"code": "de", "name": "German"}
    assert client.post("/suggest", json={"q": "a", "s": "b"}).status_code == 403


def test_a_key_is_the_token(guarded):
    url = str(guarded.base_url)
    assert LibreTranslateAPI(url).languages()  # as there, open to all
    api = LibreTranslateAPI(url, api_key=TOKEN)
    assert api.translate("I have a book.", "en", "de") == "Ich habe ein Buch."
    for key in (None, "wrong"):
        with pytest.raises(HTTPError, match="403"):
            LibreTranslateAPI(url, api_key=key).translate("a", "en", "de")

    asked = {"q": "I have a book.", "source": "en", "target": "de"}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert guarded.post("/translate", json=asked, headers=headers).status_code == 200
    assert guarded.post("/translate", json=asked).json() == {"error": "Invalid API key"}
    assert guarded.post("/detect", data={"q": "a"}).status_code == 403
    form = {"source": "en", "target": "de"}
    files = {"file": ("a.txt", b"I have a book.")}
    assert guarded.post("/translate_file", data=form, files=files).status_code == 403
