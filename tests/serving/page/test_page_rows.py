"""Rows of tables on the page: one that is filled in, those of a file."""

import csv
import io
import re

import pytest
from fake_service import refusal
from playwright.sync_api import expect

READ = """async ([base, text]) => {
    const { readTable } = await import(`${base}/page/tables.js`);
    try {
        const table = readTable(text);
        return table && [table.header, ...table.rows];
    } catch (error) {
        return [error.key, error.values];
    }
}"""
WRITE = """async ([base, rows]) => {
    const { writeTable } = await import(`${base}/page/tables.js`);
    return writeTable(rows);
}"""


@pytest.fixture
def page(new_page):
    return new_page("rows")


def several(page, text):
    page.fill("#rows-text", text)
    return page.locator("#rows-table tbody tr")


def test_a_field_for_each_column_gives_a_prediction(page, fake):
    expect(page.locator("#rows-form label")).to_have_count(2)
    expect(page.get_by_label("area")).to_have_attribute("placeholder", "118.25")
    offered = page.locator("#rows-form datalist option")
    shown = [option.get_attribute("value") for option in offered.all()]
    assert shown == ["north", "<b>south</b>", "west"]
    expect(page.get_by_label("quarter")).to_have_attribute("placeholder", "north")
    page.get_by_label("area").fill("120")
    expect(page.locator("#rows-result")).to_have_text("120,000 price")

    page.get_by_label("quarter").fill("harbour")  # which is not among those that are offered
    expect(page.locator("#rows-card")).not_to_have_attribute("aria-busy", "true")
    while len(fake.bodies("v1/predict")) < 2:
        page.wait_for_timeout(20)
    assert fake.bodies("v1/predict")[-1] == {
        "model": "houses",
        "inputs": [{"area": "120", "quarter": "harbour"}],
    }


def test_a_german_page_shows_numbers_in_the_form_as_models_read_them(new_page, fake):
    houses = next(model for model in fake.models if model["name"] == "houses")
    fake.models = [{**houses, "columns": [{"name": "area", "mean": 1736.884}]}]
    page = new_page("rows", locale="de-DE")
    expect(page.get_by_label("area")).to_have_attribute("placeholder", "1736.88")
    page.get_by_label("area").fill("1736.88")
    expect(page.locator("#rows-result .figure")).to_have_text("1.736.880")


def test_a_row_that_is_refused_has_no_figure_of_the_row_before(page, fake):
    page.get_by_label("area").fill("120")
    expect(page.locator("#rows-result")).to_have_text("120,000 price")
    fake.refusals["v1/predict"] = [(400, "area is '1736,88'")]
    page.get_by_label("area").fill("1736,88")
    expect(page.locator("#rows-problem")).to_have_text("area is '1736,88'")
    expect(page.locator("#rows-result")).to_be_empty()


def test_classes_have_their_probabilities(page):
    page.select_option("#rows-model", "flowers")
    page.get_by_label("sepal").fill("0.3")
    expect(page.locator("#rows-result li")).to_have_text(["rose90%", "lily10%"])
    page.get_by_label("sepal").fill("")
    expect(page.locator("#rows-result li")).to_have_count(0)
    expect(page.locator("#rows-empty")).to_be_visible()


def test_a_target_called_probabilities_is_shown_without_any(new_page, fake):
    flowers = next(model for model in fake.models if model["name"] == "flowers")
    fake.models = [{**flowers, "target": "probabilities"}]
    fake.answers["v1/predict"] = {"predictions": [{"probabilities": "high"}]}
    page = new_page("rows")
    page.get_by_label("sepal").fill("0.3")
    expect(page.locator("#rows-result")).to_have_text("high probabilities")
    expect(several(page, "sepal\n1")).to_have_text(["1high"])


def test_pasted_rows_have_a_prediction_each(page, fake):
    lines = several(page, "area;quarter\n10;north\n20;west\n")
    expect(lines).to_have_text(["110,000", "220,000"])
    expect(page.locator("#rows-count")).to_have_text("2 rows")
    assert fake.bodies("v1/predict")[-1]["inputs"][1] == {"area": "20", "quarter": "west"}

    page.select_option("#rows-model", "flowers")
    expect(lines).to_have_text(["1rose90%", "2rose90%"])


