"""Translating on the page: typing, pointing, choosing, terms."""

import re

from playwright.sync_api import expect

LONG = "one two three four five six seven eight"


def translated(page, text, expected):
    page.fill("#source", text)
    expect(page.locator("#translation")).to_have_text(expected)


def word(page, number):
    """A word of the translation, counted from 0."""
    return page.locator("#translation .word").nth(number)


def test_the_translation_grows_while_it_is_computed(page, fake):
    fake.held_after = 2
    page.fill("#source", LONG)
    expect(page.locator("#translation")).to_have_text("oneo twoo")
    expect(page.locator("#translation-card")).to_have_attribute("aria-busy", "true")
    fake.held_after = None
    expect(page.locator("#translation")).to_have_text(LONG.replace(" ", "o ") + "o")
    expect(page.locator("#translation-card")).not_to_have_attribute("aria-busy", "true")


def test_a_person_who_types_quickly_asks_once(page, fake):
    page.clock.install(time=0)
    page.clock.pause_at(60_000)
    page.type("#source", "good morning")
    page.clock.run_for(200)
    assert not fake.bodies("v1/translate")
    page.clock.run_for(100)
    expect(page.locator("#translation")).to_have_text("goodo morningo")
    assert [body["text"] for body in fake.bodies("v1/translate")] == ["good morning"]


def test_an_overtaken_request_is_cancelled(page, fake):
    fake.held_after = 1
    translated(page, LONG, "oneo")
    fake.held_after = 9
    translated(page, "peace now", "peaceo nowo")
    for _ in range(100):
        if fake.cancelled:
            break
        page.wait_for_timeout(20)
    assert fake.cancelled == 1


def test_an_empty_text_asks_nothing(page, fake):
    translated(page, "good", "goodo")
    page.click("#clear")
    expect(page.locator("#translation")).to_have_text("")
    expect(page.locator("#translation-empty")).to_be_visible()
    assert len(fake.bodies("v1/translate")) == 1


def test_pointing_at_a_word_shows_what_it_looked_at(page, fake):
    translated(page, LONG, LONG.replace(" ", "o ") + "o")
    assert not fake.bodies("v1/explain")
    word(page, 2).hover()

    marks = page.locator("#source-mirror mark")
    expect(marks).to_have_text(["three"])
    expect(page.locator("#translation-hint")).to_contain_text("“three” 80%")
    page.hover("h1:visible")
    expect(marks).to_have_count(0)

    word(page, 3).hover()
    expect(marks).to_have_text(["four"])
    assert len(fake.bodies("v1/explain")) == 1  # asked once for all words


def test_words_the_model_was_unsure_of_are_underlined(page):
    translated(page, "good morning", "goodo morningo")
    word(page, 1).hover()
    expect(word(page, 0)).to_have_class(re.compile("unsure"))
    expect(word(page, 1)).not_to_have_class(re.compile("unsure"))


