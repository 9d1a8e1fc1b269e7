"""The public functions end to end, on a tiny real BERT."""

import gc
import json
import os
import subprocess
import sys
import threading
import time
import traceback
import weakref

import datasets
import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertConfig, BertForSequenceClassification

import bertmagic as bm
from bertmagic import api, text_model
from bertmagic import events as told
from bertmagic.errors import DataError, DeviceError, ModelError, OptionError, TrainingError, UnknownReference
from bertmagic.models import catalogue, devices
from bertmagic.run import checkpoints, folders, jobs

WAIT = 120
"""Seconds before a test is given up; nothing is measured by it."""


@pytest.fixture(autouse=True)
def no_models_of_before():
    """Forget the models of other tests, as a fresh kernel would."""
    before, newest = dict(text_model._held), text_model._newest
    text_model._held.clear()
    text_model._newest = lambda: None
    yield
    text_model._held.clear()
    text_model._held.update(before)
    text_model._newest = newest


@pytest.fixture
def quick(encoder, rows):
    """Return a function that fine-tunes for a moment."""

    def quick(train=rows, **options):
        return bm.finetune(train, **({"model": encoder, "max_steps": 3, "precision": "fp32", "show": False} | options))

    return quick


# Fine-tuning


def test_what_can_be_learnt_is_learnt(learnt, make_rows):
    fresh = make_rows(200, seed=4)
    report = learnt.evaluate(fresh)
    assert report.metrics["accuracy"] > 0.97
    predicted = learnt.predict(fresh).frame
    assert (predicted["label"] == fresh["label"]).mean() == report.metrics["accuracy"]


def test_the_events_come_in_order(quick):
    seen = []
    model = quick(max_steps=4, eval_every=2, on_event=seen.append)
    kinds = [type(event).__name__ for event in seen if not isinstance(event, told.Phase)]
    assert [kind for kind in kinds if kind != "Note"] == [
        "Started", "Step", "Step", "Evaluated", "Step", "Step", "Evaluated", "Ended",
    ]  # fmt: skip
    assert isinstance(seen[0], told.Phase)
    assert seen[0].what == "starting PyTorch"
    started = next(event for event in seen if isinstance(event, told.Started))
    assert (started.rows, started.validation_rows, started.steps) == (108, 12, 4)
    assert (started.name, started.model, started.metric) == ("model", "tiny", "macro_f1")
    ended = seen[-1]
    assert (ended.reason, ended.step) == ("finished", 4)
    assert str(model.folder) in ended.detail
    assert len(model.history.steps) == 4
    assert len(model.history.evaluations) == 2


def test_the_user_is_told_what_was_inferred_chosen_and_dropped(quick, rows):
    seen = []
    rows.loc[3, "text"] = None
    quick(rows, on_event=seen.append)
    notes = [event.text for event in seen if isinstance(event, told.Note)]
    assert "Inferred from the DataFrame: text = 'text', label = 'label'." in notes
    assert any(note.startswith("Held out 12 of 119 rows") for note in notes)
    assert any(note.startswith("1 rows without a text") for note in notes)
    assert any("a new head" in note for note in notes)
    assert any(note.startswith("lr = 3e-05, max_length = 64, fp32 on cpu") for note in notes)


def test_a_language_that_the_model_does_not_know_and_cut_texts_are_warned_of(quick):
    seen = []
    texts = [f"電影 {i} {'很' * (80 if i % 2 else 1)}" for i in range(60)]
    quick(pd.DataFrame({"text": texts, "label": ["a", "b"] * 30}), max_length=16, on_event=seen.append)
    warnings = [event.text for event in seen if isinstance(event, told.Note) and event.warning]
    assert any("are unknown to tiny" in warning and "mbert" in warning for warning in warnings)
    assert any("are cut at 16 tokens" in warning for warning in warnings)


def test_the_same_seed_gives_the_same_model_to_the_bit(quick):
    def weights(seed):
        model = quick(seed=seed, max_steps=5, lr=1e-3, precision="auto", name=f"s{seed}")
        return model.network.state_dict(), model.history.steps["loss"].tolist(), model.report.metrics["loss"]

    one, two, other = weights(5), weights(5), weights(6)
    assert all(torch.equal(one[0][name], two[0][name]) for name in one[0])
    assert one[1:] == two[1:]
    assert one[1] != other[1]
    assert not all(torch.equal(one[0][name], other[0][name]) for name in one[0])


