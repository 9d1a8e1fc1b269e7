"""A report, a comparison and the runs in JupyterLab: each figure is drawn, rows are read by clicks, with no kernel."""

import pytest

from .page import looks

pytestmark = pytest.mark.browser

REPORT, PAGE = range(2)
"""The outputs of a cell that evaluates, in their order."""

FIGURES = {
    "confusion": ".heatmaplayer image",
    "confusion_counts": ".heatmaplayer image",
    "roc": ".scatterlayer .trace",
    "precision_recall": ".scatterlayer .trace",
    "reliability": ".barlayer .point",
    "scores": ".barlayer .point",
    "thresholds": ".scatterlayer .trace",
    "lengths": ".errorbars path",
}
"""Each picture of a report, and what is in it once it is drawn."""

FOUR = """
import numpy as np

from bertmagic.evaluation.errors import Errors, Example
from bertmagic.evaluation.report import ClassScore, Interval, Report, Slice
from bertmagic.evaluation.verdict import BaselineResult

names = ("Billing", "Returns", "Shipping", "Technical")
scores = {"accuracy": 0.94, "macro_f1": 0.91, "loss": 0.32, "ece": 0.05, "mcc": 0.9, "brier": 0.1, "roc_auc": 0.97}
ends = dict.fromkeys(scores, Interval(0.89, 0.97))
texts = ["The parcel with the lamp is late again (order 6488), and nobody answers. " * 2] * 60
report_of_four = Report(
    "tickets", "classification", "tickets", 160, scores, names,
    tuple(ClassScore(name, 0.9, 0.8, 0.85, 40, intervals={"f1": ends["ece"]}) for name in names),
    np.full((4, 4), 1) + 36 * np.eye(4, dtype=int), main="accuracy", intervals=ends, skipped=3, seconds=1.0, tokens=900,
    automatic=tuple(Slice("length", f"{at} tokens", 20 + at, {"accuracy": 0.6}, ends, 0.01) for at in range(12)),
    errors=Errors(tuple(Example(str(at), text, "Billing", "Returns", 0.99, (("Returns", 0.99),), ("mistake",), True)
                        for at, text in enumerate(texts)), 60, 160),
    baselines=(BaselineResult("tfidf", scores, "accuracy", 0.05, ends["ece"], 0.01),) * 2,
    verdict="Better than the best baseline, TF-IDF, by 5.0 points of accuracy (95 % interval 1 to 9). Try more rows.",
    notes=tuple(f"note {at} of what was read and how, which is a sentence of some length." for at in range(6)),
)
"""

FINETUNE = """%%bert_finetune {}
train     = reviews
text      = "review"
label     = "mood"
model     = "tinybert"
max_steps = {}
eval_every = 2"""


@pytest.fixture(scope="module")
def session(lab, mood):
    """A notebook with a report, its pictures, a comparison and the runs, and where they stand in it."""
    lab.new("evaluation.ipynb")
    lab.run("%load_ext bertmagic")
    lab.run('import pandas as pd\nreviews = pd.read_csv("reviews.csv")\nflipped = reviews.head(90).copy()')
    lab.run('flipped.loc[:19, "mood"] = flipped.mood[:20].map({"good": "bad", "bad": "good"})')
    lab.run(f"%bert_load {mood}")
    at = {"report": lab.run(f"report = %bert_evaluate flipped -m {mood} --text review --label mood\nreport")}
    at["four"] = lab.run(FOUR + "report_of_four")
    at |= {name: lab.run(f'report.figure("{name}")') for name in FIGURES}
    for name, steps in (("early", 2), ("late", 6)):
        lab.run(FINETUNE.format(name, steps))
    at["compare"] = lab.run("%bert_compare late early majority flipped --train reviews --text review --label mood")
    at["runs"] = lab.run("%bert_runs early late")
    at["diff"] = lab.run("%bert_runs --diff early late")
    return lab, at


WIDER_THAN_THE_PAGE = """() => [document.documentElement, document.body,
  ...document.querySelectorAll(".jp-NotebookPanel, .jp-Notebook, .jp-WindowedPanel-outer, .jp-Cell, .jp-OutputArea")]
  .filter((node) => node.clientWidth && node.scrollWidth > node.clientWidth + 1 &&
    !["hidden", "clip"].includes(getComputedStyle(node).overflowX))
  .map((node) => `${node.tagName} ${node.className}: ${node.scrollWidth} of ${node.clientWidth}`)"""


