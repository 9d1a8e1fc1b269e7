"""Kills at random moments of pre-training, search, judging labels, predicting and exporting: it goes on, or anew."""

import os
import random
import shutil
import signal
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
import torch

import bertmagic as bm
from bertmagic.disk import files
from tests.killing import Killable

pytestmark = pytest.mark.timeout(3600)

KILLS = [2, pytest.param(50, marks=pytest.mark.soak)]
SIZES = {2: 1, 50: 4}
"""How long a run is by how often it is killed: tens of steps, or trials."""

SCRIPT = """
import sys
import pandas as pd, bertmagic as bm, sklearn.metrics, torch, transformers.models.bert.modeling_bert
from bertmagic.errors import TrainingError

encoder, case, size = sys.argv[1:]
if case == "tune":
    import optuna.storages
size = int(size)
rows = pd.read_csv("rows.csv")

def pretrain():
    known = dict(text="text", model=encoder, max_steps=10 * size, batch_size=16, lr=1e-3, eval_every=5,
                 checkpoint_every=1, checkpoint_minutes=0.01, precision="fp32", show=False, name="mine")
    try:
        bm.pretrain(rows, resume=True, **known)
    except TrainingError as error:
        if "is finished" in error.what:
            return
        if "no checkpoint" not in error.what:
            raise
        bm.pretrain(rows, **known)

def tune():
    bm.tune(rows, name="mine", text="text", label="label", model=encoder, lr=bm.log(1e-4, 1e-2), max_steps=6,
            trials=size, precision="fp32", show=False, seed=1)

def predict():
    bm.load("learnt_here").predict(rows["text"], show=False).frame.to_csv("predictions.csv")

def judge():
    report = bm.load("learnt_here").evaluate(rows, label_issues=True, show=False)
    report.to_html("report.html")

def export():
    bm.load("learnt_here").export("out", check=rows["text"][:20], show=False)

act = {"pretrain": pretrain, "tune": tune, "predict": predict, "judge": judge, "export": export}[case]
"""


def killed(encoder, case, kills, between=lambda status: None):
    """Kill a case at random moments of its length, then let it end.

    ``between`` gets the status of each process that has ended.
    """
    process, draws = Killable(SCRIPT, encoder, case, SIZES[kills]), random.Random(3)
    try:
        begun = time.monotonic()
        assert process.run() == 0
        seconds, count = time.monotonic() - begun, 0

        def moment(_):
            time.sleep(draws.random() * seconds)

        if case == "predict":
            shutil.copy("predictions.csv", "first")
        if case in ("pretrain", "tune"):
            home = Path(os.environ["BERTMAGIC_HOME"])
            home.rename(home.with_name("whole"))
        while count < kills:
            status = process.run(moment)
            between(status)
            if status == signal.SIGKILL:
                count += 1
                continue
            assert status == 0
            if case in ("pretrain", "tune"):  # it is done: begin the next one
                shutil.rmtree(os.environ["BERTMAGIC_HOME"])
        assert process.run() == 0
        print(f"{case}: {count} kills within {seconds:.1f} s")
    finally:
        process.close()


def of_whole(monkeypatch, name="mine"):
    """Return the model of the run that was not killed."""
    with monkeypatch.context() as patch:
        patch.setenv("BERTMAGIC_HOME", str(Path(os.environ["BERTMAGIC_HOME"]).with_name("whole")))
        return bm.load(name, name="whole", precision="fp32")


@pytest.mark.parametrize("kills", KILLS)
def test_pretraining_that_is_killed_ends_as_the_whole_one(encoder, make_rows, monkeypatch, kills):
    make_rows(200).to_csv("rows.csv", index=False)
    killed(encoder, "pretrain", kills)
    mine, whole = bm.load("mine", precision="fp32").network.state_dict(), of_whole(monkeypatch).network.state_dict()
    assert all(torch.equal(mine[name], whole[name]) for name in whole)