def test_words_are_reached_by_keyboard(page):
    translated(page, LONG, LONG.replace(" ", "o ") + "o")
    page.focus("#copy")
    page.keyboard.press("Tab")
    expect(word(page, 0)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(word(page, 2)).to_be_focused()
    expect(page.locator("#source-mirror mark")).to_have_text(["three"])

    page.keyboard.press("Enter")
    expect(page.locator(".alternatives button").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".alternatives button").nth(1)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#alternatives")).to_be_hidden()
    expect(word(page, 2)).to_be_focused()


def test_another_word_has_the_rest_redone(page, fake):
    translated(page, "one two three", "oneo twoo threeo")
    word(page, 1).click()
    page.locator(".alternatives button").nth(1).click()

    expect(page.locator("#translation")).to_have_text("oneo Einen Vormittag.")
    (asked,) = fake.bodies("v1/alternatives")
    assert asked["prefix"] == "oneo "
    assert asked["translation"] == "oneo twoo threeo"
    assert asked["text"] == "one two three"
    expect(word(page, 1)).to_be_focused()

    page.click("#undo")
    expect(page.locator("#translation")).to_have_text("oneo twoo threeo")
    expect(page.locator("#undo")).to_be_hidden()


def test_a_word_of_ones_own_has_the_rest_redone(page, fake):
    translated(page, "one two three", "oneo twoo threeo")
    word(page, 2).click()
    page.fill("#alternatives input", "drei")
    page.keyboard.press("Enter")
    expect(page.locator("#translation")).to_have_text("oneo twoo drei und so weiter.")
    asked = fake.bodies("v1/alternatives")[-1]
    assert (asked["prefix"], asked["word"]) == ("oneo twoo ", "drei")
    assert asked["translation"] == "oneo twoo threeo"


def test_markup_in_a_translation_is_text(page):
    translated(page, "markup", "<img src=x onerror=window.hacked=1> <b>fett</b>")
    word(page, 0).click()
    expect(page.locator(".alternatives strong").nth(2)).to_have_text("<i>Frohen</i>")
    assert page.locator("main img[src=x], #translation b, .alternatives i").count() == 0
    assert page.evaluate("window.hacked") is None


def test_a_translation_from_right_to_left_stands_so(page):
    translated(page, "peace", "שלום עולם")
    direction = "element => getComputedStyle(element).direction"
    assert page.locator("#translation").evaluate(direction) == "rtl"
    word(page, 0).focus()
    page.keyboard.press("ArrowLeft")
    expect(word(page, 1)).to_be_focused()


def test_terms_are_sent_and_kept(page, fake):
    translated(page, "the railway", "theo railwayo")
    page.click("#terms summary")
    page.fill("#term-source", "railway")
    page.fill("#term-target", "Eisenbahn")
    page.keyboard.press("Enter")
    expect(page.locator("#translation")).to_have_text("theo Eisenbahn")
    assert fake.bodies("v1/translate")[-1]["glossary"] == [["railway", "Eisenbahn"]]

    page.reload()
    expect(page.locator("#source")).to_have_value("the railway")
    expect(page.locator("#translation")).to_have_text("theo Eisenbahn")
    page.click("#terms summary")
    page.click("#terms-list button")
    expect(page.locator("#translation")).to_have_text("theo railwayo")
    assert "glossary" not in fake.bodies("v1/translate")[-1]


def test_a_term_without_translation_stays_as_it_is(page, fake):
    page.click("#terms summary")
    page.fill("#term-source", "seqkit")
    page.keyboard.press("Enter")
    expect(page.locator("#terms-list")).to_contain_text("stays as it is")
    page.fill("#source", "seqkit")
    expect(word(page, 0)).to_be_visible()
    assert fake.bodies("v1/translate")[-1]["glossary"] == [["seqkit", "-"]]


def test_terms_of_a_file_are_added_and_a_file_without_is_refused(page):
    page.click("#terms summary")
    lines = "# ours\ncontract\tVertrag\tnoun\n\n<b>bold</b>\tfett\n"
    page.set_input_files("#terms-file", [file("terms.tsv", lines)])
    expect(page.locator("#terms-list li")).to_have_count(2)
    expect(page.locator("#terms-list")).to_contain_text("<b>bold</b>")
    page.set_input_files("#terms-file", [file("letter.txt", "Dear all")])
    expect(page.locator("#terms-problem")).to_contain_text("letter.txt has no terms")
    latin = {**file("old.tsv", ""), "buffer": "Tür\tdoor\n".encode("latin-1")}
    page.set_input_files("#terms-file", [latin])
    expect(page.locator("#terms-problem")).to_contain_text("old.tsv is not text in UTF-8")
    expect(page.locator("#terms-list li")).to_have_count(2)


def file(name, text):
    return {"name": name, "mimeType": "text/plain", "buffer": text.encode()}


def test_terms_belong_to_a_direction(page):
    page.click("#terms summary")
    page.fill("#term-source", "gift")
    page.keyboard.press("Enter")
    page.select_option("#direction", label="German → English")
    expect(page.locator("#terms-list li")).to_have_count(0)


def test_the_direction_is_kept(page):
    page.select_option("#direction", label="German → English")
    page.reload()
    expect(page.locator("#direction option:checked")).to_have_text("German → English")


def test_a_long_translation_is_not_read_out(page):
    page.fill("#source", "word " * 200)
    expect(page.locator("#translation-spoken")).to_have_text("The translation is ready.")


def test_swapping_translates_the_translation_back(page, fake):
    translated(page, "good", "goodo")
    page.click("#swap")
    expect(page.locator("#source")).to_have_value("goodo")
    expect(page.locator("#translation")).to_have_text("goodoo")
    assert fake.bodies("v1/translate")[-1]["model"] == "de-en"


def test_swapping_goes_on_the_other_way(page):
    translated(page, "good", "goodo")
    page.click("#swap")
    expect(page.locator("#source")).to_have_value("goodo")
    page.reload()
    expect(page.locator("#direction option:checked")).to_have_text("German → English")


def test_swapping_can_be_undone(page):
    translated(page, "good", "goodo")
    page.click("#swap")
    expect(page.locator("#translation")).to_have_text("goodoo")
    page.keyboard.press("Control+z")
    expect(page.locator("#source")).to_have_value("good")


def test_swapping_leaves_a_text_without_translation(page, fake):
    fake.refusals["v1/translate"] = [(413, "too long")]
    page.fill("#source", "good")
    expect(page.locator("#translation-problem")).to_have_text("too long")
    page.click("#swap")
    expect(page.locator("#translation")).to_have_text("goodo")
    expect(page.locator("#source")).to_have_value("good")


def test_swapping_leaves_a_text_of_which_half_is_translated(page, fake):
    fake.held_after = 1
    translated(page, LONG, "oneo")
    page.click("#swap")
    expect(page.locator("#source")).to_have_value(LONG)
    fake.held_after = None
    expect(page.locator("#translation")).to_have_text(LONG.replace(" ", "o ") + "o")


def test_a_translation_of_another_text_explains_and_offers_nothing(page, fake):
    translated(page, "one two three", "oneo twoo threeo")
    fake.refusals["v1/translate"] = [(413, "too long")]
    page.fill("#source", "and one two three")
    expect(page.locator("#translation-problem")).to_have_text("too long")
    word(page, 1).hover()
    word(page, 1).click()
    expect(word(page, 1)).to_be_focused()
    expect(page.locator("#alternatives")).to_be_hidden()
    page.fill("#source", "peace")  # the page has asked all that it asks
    expect(page.locator("#translation")).to_have_text("שלום עולם")
    assert not fake.bodies("v1/explain")
    assert not fake.bodies("v1/alternatives")


def test_what_an_input_method_composes_is_not_translated_yet(page, fake):
    keyboard = page.context.new_cdp_session(page)
    page.focus("#source")
    page.clock.install(time=0)
    page.clock.pause_at(60_000)
    for text in ("n", "ni", "ni hao"):
        end = {"selectionStart": len(text), "selectionEnd": len(text)}
        keyboard.send("Input.imeSetComposition", {"text": text, **end})
        page.clock.run_for(1000)
    assert not fake.bodies("v1/translate")

    keyboard.send("Input.insertText", {"text": "你好"})
    page.clock.run_for(1000)
    expect(page.locator("#translation")).to_have_text("你好o")
    assert [body["text"] for body in fake.bodies("v1/translate")] == ["你好"]


def test_a_line_separator_in_a_translation_loses_nothing(page):
    page.fill("#source", "verse")
    expect(page.locator("#translation .word").last).to_have_text("drei")
    expect(page.locator("#translation .word").first).to_have_text("eins")


def test_words_of_a_model_without_alternatives_are_no_buttons(page):
    page.select_option("#direction", label="German → English")
    translated(page, "eins zwei", "einso zweio")
    expect(page.locator("#translation .word")).to_have_count(2)
    expect(page.locator("#translation [role], #translation [tabindex]")).to_have_count(0)

    page.select_option("#direction", label="English → German")
    expect(page.locator("#translation").get_by_role("button")).to_have_count(2)


def test_alternatives_that_fail_are_looked_for_no_longer(page, fake):
    translated(page, "one two", "oneo twoo")
    fake.refusals["v1/alternatives"] = [(400, "no such prefix")]
    word(page, 1).click()
    expect(page.locator("#alternatives .problem")).to_have_text("no such prefix")
    expect(page.locator("#alternatives [role=status]")).to_have_text("")


def test_copying_is_said_and_so_is_a_browser_that_refuses_it(page):
    translated(page, "good", "goodo")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject('no') }")
    page.click("#copy")
    expect(page.locator("#translation-problem")).to_contain_text("does not let the page copy")
    page.evaluate("() => { navigator.clipboard.writeText = async () => {} }")
    page.click("#copy")
    expect(page.locator("#translation-spoken")).to_have_text("Copied")


