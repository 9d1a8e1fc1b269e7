"""One writer a run: two real processes, one of them killed; and file systems that have no locks."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import filelock
import pytest

import bertmagic as bm
from bertmagic.errors import FileError, TrainingError
from bertmagic.run import checkpoints, folders, jobs, locks
from bertmagic.run.processes import this_process
from tests import forks

TRAINER = """
import sys
import bertmagic as bm
from bertmagic.events import Step
from tests.run.test_locks import table

def hear(event):
    if isinstance(event, Step) and event.step == 5:
        print("training", flush=True)
        sys.stdin.readline()

bm.finetune(table(), model=sys.argv[1], max_steps=6, batch_size=16, eval_every=2, precision="fp32", show=False,
            on_event=hear)
print("finished", flush=True)
"""


def table():
    from tests.conftest import BAD, GOOD

    texts = [f"the film was {(GOOD, BAD)[at % 2][at % 6]} {at}" for at in range(60)]
    return {"text": texts, "label": ["good", "bad"] * 30}


def tree(folder):
    """Return the files below a folder with their content."""
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def other_kernel(encoder, own_folder):
    """A second process in the same folder, in the middle of a run with the default name; it waits for a line."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", TRAINER, str(encoder)]
    with forks.popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=own_folder
    ) as process:
        assert process.stdout.readline() == "training\n"
        yield process
        process.kill()


def writers(encoder):
    """Return what writes to the run ``model``, by name."""
    short = {"model": encoder, "max_steps": 1, "precision": "fp32", "show": False, "name": "model"}
    return {
        "finetune": lambda: bm.finetune(table(), **short),
        "in the background": lambda: bm.finetune(table(), background=True, **short),
        "by the default name": lambda: bm.finetune(table(), **{**short, "name": None}),
        "resume": lambda: bm.finetune(table(), resume=True, **short),
        "pretrain": lambda: bm.pretrain({"text": table()["text"]}, **short),
        "tune": lambda: bm.tune(table(), trials=1, lr=bm.choice(1e-3, 1e-4), **short),
        "new_model": lambda: bm.new_model("tiny", vocab_from=table()["text"], name="model"),
    }


def test_the_second_writer_is_refused_and_touches_nothing(other_kernel, encoder, learnt, own_folder):
    """Whatever it is; and a model that another kernel trains can still be read."""
    other = bm.load(learnt.folder, name="other")
    before = tree(own_folder / ".bertmagic" / "runs")
    assert any("checkpoints" in str(path) for path in before)
    refused = {**writers(encoder), "save": lambda: other.save(folders.model_folder("model"))}
    for what, write in refused.items():
        with pytest.raises(TrainingError, match="the run 'model' is being written by process") as caught:
            write()
        assert f"process {other_kernel.pid} on {this_process()['host']}, since 20" in caught.value.what, what
        assert 'name = "model_2"' in caught.value.fix
        assert tree(own_folder / ".bertmagic" / "runs") == before, what
    assert jobs.running() == {}
    assert bm.runs().records[0].state == "running"
    assert bm.load(checkpoints.best_folder("model"), name="so_far").predict(["the film was good"]).frame.shape[0] == 1
    other_kernel.communicate("\n")
    assert other_kernel.returncode == 0
    assert bm.load("model").card["run"]["reason"] == "finished"
    assert other.save(folders.model_folder("model")).is_dir()


def test_a_process_that_was_killed_holds_nothing(other_kernel, encoder):
    """The lock ends with it; what it left about itself is not believed."""
    other_kernel.send_signal(signal.SIGKILL)
    other_kernel.wait()
    left = folders.home() / "locks" / "model.json"
    assert json.loads(left.read_text())["pid"] == other_kernel.pid
    model = bm.finetune(table(), model=encoder, max_steps=6, batch_size=16, eval_every=2, precision="fp32", show=False,
                        resume=True)  # fmt: skip
    assert len(model.history.steps) == 6
    assert not left.exists()


@pytest.mark.parametrize("what", ["finetune", "in the background", "pretrain", "tune", "new_model"])
def test_this_process_is_refused_too_and_named_so(encoder, what):
    with locks.RunLock("model"), pytest.raises(TrainingError, match="being written by this process, since 20"):
        writers(encoder)[what]()


def test_a_lock_is_free_after_an_error_of_any_kind(encoder):
    for write in (
        lambda: bm.finetune({"text": ["a"]}, name="model", model=encoder, show=False),
        lambda: bm.finetune({"text": ["a"]}, name="model", model=encoder, show=False, background=True).wait(),
        lambda: bm.tune({"text": ["a"]}, name="model", lr=bm.choice(1e-3, 1e-4), show=False),
        lambda: bm.new_model("tiny", vocab_from=["a"], name="model"),
    ):
        with pytest.raises(Exception):  # noqa: B017 - whatever it is
            write()
        locks.RunLock("model").release()


def test_names_that_differ_do_not_meet():
    with locks.RunLock("one"), locks.RunLock("two"):
        pass


def test_a_lock_can_be_released_twice_and_taken_again():
    lock = locks.RunLock("mine")
    lock.release()
    lock.release()
    with locks.RunLock("mine"), pytest.raises(TrainingError):
        locks.RunLock("mine")


def test_what_a_process_left_that_is_gone_names_nobody(monkeypatch):
    """Between the lock and the note about it, an older note may still be there."""
    with locks.RunLock("mine") as lock:
        for note in (
            "",
            "[]",
            '{"pid": 1, "host": "',
            json.dumps(this_process() | {"since": 1.0, "ticks": 1, "locked": "1999"}),
        ):
            lock._holder.write_text(note)
            with pytest.raises(TrainingError, match=r"written by another process\."):
                locks.RunLock("mine")


@pytest.fixture
def without_locks(monkeypatch):
    """A file system that refuses locks, as some network drives do."""

    def refuse(self, *given, **known):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)


def test_without_locks_a_live_process_of_this_machine_is_believed(without_locks):
    with pytest.warns(UserWarning, match="has no locks"):
        first = locks.RunLock("mine")
    with pytest.raises(TrainingError, match="this process"):
        locks.RunLock("mine")
    assert json.loads(Path(first._holder).read_text())["pid"] == os.getpid()
    first.release()
    for left in (this_process() | {"since": 1.0, "ticks": 1}, this_process() | {"host": "elsewhere"}):
        first._holder.write_text(json.dumps(left))
        with pytest.warns(UserWarning, match="from two machines"):
            locks.RunLock("mine").release()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_refuses_the_lock_is_no_file_system_without_locks(monkeypatch, number):
    def refuse(self, *given, **known):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    with pytest.raises(FileError, match=r"mine\.lock cannot be written"):
        locks.RunLock("mine")


def test_a_folder_that_cannot_be_written_is_one_clear_error(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BERTMAGIC_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(FileError, match="cannot be written: a part of the path is a file"):
        locks.RunLock("mine")