def completed():
    """Return how many trials are complete in the studies of this folder, read as SQLite has them after a kill."""
    count = 0
    for path in Path(os.environ["BERTMAGIC_HOME"]).rglob("*.db"):
        with closing(sqlite3.connect(path)) as study, suppress(sqlite3.OperationalError):  # it was being made
            count += study.execute("select count(*) from trials where state = 'COMPLETE'").fetchone()[0]
    return count


@pytest.mark.parametrize("kills", KILLS)
def test_a_search_that_is_killed_ends_with_all_its_trials_and_its_best_model(encoder, make_rows, kills):
    rows = make_rows(80)
    rows.to_csv("rows.csv", index=False)
    complete = [0]

    def none_is_lost(status):
        complete.append(completed())
        assert complete[-1] >= complete[-2], complete
        if status == 0:
            complete.append(0)  # the next search

    killed(encoder, "tune", kills, none_is_lost)
    found = bm.tune(
        rows, name="mine", text="text", label="label", model=encoder, lr=bm.log(1e-4, 1e-2), max_steps=6,
        trials=SIZES[kills], precision="fp32", show=False, seed=1,
    )  # fmt: skip
    assert sum(trial.state in ("complete", "pruned") for trial in found.trials) >= SIZES[kills]
    assert bm.load("mine").predict(rows["text"][:2], show=False).frame["label"].notna().all()


@pytest.fixture
def saved(make_rows, learnt):
    """The rows on disk, and a run of this folder that has learnt."""
    rows = make_rows(300)
    rows.to_csv("rows.csv", index=False)
    learnt.save(Path(os.environ["BERTMAGIC_HOME"]) / "runs" / "learnt_here" / "model")
    return Path("rows.csv").read_bytes()


@pytest.mark.parametrize("kills", KILLS)
def test_a_report_is_the_old_one_or_the_new_one(encoder, saved, kills):
    Path("report.html").write_text("old")
    seen = set()

    def whole(status):
        text = Path("report.html").read_text(encoding="utf-8")
        assert text == "old" or text.rstrip().endswith("</html>")
        seen.add(text == "old")
        Path("report.html").write_text("old")

    killed(encoder, "judge", kills, whole)
    assert kills == 2 or True in seen
    assert Path("rows.csv").read_bytes() == saved


@pytest.mark.parametrize("kills", KILLS)
def test_predicting_again_writes_the_same_file(encoder, saved, kills):
    """The file itself is written by pandas: half of it may be there until then."""
    whole = []

    def remember(status):
        whole.extend([Path("predictions.csv").read_bytes()] if status == 0 else [])

    killed(encoder, "predict", kills, remember)
    assert {*whole, Path("first").read_bytes()} == {Path("predictions.csv").read_bytes()}
    assert Path("rows.csv").read_bytes() == saved


@pytest.mark.parametrize("kills", KILLS)
def test_an_export_is_the_old_one_or_the_new_one(encoder, saved, learnt, kills):
    """Whole, that is: its program checks the digests of network and tokenizer before it answers."""
    pytest.importorskip("onnxruntime")
    from bertmagic.export import session

    folder, texts, seen = Path("out"), ["the film was good", "a bad cable"], set()

    def answers():
        files.recover(folder)
        return [round(one["score"], 4) for one in session.program(folder)["predict"](texts)]

    bias = learnt.network.classifier.bias
    with torch.no_grad():
        bias.add_(torch.tensor([0.5, -0.5]))
    try:
        learnt.export("old", check=texts, show=False)
    finally:
        with torch.no_grad():
            bias.sub_(torch.tensor([0.5, -0.5]))
    shutil.copytree("old", folder)
    old = answers()

    def whole(status):
        seen.add(tuple(answers()))
        if status == 0:
            shutil.rmtree(folder)
            shutil.copytree("old", folder)

    killed(encoder, "export", kills, whole)
    new = answers()
    assert seen <= {tuple(old), tuple(new)}
    assert old != new
    for left in Path().glob(".out.*"):
        os.utime(left, (1, 1))
    files.recover(folder)
    assert [path.name for path in Path().glob("*out*")] == ["out"]
