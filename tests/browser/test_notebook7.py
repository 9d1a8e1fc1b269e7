"""The same in Notebook 7: the last frame is drawn as a figure there too, and the live views live."""

import nbformat
import pytest

from .page import Lab

pytestmark = pytest.mark.browser

CELLS = [
    '%load_ext bertmagic\nimport pandas as pd\nreviews = pd.read_csv("reviews.csv")',
    '%%bert_finetune seven\ntrain = reviews\ntext = "review"\nlabel = "mood"\nmodel = "tinybert"\nmax_steps = 120',
    '%bert_attention "the film was not superb and we had a dull plot" -m mood',
    "%bert_panel reviews --text review --label mood --model tinybert --name eight",
]


@pytest.fixture(scope="module")
def seven(context, server, workplace, mood):
    """A notebook of these cells, opened and run one after the other, in one kernel."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    made = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=kernel), workplace / "seven.ipynb")
    page = Lab(context, server.url, height=1400)
    page.open("notebooks/seven.ipynb")
    page.idle()
    for at in range(len(CELLS)):
        page.cell(at).locator(".cm-content").click()
        page.page.keyboard.press("Shift+Enter")
        page.done(at)
    yield page
    page.close()


def test_the_figure_is_drawn(seven, pictures):
    words, figure, _, report = range(4)
    seven.figure(1, figure)
    assert seven.output(1).count() in (4, 5)  # with the page of rows, if there are more than the report has
    assert "Finished after all 120 steps" in seven.output(1).nth(words).inner_text()
    assert "macro F1" in seven.output(1).nth(report).inner_text()
    seven.picture(pictures / "notebook7.png")
    assert seven.errors == []


def test_the_view_of_attention_answers(seven, pictures):
    view = seven.cell(2).locator(".bm-attention")
    view.wait_for()
    view.scroll_into_view_if_needed()
    assert view.locator("canvas[tabindex]:visible").count() == 4
    view.locator("input[type=range]").first.focus()  # Notebook 7 would take these keys for its cells
    seven.page.keyboard.press("ArrowRight")
    view.get_by_text("layer 1, head").wait_for()
    view.locator("canvas[aria-label^='Lines']").focus()
    seven.page.keyboard.press("ArrowDown")
    view.locator(".bm-list td").first.wait_for()
    view.scroll_into_view_if_needed()
    seven.picture(pictures / "notebook7-attention.png")
    assert seven.errors == []


def test_the_panel_takes_keys_and_inserts_its_cell(seven, pictures):
    panel = seven.cell(3).locator(".bm-panel")
    panel.get_by_label("adapt", exact=True).focus()
    seven.page.keyboard.press("l")  # lora; in command mode Notebook 7 would number the lines
    panel.locator("pre", has_text="lora").wait_for()
    panel.get_by_label("warmup", exact=True).focus()
    seven.page.keyboard.press("ArrowRight")
    panel.locator("pre", has_text="warmup = 0.07").wait_for()
    cells = seven.cells().count()
    panel.get_by_role("button", name="Insert the cell below").click()
    panel.get_by_text("Inserted below.").wait_for()
    seven.picture(pictures / "notebook7-panel.png")
    assert seven.cells().count() == cells + 1
    assert seven.source(4) == panel.locator("pre").inner_text()
    assert seven.errors == []
