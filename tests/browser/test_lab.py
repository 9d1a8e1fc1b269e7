"""A session in JupyterLab 4: type, run, watch, predict; then reload and restart, and all is still there."""

import nbformat
import pytest

from .page import looks

pytestmark = pytest.mark.browser

WORDS, FIGURE, TABLE, REPORT, PAGE = range(5)
"""The outputs of a cell that trains, in their order."""

FINETUNE = """%%bert_finetune sentiment
train      = reviews.head(340)
text       = "review"
label      = "mood"
model      = "tinybert"
epochs     = 15
lr         = 1e-3
batch_size = 8
eval_every = 50"""

# The points of the widest curve of the loss, and whether the cell still runs.
DRAWN = """cell => {
  const paths = [...cell.querySelectorAll("figure:first-of-type svg path[d]")].map(path => path.getAttribute("d"))
  const points = Math.max(0, ...paths.map(d => d.split(/[MLHV ]/).length))
  return {points, runs: cell.querySelector(".jp-InputPrompt").textContent.includes("*")}
}"""
GREW = f"([cell, points]) => {{ const now = ({DRAWN})(cell); return now.runs && now.points > points && now }}"


@pytest.fixture(scope="module")
def session(lab):
    lab.new("session.ipynb")
    lab.run("%load_ext bertmagic")
    lab.run('import pandas as pd\nreviews = pd.read_csv("reviews.csv")')
    return lab


@pytest.fixture(scope="module")
def trained(session, pictures):
    """The cell that trained, and how many points its curve had at moments while it ran."""
    at = session.start(FINETUNE)
    cell = session.cell(at).element_handle()
    points = [4]
    for moment in ("first", "second", "third"):
        grown = session.page.wait_for_function(GREW, arg=[cell, points[-1]], polling=200)
        points.append(grown.json_value()["points"])
        session.picture(pictures / f"running-{moment}.png")
    session.done(at)
    return at, points


@pytest.fixture(scope="module")
def predicted(session, trained):
    return session.run('%bert_predict "the film was great" "the plot was awful"')


def test_curves_move_while_the_cell_runs(trained):
    _, points = trained
    assert len(points) == 4
    assert points == sorted(set(points))


def test_the_panel_is_one_output_and_ends_as_a_figure(session, trained):
    at, _ = trained
    panel = session.figure(at, FIGURE)
    assert session.output(at).count() == 5
    assert panel.locator("figure").count() == 0, "the last frame stands beside the one before"
    assert panel.locator(".scatterlayer .trace").count() == 5


def test_words_and_report_follow(session, trained):
    at, _ = trained
    assert "Finished after all" in session.output(at).nth(WORDS).inner_text()
    report = session.output(at).nth(REPORT)
    assert "macro F1" in report.inner_text()
    assert report.locator("table").count() >= 3
    assert session.output(at).nth(PAGE).locator("details").count() == 1


def test_predictions_are_shown(session, predicted):
    text = session.output(predicted).inner_text()
    assert "2 predictions by sentiment" in text
    assert "the plot was awful" in text


@looks(1200, 480)
def test_everything_fits_its_cell(session, trained, predicted, pictures, theme, width):
    session.theme(f"JupyterLab {theme}")
    session.resize(width, 1400)
    for at, name in ((trained[0], "run"), (predicted, "predictions")):
        session.cell(at).scroll_into_view_if_needed()
        session.page.wait_for_timeout(500)  # for the picture: plotly draws anew
        session.picture(pictures / f"{name}-{theme.lower()}-{width}.png")
        for output in session.output(at).all():
            wide, high = output.evaluate("node => [node.scrollWidth - node.clientWidth, node.clientHeight]")
            assert wide <= 1
            assert high >= 15, "nothing is left of the output"


def test_all_is_still_there_after_reload_and_restart(session, trained, predicted, workplace):
    session.resize(1200)
    session.theme("JupyterLab Light")
    session.save()
    session.open("lab/tree/session.ipynb")
    session.restart()
    outputs = session.output(trained[0])
    assert outputs.count() == 5
    session.figure(trained[0], FIGURE)
    assert "Finished after all" in outputs.nth(WORDS).inner_text()
    assert "macro F1" in outputs.nth(REPORT).inner_text()
    session.output(trained[0]).nth(PAGE).locator("details").wait_for()
    assert "the plot was awful" in session.output(predicted).inner_text()
    again = session.run('%load_ext bertmagic\n%bert_predict "the film was great" -m sentiment')
    assert "1 prediction by sentiment" in session.output(again).last.inner_text()


def test_the_saved_notebook_has_no_widget(session, trained, predicted, workplace):
    saved = nbformat.read(workplace / "session.ipynb", as_version=4)
    assert "widgets" not in saved.metadata
    outputs = [output for cell in saved.cells for output in cell.outputs]
    assert all("text/plain" in output.data for output in outputs)


def test_the_console_has_no_error(session, trained, predicted):
    assert session.errors == []