def test_the_random_state_of_the_user_is_left_alone(quick):
    torch.manual_seed(11)
    np.random.seed(11)
    expected = torch.rand(3), np.random.rand(3)
    torch.manual_seed(11)
    np.random.seed(11)
    quick()
    assert torch.equal(torch.rand(3), expected[0])
    assert np.array_equal(np.random.rand(3), expected[1])


def test_the_run_folder_has_all_that_belongs_to_it(quick, make_rows):
    model = quick(name="mine", test=make_rows(20, seed=9))
    folder = folders.home() / "runs" / "mine"
    assert {path.name for path in folder.iterdir()} == {
        "options.json", "data.json", "run.json", "events.jsonl", "metrics.json", "model",
    }  # fmt: skip
    options = json.loads((folder / "options.json").read_text())
    assert (options["train"], options["max_steps"], options["lr"], options["device"]) == ("DataFrame", 3, 3e-5, "cpu")
    data = json.loads((folder / "data.json").read_text())
    assert [data[part]["rows"] for part in ("train", "validation", "test")] == [108, 12, 20]
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["accuracy"] == model.report.metrics["accuracy"]
    assert model.folder.resolve() == (folder / "model").resolve()
    assert (folders.home() / ".gitignore").read_text() == "*\n"


def test_the_report_is_on_test_rows_where_there_are_some(quick, make_rows):
    report = quick(test=make_rows(20, seed=9)).report
    assert (report.rows, report.notes) == (20, ())
    assert report.train_seconds > 0
    assert report.train_tokens > 0
    held_out = quick().report
    assert held_out.rows == 12
    assert "expect a little less" in held_out.notes[0]
    assert quick(validation=0).report is None


def test_validation_that_came_with_train_is_taken(quick, make_rows):
    seen = []
    parts = {"train": make_rows(60), "validation": make_rows(20, seed=1), "test": make_rows(10, seed=2)}
    model = quick(parts, on_event=seen.append)
    assert model.report.rows == 20
    assert any("which came with train" in event.text for event in seen if isinstance(event, told.Note))


def test_a_dataset_with_class_labels_and_a_file_train_too(quick, rows, tmp_path):
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["good", "bad"])}
    )
    numbers = [["good", "bad"].index(label) for label in rows["label"]]
    model = quick(datasets.Dataset.from_dict({"text": rows["text"].tolist(), "label": numbers}, features=features))
    assert model.labels == ("good", "bad")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    assert quick("rows.csv").labels == ("bad", "good")
    assert quick(tmp_path / "rows.csv").card["options"]["train"] == str(tmp_path / "rows.csv")


@pytest.mark.parametrize("labels", [("bad", "good"), (-1, 1), (False, True)], ids=["str", "int", "bool"])
def test_labels_come_back_as_they_were_after_save_and_load(quick, make_rows, labels, tmp_path):
    model = quick(make_rows(60, labels=labels))
    assert model.labels == labels
    again = bm.load(model.save(tmp_path / "kept"), precision="fp32")
    assert again.labels == labels
    found = again.predict(["a good film", "a bad film"]).frame
    assert set(found["label"].tolist()) <= set(labels)
    assert found.columns[3:].tolist() == [f"p_{label}" for label in labels]
    pd.testing.assert_frame_equal(found, model.predict(["a good film", "a bad film"]).frame)
    report = again.evaluate(make_rows(10, seed=3, labels=labels))
    assert report.labels == tuple(str(label) for label in labels)


def test_class_weights_and_early_stopping_reach_the_run(quick, rows):
    uneven = pd.concat([rows[rows["label"] == "good"], rows[rows["label"] == "bad"].head(12)])
    plain, balanced = (
        quick(uneven, class_weights=kind).history.steps["loss"].tolist() for kind in ("none", "balanced")
    )
    assert plain != balanced
    model = quick(max_steps=40, eval_every=1, patience=2, lr=1e-8, epochs=20)
    assert len(model.history.steps) == 3
    assert model.card["run"]["reason"] == "stopped early"


