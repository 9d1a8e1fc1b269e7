"""Whole notebooks, run by nbclient and papermill as a schedule would."""

import asyncio
import re
import subprocess
import sys

import nbclient
import nbformat
import pytest

from bertmagic.workflows import resolve
from tests import notebooks

from .client import FIGURE, SETUP

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the transport
]

WRONG = '%%bert_finetune bad\ntrain = reviews\ntext  = "reviw"\nlabel = "mood"\nmodel = "tinybert"'
SHORT = '%%bert_finetune noted\ntrain = reviews\nlabel = "mood"\nmodel = "tinybert"\nmax_steps = 40\neval_every = 20'
LONG = SHORT.replace("max_steps = 40", "epochs = 1000\nbatch_size = 4")


def notebook(*cells):
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )


class Pressing(nbclient.NotebookClient):
    """Presses the stop button once a cell has shown its first evaluation, as a user beside it would."""

    pressed = False

    def process_message(self, message, cell, index):
        text = message["content"].get("data", {}).get("text/plain", "")
        if not self.pressed and re.search("validation at step", text):
            self.pressed = True
            asyncio.get_running_loop().create_task(self.km.interrupt_kernel())
        return super().process_message(message, cell, index)


@pytest.fixture
def run(workplace, env, monkeypatch):
    """Run a notebook's cells and give it back executed, with the error that ended it."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)

    def run(*cells, client=nbclient.NotebookClient):
        made, place = notebook(*cells), {"metadata": {"path": str(workplace)}}
        try:
            client(made, timeout=300, kernel_name="python3", resources=place).execute()
        except nbclient.exceptions.CellExecutionError as error:
            return made, error
        return made, None

    return run


def test_a_short_notebook_trains_for_five_steps(monkeypatch):
    """Where all modules are loaded before its first cell, too, as they are in a fork."""
    monkeypatch.setattr(resolve, "count_steps", resolve.count_steps)
    exec(notebooks.STEPS, {})
    assert [resolve.count_steps(100, epochs, most) for epochs, most in ((3.0, None), (3.0, 4))] == [5, 4]


def test_every_result_stays_without_a_widget(run):
    made, error = run(
        SETUP,
        SHORT,
        '%bert_predict "a great film"',
        "%bert_evaluate reviews --by thing",
        "%%bert_predict\na great film",
        "%bert_data reviews --label mood -m tinybert",
        "%bert_status",
        "%bert_models",
    )
    assert error is None
    assert "widgets" not in made.metadata
    assert all(cell.outputs for cell in made.cells[1:])
    outputs = [output for cell in made.cells for output in cell.outputs]
    assert {output.output_type for output in outputs} == {"display_data", "execute_result"}, "nothing is printed"
    assert all({"text/plain", "text/html"} <= set(output.data) for output in outputs)
    assert all("widget" not in kind for output in outputs for kind in output.data)
    words, figure, *table_and_report = made.cells[1].outputs
    assert "Finished after" in words.data["text/plain"]
    assert FIGURE in figure.data
    assert len(table_and_report) == 3
    assert len(nbformat.writes(made)) < 300_000


def test_a_failing_cell_fails_the_notebook(run):
    made, error = run(SETUP, WRONG, "after = 1")
    assert error is not None
    assert error.ename == "DataError"
    (shown,) = [output for output in made.cells[1].outputs if output.output_type == "error"]
    assert len("\n".join(shown.traceback).splitlines()) <= 6
    assert "review" in shown.evalue
    assert made.cells[2].outputs == []
    assert made.cells[2].execution_count is None


def test_papermill_exits_with_an_error(workplace, env, tmp_path):
    source = tmp_path / "in.ipynb"
    nbformat.write(notebook(SETUP, WRONG), source)
    done = subprocess.run(
        [sys.executable, "-m", "papermill", str(source), str(tmp_path / "out.ipynb"), "--cwd", str(workplace)],
        capture_output=True, text=True, env=env, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "Did you mean 'review'?" in done.stderr


def test_run_all_ends_at_an_interrupt(run):
    made, error = run(SETUP, LONG, "after = 1", client=Pressing)
    assert error is not None
    assert error.ename == "Interrupted"
    assert "Interrupted after step" in made.cells[1].outputs[0].data["text/plain"]
    assert made.cells[2].execution_count is None
