"""Notebooks that nbconvert has written as HTML, opened with no network and no kernel, and printed as PDF."""

from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter

pytestmark = pytest.mark.browser

NOTEBOOKS = [Path(__file__).parents[2] / "notebooks" / f"{name}.ipynb" for name in ("quickstart", "attention")]
PAPER = 718
"""Pixels between the margins of A4."""


@pytest.fixture(scope="module", params=["lab", "classic"])
def exported(request, chromium, tmp_path_factory):
    """A page with the notebooks as a template of nbconvert writes it, and the requests that it made."""
    first, second = (nbformat.read(path, as_version=4) for path in NOTEBOOKS)
    first.cells += second.cells
    body, _ = HTMLExporter(template_name=request.param).from_notebook_node(first)
    path = tmp_path_factory.mktemp("exported") / "quickstart.html"
    path.write_text(body, encoding="utf-8")
    with chromium.new_context(offline=True, viewport={"width": 1000, "height": 800}) as context:
        page = context.new_page()
        page.goto(path.as_uri(), wait_until="domcontentloaded")
        yield page


def test_results_read_with_neither_kernel_nor_network(exported):
    shown = exported.inner_text("body")
    for words in ("Finished after all", "accuracy", "Attention of", "95 %"):
        assert words in shown
    assert exported.locator("svg path").count() > 3, "the curves and the matrix are there as SVG"
    assert exported.locator('img[src^="data:image/png"]').count() >= 1, "the attention is there as a picture"
    assert "Error displaying widget" not in shown


def test_printed_it_keeps_within_the_page(exported):
    exported.emulate_media(media="print")
    exported.set_viewport_size({"width": PAPER, "height": 1000})
    wide = exported.evaluate(
        """(most) => [...document.querySelectorAll('div[style*="max-width:72em"]')]
            .filter((one) => one.getBoundingClientRect().right > most + 1).map((one) => one.innerText.slice(0, 80))""",
        PAPER,
    )
    assert wide == []
    pdf = exported.pdf(format="A4")
    assert pdf.startswith(b"%PDF")
    assert len(pdf) > 100_000