def test_save_to_keeps_a_second_copy(quick, tmp_path):
    model = quick(save_to="kept/here")
    saved = AutoModelForSequenceClassification.from_pretrained("kept/here")
    assert torch.equal(saved.classifier.weight, model.network.classifier.weight)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "thesis.txt").write_text("mine")
    seen = []
    with pytest.raises(ModelError, match="not a model"):
        quick(save_to="work", on_event=seen.append)
    assert seen == []  # and not after hours of training


def test_training_goes_on_from_a_model_and_from_a_run(quick):
    first = quick(name="first", lr=1e-3)
    for start in (first, "first", first.folder):
        second = quick(model=start, name="second", lr=1e-8, warmup=0)
        assert torch.allclose(second.network.classifier.weight, first.network.classifier.weight, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"epoch": 3}, OptionError, "no option 'epoch'. Did you mean 'epochs'?"),
        ({"lr": 5}, OptionError, "lr = 5 is not between 1e-08 and 1"),
        ({"train": None}, OptionError, "'train' is missing"),
        ({"train": "sample:reviws"}, UnknownReference, "no sample 'reviws'. Did you mean 'reviews'?"),
        ({"label": "lable"}, DataError, "no column 'lable' (columns: text, label, thing). Did you mean 'label'?"),
        ({"max_length": 65}, OptionError, "max_length = 65 is more than the model reads: 64 tokens"),
        ({"device": "tpu"}, DeviceError, "no device 'tpu' here"),
        ({"freeze": 3}, OptionError, "has 2 layers"),
        ({"model": "minilmm"}, ModelError, "Did you mean 'minilm'?"),
        ({"lr": 1.0, "max_steps": 50, "precision": "bf16", "schedule": "constant", "weight_decay": 0}, None, ""),
    ],
)
def test_what_cannot_be_used_is_said_with_the_fix(quick, options, kind, message):
    if kind is None:
        quick(**options)  # a rate far too high is bad, but no error as long as the numbers stay numbers
        return
    with pytest.raises(kind) as caught:
        quick(**options)
    assert message in caught.value.what
    assert caught.value.fix
    assert str(caught.value).count("\n") <= 2


def test_bad_rows_are_found_before_a_model_is_looked_for(rows):
    rows["label"] = "same"
    with pytest.raises(DataError, match="one class only"):
        bm.finetune(rows, model="owner/not-there", show=False)


def test_nothing_is_kept_of_a_run_that_could_not_begin(quick):
    with pytest.raises(OptionError):
        quick(name="mine", freeze=9)
    assert api.runs_here() == []


INTERRUPTED = """
import json, os, signal, sys
import pandas as pd
import torch
import bertmagic as bm
from bertmagic.events import Phase, Step

torch.set_num_threads(1)
rows = pd.DataFrame({"text": [f"a {w} film {i}" for i in range(60) for w in ("good", "bad")], "label": ["p", "n"] * 60})

def interrupt(when, steps):
    sent, after = [], []

    def listen(event):
        if sent:
            after.append(type(event).__name__)
        moment = {
            "step": isinstance(event, Step) and event.step == 7,
            "report": isinstance(event, Phase) and event.what.startswith("measuring"),
            "tokenizing": isinstance(event, Phase) and event.what.startswith("tokenizing"),
        }[when]
        if moment and not sent:
            sent.append(when)
            os.kill(os.getpid(), signal.SIGINT)

    known = {"max_steps": steps, "epochs": 1000, "eval_every": 3, "on_event": listen, "show": False}
    try:
        bm.finetune(rows, model=sys.argv[1], name=when, **known)
    except bm.Interrupted as stop:
        found = {"after": after, "message": str(stop)}
        if stop.model is not None:
            found |= {"run": stop.model.card["run"], "steps": len(stop.model.history.steps)}
            found["label"] = stop.model.predict("a good film").frame["label"][0]
            found["again"] = bm.load(when).predict("a good film").frame["label"][0]
        return found

turns = {"tokenizing": 9, "step": 10**5, "report": 10}
print(json.dumps({when: interrupt(when, steps) for when, steps in turns.items()}))
"""


