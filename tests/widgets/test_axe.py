"""axe-core finds nothing in the attention view, in its static output, in a saved page, and in every other result."""

import html
from dataclasses import replace

import pytest

from bertmagic.display import below, bundle
from bertmagic.display.attention import export
from bertmagic.evaluation.errors import Errors

from ..browser.axe import violations
from ..display.examples import EXAMPLES, MORE, examples, report
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
def test_every_kind_of_result_with_all_of_it_open(chromium, look):
    with chromium.new_context(offline=True) as context:
        page = context.new_page()
        shown = "".join(bundle(make("reviews"))["text/html"] for make in {**EXAMPLES, **MORE}.values())
        opened = shown.replace("<details>", "<details open>")
        page.set_content(f"<!doctype html><main style='{look}'>{opened}</main>")
        assert page.locator("table").count() > 30
        assert violations(page, "main") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_rows_to_read(chromium, scheme):
    (frame,) = below(result := replace(report("tickets"), errors=Errors(examples("late", 12), 11, 300)))
    with chromium.new_context(offline=True, color_scheme=scheme) as context:
        page = context.new_page()
        page.set_content(html.unescape(frame["text/html"].split("srcdoc='")[1].split("'")[0]))
        page.locator("#rows tr").first.wait_for()
        assert result.errors.wrong == 11
        assert violations(page, "body") == []