def test_a_file_is_sent_in_parts_and_saved_with_its_predictions(page, fake):
    rows = "".join(f'{n},"a ""b"", c"\n' for n in range(1200))
    content = {
        "name": "<i>a</i>.csv",
        "mimeType": "text/csv",
        "buffer": f"area,note\n{rows}".encode(),
    }
    page.set_input_files("#rows-file", [content])
    expect(page.locator("#rows-name")).to_have_text("<i>a</i>.csv")
    expect(page.locator("#rows-count")).to_contain_text("The first 100 of 1,200 rows")
    assert [len(body["inputs"]) for body in fake.bodies("v1/predict")] == [500, 500, 200]
    assert page.locator("#rows-table tbody tr").count() == 100

    with page.expect_download() as downloaded:
        page.click("#rows-save")
    saved = downloaded.value.path().read_bytes().decode()
    found = list(csv.reader(io.StringIO(saved, newline="")))
    assert found[0] == ["area", "note", "predicted price"]
    assert found[1200] == ["1199", 'a "b", c', "1199000"]
    assert len(found) == 1201


def table_file(name, content):
    return {"name": name, "mimeType": "text/csv", "buffer": content}


def test_a_file_that_is_not_utf_8_is_named_and_not_sent(page, fake):
    latin = "area,quarter\n10,Süd\n".encode("cp1252")
    page.set_input_files("#rows-file", [table_file("prices.csv", latin)])
    expect(page.locator("#rows-file-problem")).to_contain_text("prices.csv is not text in UTF-8")
    assert not fake.bodies("v1/predict")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig", "utf-8"])
def test_a_file_of_any_unicode_with_its_mark_is_read(page, fake, encoding):
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    content = f"{mark}area\tquarter\n10\tSüd\n".encode(encoding)
    page.set_input_files("#rows-file", [table_file("prices.txt", content)])
    expect(page.locator("#rows-count")).to_have_text("1 row")
    assert fake.bodies("v1/predict")[-1]["inputs"] == [{"area": "10", "quarter": "Süd"}]


def test_of_two_files_in_a_row_the_later_one_stands_there_alone(page, fake):
    page.evaluate("""() => { // reads of slow.csv take as long as the test wants
        const read = Blob.prototype.arrayBuffer;
        Blob.prototype.arrayBuffer = async function () {
            if (this.name === "slow.csv") await new Promise((go) => { window.goOn = go; });
            return read.call(this);
        };
    }""")
    page.set_input_files("#rows-file", [table_file("slow.csv", b"area\n1\n2\n3\n")])
    page.wait_for_function("() => Boolean(window.goOn)")
    page.set_input_files("#rows-file", [table_file("later.csv", b"area\n4\n")])
    expect(page.locator("#rows-count")).to_have_text("1 row")

    page.evaluate("() => window.goOn()")
    page.wait_for_timeout(200)
    expect(page.locator("#rows-name")).to_have_text("later.csv")
    expect(page.locator("#rows-count")).to_have_text("1 row")
    with page.expect_download() as downloaded:
        page.click("#rows-save")
    assert downloaded.value.path().read_bytes() == b"area,predicted price\r\n4,4000\r\n"


def test_with_another_model_the_name_of_a_file_goes_with_its_rows(page):
    page.set_input_files("#rows-file", [table_file("prices.csv", b"area\n4\n")])
    expect(page.locator("#rows-count")).to_have_text("1 row")
    page.select_option("#rows-model", "flowers")
    expect(page.locator("#rows-name")).to_be_empty()
    expect(page.locator("#rows-table tr")).to_have_count(0)


def test_a_screen_reader_is_told_of_a_long_file_once(page):
    page.evaluate("""() => {
        window.told = [];
        const spoken = document.querySelector("#rows-spoken");
        new MutationObserver(() => spoken.textContent && window.told.push(spoken.textContent))
            .observe(spoken, { childList: true });
    }""")
    several(page, "area\n" + "1\n" * 1200)
    expect(page.locator("#rows-count")).to_contain_text("The first 100 of 1,200 rows")
    assert len(page.evaluate("() => window.told")) == 1


