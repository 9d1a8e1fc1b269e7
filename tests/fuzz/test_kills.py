"""Kills at random moments of pre-training, search, judging labels and predicting into a file: it goes on, or anew."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest
import torch

import bertmagic as bm

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]

SCRIPT = """
import os, sys
import pandas as pd, bertmagic as bm, sklearn.metrics, torch, transformers.models.bert.modeling_bert
from bertmagic.errors import TrainingError, UnknownReference

encoder, case = sys.argv[1:]
rows = pd.read_csv("rows.csv")
tell = lambda event: print(type(event).__name__, flush=True)

def pretrain():
    known = dict(text="text", model=encoder, max_steps=40, batch_size=16, lr=1e-3, eval_every=5, checkpoint_every=1,
                 checkpoint_minutes=0.01, precision="fp32", show=False, name="mine")
    try:
        bm.pretrain(rows, resume=True, on_event=tell, **known)
    except TrainingError as error:
        if "is finished" in error.what:
            return
        if "no checkpoint" not in error.what:
            raise
        bm.pretrain(rows, on_event=tell, **known)

def tune():
    bm.tune(rows, "mine", text="text", label="label", model=encoder, lr="log(1e-4, 1e-2)", max_steps=6, trials=4,
            precision="fp32", on_event=tell, show=False, seed=1)

def predict():
    print("Started", flush=True)
    predictions = bm.load("learnt_here").predict(rows["text"], show=False)
    predictions.to_html("predictions.html")

def judge():
    print("Started", flush=True)
    report = bm.load("learnt_here").evaluate(rows, label_issues=True, show=False)
    report.to_html("report.html")

for _ in sys.stdin:
    child = os.fork()
    if not child:
        code = 1
        try:
            {"pretrain": pretrain, "tune": tune, "predict": predict, "judge": judge}[case]()
            code = 0
        finally:
            sys.stderr.flush()
            os._exit(code)
    print(child, flush=True)
    print("over", os.waitpid(child, 0)[1], flush=True)
"""
"""A process for each line that it is given, as imports take long."""


class Forks:
    """Runs a case in processes of their own; kills some."""

    def __init__(self, encoder, case):
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(encoder), case], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, bufsize=1, env=os.environ | {"PYTHONPATH": str(Path(bm.__file__).parents[1])},
        )  # fmt: skip

    def run(self, kill_after=None):
        """Return the exit status of a process, killed so many seconds after it began if that is given."""
        self.process.stdin.write("run\n")
        child, lines = int(self.process.stdout.readline()), iter(self.process.stdout.readline, "")
        if kill_after is not None:
            time.sleep(kill_after)
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        return int(next(line for line in lines if line.startswith("over")).split()[1])

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def killed(encoder, case, kills, between=lambda: None):
    """Kill a case at random moments of its length, then let it end; return how many processes were killed."""
    forks, draws = Forks(encoder, case), random.Random(3)
    try:
        begun = time.monotonic()
        assert forks.run() == 0
        seconds, count = time.monotonic() - begun, 0
        if case in ("pretrain", "tune"):
            home = Path(os.environ["BERTMAGIC_HOME"])
            home.rename(home.with_name("whole"))
        for _ in range(kills):
            count += forks.run(draws.random() * seconds) == signal.SIGKILL
            between()
        assert forks.run() == 0
        return count
    finally:
        forks.close()


def of_whole(monkeypatch, name="mine"):
    """Return the model of the run that was not killed."""
    with monkeypatch.context() as patch:
        patch.setenv("BERTMAGIC_HOME", str(Path(os.environ["BERTMAGIC_HOME"]).with_name("whole")))
        return bm.load(name, name="whole", precision="fp32")


def test_pretraining_that_is_killed_ends_as_the_whole_one(encoder, make_rows, monkeypatch):
    make_rows(200).to_csv("rows.csv", index=False)
    assert killed(encoder, "pretrain", 50) > 12
    mine, whole = bm.load("mine", precision="fp32").network.state_dict(), of_whole(monkeypatch).network.state_dict()
    assert all(torch.equal(mine[name], whole[name]) for name in whole)


def test_a_search_that_is_killed_ends_with_all_its_trials_and_its_best_model(encoder, make_rows):
    rows = make_rows(80)
    rows.to_csv("rows.csv", index=False)
    assert killed(encoder, "tune", 50) > 12
    found = bm.tune(
        rows, "mine", text="text", label="label", model=encoder, lr="log(1e-4, 1e-2)", max_steps=6, trials=4,
        precision="fp32", show=False, seed=1,
    )  # fmt: skip
    assert sum(trial.state == "complete" for trial in found.trials) >= 4
    assert bm.load("mine").predict(rows["text"][:2], show=False).frame["label"].notna().all()


@pytest.mark.parametrize(("case", "file"), [("predict", "predictions.html"), ("judge", "report.html")])
def test_a_file_is_the_old_one_or_the_new_one(encoder, make_rows, learnt, case, file):
    rows = make_rows(300)
    rows.to_csv("rows.csv", index=False)
    learnt.save(Path(os.environ["BERTMAGIC_HOME"]) / "runs" / "learnt_here" / "model")
    Path(file).write_text("old")
    seen = set()

    def whole():
        text = Path(file).read_text(encoding="utf-8")
        assert text == "old" or text.rstrip().endswith("</html>")
        seen.add(text == "old")

    assert killed(encoder, case, 50, whole) > 12
    assert pd.read_csv("rows.csv").equals(rows.astype(pd.read_csv("rows.csv").dtypes))
