"""A trained model measured with all that can be asked for, and calibrated."""

import json
import re
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

import bertmagic as bm
from bertmagic.errors import DataError, ModelError, OptionError
from bertmagic.run.locks import RunLock
from tests.small import ROWS


def test_everything_asked_for_is_in_one_report(learnt, make_rows):
    rows = make_rows(120, seed=5)
    rows.loc[:3, "label"] = rows.loc[:3, "label"].map({"bad": "good", "good": "bad"})
    rows["text"] = rows["text"] + np.where(rows.index % 2, " he was", " she was")
    report = learnt.evaluate(
        rows, by=["thing", lambda row: "long" in row.text], at="recall=0.9", label_issues=True, probe="identity",
        train=rows.head(5), show=False,
    )  # fmt: skip
    assert {"thing", "function 2"} == {part.column for part in report.slices}
    assert {point.wanted for point in report.points} == {"recall = 0.9"}
    assert {(probe.source, probe.target) for probe in report.probes} >= {("he", "she"), ("she", "he")}
    assert {"likely wrong label", "in train"} <= {issue.kind for issue in report.issues}
    assert [part.column for part in report.automatic].count("length") >= 2
    assert {"accuracy", "brier", "roc_auc"} <= set(report.intervals)
    assert report.errors.wrong == int((report.outcomes.credit < 1).sum())
    for taken in (report.to_markdown(), report.to_latex()):
        for table in ("Parts of the rows", "What the rows differ in", "the lowest threshold", "Words for people",
                      "Rows whose label"):  # fmt: skip
            assert table in taken


def test_label_issues_judge_by_the_mean_of_all_tokens(learnt, make_rows, monkeypatch):
    from bertmagic.evaluation import label_issues

    given, real = [], label_issues.judge
    monkeypatch.setattr(label_issues, "judge", lambda features, *rest: given.append(features) or real(features, *rest))
    rows = make_rows(40, seed=5)
    report = learnt.evaluate(rows, label_issues=True, show=False)
    assert "Label issues by leave one out: too few rows to compare it with another method." in report.notes
    for text, vector in zip(rows["text"], given[0], strict=True):
        inputs = learnt.tokenizer(text, return_tensors="pt")
        with torch.no_grad():
            expected = learnt.network.base_model(**inputs).last_hidden_state[0].mean(dim=0)
        torch.testing.assert_close(torch.from_numpy(vector), expected, atol=1e-4, rtol=1e-4)


def test_a_function_that_fails_names_its_row(learnt, make_rows):
    with pytest.raises(OptionError, match="the function fails for row 0: AttributeError"):
        learnt.evaluate(make_rows(20), by=lambda row: row.nothing, show=False)


def test_a_model_is_calibrated_and_stays_so(learnt, make_rows, own_folder):
    model = bm.load(learnt.save(own_folder / "copy"))
    rows = make_rows(100, seed=6)
    before = model.predict(rows, show=False).frame
    calibration = model.calibrate(rows, show=False)
    assert calibration.after["loss"] <= calibration.before["loss"]
    assert "temperature" in repr(calibration)
    again = bm.load(model.save(own_folder / "copy"), name="again")
    after = again.predict(rows, show=False).frame
    assert again.task.temperature == calibration.temperature != 1
    assert (after["label"] == before["label"]).all()
    assert not np.allclose(after["score"].astype(float), before["score"].astype(float))
    assert again.evaluate(rows, show=False).metrics["loss"] == pytest.approx(calibration.after["loss"], abs=1e-5)


@pytest.mark.parametrize("where", ["kept with the run", "a file", "nowhere"])
def test_a_report_on_training_rows_says_so_first(encoder, make_rows, own_folder, where):
    rows, more = make_rows(40), make_rows(10, seed=9)
    rows["text"] += [f" {at}" for at in range(40)]
    rows.to_csv("rows.csv", index=False)
    train = "rows.csv" if where == "a file" else rows
    known = {"text": "text", "label": "label", "model": encoder, "max_steps": 2, "validation": 0, "show": False}
    model = bm.finetune(train, name="mine", keep_rows=where != "nowhere", **known)
    both = pd.concat([rows.sample(frac=1, random_state=0), more], ignore_index=True)
    report = model.evaluate(both.rename(columns={"text": "words"}), text="words", show=False)
    assert report.trained_on == (0 if where == "nowhere" else 40)
    said = "on 50 rows; 40 of them are training rows: new ones are harder"
    assert (said in report.summary) == (where != "nowhere")
    assert (said in repr(report)) == (where != "nowhere")
    assert model.evaluate(more, show=False).trained_on == 0
    assert "these are its training rows" not in model.evaluate(more, show=False).summary


def cards(*folders):
    return [(folder / "bertmagic.json").read_bytes() for folder in folders]


