import contextvars
import threading

import pytest

from bertmagic.errors import Interrupted, TrainingError
from bertmagic.events import Ended, Phase, Started, Step
from bertmagic.run import jobs

LONG = 60
"""Seconds before a test is given up; nothing is measured by it."""


def started(steps=100, epochs=2.0, validation_rows=10, **options):
    return Started("x", "t", "m", 500, validation_rows, steps, epochs, "cpu", "fp32", "loss", False, options)


def step(at, seconds, loss=0.5):
    return Step(at, at / 50, loss, 1e-4, 1.0, 10, 100, 120, seconds, 10**6)


@pytest.fixture
def gate():
    """An event that work waits for; opened at the end of the test, so that no thread is left behind."""
    gate = threading.Event()
    yield gate
    gate.set()
    for job in jobs.running().values():
        job.join(LONG)


def waiting(gate, *events, result="the model"):
    """Work that tells events and then waits."""

    def work(button, emit):
        for event in events:
            emit(event)
        assert gate.wait(LONG)
        return result

    return work


def until(condition):
    turn = threading.Event()
    for _ in range(LONG * 100):
        if condition():
            return
        turn.wait(0.01)
    raise TimeoutError


def test_a_job_is_returned_at_once_and_gets_the_model(gate):
    job = jobs.start("x", waiting(gate))
    assert (job.done, job.model, job.error, job.progress.phase) == (False, None, None, "starting")
    assert jobs.running() == {"x": job}
    assert job.wait(timeout=0.01) is None
    gate.set()
    assert job.wait(LONG) == "the model"
    assert (job.done, job.model, job.error, job.progress.phase) == (True, "the model", None, "finished")
    assert jobs.running() == {}


def test_work_runs_in_a_daemon_thread_within_the_context_of_its_caller():
    cell = contextvars.ContextVar("cell", default="another")
    cell.set("mine")
    seen = []
    job = jobs.start("x", lambda button, emit: seen.append((cell.get(), threading.current_thread().daemon)))
    cell.set("the next")
    job.wait(LONG)
    assert seen == [("mine", True)]


def test_a_name_is_taken_until_its_job_is_done(gate):
    job = jobs.start("x", waiting(gate, started(), step(40, 4.0)))
    until(lambda: job.progress.step)
    with pytest.raises(TrainingError, match=r"'x' is running \(step 40 of 100\).\n.*its \.stop\(\)"):
        jobs.start("x", waiting(gate))
    with pytest.raises(TrainingError, match="'x' is running"):
        jobs.refuse("x")
    other = jobs.start("y", waiting(gate))
    assert jobs.running() == {"x": job, "y": other}
    gate.set()
    assert job.wait(LONG) == other.wait(LONG) == "the model"
    jobs.refuse("x")


def test_a_failure_is_kept_and_raised_by_every_wait():
    error = TrainingError("the loss is nan.", "Lower lr.")

    def work(button, emit):
        raise error

    job = jobs.start("x", work)
    for _ in range(2):
        with pytest.raises(TrainingError, match="Lower lr"):
            job.wait(LONG)
    assert (job.done, job.model, job.error, job.progress.phase) == (True, None, error, "failed")


def test_even_an_exit_is_kept():
    def work(button, emit):
        raise SystemExit(3)

    job = jobs.start("x", work)
    assert job.join(LONG)
    assert isinstance(job.error, SystemExit)


def test_stop_presses_the_button_and_the_model_so_far_is_kept():
    def work(button, emit):
        emit(started())
        until(lambda: button.pressed)
        raise Interrupted("stopped after step 5", "the model so far")

    job = jobs.start("x", work)
    job.stop()
    job.stop()
    assert job.wait(LONG) == "the model so far"
    assert (job.model, job.error, job.progress.phase) == ("the model so far", None, "interrupted")


