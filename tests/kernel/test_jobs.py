"""Runs beside the notebook in a real kernel: where their output goes, and what other cells do meanwhile."""

import re
import time

import pytest

from .client import FIGURE, SETUP, WAIT, Kernel, finetune

pytestmark = [pytest.mark.kernel, pytest.mark.filterwarnings("ignore::ResourceWarning")]

LONG = 90_000
DOING = "(training|evaluating on validation|writing a checkpoint)"
EVERY = 30


def start(kernel, name, steps=LONG, every=EVERY):
    """Start a job; return the id of its cell, which is over."""
    request = kernel.send(finetune(name, steps, every, background=True))
    (cell,) = kernel.collect(request)
    assert cell.status == "ok", cell.error
    return request


def evaluated(frame):
    found = re.search(r"validation at step ([\d,]+)", frame.text)
    return int(found[1].replace(",", "")) if found else 0


@pytest.fixture(scope="module", autouse=True)
def prepared(kernel):
    kernel.good(SETUP)
    kernel.good(finetune("other", steps=20, every=10))


@pytest.fixture(scope="module")
def job(kernel):
    """A job of many hours, after its second evaluation: the weights of the first are on disk."""
    request = start(kernel, "halfway")
    kernel.listen(request, lambda frame: evaluated(frame) >= 2 * EVERY)
    yield request
    kernel.run("halfway.stop()")


def test_the_name_holds_the_job(kernel, job):
    cell = kernel.good("halfway")
    assert re.search(f"Job 'halfway': {DOING}, step", cell.result["text/plain"])
    assert "progressbar" in cell.result["text/html"]
    assert kernel.value("(halfway.done, halfway.model, halfway.error)") == (False, None, None)
    assert kernel.value("halfway.progress.steps") == LONG
    assert re.search(f"Job 'halfway' is running: {DOING}", kernel.good("%bert_status").result["text/plain"])


def test_outputs_stay_in_their_cells(kernel, job):
    places = list(kernel.of(job).places)
    for text in ("one", "two"):
        cell = kernel.good(f"print({text!r}); display({text!r})")
        kernel.listen(job, lambda frame: frame.update)  # it goes on in its own cell
        assert cell.printed == f"{text}\n"
        assert [frame.text for frame in cell.frames] == [repr(text)]
    assert list(kernel.of(job).places) == places


def test_a_cell_that_captures_its_output_takes_no_frame(kernel, job):
    kernel.good("%%capture taken\nimport time\nprint('mine')\ntime.sleep(1.5)")
    assert kernel.value("(taken.stdout, len(taken.outputs))") == ("mine\n", 0)


def test_another_model_is_used_meanwhile(kernel, job):
    kernel.good('%bert_predict "a great film" -m other -o one')
    kernel.good("%bert_evaluate reviews -m other")
    kernel.good("%bert_save other models/other")
    assert kernel.value("halfway.done") is False


def test_another_model_is_trained_meanwhile(kernel, job):
    cell = kernel.good(finetune("quick", steps=20, every=10))
    assert "Finished after all 20 steps" in cell.panel[-1].text
    assert kernel.value("(type(quick).__name__, halfway.done)") == ("TextModel", False)


def test_its_best_weights_so_far_are_used_meanwhile(kernel, job):
    kernel.good('%bert_predict "a great film" -m halfway -o two')
    assert kernel.value("two.frame.label[0] in ('good', 'bad')") is True
    assert kernel.value("(type(halfway).__name__, halfway.done)") == ("Job", False)


def test_before_the_first_evaluation_there_is_nothing_to_use(kernel, job):
    request = start(kernel, "slow", every=LONG)
    kernel.listen(request, lambda frame: "\nTraining\n" in frame.text)
    cell = kernel.run('%bert_predict "a great film" -m slow')
    assert cell.reply["ename"] == "ModelError"
    assert "'slow' is still being trained (step" in cell.error[0]
    assert "The first evaluation comes at step 90,000" in cell.error[1]
    kernel.good("slow.stop()\nslow.wait()")


def test_a_second_run_of_the_name_is_refused(kernel, job):
    for background in (True, False):
        cell = kernel.run(finetune("halfway", steps=10, every=5, background=background))
        assert cell.status == "error"
        assert "halfway.stop()" in "\n".join(cell.error)
    assert kernel.value("halfway.done") is False


@pytest.mark.parametrize("waiting", ["import time; time.sleep(3600)", "halfway.wait()"])
def test_an_interrupt_stops_the_foreground_only(kernel, job, waiting):
    pressed = []

    def watch(message):
        if message["msg_type"] == "stream" and not pressed:
            pressed.append(True)
            kernel.interrupt()

    cell = kernel.run(f"print('go', flush=True)\n{waiting}", watch=watch)
    assert cell.reply["ename"] == "KeyboardInterrupt"
    assert kernel.value("halfway.done") is False
    kernel.listen(job, lambda frame: frame.update)