@pytest.mark.parametrize("place", ["saved", "a hub cache", "a run of another folder"])
def test_calibrating_leaves_a_folder_that_is_no_run_of_this_one_as_it_is(learnt, make_rows, own_folder, place):
    """Also where the folder is reached by a link, as in a hub cache."""
    inner = {"saved": "copy", "a hub cache": "hub/snapshots/0123", "a run of another folder": "there/runs/mine/model"}
    folder = learnt.save(own_folder / inner[place])
    (own_folder / "link").symlink_to(folder)
    model, before = bm.load(own_folder / "link", name="mine"), cards(folder)
    calibration = model.calibrate(make_rows(60, seed=6), show=False)
    assert cards(folder) == before
    assert model.task.temperature == model.card["temperature"] == calibration.temperature
    for shown in (repr(calibration), calibration._repr_mimebundle_()["text/html"]):
        assert "kept in this model only; model.save(path) writes it" in shown
        assert str(folder) in shown


@pytest.fixture
def run_here(learnt, own_folder):
    """A run of this folder with a model."""
    return learnt.save(own_folder / ".bertmagic" / "runs" / "mine" / "model")


def test_calibrating_a_run_of_this_folder_changes_its_model_and_says_so(run_here, make_rows):
    model = bm.load("mine")
    calibration = model.calibrate(make_rows(60, seed=6), show=False)
    assert "It is kept in the run 'mine', too." in repr(calibration)
    assert bm.load("mine", name="again").task.temperature == calibration.temperature
    again = model.calibrate(make_rows(60, seed=7), show=False)
    assert bm.load("mine", name="again").task.temperature == again.temperature


@pytest.mark.parametrize("why", ["is being written by this process", "has another model by now"])
def test_calibrating_a_run_that_is_trained_anew_leaves_the_new_model_alone(run_here, learnt, make_rows, why):
    model = bm.load("mine")
    if "another" in why:
        card = json.loads(cards(run_here)[0])
        (run_here / "bertmagic.json").write_text(json.dumps(card | {"run": {"step": 999}}))
    before = cards(run_here)
    with RunLock("mine") if "process" in why else nullcontext():
        calibration = model.calibrate(make_rows(60, seed=6), show=False)
    assert why in calibration.kept
    assert cards(run_here) == before
    assert model.task.temperature == calibration.temperature


@pytest.mark.parametrize(("task", "calibrate"), [("classification", None), ("multi_label", True)])
def test_training_calibrates_says_so_and_keeps_it(encoder, make_rows, own_folder, task, calibrate):
    rows, held = make_rows(80), make_rows(60, seed=3)
    if task == "multi_label":
        rows, held = (frame.assign(label=[[one] for one in frame["label"]]) for frame in (rows, held))
    model = bm.finetune(
        rows, validation=held, text="text", label="label", model=encoder, calibrate=calibrate, name="m", lr=5e-3,
        max_steps=12, precision="fp32", show=False,
    )  # fmt: skip
    assert model.task.name == task
    (calibration_note,) = (note for note in model.report.notes if "Calibrated at temperature" in note)
    assert calibration_note in str(model.report)
    mended = model.report.metrics
    folder = model.save(own_folder / "kept")
    again = bm.load(folder, name="again", precision="fp32")
    assert again.task == model.task
    report = again.evaluate(held, at="precision=0.6", show=False)
    assert report.metrics == pytest.approx(dict(mended), abs=1e-6)
    assert {(point.label, point.wanted) for point in report.points} == {
        (label, "precision = 0.6") for label in ("bad", "good")
    }
    assert "given from" in str(report)
    probabilities = again.predict(held, show=False).frame["p_bad"].astype(float)
    assert report.outcomes.probabilities[:, 0] == pytest.approx(probabilities.to_numpy(), abs=1e-6)
    before, after = map(float, re.search(r"loss (\S+) → (\S+) on", calibration_note).groups())
    assert before > after == pytest.approx(mended["loss"], abs=1e-4)
    assert in_transformers(folder, held["text"].tolist()) == pytest.approx(probabilities.to_numpy(), abs=1e-4)


def in_transformers(folder, texts):
    """The probabilities of the first class that plain transformers computes."""
    plain, tokenizer = AutoModelForSequenceClassification.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        logits = plain(**tokenizer(texts, padding=True, return_tensors="pt")).logits
    several = plain.config.problem_type == "multi_label_classification"
    return (logits.sigmoid() if several else logits.softmax(dim=1))[:, 0].numpy()


def test_calibration_without_rows_for_it_is_refused_before_training(encoder, rows):
    with pytest.raises(OptionError, match="needs validation rows"):
        bm.finetune(rows, model=encoder, calibrate=True, validation=0, show=False)


def test_rows_without_numbers_are_left_out_and_said(learnt, make_rows, own_folder):
    model = bm.load(learnt.save(own_folder / "broken"))
    with torch.no_grad():
        model.network.classifier.weight[:] = float("nan")
    with pytest.raises(ModelError, match=r"returns NaN for each of 20 rows"):
        model.evaluate(make_rows(20), show=False)


READ = {"pairs": "premise", "multi_label": "text", "token_classification": "tokens", "question_answering": "context"}


