"""A search and a learning-rate finder in JupyterLab: live trials, then a figure, words and the best trial's cell."""

import re

import pytest

from .page import TIMEOUT

pytestmark = pytest.mark.browser

TUNE = """%%bert_tune best
train      = reviews
text       = "review"
label      = "mood"
model      = "tinybert"
lr         = log(1e-5, 1e-2)
batch_size = choice(8, 16, 32)
max_steps  = 12
eval_every = 4
trials     = 6"""


@pytest.fixture(scope="module")
def searched(lab, pictures):
    lab.new("tuning.ipynb")
    lab.run("%load_ext bertmagic")
    lab.run('import pandas as pd\nreviews = pd.read_csv("reviews.csv")')
    at = lab.start(TUNE)
    lab.output(at).first.filter(has_text=re.compile("[1-5] of 6 trials done")).wait_for(timeout=2 * TIMEOUT)
    lab.picture(pictures / "search-running.png")
    numbered = lab.cell(at).locator(".jp-InputPrompt").filter(has_text=re.compile(r"^\[\d+\]:"))
    numbered.wait_for(timeout=2 * TIMEOUT)
    return at


def test_the_trials_become_a_figure_with_words_and_the_cell_below(lab, searched, pictures):
    assert lab.output(searched).count() == 3  # a line in place of the live trials, what was found, its figure
    figure = lab.figure(searched, 2)
    assert figure.locator(".parcoords").count() == 1
    words = lab.output(searched).nth(1).inner_text()
    assert "6 of 6 trials done" in words
    assert "%%bert_finetune best" in words
    assert "log(" not in words.partition("%%bert_finetune best")[2]
    lab.resize(1200, 1500)
    lab.page.wait_for_timeout(500)  # for the picture
    lab.picture(pictures / "search.png")


def test_the_finder_shows_its_curve(lab, searched, pictures):
    at = lab.run("%bert_tune --lr-find --train reviews --text review --label mood --model tinybert --precision fp32")
    lab.output(at).filter(has_text="The rule:").first.wait_for()
    lab.theme("JupyterLab Dark")
    lab.cell(at).scroll_into_view_if_needed()
    lab.page.wait_for_timeout(500)  # for the picture
    lab.picture(pictures / "rates-dark.png")
    lab.theme("JupyterLab Light")
    assert lab.errors == []
