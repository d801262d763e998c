"""What the page does when the server refuses, is busy, asks for a token or is away."""

from playwright.sync_api import expect


def test_the_servers_sentence_stands_where_it_arose(page, fake):
    fake.refusals["v1/translate"] = [(413, "the text has 120,000 characters; 20,000 are allowed")]
    page.fill("#source", "long")
    problem = page.locator("#translation-problem")
    expect(problem).to_have_text("the text has 120,000 characters; 20,000 are allowed")
    expect(problem).to_have_attribute("role", "alert")

    page.fill("#source", "short")
    expect(page.locator("#translation")).to_have_text("shorto")
    expect(problem).to_have_text("")


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
    fake.refusals["v1/translate"] = [(429, "too many requests", {"Retry-After": "1"})]
    page.fill("#source", "good")
    expect(page.locator("#notice")).to_contain_text("busy. Trying again in 1 second.")
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


def test_a_server_that_is_away_costs_no_text(page):
    page.fill("#source", "good")
    expect(page.locator("#translation")).to_have_text("goodo")
    page.context.set_offline(True)
    page.fill("#source", "good morning")
    expect(page.locator("#notice")).to_contain_text("The server does not answer")
    expect(page.locator("#translation-problem")).to_contain_text("the server is away")
    expect(page.locator("#source")).to_have_value("good morning")

    page.context.set_offline(False)
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
