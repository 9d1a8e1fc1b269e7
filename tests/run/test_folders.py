import json
import os

import pytest

from bertmagic.errors import FileError
from bertmagic.events import Ended, Evaluated, Note, Phase, Step
from bertmagic.run import folders
from bertmagic.run.recorder import RunRecorder


def step(number):
    return Step(number, 0.1, 0.5, 1e-3, 1.0, 32, 100, 120, 1.0, 10**6)


def lines(run):
    return [json.loads(line) for line in (run.folder / "events.jsonl").read_text().splitlines()]


def test_a_run_writes_what_was_asked_and_what_happened(tmp_path):
    run = RunRecorder("mine", {"lr": 1e-4, "train": "r.csv"}, {"train": {"rows": 3}})
    for event in (Phase("reading"), Note("好"), step(1), Evaluated(1, 0.1, 0.4, {"accuracy": 0.9}, True, 0.1)):
        run.listen(event)
    run.listen(Ended("finished", 1, 1, 2.0, 32, 100, 120))
    run.finish({"accuracy": 0.9})
    assert run.folder == tmp_path / ".bertmagic" / "runs" / "mine"
    assert (tmp_path / ".bertmagic" / ".gitignore").read_text() == "*\n"
    assert json.loads((run.folder / "options.json").read_text()) == {"lr": 1e-4, "train": "r.csv"}
    assert json.loads((run.folder / "data.json").read_text()) == {"train": {"rows": 3}}
    assert json.loads((run.folder / "metrics.json").read_text()) == {"accuracy": 0.9}
    assert [line["event"] for line in lines(run)] == ["Note", "Step", "Evaluated", "Ended"]
    assert lines(run)[2]["metrics"] == {"accuracy": 0.9}


def test_the_log_of_a_long_run_stays_small():
    run = RunRecorder("long", {}, {})
    for number in range(20_000):
        run.listen(step(number))
    assert (run.folder / "events.jsonl").stat().st_size < 50_000


def test_a_run_that_begins_anew_forgets_the_metrics_of_before():
    RunRecorder("again", {}, {}).finish({"accuracy": 1.0})
    run = RunRecorder("again", {}, {})
    assert not (run.folder / "metrics.json").exists()
    assert lines(run) == []


def test_home_is_the_current_folder_or_what_the_environment_says(tmp_path, monkeypatch):
    assert folders.home() == tmp_path / ".bertmagic"
    monkeypatch.delenv("BERTMAGIC_HOME")
    assert folders.home().resolve() == tmp_path / ".bertmagic"
    monkeypatch.setenv("BERTMAGIC_HOME", "~/elsewhere")
    assert str(folders.home()) == os.path.expanduser("~/elsewhere")  # noqa: PTH111


def test_runs_with_a_model_are_listed_the_newest_first():
    for number, name in enumerate(("old", "new", "without")):
        RunRecorder(name, {}, {})
        if name != "without":
            folder = folders.model_folder(name)
            folder.mkdir()
            (folder / "config.json").write_text("{}")
            os.utime(folder / "config.json", (number, number))
    assert folders.names() == ["new", "old"]


def test_a_run_whose_model_was_being_replaced_is_found_again():
    folder = folders.model_folder("mine")
    hidden = folder.parent / ".model.previous"
    hidden.mkdir(parents=True)
    (hidden / "config.json").write_text("{}")
    assert folders.names() == ["mine"]
    assert (folder / "config.json").is_file()


def test_a_folder_that_cannot_be_made_is_an_error_of_ours(tmp_path):
    (tmp_path / ".bertmagic").write_text("a file")
    with pytest.raises(FileError, match="cannot be written") as caught:
        RunRecorder("mine", {}, {})
    assert "BERTMAGIC_HOME" in caught.value.fix


def test_the_digest_tells_rows_apart():
    one = folders.digest(["a", "b\ud83d"], [0, 1])
    assert one == folders.digest(["a", "b\ud83d"], [0, 1])
    assert (
        len({one, folders.digest(["a", "b"], [0, 1]), folders.digest(["ab", ""], [0, 1]), folders.digest(["a"], [0])})
        == 4
    )


def test_a_run_that_goes_on_keeps_its_log_until_there():
    run = RunRecorder("mine", {}, {})
    for number in (1, 2, 3, 4):
        run._logged = -1e9
        run.listen(step(number))
    run.listen(Note("seen"))
    with (run.folder / "events.jsonl").open("a") as log:
        log.write('{"event": "Step", "ste')  # cut off by a kill
    again = RunRecorder("mine", {}, {}, after=2)
    again.listen(step(3))
    assert [line["step"] for line in lines(again)] == [1, 2, 3]
    last = RunRecorder("mine", {}, {}, after=9)
    assert [line["step"] for line in lines(last)] == [1, 2, 3]


def test_what_a_kill_left_of_a_model_is_removed_and_the_old_one_brought_back():
    folder = folders.model_folder("mine").parent
    (folder / ".model.previous").mkdir(parents=True)
    (folder / ".model.0123abcd").mkdir()
    RunRecorder("mine", {}, {})
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == ["model"]


def test_options_become_values_that_json_has(tmp_path):
    assert folders.plain({"lr": 1e-4, "train": [1], "model": tmp_path, "name": None, "resume": True}) == {
        "lr": 1e-4, "train": "list", "model": str(tmp_path), "name": None, "resume": True,
    }  # fmt: skip


def test_a_run_is_known_by_the_folder_of_its_model(tmp_path, monkeypatch):
    model = folders.made_folder("mine")
    (tmp_path / "link").symlink_to(model)
    assert folders.run_of(model) == folders.run_of(tmp_path / "link") == "mine"
    assert folders.run_of(model.parent) is folders.run_of(tmp_path) is None
    assert folders.run_of(folders.made_folder("search/trials/3")) is None
    monkeypatch.setenv("BERTMAGIC_HOME", str(tmp_path / "elsewhere"))
    assert folders.run_of(model) is None
