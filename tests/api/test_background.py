"""`finetune(background=True)`: the job, and what other cells do meanwhile."""

import threading
import time

import pytest
import torch

import bertmagic as bm
from bertmagic import api, events
from bertmagic.errors import DataError, ModelError, OptionError, TrainingError
from bertmagic.run import checkpoints, jobs

WAIT = 300
"""Seconds before a test is given up; nothing is measured by it."""


@pytest.fixture
def beside(quick):
    """Return a function that starts a job which waits at its first evaluation until the gate is opened."""
    gate, reached = threading.Event(), threading.Event()

    def hold(event):
        if isinstance(event, events.Evaluated):
            reached.set()
            assert gate.wait(WAIT)

    def start(**options):
        job = quick(**({"max_steps": 6, "eval_every": 2, "background": True, "on_event": hold} | options))
        job.gate, job.reached = gate, reached
        return job

    yield start
    gate.set()
    for job in jobs.running().values():
        job.join(WAIT)


def test_a_job_gets_the_model_of_the_same_run_in_the_foreground(quick, beside):
    here = quick(name="here", max_steps=6, eval_every=2)
    job = beside(name="there")
    assert isinstance(job, bm.Job)
    assert not job.done
    job.gate.set()
    model = job.wait(WAIT)
    assert model is job.model
    weights = model.network.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in here.network.state_dict().items())
    assert model.report.metrics == here.report.metrics
    assert api.find("there") is model


def test_a_stopped_job_has_the_best_weights(beside):
    job = beside(name="mine", max_steps=1000, epochs=500)
    assert job.reached.wait(WAIT)
    job.stop()
    job.gate.set()
    model = job.wait(WAIT)
    assert model.card["run"]["reason"] == "interrupted"
    assert (job.error, job.progress.phase) == (None, "interrupted")
    assert model.predict("a good film", show=False).frame.label[0] in ("good", "bad")


def test_an_error_of_the_data_comes_from_wait_and_one_of_an_option_at_once(quick):
    job = quick(background=True, label="lable")
    with pytest.raises(DataError, match="lable"):
        job.wait(WAIT)
    for wrong in ({"epochs": 0}, {"schedule": "square"}):
        with pytest.raises(OptionError):
            quick(background=True, **wrong)


def test_a_running_job_predicts_with_its_best_weights_so_far(beside):
    job = beside(name="mine", max_steps=6, eval_every=2)
    assert job.reached.wait(WAIT)  # its first evaluation is told of; its weights are not on disk yet
    for reference in (job, "mine"):
        with pytest.raises(ModelError, match=r"'mine' is still being trained \(step 2 of 6\).\n.*comes at step 2"):
            api.find(reference)
    job.reached.clear()
    job.gate.set()
    job.gate.clear()  # on to the second evaluation, or to the end where the thread was quicker
    until = time.monotonic() + WAIT
    while not checkpoints.best_folder("mine") and not job.done and time.monotonic() < until:
        time.sleep(0.01)
    model = api.find("mine")
    assert model.predict("a good film", show=False).frame.label[0] in ("good", "bad")
    assert model is job.model or "mine" not in api.held()
    job.gate.set()
    assert api.find(job) is job.model or not job.done


def test_a_name_is_not_trained_twice_at_once(quick, beside):
    job = beside(name="mine")
    for again in (True, False):
        with pytest.raises(TrainingError, match="'mine' is running"):
            quick(name="mine", background=again)
    assert quick(name="another").name == "another"
    assert [name for name, _ in bm.status().jobs] == ["mine"]
    assert "Job 'mine' is running" in repr(bm.status())
    job.gate.set()
    job.wait(WAIT)
    assert bm.status().jobs == ()


def test_a_job_leaves_the_random_numbers_of_the_cells_alone(beside):
    job = beside()
    assert job.reached.wait(WAIT)
    torch.manual_seed(11)
    drawn = [torch.rand(3)]
    job.gate.set()
    job.wait(WAIT)
    drawn.append(torch.rand(3))
    torch.manual_seed(11)
    assert torch.equal(torch.cat(drawn), torch.rand(6))


def test_a_job_keeps_to_the_folder_that_it_was_started_in(beside, tmp_path, monkeypatch):
    monkeypatch.setenv("BERTMAGIC_HOME", "here")
    job = beside(name="mine")
    assert job.reached.wait(WAIT)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    job.gate.set()
    assert job.wait(WAIT).folder == tmp_path / "here" / "runs" / "mine" / "model"
    assert list((tmp_path / "elsewhere").iterdir()) == []
