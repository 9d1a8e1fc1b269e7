"""One run, stopped and resumed, in every place that shows it: the same number is the same everywhere."""

import re
import time

import pytest

import bertmagic as bm
from bertmagic.display import text
from bertmagic.display.live.run_panel import RunPanel
from bertmagic.display.live.run_state import Run
from bertmagic.display.style import duration, score
from bertmagic.events import Evaluated, Step
from bertmagic.options import cells
from bertmagic.run import jobs

STEPS, STOP = 12, 5


@pytest.fixture(scope="module")
def run(encoder, make_rows, tmp_path_factory):
    """A run that is stopped, and resumed as a job; with what its panel shows at the end."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("BERTMAGIC_HOME", str(home))
        given = {
            "label": "label", "model": str(encoder), "name": "walked", "max_steps": STEPS, "lr": 1e-4, "eval_every": 4,
            "keep": "best", "batch_size": 8, "show": False,
        }  # fmt: skip

        def stop(event):
            if isinstance(event, Step) and event.step == STOP:
                jobs.running()["walked"].stop()

        first = bm.finetune(make_rows(), background=True, on_event=stop, **given)
        assert first.join()
        assert first.progress.phase == "interrupted"
        panel, seen = RunPanel(Run(time.monotonic)), []

        def watch(event):
            seen.append(event)
            panel.take(event)

        job = bm.finetune(make_rows(), background=True, resume=True, on_event=watch, **given)
        model = job.wait()
    return home, job, model, panel, seen


@pytest.fixture
def walked(run, monkeypatch):
    """The run, with its folder as the one in use."""
    home, *rest = run
    monkeypatch.setenv("BERTMAGIC_HOME", str(home))
    return rest


def shown(result):
    return text(result), result._repr_mimebundle_()["text/html"]


def test_its_seconds_are_the_same_in_panel_report_list_job_card_and_record(walked):
    job, model, panel, _ = walked
    ended = panel.run.ended
    seconds = duration(ended.seconds)
    assert panel.frame()["text/plain"].splitlines()[1].startswith(f"Finished after all {STEPS} steps in {seconds};")
    assert f"Trained in {seconds} " in text(model.report)
    assert model.report.train_seconds == job.progress.seconds == model.card["run"]["seconds"] == ended.seconds
    runs = bm.runs()
    assert runs.frame.loc["walked", "seconds"] == ended.seconds
    for page in (*shown(runs), *shown(job)):
        assert seconds in page


def test_its_steps_and_its_best_one_are(walked):
    job, model, panel, _ = walked
    ended = panel.run.ended
    assert (job.progress.step, job.progress.steps, ended.step) == (STEPS, STEPS, STEPS)
    assert bm.runs().frame.loc["walked", ["step", "steps"]].tolist() == [STEPS, STEPS]
    assert model.history.steps["step"].tolist() == list(range(1, STEPS + 1))
    assert model.report.best_step == ended.best_step == model.card["run"]["best_step"]
    assert f"weights of step {ended.best_step}" in panel.frame()["text/plain"]


def test_its_metric_is(walked):
    _, model, panel, seen = walked
    name = panel.run.started.metric
    best = next(event for event in seen if isinstance(event, Evaluated) and event.step == panel.run.ended.best_step)
    value = model.report.metrics[name]
    assert best.metrics[name] == pytest.approx(value)
    assert bm.runs().frame.loc["walked", "value"] == value
    assert score(value) in panel.frame()["text/html"]
    assert f"{value:.4f}" in text(model.report)
    assert str(model.report.rows) in text(model.report)
    assert panel.run.started.validation_rows == model.report.rows


def test_its_learning_rate_is_written_in_one_way(walked):
    _, model, panel, _ = walked
    assert "lr = 1e-4, " in panel.final()[-1]["text/plain"]
    assert cells.literal("lr", model.card["options"]["lr"]) == "1e-4"
    assert re.search(r"Learning rate \d(\.\d+)?e-\d at the end|Learning rate 0 at the end", panel.frame()["text/html"])


def test_its_predictions_are_counted_as_they_are_listed(walked):
    _, model, _, _ = walked
    predicted = model.predict(["a good film", None, "a bad film", ""], show=False)
    for page in shown(predicted):
        assert f"{4 - predicted.missing} predictions for 4 rows" in page
    counts = re.findall(r"\((\d+)\)", text(predicted).splitlines()[0])
    assert sum(map(int, counts)) == 4 - predicted.missing