@pytest.mark.parametrize(
    ("locale", "after", "count"),
    [
        ("en-US", "After row 500", "500 of 600 rows"),
        ("de-DE", "Nach Zeile 500", "500 von 600 Zeilen"),
    ],
)
def test_what_is_wrong_with_a_later_part_says_where(
    new_page, fake, monkeypatch, locale, after, count
):
    first = {"predictions": [{"price": 1.0}] * 500}
    answers = iter([first, refusal(400, "row 3 is odd")])
    monkeypatch.setattr(fake, "_predict", lambda body: next(answers), raising=False)
    page = new_page("rows", locale=locale)
    several(page, "area\n" + "1\n" * 600)
    expect(page.locator("#rows-file-problem")).to_have_text(f"{after}: row 3 is odd")
    expect(page.locator("#rows-count")).to_have_text(count)


def test_the_servers_sentence_about_a_row_is_shown(page, fake):
    fake.refusals["v1/predict"] = [(400, "row 1 has no 'area', which the model reads")]
    several(page, "size\n10")
    expect(page.locator("#rows-file-problem")).to_have_text(re.compile("row 1 has no 'area'"))
    expect(page.locator("#rows-save")).to_be_hidden()


def test_rows_that_do_not_fit_the_first_line_are_not_sent(page, fake):
    several(page, "area,quarter\n10,north\n20\n")
    said = "Row 2 has 1 cells, and the first line names 2 columns."
    expect(page.locator("#rows-file-problem")).to_have_text(said)
    assert not fake.bodies("v1/predict")


def test_the_view_is_used_by_keyboard_alone(page):
    page.focus("#rows-title")
    page.keyboard.press("Tab")  # the models
    page.keyboard.press("Tab")
    expect(page.get_by_label("area")).to_be_focused()
    page.keyboard.type("2")
    page.keyboard.press("Enter")  # sends no form
    expect(page.locator("#rows-result")).to_have_text("2,000 price")
    assert page.url.endswith("#rows")


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ('a,b\n1,"x, ""y""\nz"\n\n2,\n', ","),
        ("\ufeffa;b;c\r\n1,5;;3\r\n;;4", ";"),
        ('a\tb\r"1;2"\t3,4\r', "\t"),
        ('"a,b",c\n"",0\n', ","),
        ("a\n1", ","),
        ("a;b\n1;2\n;\n3;4\n", ";"),
        ("a|b\n1|x,y\n", "|"),
        ('"a\nb,c,d";"e, f";g\n1;2;3\n', ";"),
        ('a,b\n"1",\r\n2,"3"', ","),
    ],
)
def test_tables_are_read_as_pythons_csv_reads_them(page, address, text, mark):
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    expected = [row for row in csv.reader(lines, delimiter=mark) if row]
    assert page.evaluate(READ, [address, text]) == expected


def test_a_column_without_a_name_is_called_by_its_place_as_in_the_commands(page, address):
    text = ",area,\n0,10,x\n"
    expected = [["column_1", "area", "column_3"], ["0", "10", "x"]]
    assert page.evaluate(READ, [address, text]) == expected


def test_columns_of_one_name_are_refused_as_in_the_commands(page, address):
    assert page.evaluate(READ, [address, "a,b,a\n1,2,3\n"]) == ["rows.twice", {"name": "a"}]
    several(page, "area,area\n1,2\n")
    expect(page.locator("#rows-file-problem")).to_contain_text("Several columns are called area")


def test_cells_of_many_megabytes_are_read_and_one_that_never_ends_is_named(page, address):
    read = """async ([base, size]) => {
        const { readTable } = await import(`${base}/page/tables.js`);
        const long = "x".repeat(size);
        const [[cell]] = readTable(`a\n"${long}"\n`).rows;
        try {
            readTable(`a\n"${long}`);
        } catch (error) {
            return [cell.length, error.key];
        }
    }"""
    assert page.evaluate(read, [address, 20_000_000]) == [20_000_000, "rows.quotes"]


def test_a_table_without_rows_is_none_and_a_lost_quotation_mark_is_named(page, address):
    assert page.evaluate(READ, [address, "a,b\n"]) is None
    assert page.evaluate(READ, [address, ""]) is None
    key, values = page.evaluate(READ, [address, 'a,b\n1,"x"y\n'])
    assert (key, values["n"]) == ("rows.quotes", 2)


def test_what_is_written_is_read_again_as_it_was(page, address):
    rows = [["a", 'b"', "c,d"], ["1\n2", "", " x "]]
    text = page.evaluate(WRITE, [address, rows])
    assert list(csv.reader(io.StringIO(text, newline=""))) == rows
