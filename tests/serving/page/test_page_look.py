"""How the page looks and reads: on a phone, light and dark, in German, to a screen reader."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

VIEWS = ["translate", "documents", "language", "labels", "images", "rows"]
AXE = os.environ.get("SEQKIT_AXE", "")
PHONE = {"width": 360, "height": 640}


def fill(page, view):
    """Put something long into a view."""
    word = "Donaudampfschifffahrtsgesellschaftskapitän" * 2
    if view == "translate":
        page.fill("#source", f"good {word}")
        expect(page.locator("#translation .word")).to_have_count(2)
        page.click("#terms summary")
        page.fill("#term-source", word)
        page.keyboard.press("Enter")
        page.locator("#translation .word").first.click()
        expect(page.locator(".alternatives button")).to_have_count(3)
    if view == "documents":
        buffer = {"name": f"{word}.txt", "mimeType": "text/plain", "buffer": b"text"}
        page.set_input_files("#documents-file", [buffer])
        expect(page.locator("#documents-list li")).to_contain_text("4")
    if view == "language":
        page.fill("#language-text", f"Once {word}")
        expect(page.locator("#surprise-tokens .word")).to_have_count(2)
        page.click("#generate")
        expect(page.locator("#generate-take")).to_be_visible()
    if view == "labels":
        page.select_option("#labels-model", "names")
        page.fill("#labels-text", f"Mary met {word}")
        expect(page.locator("#labels-result mark")).to_have_count(2)
    if view == "rows":
        page.fill("#rows-form input", "98765432")
        expect(page.locator("#rows-result strong")).to_be_visible()
        page.fill("#rows-text", f"area,{word}\n1,{word}")
        expect(page.locator("#rows-table td")).to_have_count(2)


@pytest.mark.parametrize("view", VIEWS)
def test_a_phone_scrolls_in_one_direction_only(new_page, view):
    page = new_page(view, viewport=PHONE, locale="de-DE")
    expect(page.locator(f"#{view}-title")).to_be_visible()
    fill(page, view)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.skipif(not AXE, reason="needs axe-core's axe.min.js (npm), its path in SEQKIT_AXE")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_no_fault(new_page, view, scheme):
    page = new_page(view, color_scheme=scheme)
    expect(page.locator(f"#{view}-title")).to_be_visible()
    fill(page, view)
    page.evaluate(Path(AXE).read_text(encoding="utf-8") + ";undefined")
    found = page.evaluate("axe.run()")
    faults = [
        (fault["id"], node["target"], node["failureSummary"])
        for fault in found["violations"]
        for node in fault["nodes"]
    ]
    assert faults == []


def test_the_page_is_in_the_browsers_language(new_page):
    page = new_page(locale="de-AT")
    expect(page.locator("#translate-title")).to_have_text("Übersetzen")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator("#direction option").first).to_have_text("Englisch → Deutsch")


def test_german_has_its_own_quotation_marks(new_page):
    page = new_page(locale="de-DE")
    page.fill("#source", "one two")
    page.locator("#translation .word").first.hover()
    expect(page.locator("#translation-hint")).to_contain_text("„oneo“ kommt von „one“ 80")


def test_another_language_can_be_chosen_and_is_kept(new_page):
    page = new_page(locale="fr-FR")
    expect(page.locator("#translate-title")).to_have_text("Translate")
    page.select_option("#page-language", "de")
    expect(page.locator("#translate-title")).to_have_text("Übersetzen")
    expect(page).to_have_title("Übersetzen · seqkit")
    page.reload()
    expect(page.locator("#translate-title")).to_have_text("Übersetzen")


def background(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_the_page_is_dark_where_the_system_is(new_page):
    light = background(new_page(color_scheme="light"))
    dark = background(new_page(color_scheme="dark"))
    assert (light, dark) == ("rgb(247, 246, 243)", "rgb(21, 23, 26)")


def test_a_theme_can_be_chosen_and_is_kept(new_page):
    page = new_page(color_scheme="light")
    page.select_option("#page-theme", "dark")
    dark = background(page)
    page.reload()
    assert background(page) == dark == "rgb(21, 23, 26)"


def test_focus_can_be_seen_on_all_that_can_be_focused(new_page):
    page = new_page()
    page.fill("#source", "good morning")
    expect(page.locator("#translation .word")).to_have_count(2)
    page.reload()  # the text stays, the focus begins at the top
    expect(page.locator("#translation .word")).to_have_count(2)
    seen = []
    for _ in range(20):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUSED))
    names = [name for name, _ in seen]
    assert names[0] == "Skip to the content"
    for name in ("Translate", "source", "clear", "goodo", "SUMMARY", "API", "page-theme"):
        assert name in names, names
    assert [name for name, is_seen in seen if not is_seen and name not in ("BODY", "source")] == []


FOCUSED = """() => {
    const at = document.activeElement;
    const style = getComputedStyle(at);
    const name = at.id || (at.tagName === "SUMMARY" ? at.tagName : at.textContent || at.tagName);
    return [at === document.body ? "BODY" : name, style.outlineStyle !== "none"];
}"""


def test_a_screen_reader_hears_the_finished_translation(new_page, fake):
    page = new_page()
    fake.held_after = 1
    page.fill("#source", "one two three")
    expect(page.locator("#translation .word")).to_have_count(1)
    spoken = page.locator("#translation-spoken")
    expect(spoken).to_have_text("")
    expect(spoken).to_have_attribute("role", "status")
    fake.held_after = None
    expect(spoken).to_have_text("oneo twoo threeo")


def test_nothing_is_asked_of_another_server(new_page, address):
    page = new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    for view in VIEWS:
        page.goto(f"{address}/#{view}")
        fill(page, view)
    assert len(asked) > 20
    others = ("blob:", "data:")
    assert [url for url in asked if not url.startswith((address, *others))] == []
