"""Language models, labels and images on the page."""

import base64
import re

from fake_service import png
from playwright.sync_api import expect

COLOUR = "element => getComputedStyle(element).backgroundColor"


def test_each_token_is_coloured_by_its_surprisal(new_page):
    page = new_page("language")
    page.fill("#language-text", "Once upon a time")
    tokens = page.locator("#surprise-tokens .word")
    expect(tokens).to_have_text(["Once", "upon", "a", "time"])
    expect(page.locator("#surprise-figures")).to_have_text("perplexity 12.5 over 4 tokens")
    expect(tokens.nth(2)).to_have_attribute("aria-label", "a, 6.0 bits")
    shares = [tokens.nth(i).evaluate(COLOUR) for i in range(4)]
    assert len(set(shares)) == 4
    assert shares[0].endswith("/ 0)"), "no surprise, no colour"

    tokens.nth(3).hover()
    expect(page.locator("#surprise-hint")).to_contain_text("9.0 bits")
    expect(page.locator("#surprise-hint")).to_contain_text("1 in 510")  # 2 ** 9 = 512


def test_a_next_word_is_added_to_the_text(new_page, fake):
    page = new_page("language")
    page.fill("#language-text", "Once upon a")
    expect(page.locator("#next-words button").first).to_have_text("time 61%")
    expect(page.locator("#next-words button").nth(2)).to_have_text("<u>x</u> 0.2%")
    page.locator("#next-words button").first.click()
    expect(page.locator("#language-text")).to_have_value("Once upon a time")
    expect(page.locator("#language-text")).to_be_focused()
    expect(page.locator("#surprise-tokens .word")).to_have_count(4)


def test_a_generated_text_grows_and_can_be_stopped_and_taken(new_page, fake):
    page = new_page("language")
    page.fill("#language-text", "Once ")
    fake.held_after = 3
    page.click("#generate")
    expect(page.locator("#generated")).to_have_text("there was a")
    page.click("#generate-stop")
    expect(page.locator("#generate-stop")).to_be_hidden()
    expect(page.locator("#generation")).not_to_have_attribute("aria-busy", "true")
    page.click("#generate-take")
    expect(page.locator("#language-text")).to_have_value("Once there was a")
    assert fake.bodies("v1/generate")[0]["tokens"] == 50


def test_continuing_again_begins_again(new_page, fake):
    page = new_page("language")
    page.fill("#language-text", "Once ")
    fake.held_after = 3
    page.click("#generate")
    expect(page.locator("#generated")).to_have_text("there was a")
    page.click("#generate")
    while len(fake.bodies("v1/generate")) < 2 or not fake.cancelled:
        page.wait_for_timeout(20)
    expect(page.locator("#generated")).to_have_text("there was a")
    expect(page.locator("#generate-stop")).to_be_visible()
    fake.held_after = None
    expect(page.locator("#generate-stop")).to_be_hidden()


def test_a_model_shows_only_what_it_can_do(fake, new_page):
    fake.models = [{"name": "counted", "task": "ngram", "operations": ["surprisal"]}]
    page = new_page()
    expect(page.locator("#surprise")).to_be_visible()
    expect(page.locator("#next")).to_be_hidden()
    expect(page.locator("#generation")).to_be_hidden()


def test_labels_have_their_probabilities(new_page, fake):
    page = new_page("labels")
    page.fill("#labels-text", "It rains.\nAnd rains.")
    rows = page.locator("#labels-result li")
    expect(rows).to_have_text([re.compile("weather90%"), re.compile("travel8%"), "<b>food</b>2%"])
    assert fake.bodies("v1/predict")[0]["inputs"] == ["It rains.\nAnd rains."]  # one text
    assert page.locator("#labels-result b").count() == 0


def test_spans_are_marked_with_their_kind(new_page, fake):
    page = new_page("labels")
    page.select_option("#labels-model", "names")
    page.fill("#labels-text", "Mary visited Paris\nPeter left Rome")
    marks = page.locator("#labels-result mark")
    expect(marks).to_have_text(["Mary PER", "Paris LOC", "Peter PER", "Rome LOC"])
    people, places = marks.nth(0).evaluate(COLOUR), marks.nth(1).evaluate(COLOUR)
    assert people != places
    assert marks.nth(2).evaluate(COLOUR) == people
    assert len(fake.bodies("v1/predict")[0]["inputs"]) == 2  # a sentence a line


def test_tags_without_spans_stand_under_their_words(new_page, fake):
    tagged = {"words": ["It", "rains"], "tags": ["PRON", "VERB"], "probabilities": [0.9, 0.8]}
    fake.answers["v1/predict"] = {"predictions": [tagged]}
    page = new_page("labels")
    page.fill("#labels-text", "It rains")
    expect(page.locator("#labels-result li")).to_have_text(["ItPRON", "rainsVERB"])


def test_an_image_shows_its_classes_and_where_the_model_looked(new_page, fake):
    page = new_page("images")
    name = "<b>coat</b>.png"
    picture = {"name": name, "mimeType": "image/png", "buffer": base64.b64decode(png())}
    page.set_input_files("#images-file", [picture])
    expect(page.locator("#image-name")).to_have_text(name)
    expect(page.get_by_alt_text("Where the model looked for “coat”")).to_be_visible()
    expect(page.locator("#image-classes li")).to_have_text(["coat70%", "shirt30%"])
    drawn = "image => image.complete && image.naturalWidth"
    assert page.locator("#image").evaluate(drawn) == 64
    assert page.locator("#heat").evaluate(drawn) == 64

    page.click("#image-classes button >> text=shirt")
    expect(page.get_by_alt_text("Where the model looked for “shirt”")).to_be_visible()
    assert fake.bodies("v1/explain-image")[-1]["class"] == "shirt"


def test_a_file_that_is_no_image_is_said(new_page, fake):
    fake.refusals["v1/explain-image"] = [(415, "the file is not an image")]
    page = new_page("images")
    page.set_input_files(
        "#images-file", [{"name": "a.png", "mimeType": "image/png", "buffer": b"no image"}]
    )
    expect(page.locator("#images-problem")).to_have_text("the file is not an image")
