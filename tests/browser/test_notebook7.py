"""The same in Notebook 7: the last frame is drawn as a figure there too."""

import nbformat
import pytest

from .page import Lab

pytestmark = pytest.mark.browser

CELLS = [
    '%load_ext bertmagic\nimport pandas as pd\nreviews = pd.read_csv("reviews.csv")',
    '%%bert_finetune seven\ntrain = reviews\ntext = "review"\nlabel = "mood"\nmodel = "tinybert"\nmax_steps = 120',
]


@pytest.fixture
def seven(chromium, server, workplace):
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), workplace / "seven.ipynb")
    page = Lab(chromium, server.url)
    yield page
    page.close()


def test_the_figure_is_drawn(seven, pictures):
    seven.open("notebooks/seven.ipynb")
    seven.idle()
    for at in range(len(CELLS)):
        seven.cell(at).locator(".cm-content").click()
        seven.page.keyboard.press("Shift+Enter")
        seven.done(at)
    figure, words, report, matrix = range(4)
    seven.figure(1, figure)
    assert seven.output(1).count() == 4
    assert "Finished after all 120 steps" in seven.output(1).nth(words).inner_text()
    assert "macro F1" in seven.output(1).nth(report).inner_text()
    seven.figure(1, matrix)
    seven.picture(pictures / "notebook7.png")
    assert seven.errors == []
