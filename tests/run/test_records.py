"""What run folders tell, whole and broken ones."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bertmagic import options
from bertmagic.errors import FileError, Interrupted, OptionError, UnknownReference
from bertmagic.events import Ended, Evaluated, Started
from bertmagic.run import folders, records
from bertmagic.run.recorder import RunRecorder

FACTS = {"model": "minilm", "lr": 1e-4, "metric": "macro_f1", "train": "r.csv"}
DATA = {"train": {"name": "r.csv", "rows": 90, "columns": {"text": "review"}, "sha256": "ab" * 32}}


def begun(name, metric="macro_f1", **more):
    run = RunRecorder(name, {**FACTS, **more}, DATA)
    higher = metric != "loss"
    run.listen(Started(name, "classification", "minilm", 90, 10, 40, 2.0, "cpu", "bf16", metric, higher))
    for step, value in ((10, 0.5), (20, 0.7), (30, 0.6)):
        run.listen(Evaluated(step, step / 20, 1 - value, {"macro_f1": value}, True, 0.1))
    return run


def finished(name, value=0.7, reason="finished", **more):
    run = begun(name, **more)
    run.listen(Ended(reason, 40, 20, 12.5, 900, 9000, 9500))
    run.finish({"macro_f1": value, "loss": 0.4, "data": "t.csv", "rows": 50, "seconds": 14.0})
    return run


def only(name):
    return records.find_run(records.read_runs()[0], name)


def listed(**asked):
    return records.list_runs(options.read(options.commands.Runs, asked))


def test_a_finished_run_tells_everything():
    before = datetime.now(UTC).replace(microsecond=0)
    finished("mine")
    record = only("mine")
    assert (record.task, record.encoder, record.state) == ("classification", "minilm", "finished")
    assert (record.metric, record.value, record.measured) == ("macro_f1", 0.7, "t.csv")
    assert (record.step, record.steps, record.seconds) == (40, 40, 14.0)
    assert record.metrics == {"macro_f1": 0.7, "loss": 0.4}
    assert (record.trained_on, record.digest) == ("r.csv", "ab" * 32)
    assert before <= record.began <= datetime.now(UTC)


def test_an_interrupted_run_has_its_best_evaluation():
    run = begun("mine")
    run.listen(Ended("interrupted", 33, 20, 9.0, 900, 9000, 9500))
    run.finish({"seconds": 10.0})
    record = only("mine")
    assert (record.state, record.value, record.step) == ("interrupted", 0.7, 33)
    assert record.measured == "validation, while it was trained"


@pytest.mark.parametrize(
    ("error", "state"),
    [(RuntimeError("no memory\nand more"), "failed"), (KeyboardInterrupt(), "interrupted"),
     (Interrupted("stopped"), "interrupted")],
)  # fmt: skip
def test_a_run_that_ends_with_an_error_says_which(error, state):
    begun("mine", metric="loss").fail(error)
    record = only("mine")
    assert (record.state, record.metric) == (state, "loss")
    assert record.value == pytest.approx(0.3)  # the lowest loss, not the highest
    assert "and more" not in record.error
    assert type(error).__name__ in record.error


def test_a_run_goes_on_while_its_process_does_and_is_cut_off_when_it_is_gone():
    begun("mine")
    assert only("mine").state == "running"
    code = "from tests.run.test_records import begun; begun('other')"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    record = only("other")
    assert record.state == "failed"
    assert "its process ended" in record.error
    assert record.value == 0.7


def test_another_process_with_the_same_number_is_not_the_run():
    run = begun("mine")
    path = run.folder / "run.json"
    about = json.loads(path.read_text())
    path.write_text(json.dumps(about | {"process": about["process"] | {"since": 1.0, "ticks": 1}}))
    assert only("mine").state == "failed"
    path.write_text(json.dumps(about | {"process": {"host": "elsewhere", "pid": 1, "since": 1.0}}))
    assert only("mine").state == "running"  # of another machine nothing is known here


HALF = ['{"state": "fini', "[1, 2]", "null", "\x00\xff", '{"state": ["x"], "began": 7, "step": "many", "task": {}}',
        '{"began": "yesterday", "process": {"pid": "me"}, "state": "running"}', "[" * 100_000]  # fmt: skip


@pytest.mark.parametrize("content", HALF, ids=range(len(HALF)))
@pytest.mark.parametrize("file", ["run.json", "options.json", "data.json", "metrics.json", "model/bertmagic.json"])
def test_a_half_written_file_hides_nothing_else(file, content):
    run = finished("mine")
    (run.folder / "model").mkdir()
    (run.folder / "model" / "config.json").write_text("{}")
    (run.folder / file).write_text(content, encoding="latin-1")
    record = only("mine")
    assert record.name == "mine"
    if file != "run.json":
        assert (record.task, record.encoder, record.metric) == ("classification", "minilm", "macro_f1")
    assert record.state in ("finished", "failed")
    if not content.endswith("}"):
        assert f"{file} is damaged" in record.error
    listed()


def test_a_folder_of_runs_that_cannot_be_read_is_one_error_and_one_odd_run_hides_no_other(monkeypatch):
    finished("mine")
    finished("other")
    real = records.read_run

    def odd(folder):
        if folder.name == "mine":
            raise ZeroDivisionError
        return real(folder)

    with monkeypatch.context() as patch:
        patch.setattr(records, "read_run", odd)
        listing = listed()
    assert ([record.name for record in listing.records], listing.foreign) == (["other"], ("mine",))
    refused = PermissionError(13, "Permission denied")
    monkeypatch.setattr(Path, "iterdir", lambda path: (_ for _ in ()).throw(refused))
    with pytest.raises(FileError, match=r"runs cannot be read: you have no right to .*Permission denied") as caught:
        listed()
    assert "BERTMAGIC_HOME" in caught.value.fix


def test_what_is_no_run_is_named_and_left_out(tmp_path):
    finished("mine")
    folder = folders.home() / "runs"
    (folder / "notes").mkdir()
    (folder / "notes" / "todo.txt").write_text("buy milk")
    (folder / "stray.txt").write_text("x")
    (folder / ".hidden").mkdir()
    (folder / "dangling").symlink_to(tmp_path / "nowhere")
    listing = listed()
    assert [record.name for record in listing.records] == ["mine"]
    assert listing.foreign == ("dangling", "notes", "stray.txt")


def test_no_folder_at_all_is_no_runs():
    listing = listed()
    assert (listing.records, listing.foreign, len(listing.frame)) == ((), (), 0)


def test_an_older_run_is_read_from_the_card_of_its_model():
    run = finished("old")
    (run.folder / "run.json").unlink()
    (run.folder / "model").mkdir()
    (run.folder / "model" / "config.json").write_text("{}")
    card = {"task": "regression", "encoder": "bert", "run": {"reason": "finished", "step": 7, "seconds": 3.0}}
    (run.folder / "model" / "bertmagic.json").write_text(json.dumps(card | {"labels": [1, 2]}))
    os.utime(run.folder / "options.json", (0, 1e9))
    record = only("old")
    assert (record.task, record.encoder, record.step, record.state) == ("regression", "bert", 7, "finished")
    assert record.labels == ("1", "2")
    assert record.began == datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)


def test_a_model_made_from_nothing_is_told_apart():
    folder = folders.made_folder("new")
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    assert only("new").state == "made"


def three():
    for name, value in (("a", 0.75), ("b", 0.9), ("c", 0.8)):
        finished(name, value)
    begun("d").fail(RuntimeError("oh"))


def test_runs_are_sorted_with_the_best_first_and_those_without_the_number_last():
    three()
    assert [record.name for record in listed(sort="loss").records][-1] == "d"
    assert [record.name for record in listed(sort="macro_f1").records] == ["b", "c", "a", "d"]
    assert [record.name for record in listed(sort="name").records] == ["a", "b", "c", "d"]
    assert len(listed(sort="seconds").records) == 4
    with pytest.raises(OptionError, match=r"none of these runs has 'macro_f2'\. Did you mean 'macro_f1'"):
        listed(sort="macro_f2")


def test_runs_are_filtered_by_name_task_and_state():
    three()
    listing = listed(names=["[ab]"], state="finished")
    assert ({record.name for record in listing.records}, listing.hidden) == ({"a", "b"}, 2)
    assert [record.name for record in listed(state="failed").records] == ["d"]
    assert listed(task="regression").records == ()
    with pytest.raises(UnknownReference, match="there is no run 'aa' here"):
        listed(names=["aa"])


def test_the_frame_has_a_row_a_run():
    three()
    frame = listed(sort="macro_f1").frame
    assert list(frame.index) == ["b", "c", "a", "d"]
    assert frame.loc["b", "m_macro_f1"] == 0.9
    assert frame.loc["a", "o_lr"] == 1e-4
    assert frame.loc["d", "error"] == "RuntimeError: oh"


def test_the_curves_are_of_the_metric_and_of_the_newest_runs():
    for number in range(records.CURVES + 3):
        run = finished(f"r{number}")
        about = json.loads((run.folder / "run.json").read_text())
        about["began"] = datetime(2026, 1, 1 + number, tzinfo=UTC).isoformat()
        (run.folder / "run.json").write_text(json.dumps(about))
    listing = listed()
    assert listing.metric == "macro_f1"
    assert [curve.run for curve in listing.curves] == [f"r{number}" for number in range(10, 2, -1)]
    assert listing.curves[0].steps == (10, 20, 30)
    assert listing.curves[0].values == (0.5, 0.7, 0.6)
    assert listed(sort="loss").curves[0].values == pytest.approx((0.5, 0.3, 0.4))


def test_a_log_that_was_cut_off_keeps_its_evaluations():
    run = finished("mine")
    with (run.folder / "events.jsonl").open("ab") as log:
        log.write(b'{"event": "Evaluated", "step": 40, "me\xff')
        log.write(b'\n{"event": "Evaluated", "step": null, "metrics": {"macro_f1": 1}}\n')
    assert records.metric_curve(only("mine"), "macro_f1").steps == (10, 20, 30)
    (run.folder / "events.jsonl").unlink()
    assert records.metric_curve(only("mine"), "macro_f1") is None


def test_of_hundreds_of_runs_only_the_logs_that_are_drawn_are_read(monkeypatch):
    for number in range(300):
        folder = folders.made_folder(f"r{number}").parent
        (folder / "options.json").write_text(json.dumps(FACTS))
        (folder / "metrics.json").write_text(json.dumps({"macro_f1": number / 300}))
    read = []
    curve = records.metric_curve
    monkeypatch.setattr(
        records, "metric_curve", lambda record, metric: read.append(record.name) or curve(record, metric)
    )
    listing = listed(sort="macro_f1")
    assert [record.name for record in listing.records[:2]] == ["r299", "r298"]
    assert len(read) == records.CURVES
