"""A search over ranges: proposals, failures, memory, going on, and what is left of it."""

import gc
import importlib.util
import signal
import sqlite3
import time
from types import SimpleNamespace

import pytest
from transformers import PreTrainedModel

import bertmagic as bm
from bertmagic.errors import DataError, Interrupted, OptionError, TrainingError
from bertmagic.events import Evaluated, Started, Step
from bertmagic.run import folders
from bertmagic.tuning import study
from bertmagic.tuning.results import Search


def networks():
    gc.collect()
    return sum(issubclass(type(thing), PreTrainedModel) and thing.training for thing in gc.get_objects())


def test_it_finds_keeps_and_names_the_best(search, rows):
    result = search(
        batch_size=bm.choice(8, 16), epochs=bm.between(1, 2), trials=4, max_steps=None, eval_every=5,
        sources={"train": "reviews"},
    )  # fmt: skip
    assert [trial.state for trial in result.trials if trial.state != "pruned"].count("complete") >= 1
    for trial in result.trials:
        assert 1e-5 <= trial.values["lr"] <= 1e-2
        assert trial.values["batch_size"] in (8, 16)
        assert trial.values["epochs"] in (1, 2)
    scores = [trial.score for trial in result.trials if trial.score is not None]
    assert result.best.score == max(scores)
    assert result.metric == "macro_f1"
    assert result.cell.splitlines()[0] == "%%bert_finetune found"
    lines = dict(line.replace(" ", "").split("=", 1) for line in result.cell.splitlines()[1:])
    assert lines["train"] == "reviews"
    assert "baselines" not in lines  # trials have none; the run of this cell has
    assert float(lines["lr"]) == result.best.values["lr"]
    assert int(lines["batch_size"]) == result.best.values["batch_size"]
    assert result.model.name == "found"
    assert result.model.card["options"]["lr"] == result.best.values["lr"]
    assert folders.names()[0] == "found"
    kept = {path.parent.name for path in (folders.home() / "runs" / "found" / "trials").glob("*/model")}
    assert kept == {str(result.best.number)}
    assert not list(folders.home().rglob("checkpoints"))
    assert list(result.frame.columns) == ["state", "score", "seconds", "epochs", "lr", "batch_size", "note"]


def test_the_direction_is_that_of_the_metric(search):
    lower = search(metric="loss")
    assert not lower.higher_is_better
    assert lower.best.score == min(trial.score for trial in lower.trials if trial.score is not None)
    assert "metric" in lower.cell
    with pytest.raises(OptionError, match="is not a metric of classification"):
        search(metric="rmse", name="other")


def test_a_failing_trial_is_recorded_and_the_search_goes_on(search):
    def fail(event):
        if isinstance(event, Started) and event.options["lr"] < 1e-2 and not failed:
            failed.append(event)
            raise RuntimeError("no luck\nand more")

    failed = []
    result = search(on_event=fail)
    assert result.trials[0].state == "failed"
    assert result.trials[0].note == "no luck"
    assert result.best is not None
    assert "no luck" in repr(result)


def test_if_all_fail_it_is_an_error_that_says_why(search):
    def fail(event):
        if isinstance(event, Step):
            raise RuntimeError("no luck")

    with pytest.raises(TrainingError, match=r"none of 2 trials has a score: no luck"):
        search(on_event=fail, trials=2)


def test_a_trial_that_lags_behind_ends_early(search, monkeypatch):
    def lag(event):
        if isinstance(event, Evaluated) and lagging:
            dict.__setitem__(event.metrics, "macro_f1", -1.0)
        if isinstance(event, Evaluated) and event.step == 6:
            lagging.append(1) if len(ended) == 4 else None
            ended.append(1)

    lagging, ended = [], []
    result = search(max_steps=6, trials=6, on_event=lag)
    assert "pruned" in {trial.state for trial in result.trials}
    assert all(trial.score is None for trial in result.trials if trial.state == "pruned")


def test_it_goes_on_where_it_was(search):
    first = search(trials=2)
    second = search(trials=4)
    assert [trial.values for trial in second.trials[:2]] == [trial.values for trial in first.trials]
    assert len(second.trials) == 4
    assert search(trials=4).best == second.best  # nothing is left to do
    with sqlite3.connect(folders.home() / "runs" / "found" / "study.db") as read:
        assert read.execute("select count(*) from trials").fetchone() == (4,)


def test_a_trial_that_a_kill_cut_off_is_told_as_failed_and_replaced(search):
    search(trials=1)
    path = folders.home() / "runs" / "found" / "study.db"
    with sqlite3.connect(path) as cut:
        cut.execute("update trials set state = 'RUNNING'")
    cut.close()
    resumed = search(trials=1)
    assert [trial.state for trial in resumed.trials] == ["failed", "complete"]
    assert resumed.trials[0].note == "the kernel ended in it"
    assert len(search(trials=1).trials) == 2


def test_another_space_or_other_rows_are_another_study(search, make_rows):
    search(trials=1)
    with pytest.raises(OptionError, match=r"space was .*1e-05.* and is .*1e-06") as error:
        search(lr=bm.log(1e-6, 1e-2))
    assert 'study = "study2"' in error.value.fix
    with pytest.raises(OptionError, match="data was"):
        search(make_rows(100, seed=3))
    assert len(search(lr=bm.log(1e-6, 1e-2), study="study2", trials=1).trials) == 1