@pytest.mark.parametrize("kind", READ)
def test_rows_for_which_a_model_gives_nan_are_named_and_in_no_number(small, own_folder, kind):
    rows = ROWS[kind]().iloc[:24].set_index(np.arange(100, 124))
    kept = rows[[("superb" not in text) for text in rows[READ[kind]]]]
    model = bm.load(small(kind).save(own_folder / "broken"), precision="fp32")
    word = model.tokenizer.convert_tokens_to_ids("superb")
    with torch.no_grad():
        model.network.base_model.embeddings.word_embeddings.weight[word] = float("nan")
    report = model.evaluate(rows, show=False)
    assert report.rows == len(kept) < len(rows)
    assert report.skipped == len(rows) - len(kept)
    first = rows.index.difference(kept.index)[0]
    assert any(f"returns NaN for {report.skipped} rows, such as {first}" in note for note in report.notes)
    assert report.outcomes.index.equals(kept.index)
    assert report.metrics == pytest.approx(dict(small(kind).evaluate(kept, show=False).metrics), abs=1e-6)


@pytest.mark.parametrize("kind", READ)
def test_an_empty_set_is_one_clear_error(small, kind):
    with pytest.raises(DataError, match="the DataFrame has no rows"):
        small(kind).evaluate(ROWS[kind]().iloc[:0], show=False)


@pytest.mark.parametrize(
    ("kind", "column", "value"),
    [("pairs", "relation", "perhaps"), ("multi_label", "topics", ["good", "perhaps"]),
     ("token_classification", "tags", ["O", "B-PERHAPS", "O", "O", "O", "O"])],
)  # fmt: skip
def test_labels_that_were_never_seen_are_listed_and_kept_apart(small, kind, column, value):
    rows = ROWS[kind]()
    rows[column] = [value if at < 3 else label for at, label in enumerate(rows[column])]
    report = small(kind).evaluate(rows, show=False)
    name = "PERHAPS" if kind == "token_classification" else "perhaps"
    assert report.unseen == {name: 3}
    assert (report.rows, report.outcomes.index[0]) == (37, 3)
    assert report.metrics == small(kind).evaluate(rows.iloc[3:], show=False).metrics
    for face in (str(report), report._repr_mimebundle_()["text/html"]):
        assert f"3 rows are kept apart: the model has never seen the label {name} (3)" in face


@pytest.mark.parametrize("kind", ["pairs", "multi_label"])
def test_of_one_class_it_is_said_why_areas_are_not_defined(small, kind):
    rows = ROWS[kind]()
    rows = rows[rows["relation"] == "no"] if kind == "pairs" else rows.assign(topics=[["good"]] * len(rows))
    report = small(kind).evaluate(rows, show=False)
    why = "all rows are of one class, 'no'" if kind == "pairs" else "no label is on some of the rows and missing"
    assert set(report.undefined) == {"roc_auc", "average_precision"}
    assert not {"roc_auc", "average_precision"} & set(report.metrics)
    assert f"ROC-AUC is not defined: {why}" in str(report)


def test_columns_of_any_values_make_slices(learnt, make_rows):
    rows = make_rows(80, seed=5)
    rows["id"] = [f"customer {at}" for at in range(80)]
    rows["tags"] = [["a", "b"] if at % 2 else None for at in range(80)]
    report = learnt.evaluate(rows, by=["id", "tags"], show=False)
    assert sum(part.column == "id" for part in report.slices) == 50
    assert "Column 'id' has 80 different values; the 50 with the most rows are shown." in report.notes
    assert {part.value: part.rows for part in report.slices if part.column == "tags"} == {"['a', 'b']": 40, "<NA>": 40}


def test_a_group_without_a_class_is_named_and_in_no_gap_of_those_that_have_it(learnt, make_rows):
    rows = make_rows(160, seed=5)
    rows["who"] = [f"x{at // 4 % 2}" if at % 4 else "none" for at in range(160)]  # every other row is good
    report = learnt.evaluate(rows, by="who", show=False)
    by_measure = {gap.measure: gap for gap in report.gaps}
    assert "How differently groups are treated" in report.to_markdown()
    assert "none" in (by_measure["demographic parity"].low, by_measure["demographic parity"].high)
    assert {by_measure["equal opportunity"].low, by_measure["equal opportunity"].high} == {"x0", "x1"}
    assert by_measure["equal opportunity"].interval.low <= by_measure["equal opportunity"].value
    note = "Column 'who': no row of group 'none' is 'good'; there equal opportunity is not defined."
    assert note in report.notes


@pytest.mark.parametrize(
    ("task", "asked", "message"),
    [
        ("token_classification", {"at": "precision=0.9"}, "at is for classes, and token_classification gives no"),
        ("question_answering", {"probe": "identity"}, "a probe is for classes of single texts, not for question_answ"),
        ("masked_language_modeling", {"by": "lang"}, "masked_language_modeling has no right or wrong rows"),
    ],
)
def test_what_the_task_cannot_have_is_refused_before_any_work(small, monkeypatch, task, asked, message):
    model = small(task)
    monkeypatch.setattr("bertmagic.data.tables.read", lambda *_: pytest.fail("the rows were read first"))
    with pytest.raises(OptionError, match=message):
        model.evaluate("rows.csv", **asked, show=False)
