"""What the page does when the server refuses, is busy, asks for a token or is away."""

from fake_service import Cut
from fastapi.responses import Response
from playwright.sync_api import expect


def test_the_servers_sentence_stands_where_it_arose(page, fake):
    fake.refusals["v1/translate"] = [(413, "the text has 120,000 characters; 20,000 are allowed")]
    page.fill("#source", "long")
    problem = page.locator("#translation-problem")
    expect(problem).to_have_text("the text has 120,000 characters; 20,000 are allowed")
    expect(problem).to_have_attribute("role", "alert")

    expect(problem).to_have_attribute("lang", "en")

    page.fill("#source", "short")
    expect(page.locator("#translation")).to_have_text("shorto")
    expect(problem).to_have_text("")
    expect(problem).not_to_have_attribute("lang", "en")


def test_an_error_in_the_middle_of_a_stream_is_said(page, fake):
    from fastapi.responses import StreamingResponse

    events = [
        'data: {"index": 0, "done": false, "text": "Guten"}\n\n',
        'event: error\ndata: {"error": {"code": "internal", "message": "the model failed"}}\n\n',
    ]
    fake.answers["v1/translate"] = StreamingResponse(iter(events), media_type="text/event-stream")
    page.fill("#source", "good")
    expect(page.locator("#translation-problem")).to_have_text("the model failed")


def test_a_busy_server_is_asked_again(page, fake):
    page.clock.install()
    fake.refusals["v1/translate"] = [(429, "too many requests", {"Retry-After": "20"})]
    page.fill("#source", "good")
    expect(page.locator("#notice")).to_contain_text("busy. Trying again in 20 seconds.")
    assert len(fake.bodies("v1/translate")) == 1
    page.clock.run_for(20_000)
    expect(page.locator("#translation")).to_have_text("goodo")
    expect(page.locator("#notice")).to_have_text("")
    assert len(fake.bodies("v1/translate")) == 2


def test_a_token_is_asked_for_and_kept_in_the_tab(fake, new_page):
    fake.token = "s3cret"
    page = new_page()
    dialog = page.locator("#token-dialog")
    expect(dialog).to_be_visible()
    expect(page.locator("#token")).to_be_focused()

    page.fill("#token", "wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#token-problem")).to_contain_text("does not accept this token")
    page.fill("#token", "s3cret")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    page.fill("#source", "good")
    expect(page.locator("#translation")).to_have_text("goodo")

    page.reload()
    expect(page.locator("#translation")).to_have_text("goodo")
    expect(dialog).to_be_hidden()


def test_a_token_that_the_browser_does_not_keep_is_asked_for_once(fake, new_page, refuse_storage):
    page = new_page()
    refuse_storage(page)
    fake.token = "s3cret"
    page.reload()
    page.fill("#token", "s3cret")
    page.keyboard.press("Enter")
    expect(page.locator("#token-dialog")).to_be_hidden()
    page.fill("#source", "good")
    expect(page.locator("#translation")).to_have_text("goodo")


def test_an_answer_that_breaks_off_is_no_answer(new_page, fake):
    page = new_page("labels")
    page.clock.install()
    fake.answers["v1/predict"] = Cut()
    page.fill("#labels-text", "It rains.")
    expect(page.locator("#labels-problem")).to_contain_text("the server is away")

    fake.answers.clear()
    page.clock.run_for(3000)
    expect(page.locator("#labels-result li")).to_have_count(3)
    expect(page.locator("#notice")).to_have_text("")


def test_a_proxy_without_a_server_is_no_answer(page, fake):
    page.clock.install()
    fake.answers["v1/translate"] = Response("<h1>Bad Gateway</h1>", 502, media_type="text/html")
    page.fill("#source", "good")
    expect(page.locator("#translation-problem")).to_contain_text("the server is away")
    fake.answers.clear()
    page.clock.run_for(3000)
    expect(page.locator("#translation")).to_have_text("goodo")


def test_a_server_that_is_away_costs_no_text(page):
    page.clock.install()
    page.fill("#source", "good")
    expect(page.locator("#translation")).to_have_text("goodo")
    page.context.set_offline(True)
    page.fill("#source", "good morning")
    expect(page.locator("#notice")).to_contain_text("The server does not answer")
    expect(page.locator("#translation-problem")).to_contain_text("the server is away")
    expect(page.locator("#source")).to_have_value("good morning")

    page.context.set_offline(False)
    page.clock.run_for(3000)
    expect(page.locator("#translation")).to_have_text("goodo morningo")
    expect(page.locator("#notice")).to_have_text("")
    expect(page.locator("#translation-problem")).to_have_text("")


def test_only_what_the_server_offers_is_shown(fake, new_page):
    fake.models = [model for model in fake.models if model["name"] in ("topics", "stories")]
    page = new_page()
    expect(page.locator("nav a")).to_have_text(["Language model", "Label"])
    expect(page.locator("#language")).to_be_visible()
    expect(page.locator("#translate")).to_be_hidden()


def test_a_server_without_models_is_told_how_to_get_one(fake, new_page):
    fake.models = []
    expect(new_page().locator("#loading")).to_contain_text("seqkit serve -m NAME=MODEL")


def test_what_the_server_says_about_its_models_is_shown_when_it_refuses(fake, new_page):
    fake.refusals["v1/models"] = [(403, "not answered under this name")]
    expect(new_page().locator("#loading")).to_have_text("not answered under this name")


def test_views_have_addresses_and_take_the_focus(page):
    page.click("nav a >> text=Label")
    expect(page.locator("#labels-title")).to_be_focused()
    expect(page).to_have_title("Label · seqkit")
    page.go_back()
    expect(page.locator("#translate")).to_be_visible()


def test_a_page_that_was_left_at_its_skip_link_is_not_empty(page):
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    expect(page.locator("#translate")).to_be_visible()
    page.reload()
    expect(page.locator("#translate")).to_be_visible()
