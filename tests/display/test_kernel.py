"""The panel in a real kernel."""

import nbclient
import nbformat
import pytest

from bertmagic.display.charts.figures import MIMETYPE

CELL = """
from bertmagic.display.publish import listener
from bertmagic.events import Ended, Evaluated, Phase, Started, Step
live = listener()
live(Phase("reading the data"))
live(Started("s", "classification", "minilm", 100, 10, 50, 1.0, "cpu", "fp32", "accuracy", True))
for at in range(1, 51):
    live(Step(at, at / 50, 1 / at, 1e-4, 1.0, 2, 20, 24, at * 0.01, 1))
live(Evaluated(50, 1.0, 0.3, {"accuracy": 0.9}, True, 0.1))
live(Ended("finished", 50, 50, 0.5, 100, 1000, 1200))
"""

REPORT = """
import numpy as np
from bertmagic.evaluation.report import ClassScore, Report
scores = (ClassScore("a", 1.0, 1.0, 1.0, 1), ClassScore("b", 1.0, 1.0, 1.0, 1))
Report("m", "classification", "d", 2, {"accuracy": 1.0}, ("a", "b"), scores, np.eye(2, dtype=int))
"""

NOTES = """
from bertmagic.display.publish import notes
notes([])
notes(["the <b> first", "the second"])
"""


@pytest.mark.kernel
@pytest.mark.filterwarnings("default")  # the warnings of the kernel's transport are not ours
def test_a_run_is_a_figure_and_its_words_a_report_one_and_notes_are_lines():
    cells = [nbformat.v4.new_code_cell(code) for code in (CELL, REPORT, NOTES)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, kernel_name="python3", timeout=300).execute()
    run, report, (notes,) = (cell.outputs for cell in notebook.cells)
    static = {"text/html", "text/plain"}
    assert [set(output.data) for output in run] == [static, {MIMETYPE, *static}, static]
    assert "Finished after all 50 steps" in run[0].data["text/plain"]
    assert [set(output.data) for output in report] == [{"text/html", "text/plain"}]
    assert notes.data["text/plain"] == "the <b> first\nthe second"
    assert "the &lt;b&gt; first</div>" in notes.data["text/html"]
