"""The stop button: a real SIGINT in a real kernel, in the middle of a run that would take hours."""

import re

import pytest

from .client import FIGURE, SETUP, finetune

pytestmark = [pytest.mark.kernel, pytest.mark.filterwarnings("ignore::ResourceWarning")]

STEPS = 90_000
"""So many that no machine is through before the stop button is pressed."""
DONE = re.compile(r"step ([\d,]+) of")


def step(frame_text):
    found = DONE.search(frame_text)
    return int(found[1].replace(",", "")) if found else 0


@pytest.fixture(scope="module")
def stopped(kernel):
    """A run and the cell queued behind it; the button is pressed at the first frame that shows an evaluation."""
    kernel.good(SETUP)
    seen = []

    def watch(message):
        text = message["content"].get("data", {}).get("text/plain", "")
        if "best" in text and "\nTraining\n" in text and not seen:
            seen.append(step(text))
            kernel.interrupt()

    requests = kernel.send(finetune("halfway", steps=STEPS, every=30)), kernel.send("ran = True")
    run, queued = kernel.collect(*requests, watch=watch)
    assert seen, run.error or "the run was over before it could be stopped"
    return run, queued, seen[0]


def test_the_cell_ends_in_an_error_long_before_its_end(stopped):
    run, _, pressed = stopped
    assert run.status == "error"
    assert run.reply["ename"] == "Interrupted"
    assert pressed <= step(run.panel[-1].text) < STEPS - 2_000


def test_the_error_is_short_and_says_what_is_kept(stopped):
    run, _, _ = stopped
    assert len(run.error) <= 6
    assert "'halfway' has the weights of step" in "\n".join(run.error)


def test_the_last_frame_is_final(stopped):
    run, _, _ = stopped
    last = run.panel[-1]
    assert set(last.data) == {"text/html", "text/plain"}
    assert "Interrupted after step" in last.text
    assert "left" not in last.text
    assert [FIGURE in frame.data for frame in run.kept] == [False, True, False]
    assert run.kept[0] == last


def test_queued_cells_do_not_run(kernel, stopped):
    _, queued, _ = stopped
    assert queued.status == "aborted"
    assert kernel.value("'ran' in globals()") is False


def test_the_name_has_a_model_with_the_best_weights(kernel, stopped):
    best = int(re.search(r"weights of step ([\d,]+)", stopped[0].panel[-1].text)[1].replace(",", ""))
    assert kernel.value("halfway.card['run']['best_step']") == best
    table = "halfway.history.evaluations"
    assert kernel.value(f"int({table}.step[{table}.best].iloc[-1])") == best
    kernel.good('%bert_predict "a great film" -o one')
    assert kernel.value("one.frame.label[0] in ('good', 'bad')") is True


def test_what_is_on_disk_is_that_model(kernel, stopped):
    kernel.good("import bertmagic as bm\nagain = bm.load('halfway', name='again')")
    same = "(again.predict(reviews).frame.score == halfway.predict(reviews).frame.score).all().item()"
    assert kernel.value(same) is True


def test_the_same_cell_goes_on_with_resume(kernel, stopped):
    before, seen = step(stopped[0].panel[-1].text), []

    def watch(message):
        at = step(message["content"].get("data", {}).get("text/plain", ""))
        if at > before and not seen:
            seen.append(at)
            kernel.interrupt()

    cell = kernel.run(finetune("halfway", steps=STEPS, every=30) + "resume = True\n", watch=watch)
    assert cell.reply["ename"] == "Interrupted"
    assert f"Resumed at step {before:,} of {STEPS:,}." in cell.kept[-1].text
    assert before < seen[0] <= step(cell.panel[-1].text) < STEPS - 2_000
    assert kernel.value("halfway.history.steps.step.tolist() == list(range(1, len(halfway.history.steps) + 1))") is True


def test_the_next_run_is_not_stopped(kernel, stopped):
    cell = kernel.good(finetune("quick", steps=20, every=30))
    assert "Finished after all 20 steps" in cell.panel[-1].text


def test_an_interrupt_before_the_first_step(kernel, stopped):
    """One that comes while data are read, weights are loaded or rows tokenized: an error, and nothing is bound."""
    kernel.good(
        "import os, signal\n"
        "def rows():\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    return reviews\n"
    )  # fmt: skip
    cell = kernel.run("%bert_finetune never --train {rows()} --label mood --model tinybert")
    assert cell.status == "error"
    assert kernel.value("'never' in globals()") is False
    assert kernel.good("1 + 1").result["text/plain"] == "2"