def test_a_real_interrupt_leaves_the_model_so_far(encoder, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(encoder)], capture_output=True, text=True, cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"}, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert all("Step" not in stop["after"] for stop in found.values())
    assert found["tokenizing"]["message"] == "stopped before there was a model to keep."
    for when, step, best in (("step", 7, (3, 6)), ("report", 10, (3, 6, 9, 10))):
        stop = found[when]
        assert (stop["run"]["reason"], stop["run"]["step"], stop["steps"]) == ("interrupted", step, step)
        assert stop["run"]["best_step"] in best
        assert stop["message"].startswith(f"stopped after step {step}; {when!r} has the weights of step ")
        assert stop["label"] == stop["again"]


# Predicting


def test_predictions_keep_the_index_and_the_order(learnt):
    index = pd.Index(["r9", "r9", 3, None], dtype=object)
    frame = pd.DataFrame({"x": range(4), "text": ["a good film", None, "a sad story", " "]}, index=index)
    found = learnt.predict(frame)
    pd.testing.assert_index_equal(found.frame.index, index)
    assert found.frame["label"].isna().tolist() == [False, True, False, True]
    assert (found.missing, len(found), found.labels) == (2, 4, ("bad", "good"))
    assert found.frame["label"].dropna().tolist() == ["good", "bad"]
    series = learnt.predict(frame["text"])
    pd.testing.assert_frame_equal(series.frame, found.frame)


@pytest.mark.parametrize(
    "texts",
    [
        ["a good film", "a bad book"],
        ("a good film", "a bad book"),
        np.array(["a good film", "a bad book"]),
        pd.Series(["a good film", "a bad book"]),
        pd.Series(["a good film", "a bad book"], dtype="string[pyarrow]"),
        pd.DataFrame({"text": ["a good film", "a bad book"]}),
        [{"text": "a good film"}, {"text": "a bad book"}],
        {"text": ["a good film", "a bad book"]},
        datasets.Dataset.from_dict({"text": ["a good film", "a bad book"]}),
        datasets.Dataset.from_dict({"text": ["a good film", "a bad book"]})["text"],
    ],
    ids=lambda texts: type(texts).__name__,
)
def test_whatever_holds_texts_can_be_predicted(learnt, texts):
    assert learnt.predict(texts).frame["label"].tolist() == ["good", "bad"]


def test_one_text_is_one_row_and_stays_a_text(learnt, tmp_path):
    (tmp_path / "sample.csv").write_text("text\na\n")
    for text in ("a good film", "sample:reviews", "sample.csv", ""):
        assert len(learnt.predict(text)) == 1


def test_files_of_texts(learnt, tmp_path):
    (tmp_path / "t.txt").write_text("a good film\na bad film\n")
    (tmp_path / "t.csv").write_text("id,review\n1,a good film\n2,NA\n")
    assert learnt.predict(file="t.txt").frame["label"].tolist() == ["good", "bad"]
    assert learnt.predict(file="t.csv", text="review").frame["text"].tolist() == ["a good film", "NA"]
    with pytest.raises(DataError, match=r"no file 'nothing\.csv'"):
        learnt.predict(file="nothing.csv")
    with pytest.raises(DataError, match=r"no column 'revew'.*Did you mean 'review'"):
        learnt.predict(file="t.csv", text="revew")


@pytest.mark.parametrize("nothing", [[], pd.Series([], dtype=object), pd.DataFrame({"text": []}), np.array([])])
def test_no_rows_give_an_empty_well_typed_result(learnt, nothing):
    found = learnt.predict(nothing)
    assert len(found) == 0
    assert found.frame.dtypes.astype(str).tolist() == ["string", "string", "Float64", "Float64", "Float64"]
    assert found.frame.columns.tolist() == ["text", "label", "score", "p_bad", "p_good"]


@pytest.mark.parametrize(
    ("texts", "message"),
    [(None, "nothing to predict"), ([1, 2], "2 values that are not text, such as 1"), (5, "a int holds")],
)
def test_what_holds_no_texts_is_refused(learnt, texts, message):
    with pytest.raises(DataError, match=message) as caught:
        learnt.predict(texts)
    assert caught.value.fix