def test_two_tabs_keep_the_terms_of_both(page):
    other = page.context.new_page()
    other.goto(page.url)
    for tab, term in ((page, "railway"), (other, "train")):
        tab.bring_to_front()
        tab.click("#terms summary")
        tab.fill("#term-source", term)
        tab.keyboard.press("Enter")
        expect(tab.locator("#terms-list")).to_contain_text(term)
    for tab in (page, other):
        expect(tab.locator("#terms-list li")).to_have_count(2)


def test_the_page_works_without_storage(new_page, refuse_storage):
    page = new_page()
    refuse_storage(page)
    page.reload()
    page.click("#terms summary")
    page.fill("#term-source", "railway")
    page.fill("#term-target", "Bahn")
    page.keyboard.press("Enter")
    expect(page.locator("#terms-problem")).to_contain_text("cannot save the terms")
    translated(page, "railway", "Bahn")


def test_a_model_of_several_languages_is_asked_for_one(fake, new_page):
    many = {**fake.models[0], "name": "many", "targets": ["de", "fr"]}
    fake.models = [many]
    page = new_page()
    expect(page.locator("#direction option")).to_have_text(["English → German", "English → French"])
    page.select_option("#direction", label="English → French")
    translated(page, "good", "goodo")
    assert fake.bodies("v1/translate")[-1]["to"] == "fr"
    expect(page.locator("#translation")).to_have_attribute("lang", "fr")
