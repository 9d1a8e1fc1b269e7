"""axe-core finds nothing in the attention view, in its static output, in a saved page, and in a data report."""

import pytest

from bertmagic.display.attention import export

from ..browser.axe import violations
from ..display.examples import data_report
from .page import Page

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_live_view_with_all_of_it_open(chromium, maps, dark):
    page = Page(chromium, maps.view(pinned=[3], heads=[0, 1]), dark=dark)
    for summary in page.page.locator("summary").all():
        summary.click()
    page.settle()
    assert violations(page.page, ".bm-attention") == []
    page.close()


def test_a_control_without_a_name_is_found(chromium):
    with chromium.new_context(offline=True) as context:
        page = context.new_page()
        page.set_content("<main><select><option>mean</select></main>")
        assert [line.split()[0] for line in violations(page, "main")] == ["select-name"]


def test_the_static_output_and_a_saved_page(chromium, maps):
    static = f"<main>{maps._repr_mimebundle_()['text/html']}</main>"
    with chromium.new_context(offline=True) as context:
        page = context.new_page()
        page.set_content(static)
        assert violations(page, "main") == []
        page.set_content(export(maps, "html"))
        page.locator(".bm-title").wait_for()
        assert violations(page, "html") == []


@pytest.mark.parametrize("look", ["background:#fff;color:#000", "background:#111;color:#fff"], ids=["light", "dark"])
def test_the_data_report_with_all_of_it_open(chromium, look):
    report = data_report("reviews")._repr_mimebundle_()["text/html"]
    with chromium.new_context(offline=True) as context:
        page = context.new_page()
        page.set_content(f"<!doctype html><main style='{look}'>{report.replace('<details>', '<details open>')}</main>")
        assert page.locator("svg").count() == 1
        assert violations(page, "main") == []