def test_long_texts_are_counted_and_said(learnt):
    found = learnt.predict(["a good film " * 50, "a bad film"])
    assert found.truncated == 1
    assert any("are cut at 64 tokens" in note for note in found.notes)


def test_many_rows_are_predicted_as_if_alone(learnt, make_rows):
    rows = make_rows(5000, seed=7)
    found = learnt.predict(rows).frame
    alone = pd.concat([learnt.predict(text).frame for text in rows["text"][::500]])
    np.testing.assert_allclose(found["p_good"][::500].astype(float), alone["p_good"].astype(float), atol=1e-5)


# Evaluating


def test_the_report_has_what_was_measured(learnt, make_rows):
    rows = make_rows(100, seed=8)
    rows.loc[5, "text"] = None
    report = learnt.evaluate(rows, by="thing")
    predicted = learnt.predict(rows).frame["label"]
    right = (predicted == rows["label"]).fillna(False).astype(bool)
    assert (report.rows, report.skipped, report.model, report.task) == (99, 1, "learnt", "classification")
    assert report.metrics["accuracy"] == pytest.approx(right.sum() / 99)
    assert report.confusion.sum() == 99
    assert report.labels == ("bad", "good")
    assert [row.support for row in report.classes] == [50, 49]
    kept = rows.drop(5)
    assert {part.value: part.rows for part in report.slices} == kept["thing"].value_counts().to_dict()
    for part in report.slices:
        assert part.metrics["accuracy"] == pytest.approx(right[kept.index[kept["thing"] == part.value]].mean())
    assert any("1 rows without a text" in note for note in report.notes)


def test_several_slices_and_missing_values_in_them(learnt, make_rows):
    rows = make_rows(20, seed=8).assign(group=["x", None] * 10, number=range(20))
    report = learnt.evaluate(rows, by=["group", "number"])
    assert {(part.column, part.value) for part in report.slices} >= {("group", "x"), ("group", "<NA>"), ("number", "0")}
    with pytest.raises(DataError, match=r"no column 'gruop'.*Did you mean 'group'"):
        learnt.evaluate(rows, by="gruop")


def test_evaluation_needs_known_labels(learnt, make_rows):
    with pytest.raises(DataError, match=r"labels that training has not: 'meh', 'odd' in 20 rows"):
        learnt.evaluate(make_rows(20, labels=("meh", "odd")))
    with pytest.raises(DataError, match="looks like the label"):
        learnt.evaluate(make_rows(20).drop(columns=["label", "thing"]))


def test_labels_that_were_never_seen_are_kept_apart_and_listed(learnt, make_rows):
    rows = make_rows(40, seed=8)
    rows.loc[[3, 5, 7], "label"] = ["meh", "meh", "odd"]
    report = learnt.evaluate(rows, by="thing")
    assert report.unseen == {"meh": 2, "odd": 1}
    assert (report.rows, report.skipped) == (37, 0)
    assert report.confusion.sum() == 37
    assert "3 rows are kept apart: the model has never seen the label meh (2), odd (1)" in repr(report)
    assert sum(part.rows for part in report.slices) == 37


def test_other_columns_may_be_named(learnt, make_rows):
    rows = make_rows(40, seed=8).rename(columns={"text": "what", "label": "how"})
    report = learnt.evaluate(rows, text="what", label="how")
    assert report.metrics["accuracy"] > 0.9


# Keeping


def test_a_model_is_found_by_run_by_path_and_by_default(quick):
    with pytest.raises(UnknownReference, match="no model was trained or loaded yet"):
        api.find()
    first, second = quick(name="first"), quick(name="second")
    assert api.find() is second
    assert api.find("first") is first
    assert api.find(first) is first
    assert set(api.held()) == {"first", "second"}
    assert set(api.runs_here()) == {"first", "second"}
    del second
    gc.collect()
    with pytest.raises(UnknownReference, match=r"This folder has runs: (first, second|second, first)\."):
        api.find()
    again = api.find("second")
    assert (again.name, again.report) == ("second", None)
    assert api.find() is again
    other = bm.load(first.folder, name="other")
    assert other.name == "other"
    assert torch.equal(other.network.classifier.weight, first.network.classifier.weight)


