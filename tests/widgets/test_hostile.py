"""Text is text: nothing in it is run, and nothing of it is lost, on the page and in every file that it saves."""

import csv
import io
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from bertmagic.display.attention import export
from bertmagic.text_safety import visible_token

from .conftest import drawn
from .hostile import LABELS, TOKENS

pytestmark = pytest.mark.browser

FORMULA = tuple("=+-@'\t\r\n＝＋－＠")
HIT = "() => Boolean(window.hit) || document.title === 'hit'"


@pytest.fixture(scope="module")
def hostile():
    maps = drawn(2, 2, TOKENS, [(label, 1 / len(LABELS)) for label in LABELS], model=LABELS[2])
    maps = replace(maps, said=LABELS[3], notes=(LABELS[4],), outputs=tuple(LABELS))
    other = replace(maps, text="another", model=LABELS[5], prediction=maps.prediction[::-1])
    return replace(maps, comparison=maps.compare(other))


@pytest.fixture
def page(opened, hostile):
    return opened(hostile, pinned=list(range(1, 60)), merge_words=True)


def names(text):
    """Return the columns of a table as they were before they were kept from being computed."""
    header = next(csv.reader(io.StringIO(text, newline="")))[1:]
    return [name[1:] if name.startswith("'") else name for name in header]


def test_there_are_enough():
    assert len(set(TOKENS)) >= 200
    assert len(set(LABELS)) >= 80


def test_nothing_runs_on_the_page(page):
    for name in ("Lines", "Heat map", "The text"):
        page.keys(name, *["ArrowDown"] * 8, "Enter")
    for summary in page.page.locator("summary").all():
        summary.click()
    page.set(find="<script>", method="gradient")
    page.settle()
    assert not page.page.evaluate(HIT)
    assert page.page.locator(".bm-attention").locator("script, img, iframe, svg, a, [onerror], [onload]").count() == 0
    assert visible_token(LABELS[0])[:30] in page.page.locator(".bm-predicted").first.inner_text()


def test_tables_keep_every_token_and_compute_nothing(page, hostile):
    wanted = ["[CLS]", *map(visible_token, TOKENS), "[SEP]"]
    for text in (page.saved("CSV").decode(), export(hostile, "csv")):
        assert names(text) == wanted
        cells = [row[0] for row in csv.reader(io.StringIO(text, newline=""))]
        assert not [cell for cell in cells if cell.startswith(tuple("=+-@\t\r\n＝＋－＠"))]


def test_pictures_are_well_formed_and_keep_every_token(page, hostile):
    page.set(pinned=[])
    for text in (page.saved("SVG").decode(), export(hostile, "svg", merge_words=True)):
        root = ElementTree.fromstring(text)
        tags = {node.tag.rpartition("}")[2] for node in root.iter()}
        assert tags <= {"svg", "title", "desc", "g", "rect", "path", "text", "tspan", "image", "style", "defs", "line"}
        words = " ".join(node.text or "" for node in root.iter())
        assert [token for token in map(visible_token, TOKENS) if token not in words] == []


@pytest.mark.parametrize("kind", ["HTML", "SVG"])
def test_files_open_and_nothing_runs(page, hostile, chromium, tmp_path, kind):
    files = [page.saved(kind), export(hostile, kind.lower(), pinned=[1, 2, 3])]
    for at, data in enumerate(files):
        path = tmp_path / f"{at}.{kind.lower()}"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        context, heard = chromium.new_context(), []
        context.on("request", lambda request, heard=heard: heard.append(request.url))
        context.on("dialog", lambda dialog, heard=heard: (heard.append(dialog.message), dialog.dismiss()))
        opened = context.new_page()
        opened.on("pageerror", lambda error, heard=heard: heard.append(str(error)))
        opened.goto(path.as_uri())
        opened.wait_for_timeout(200)
        assert not opened.evaluate(HIT)
        assert [one for one in heard if not one.startswith(("file:", "blob:", "data:image"))] == []
        if kind == "HTML":
            assert opened.locator("canvas[tabindex]").count() == 4
        context.close()