def test_stop_leaves_the_best_weights(kernel, job):
    kernel.good("running = halfway\nrunning.stop()\nmodel = running.wait()")
    assert kernel.value("(running.done, running.error, running.progress.phase)") == (True, None, "interrupted")
    assert kernel.value("halfway is model and model is running.model") is True
    assert "Interrupted after step" in kernel.of(job).panel[-1].text
    assert any(FIGURE in frame.data for frame in kernel.of(job).kept)
    assert kernel.value("model.card['run']['best_step']") >= EVERY


def test_a_finished_job_shows_its_report_in_its_cell(kernel):
    request = start(kernel, "done", steps=60)
    kernel.good("job = done\nmodel = job.wait() if hasattr(job, 'wait') else job")
    frames = kernel.of(request).frames
    assert any(frame.text.startswith("done: accuracy ") for frame in frames[-2:])
    assert kernel.value("done is model and done.report.rows > 0") is True


def test_the_variable_is_bound_only_if_it_still_holds_the_job(kernel):
    request = start(kernel, "mine")
    kernel.listen(request, lambda frame: evaluated(frame) > 0)
    kernel.good("job, mine = mine, 5\njob.stop()\njob.wait()")
    assert kernel.value("mine") == 5
    kernel.good("del mine")


def test_a_failure_is_shown_in_its_cell_and_raised_by_wait(kernel):
    request = kernel.send("%bert_finetune broken --train reviews --label moood --background")
    (cell,) = kernel.collect(request)
    assert cell.status == "ok"
    waited = kernel.run("broken.wait()")
    assert waited.reply["ename"] == "DataError"
    text = kernel.of(request).frames[-1].text
    assert text == "\n".join(waited.error)
    assert "Did you mean 'mood'" in text
    assert kernel.value("(broken.done, type(broken.error).__name__, broken.model)") == (True, "DataError", None)


def said(cell, words):
    """Return how often a cell says words, as text and as HTML: in its outputs as they are now, and in its error."""
    shown = [frame.text for frame in cell.kept], [frame.html for frame in cell.kept]
    return tuple("\n".join([*outputs, *cell.error]).count(words) for outputs in shown)


@pytest.mark.parametrize("how", ["", " --background"])
def test_an_error_is_said_once(kernel, how):
    request = kernel.send(f"%bert_finetune wrong --train reviews --label moood{how}")
    kernel.collect(request)
    kernel.run("wrong.wait()" if how else "")
    assert said(kernel.of(request), "moood") == (1, 1)


BROKEN = """
import bertmagic as bm
from bertmagic.workflows import finetune

def burst(*given, **known):
    raise OSError("the disk has burst")

whole, finetune.run = finetune.run, burst
panel = bm.panel(reviews, label="mood", model="tinybert", name="burst")
panel.start()
panel.job.join()
finetune.run = whole
"""


def test_a_panel_says_an_error_once(kernel):
    request = kernel.send(BROKEN)
    kernel.collect(request)
    kernel.good("1")  # what the job sent last has come
    states = {}
    for message in kernel.of(request).messages:
        content = message["content"]
        if message["msg_type"] in ("comm_open", "comm_msg"):
            states.setdefault(content["comm_id"], {}).update(content["data"].get("state", {}))
    assert str(states).count("the disk has burst") == 1
    assert said(kernel.of(request), "the disk has burst") == (0, 0)


def test_a_bad_option_is_an_error_of_the_cell(kernel):
    cell = kernel.run("%bert_finetune never --train reviews --label mood --epochs 0 --background")
    assert cell.reply["ename"] == "OptionError"
    assert kernel.value("'never' in globals()") is False


def test_two_jobs_run_side_by_side(kernel):
    first, second = start(kernel, "left", steps=60), start(kernel, "right", steps=60)
    kernel.good("for job in (left, right):\n    if hasattr(job, 'wait'): job.wait()")
    for request in (first, second):
        assert any("predicted →" in frame.text for frame in kernel.of(request).frames[-2:])
    same = "(left.predict(reviews).frame.score == right.predict(reviews).frame.score).all().item()"
    assert kernel.value(same) is True


def test_a_kernel_with_a_job_shuts_down(workplace, env):
    kernel = Kernel(workplace, env)
    try:
        kernel.good(SETUP)
        request = start(kernel, "left_behind")
        kernel.listen(request, lambda frame: evaluated(frame) > 0)
        kernel.client.shutdown()
        until = time.monotonic() + WAIT
        while kernel.manager.is_alive() and time.monotonic() < until:
            time.sleep(0.05)
        assert not kernel.manager.is_alive()
    finally:
        kernel.close()