def test_an_unknown_model_names_what_is_near(quick):
    model = quick(name="sentiment")
    with pytest.raises((UnknownReference, ModelError), match=r"Did you mean 'sentiment'?"):
        bm.load("sentimnt")
    with pytest.raises(UnknownReference, match=r"no model named './nowhere/at/all'"):
        bm.load("./nowhere/at/all")
    del model


def test_what_cannot_predict_is_refused(encoder, tmp_path):
    with pytest.raises(ModelError, match="an encoder without a head") as caught:
        bm.load(encoder)
    assert "Fine-tune it with %%bert_finetune" in caught.value.fix
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"is not a model: it has no config.json"):
        bm.load("empty")


@pytest.mark.parametrize("names", [None, ("neg", "neu", "pos")])
def test_a_checkpoint_made_elsewhere_predicts_here(tmp_path, bert_config, tokenizer, names):
    known = {"id2label": dict(enumerate(names)), "label2id": {n: i for i, n in enumerate(names)}} if names else {}
    theirs = BertForSequenceClassification(BertConfig(**bert_config, **known)).eval()
    theirs.save_pretrained(tmp_path / "theirs")
    tokenizer.save_pretrained(tmp_path / "theirs")
    model = bm.load("theirs", precision="fp32")
    assert model.labels == (names or ("LABEL_0", "LABEL_1"))
    assert (model.task.name, model.card["max_length"], model.report) == ("classification", 64, None)
    found = model.predict(["a good film", "sad"]).frame
    with torch.inference_mode():
        encoded = tokenizer(["a good film", "sad"], padding=True, return_tensors="pt")
        expected = theirs(**encoded).logits.softmax(-1).numpy()
    np.testing.assert_allclose(found.iloc[:, 3:].astype(float).to_numpy(), expected, atol=1e-5)


def test_a_saved_model_predicts_the_same_in_plain_transformers(learnt, tmp_path):
    folder = learnt.save(tmp_path / "plain")
    model, pieces = AutoModelForSequenceClassification.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        logits = model.eval()(**pieces(["a good film", "a sad film"], padding=True, return_tensors="pt")).logits
    ours = learnt.predict(["a good film", "a sad film"]).frame
    np.testing.assert_allclose(ours["p_good"].astype(float), logits.softmax(-1)[:, 1].numpy(), atol=1e-5)
    assert model.config.id2label == {0: "bad", 1: "good"}


def test_the_card_tells_what_the_model_is(quick):
    model = quick(name="mine")
    card = json.loads((model.folder / "bertmagic.json").read_text())
    assert {key: card[key] for key in ("task", "labels", "text", "label", "encoder", "max_length")} == {
        "task": "classification", "labels": ["bad", "good"], "text": "text", "label": "label", "encoder": "tiny",
        "max_length": 64,
    }  # fmt: skip
    assert card["options"]["test"] is None
    assert len(card["data"]["train"]["sha256"]) == 64
    assert card["metrics"]["accuracy"] == model.report.metrics["accuracy"]
    assert card["versions"]["torch"] == torch.__version__
    assert model.card == card | {"run": model.card["run"]}


# Jobs


@pytest.fixture
def beside(quick):
    """Return a function that starts a job which waits at its first evaluation until the gate is opened."""
    gate, reached = threading.Event(), threading.Event()

    def hold(event):
        if isinstance(event, told.Evaluated):
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


def test_a_job_that_fails_keeps_its_error_and_not_its_network(quick):
    before, found = _networks(), []
    job = quick(background=True, on_event=_failing(found))
    with pytest.raises(ValueError, match="a callback") as caught:
        job.wait(WAIT)
    assert job.error is caught.value
    with pytest.raises(ModelError, match="left no model: a callback"):
        api.find(job)
    assert sum(one() is None for one in found) >= 2  # its network and its optimizer are gone
    assert [one for one in found if one() is not None and one() not in before] == []


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


def test_an_error_does_not_keep_network_and_optimizer(quick):
    before, found = _networks(), []
    with pytest.raises(ValueError, match="a callback") as caught:
        quick(on_event=_failing(found))
    assert sum(one() is None for one in found) >= 2  # its network and its optimizer are gone
    assert [one for one in found if one() is not None and one() not in before] == []
    lines = "".join(traceback.format_exception(caught.value))
    assert "in fail" in lines
    assert "training/loop.py" in lines