def test_an_interrupt_keeps_the_best_so_far(search):
    def stop(event):
        if isinstance(event, Step) and len(begun) == 2:
            signal.raise_signal(signal.SIGINT)
        if isinstance(event, Started):
            begun.append(event)

    begun = []
    with pytest.raises(Interrupted, match="stopped after 2 trials; 'found' is the best of them") as stopped:
        search(on_event=stop)
    assert stopped.value.model.name == "found"
    resumed = search(trials=3)
    assert [trial.note for trial in resumed.trials] == ["", "interrupted", "", ""]
    assert "4 of 4 trials done" in str(resumed)
    assert len(search(trials=3).trials) == 4


def test_the_memory_of_a_trial_is_given_back_before_the_next(search):
    held = []
    search(trials=3, on_event=lambda event: held.append(networks()) if isinstance(event, Started) else None)
    assert held == [held[0]] * 3


@pytest.mark.soak
def test_twenty_trials_do_not_grow(search):
    from bertmagic.models import devices

    sizes = []

    def measure(event):
        if isinstance(event, Started):
            devices.release()
            sizes.append(devices.process_memory())

    search(trials=20, on_event=measure)
    assert max(sizes[10:]) < 1.01 * max(sizes[5:10])


def test_the_timeout_begins_no_further_trial(search, monkeypatch):
    """On a clock that goes on by 40 seconds in each trial."""
    clock = [0.0]
    fake = SimpleNamespace(monotonic=lambda: clock[0], perf_counter=time.perf_counter)
    monkeypatch.setattr("bertmagic.tuning.search.time", fake)

    def trial_begins(event):
        if isinstance(event, Started):
            clock[0] += 40

    result = search(trials=50, timeout=1.5, on_event=trial_begins)
    assert len(result.trials) == 3
    assert result.ended == "the 1.5 minutes are over"


def test_test_rows_and_a_folder_are_for_the_best_alone(search, make_rows, tmp_path):
    seen = []
    search(trials=2, test=make_rows(20, seed=5), save_to=tmp_path / "kept", on_event=seen.append)
    assert not any("test" in getattr(event, "what", "") for event in seen)
    assert (tmp_path / "kept" / "config.json").is_file()


def test_what_it_depends_on_is_told_once_there_are_enough(search):
    result = search(trials=6, batch_size=bm.choice(8, 32), lr=bm.log(1e-6, 1e-2))
    if sum(trial.state == "complete" for trial in result.trials) >= 5 and result.importance:
        assert sum(result.importance.values()) == pytest.approx(1, abs=0.01)
        assert "What the scores depend on" in repr(result)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"lr": bm.log(1e-3, 1e-5)}, "the first end must be below the second"),
        ({"lr": bm.between(1e-3, 1e-3)}, "the first end must be below the second"),
        ({"lr": bm.log(1e-3)}, "it needs two ends"),
        ({"weight_decay": bm.log(0, 0.1)}, "ends above 0"),
        ({"batch_size": bm.choice()}, "it has no value"),
        ({"batch_size": bm.between(16, 5000)}, "batch_size = 5000 is not between 1 and 4096"),
        ({"batch_size": bm.choice(16, "many")}, "batch_size = 'many' is not a number"),
        ({"schedule": bm.between(1, 2)}, "schedule is not a number"),
        ({"validation": bm.between(0.1, 0.2)}, "validation cannot be searched over"),
        ({"precision": bm.choice("fp32", "bf16")}, "precision cannot be searched over"),
        ({"lr": [1e-5, 1e-4]}, r"is a list, not a range to search.\nWrite log\(a, b\), between\(a, b\) or choice"),
        ({"epochs": range(1, 4)}, "is a range, not a range to search"),
        ({"max_length": bm.choice(32, 9999)}, "max_length = 9999 is not between 8 and 8192"),
        ({"max_length": bm.between(16, 512)}, "max_length = 512 is more than the model reads: 64 tokens"),
        ({"lr": 1e-4}, "no option has a range"),
        ({"validation": 0}, "needs validation rows"),
    ],
    ids=str,
)
def test_bad_input_is_told_before_the_first_trial(search, given, message):
    with pytest.raises(OptionError, match=message):
        search(**given)
    assert not list(folders.home().rglob("trials"))


def test_data_without_labels_and_a_missing_library_are_told(search, rows, monkeypatch):
    with pytest.raises(DataError, match="label"):
        search(rows[["text"]], label=None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(OptionError, match=r"needs optuna.*\nInstall it: pip install \"bertmagic\[tune\]\""):
        study.require()


def test_a_run_takes_no_range(rows, encoder):
    with pytest.raises(OptionError, match="lr cannot be searched over here"):
        bm.finetune(rows, model=encoder, lr=bm.log(1e-5, 1e-3), show=False)


def test_it_shows_itself_in_words_and_without_scripts(search):
    result = search(trials=2)
    assert isinstance(result, Search)
    shown = result._repr_mimebundle_()
    assert "2 of 2 trials done" in shown["text/plain"]
    assert "the highest macro F1 is sought over lr in log(1e-05, 0.01)" in shown["text/plain"]
    assert "%%bert_finetune found" in shown["text/html"]
    assert "<script" not in shown["text/html"]