def test_before_the_steps_a_stop_ends_the_work_at_the_next_phase(gate):
    def work(button, emit):
        emit(Phase("reading the data"))
        assert gate.wait(LONG)
        try:
            emit(Phase("tokenizing"))
        except KeyboardInterrupt:
            raise Interrupted("stopped before there was a model to keep.") from None

    job = jobs.start("x", work)
    until(lambda: job.progress.phase == "reading the data")
    job.stop()
    gate.set()
    with pytest.raises(Interrupted, match="before there was a model"):
        job.wait(LONG)
    assert (job.model, job.progress.phase) == (None, "interrupted")


def test_a_phase_after_the_steps_is_no_place_to_stop(gate):
    def work(button, emit):
        emit(started())
        button.press()
        emit(Phase("measuring on test"))
        return "the model"

    assert jobs.start("x", work).wait(LONG) == "the model"


def test_callbacks_come_before_anybody_waits_no_more(gate):
    order = []
    job = jobs.start("x", waiting(gate))
    job.when_done(lambda done: order.append((done is job, done.model, done.done)))
    gate.set()
    job.wait(LONG)
    assert order == [(True, "the model", False)]
    job.when_done(lambda done: order.append(done.done))
    assert order[1:] == [True]


def test_progress(gate):
    events = [Phase("loading tiny"), started(), *(step(at, 2.0 * at) for at in range(1, 11)), step(30, 60.0, loss=0.25)]
    job = jobs.start("x", waiting(gate, *events))
    until(lambda: job.progress.step == 30)
    known = job.progress
    assert (known.steps, known.epoch, known.loss, known.phase) == (100, 0.6, 0.25, "training")
    assert known.eta == pytest.approx(2.0 * 70)
    assert known.seconds > 0
    assert job.progress.seconds >= known.seconds
    gate.set()
    job.wait(LONG)
    assert job.progress.eta is None
    assert job.progress.seconds == job.progress.seconds


def test_a_run_that_was_resumed_counts_the_time_of_its_own_steps(gate):
    job = jobs.start("x", waiting(gate, started(), step(50, 1.0), step(52, 5.0)))
    until(lambda: job.progress.step == 52)
    assert job.progress.eta == pytest.approx(2.0 * 48)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Phase("reading"), "Its steps have not begun."),
        (started(validation_rows=0), "It holds out no validation rows"),
        (started(), "first evaluation comes at step 50;"),
        (started(eval_every=7), "first evaluation comes at step 7;"),
        (started(steps=30, epochs=0.6), "first evaluation comes at step 30;"),
    ],
)
def test_when_the_first_evaluation_comes(gate, event, expected):
    job = jobs.start("x", waiting(gate, event))
    until(lambda: job.progress.phase != "starting")
    assert expected in jobs.first_evaluation(job)


def test_a_run_that_was_told_to_have_ended_is_ending(gate):
    job = jobs.start("x", waiting(gate, started(), Ended("finished", 100, 50, 1.0, 1, 1, 1)))
    until(lambda: job.ending)
    assert not job.done


def test_the_end_of_the_process_stops_jobs_and_waits_a_moment():
    def work(button, emit):
        until(lambda: button.pressed)
        return "kept"

    job = jobs.start("x", work)
    jobs._stop_all()
    assert (job.done, job.model) == (True, "kept")


def test_the_text_and_the_html_of_a_job(gate):
    job = jobs.start("<b>", waiting(gate, started(), step(40, 4.0)))
    until(lambda: job.progress.step)
    assert repr(job).startswith("Job '<b>': training, step 40 of 100 (40.0 %), epoch 0.80, loss 0.5000")
    assert ".stop() ends it" in repr(job)
    bundle = job._repr_mimebundle_()
    assert "&lt;b&gt;" in bundle["text/html"]
    assert "<b>'" not in bundle["text/html"]
    gate.set()
    job.wait(LONG)
    assert "Its .model: 'the model'" in repr(job)


def test_a_job_without_steps_has_no_bar():
    def work(button, emit):
        raise ValueError("no rows")

    job = jobs.start("x", work)
    job.join(LONG)
    html = job._repr_mimebundle_()["text/html"]
    assert "no rows" in html
    assert "progressbar" not in html