def _failing(found):
    """Return a callback that fails at the first step, with weak references to what is in memory then."""

    def fail(event):
        if isinstance(event, told.Step):
            kinds = (BertForSequenceClassification, torch.optim.Optimizer)
            found.extend(weakref.ref(thing) for thing in gc.get_objects() if issubclass(type(thing), kinds))
            raise ValueError("a callback")

    return fail


def _networks():
    return [model.network for model in gc.get_objects() if type(model) is bm.TextModel and model.bytes]


def test_unloading_gives_the_memory_back(quick, monkeypatch):
    released = []
    model = quick(name="mine")
    monkeypatch.setattr(devices, "release", lambda release=devices.release: released.append(release()))
    network, size = weakref.ref(model.network), model.bytes
    tensors = [weakref.ref(parameter) for parameter in model.network.parameters()]
    assert [held.name for held in bm.status().held] == ["mine"]
    assert size == sum(p.numel() * 4 for p in model.network.parameters()) + sum(
        buffer.numel() * buffer.element_size() for buffer in model.network.buffers()
    )
    assert model.unload() == size
    assert released == [None]
    assert network() is None
    assert all(tensor() is None for tensor in tensors)
    assert (model.bytes, bm.status().held) == (0, ())
    assert "unloaded" in repr(model)
    for use in (
        lambda: model.predict("x"),
        lambda: model.predict([]),
        lambda: model.evaluate(pd.DataFrame({"text": ["a"], "label": ["b"]})),
        lambda: model.save("x"),
    ):
        with pytest.raises(ModelError, match="'mine' was unloaded") as caught:
            use()
        assert "%bert_load" in caught.value.fix
    assert model.unload() == 0
    with pytest.raises(UnknownReference):
        api.find()
    assert bm.load("mine").bytes == size


def test_status_tells_devices_and_models(quick):
    model = quick(name="mine")
    status = bm.status()
    (held,) = status.held
    assert (held.name, held.encoder, held.bytes, held.device, held.precision) == (
        "mine",
        "tiny",
        model.bytes,
        "cpu",
        "fp32",
    )
    assert held.parameters == model.network.num_parameters()
    assert status.devices[-1].name == "cpu"
    assert status.process_bytes > 1e7
    assert dict(status.versions)["bertmagic"] == bm.__version__
    assert status.home == str(folders.home())


def test_the_catalogue_is_public():
    assert {entry.alias for entry in bm.catalogue().entries} == set(catalogue.ALIASES)


# Looking at data


def test_a_data_report_tells_what_is_there(rows, encoder):
    rows.loc[0, "text"] = rows.loc[2, "text"]
    rows.loc[7, "text"] = ""
    report = bm.check(rows, model=encoder)
    assert (report.rows, report.text, report.label, report.length_unit) == (120, "text", "label", "tokens")
    assert report.labels == {"bad": 60, "good": 59}  # row 7 has no text
    assert sum(report.length_counts) == 119
    assert len(report.length_edges) == len(report.length_counts) + 1
    whats = [finding.what for finding in report.findings]
    assert any("1 rows without a text" in what for what in whats)
    assert any("repeat an earlier text and label" in what for what in whats)
    assert any(what.startswith("Inferred") for what in whats)
    assert len(report.examples) == 5


def test_what_would_stop_a_run_is_a_finding_here(rows, encoder):
    rows["label"] = "same"
    report = bm.check(rows, label="label", model=encoder, max_length=8)
    assert report.findings[0].severity == "error"
    assert "one class only" in report.findings[0].what
    assert any("are cut at 8 tokens" in finding.what for finding in report.findings)
    rows.loc[:30, "text"] = None
    report = bm.check(rows, label="label", text="text", model=encoder)
    assert any(finding.severity == "error" for finding in report.findings)


def test_data_without_a_label_or_a_model_is_looked_at_too(rows):
    report = bm.check(rows[["text"]], model="owner/not-here")
    assert report.label is None
    assert report.length_unit == "words"
    assert any("No label column was chosen" in finding.what for finding in report.findings)
    with pytest.raises(DataError, match="holds no text"):
        bm.check(pd.DataFrame({"text": ["", ""]}), text="text")
