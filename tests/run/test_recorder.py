"""What a run writes down: whatever a disk refuses, and wherever it is killed."""

import errno
import io
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

import bertmagic as bm
from bertmagic.errors import BertMagicError, TrainingError
from bertmagic.events import Evaluated, Note, Started, Step
from bertmagic.run import checkpoints, folders, recorder, records
from bertmagic.run.locks import RunLock
from tests import forks
from tests.fuzz.disk import no_growth
from tests.run.test_locks import table

QUICK = {"max_steps": 2, "batch_size": 16, "precision": "fp32", "show": False, "name": "mine"}


def state(name="mine"):
    """Return the state of a run by its record; None where there is none."""
    return next((record.state for record in records.read_runs()[0] if record.name == name), None)


def is_named(target, part):
    """Whether a part of a path has a name; a temporary file has a number after that of its file."""
    return any(name == part or name.startswith(f"{part}.") for name in Path(target).parts)


@pytest.fixture
def refuse(monkeypatch):
    """Return a function that has the system refuse to write where a part of the path has this name; see `is_named`."""

    def refuse(part, number):
        def guarded(function, writes):
            def call(path, *given, **known):
                targets = [str(one) for one in (path, *given[:1]) if isinstance(one, str | os.PathLike)]
                if writes(*given, **known) and any(is_named(target, part) for target in targets):
                    raise OSError(number, os.strerror(number), str(path))
                return function(path, *given, **known)

            return call

        def opens_to_write(mode="r", *_, **known):
            return set(known.get("mode", mode)) & set("wax+")

        monkeypatch.setattr(io, "open", guarded(io.open, opens_to_write))
        for name in ("mkdir", "rename", "replace", "unlink"):
            monkeypatch.setattr(os, name, guarded(getattr(os, name), lambda *_, **__: True))

    return refuse


@pytest.fixture(scope="module")
def cut_off(encoder, tmp_path_factory):
    """A folder of runs, with one that raised and left a checkpoint."""
    home = tmp_path_factory.mktemp("cut") / ".bertmagic"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTMAGIC_HOME", str(home))
        with pytest.raises(ZeroDivisionError):
            bm.finetune(table(), model=encoder, on_event=fails_at_the_end, **QUICK | {"checkpoint_every": 1})
    return home


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES], ids=["full", "read-only", "forbidden"])
@pytest.mark.parametrize("part", [".bertmagic", "runs", "mine", ".options.json", ".data.json", ".run.json", "kept"])
def test_a_disk_that_refuses_before_the_first_step_is_one_error_and_a_run_that_failed(
    encoder, cut_off, refuse, part, number
):
    """With a run before it that was cut off and had a checkpoint."""
    shutil.copytree(cut_off, folders.home())
    assert list(checkpoints.folder("mine").glob("step-*"))
    refuse(part, number)
    with pytest.raises(BertMagicError, match=rf"(cannot be|could not be) .*{os.strerror(number)}") as caught:
        bm.finetune(table(), model=encoder, **QUICK)
    assert caught.value.fix
    assert state() == "failed"


def fails_at_the_end(event):
    if isinstance(event, Step) and event.step == 2:
        raise ZeroDivisionError


@pytest.mark.parametrize("part", [".bertmagic", "runs", "locks", ".gitignore"])
def test_a_disk_that_refuses_the_first_run_of_all_is_one_error(encoder, refuse, part):
    refuse(part, errno.EROFS)
    with pytest.raises(BertMagicError, match=r"(?s)cannot be .*BERTMAGIC_HOME"):
        bm.finetune(table(), model=encoder, **QUICK)
    assert state() is None


@pytest.mark.parametrize("part", ["events.jsonl", ".metrics.json", ".run.json"])
def test_a_disk_that_refuses_the_record_costs_no_training(encoder, refuse, part):
    seen = []

    def hear(event):
        seen.append(event)
        if isinstance(event, Started):
            refuse(part, errno.ENOSPC)

    model = bm.finetune(table(), model=encoder, on_event=hear, **QUICK)
    assert model.card["run"]["step"] == 2
    warned = [event for event in seen if isinstance(event, Note) and "cannot be written" in event.text]
    assert len(warned) == (part != ".run.json")
    assert state() == "finished"