def rows_of(frame):
    return frame.locator("#rows tr th").all_inner_texts()


def read(lab, at):
    """Sort, search and filter the rows of a report as a reader does; return what was shown each time."""
    page = lab.output(at).nth(PAGE)
    page.scroll_into_view_if_needed()
    if not page.locator("iframe").is_visible():
        page.locator("summary").click()
    frame = lab.output(at).nth(PAGE).frame_locator("iframe")
    frame.locator("#rows tr").first.wait_for()
    seen = [rows_of(frame)]
    frame.get_by_role("button", name="row", exact=True).click()
    seen.append(rows_of(frame))
    frame.get_by_title("true bad, predicted good").click()
    seen.append(rows_of(frame))
    frame.get_by_title("true bad, predicted good").click()
    frame.locator("#search").fill(" 3 a")
    seen.append(rows_of(frame))
    frame.locator("#search").fill("")
    return seen


def test_a_report_of_four_classes_is_short_until_it_is_unfolded(session):
    lab, at = session
    shown = lab.output(at["four"]).nth(REPORT)
    assert shown.bounding_box()["height"] <= 1200
    assert shown.locator("details:not([open])").count() > 5


def judged(seen):
    """Hold what was shown against the rows whose labels were flipped."""
    mistakes, in_order, cell, searched = seen
    assert in_order == sorted(mistakes, key=int)
    assert set(map(str, range(20))) <= set(in_order)
    assert set(map(str, range(1, 20, 2))) <= set(cell) < set(in_order)
    assert searched == ["3"]


@pytest.mark.parametrize("name", FIGURES)
def test_each_figure_is_drawn(session, name):
    lab, at = session
    figure = lab.figure(at[name], 0)
    figure.locator(FIGURES[name]).first.wait_for(state="attached")
    assert figure.locator(".main-svg .xtitle").first.text_content()


def test_rows_are_sorted_filtered_and_searched(session):
    lab, at = session
    judged(read(lab, at["report"]))


def test_compare_and_runs_are_drawn(session):
    lab, at = session
    compared = lab.output(at["compare"]).filter(has_text="McNemar")  # on a slow machine below the bar of its work
    assert compared.count() == 1
    lab.figure(at["compare"], -1).locator(".scatterlayer .trace").nth(1).wait_for()
    assert "2 runs" in lab.output(at["runs"]).first.text_content()
    lab.figure(at["runs"], 1).locator(".scatterlayer .trace").nth(3).wait_for()  # two runs, and their curves
    assert "max_steps" in lab.output(at["diff"]).first.text_content()


@looks(1200, 700)
def test_everything_fits_its_cell(session, pictures, theme, width):
    lab, at = session
    lab.theme(f"JupyterLab {theme}")
    lab.resize(width)
    for name, place in at.items():
        lab.cell(place).scroll_into_view_if_needed()
        lab.output(place).first.wait_for()
        for number, output in enumerate(lab.output(place).all()):
            output.screenshot(path=pictures / f"evaluation-{name}-{number}-{theme.lower()}-{width}.png")
            wide, high = output.evaluate("node => [node.scrollWidth - node.clientWidth, node.clientHeight]")
            assert wide <= 1, (name, number, wide)
            assert high >= 15, "nothing is left of the output"


def test_on_a_narrow_page_tables_scroll_in_their_output_and_the_page_does_not(session):
    lab, at = session
    lab.resize(480)
    for place in at.values():
        lab.cell(place).scroll_into_view_if_needed()
        lab.output(place).first.wait_for()
        assert lab.page.evaluate(WIDER_THAN_THE_PAGE) == []


def test_all_is_there_with_no_kernel(session):
    lab, at = session
    lab.resize(1200)
    lab.theme("JupyterLab Light")
    lab.save()
    lab.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    lab.open("lab/tree/evaluation.ipynb")
    judged(read(lab, at["report"]))
    for name in FIGURES:
        lab.figure(at[name], 0)
    lab.figure(at["compare"], -1)
    lab.figure(at["runs"], 1)
    assert lab.errors == []
