"""The rows to read in a real browser: clicked, sorted and searched with no kernel, and the same once loaded again."""

import numpy as np
import pytest

from bertmagic.display import outputs
from bertmagic.evaluation.errors import Errors, Example

from ..display.made import report

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=\"parent.document.title = 'out'\"></script><script>document.title = 'in'</script>"


def example(at, text, true, predicted, score, kinds=("mistake",)):
    chances = ((predicted, score), (true if true != predicted else "other", 1 - score))
    return Example(str(at), text, true, predicted, score, chances, kinds, true != predicted)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A page with all that is shown below a report, as a saved notebook has it."""
    rows = [example(at, f"text number {at}", "no", "yes", 0.9 - at / 100) for at in range(60)]
    rows += [example("odd", f'He said "stop" {EVIL}', "yes", "no", 0.6)]
    rows += [example("sure", "nearly even", "yes", "yes", 0.51, ("uncertain",))]
    shown = report(("no", "yes"), np.array([[80, 60], [1, 95]]), errors=Errors(tuple(rows), 61, 236))
    file = tmp_path_factory.mktemp("page") / "page.html"
    body = "".join(part["text/html"] for part in outputs(shown))
    file.write_text(f"<!doctype html><meta charset='utf-8'><title>page</title>{body}", encoding="utf-8")
    return file


@pytest.fixture
def page(chromium, path):
    page = chromium.new_page()
    page.console_errors = []
    page.on("console", lambda message: page.console_errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.console_errors.append(str(error)))
    page.goto(path.as_uri())
    page.get_by_text("rows to read: filter, sort, search").click()
    yield page
    page.close()


def rows_of(frame):
    return frame.locator("#rows tr th").all_inner_texts()


def test_a_cell_of_the_matrix_shows_its_rows(page):
    frame = page.frame_locator("iframe")
    assert len(rows_of(frame)) == 50
    frame.locator("#more").click()
    assert len(rows_of(frame)) == 61
    frame.get_by_title("true yes, predicted no: 1 rows").click()
    assert rows_of(frame) == ["odd"]
    frame.get_by_title("true yes, predicted no: 1 rows").click()
    assert len(rows_of(frame)) == 50
    frame.get_by_text("least certain").click()
    assert rows_of(frame) == ["sure"]
    assert page.console_errors == []


def test_rows_are_sorted_and_searched(page):
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="probability").click()
    assert rows_of(frame)[0] == "59"
    frame.get_by_role("button", name="probability").click()
    assert rows_of(frame)[0] == "0"
    frame.get_by_role("button", name="row", exact=True).click()
    assert rows_of(frame)[:3] == ["0", "1", "2"]
    frame.locator("#search").fill("NUMBER 4")
    assert rows_of(frame) == ["4", *(str(at) for at in range(40, 50))]
    assert "11 of 62" in frame.locator("#count").inner_text()


def test_lines_that_look_into_a_row_are_there_to_copy(page):
    frame = page.frame_locator("iframe")
    frame.locator("#search").fill("number 7")
    frame.get_by_text("attention line").click()
    assert frame.locator("textarea").input_value() == '%bert_attention "text number 7" -m sentiment'
    frame.get_by_text("explain line").click()
    assert frame.locator("textarea").nth(0).input_value() == '%bert_explain "text number 7" -m sentiment'


def test_a_hostile_text_runs_nowhere(page):
    frame = page.frame_locator("iframe")
    frame.get_by_title("true yes, predicted no: 1 rows").click()
    assert EVIL in frame.locator("#rows .text").inner_text()
    assert frame.locator("#rows img").count() == 0
    assert page.title() == "page"


def test_it_is_the_same_after_a_reload(page):
    frame = page.frame_locator("iframe")
    frame.locator("#search").fill("number 7")
    page.reload()
    page.get_by_text("rows to read: filter, sort, search").click()
    assert len(rows_of(frame)) == 50
    assert page.locator("table").first.locator("tr").count() > 2


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_reads_on_both_grounds(chromium, path, pictures, theme):
    page = chromium.new_page(color_scheme=theme)
    page.goto(path.as_uri())
    page.get_by_text("rows to read: filter, sort, search").click()
    frame = page.frame_locator("iframe")
    ground, ink = frame.locator("body").evaluate(
        "body => [getComputedStyle(body).backgroundColor, getComputedStyle(body).color]"
    )
    light, dark = ("rgb(255, 255, 255)", "rgb(29, 29, 29)"), ("rgb(24, 24, 24)", "rgb(230, 230, 230)")
    assert (ground, ink) == {"light": light, "dark": dark}[theme]
    page.screenshot(path=pictures / f"errors-{theme}.png")
    frame.locator("#theme").click()
    assert frame.locator("body").evaluate("body => getComputedStyle(body).backgroundColor") != ground
    page.close()


def test_it_is_as_light_or_dark_as_jupyterlab(chromium, path):
    from playwright.sync_api import expect

    page = chromium.new_page(
        color_scheme="null"
    )  # what is emulated holds inside frames too, whatever their element says
    page.goto(path.as_uri())
    page.get_by_text("rows to read: filter, sort, search").click()
    body = page.frame_locator("iframe").locator("body")
    for light, ground in (("true", "rgb(255, 255, 255)"), ("false", "rgb(24, 24, 24)")):
        page.evaluate("light => { document.body.dataset.jpThemeLight = light }", light)
        expect(body).to_have_css("background-color", ground)
    page.close()