@pytest.mark.parametrize("most", [0, 300, 3000, 20_000])
def test_a_disk_that_is_full_at_any_point_leaves_no_run_that_runs(encoder, most):
    with no_growth(most), pytest.raises(BertMagicError):
        bm.finetune(table(), model=encoder, **QUICK)
    assert state() in ("failed", None)


@pytest.mark.parametrize("most", [0, 300, 20_000, 60_000])
@pytest.mark.parametrize("what", ["tune", "new_model", "pretrain"])
def test_a_full_disk_is_one_error_whatever_is_written(encoder, what, most):
    known = {"model": encoder, **QUICK}
    write = {
        "tune": lambda: bm.tune(table(), lr=bm.choice(1e-3, 1e-4), trials=1, **known),
        "new_model": lambda: bm.new_model("tiny", vocab_from=table()["text"] * 9, name="mine"),
        "pretrain": lambda: bm.pretrain({"text": table()["text"]}, **known),
    }
    with no_growth(most), pytest.raises(BertMagicError) as caught:
        write[what]()
    assert caught.value.fix
    assert state() in ("failed", None)
    RunLock("mine").release()


def test_a_log_that_cannot_be_written_is_told_once(refuse):
    seen = []
    run = recorder.RunRecorder("mine", {}, {}, emit=seen.append)
    refuse("events.jsonl", errno.ENOSPC)
    for _ in range(3):
        run.listen(Note("x"))
    assert [(event.text, event.warning) for event in seen] == [
        (
            f"The record of the run is not complete: {run.folder / 'events.jsonl'} cannot be written: the disk is full "
            "(No space left on device). Training goes on.",
            True,
        )
    ]


def test_a_record_that_cannot_be_replaced_counts_as_failed(refuse):
    run = recorder.RunRecorder("mine", {"lr": 1.0}, {})
    assert state() == "running"
    refuse(".run.json", errno.ENOSPC)
    run.fail(TrainingError("it is full"))
    assert state() == "failed"


KILLED = """
import os, signal, sys
import bertmagic as bm
from bertmagic.events import Step
from bertmagic.run import recorder
from tests.run.test_locks import table

recorder._LOG_EVERY = 0

def hear(event):
    if isinstance(event, Step) and event.step == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

bm.finetune(table(), model=sys.argv[1], max_steps=12, batch_size=16, eval_every=5, checkpoint_every=1, name="mine",
            precision="fp32", show=False, on_event=hear, resume=len(sys.argv) > 3)
"""


def logged(kind):
    lines = (folders.run_folder("mine") / "events.jsonl").read_text().splitlines()
    return [event["step"] for event in map(json.loads, lines) if event["event"] == kind]


def test_after_kills_every_step_is_told_once(encoder, own_folder, monkeypatch):
    """Killed twice, after steps that no evaluation has followed yet."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    for at, resume in ((4, ()), (8, ("resume",))):
        command = [sys.executable, "-c", KILLED, str(encoder), str(at), *resume]
        assert forks.popen(command, env=environment, cwd=own_folder).wait() == -signal.SIGKILL
        assert logged("Step") == list(range(1, at + 1))
    monkeypatch.setattr(recorder, "_LOG_EVERY", 0)
    seen = []
    model = bm.finetune(table(), model=encoder, max_steps=12, batch_size=16, eval_every=5, checkpoint_every=1,
                        name="mine", precision="fp32", show=False, resume=True, on_event=seen.append)  # fmt: skip
    every = list(range(1, 13))
    assert logged("Step") == model.history.steps["step"].tolist() == every
    assert [event.step for event in seen if isinstance(event, Step)] == every
    assert logged("Evaluated") == model.history.evaluations["step"].tolist() == [5, 10, 12]
    assert list(records.metric_curve(records.read_run(folders.run_folder("mine")), "loss").steps) == [5, 10, 12]
    assert [event.step for event in seen if isinstance(event, Evaluated)] == [5, 10, 12]
    assert len([event for event in seen if isinstance(event, Started)]) == 1
