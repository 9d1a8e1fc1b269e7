"""Any number of labels a row: from tables of each form to predictions, and what is wrong with them."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import f1_score

import bertmagic as bm
from bertmagic import tasks
from bertmagic.data import tables
from bertmagic.data.labels import Labels
from bertmagic.errors import DataError
from bertmagic.options import Finetune, read
from bertmagic.tasks.multi_label.task import MultiLabel
from bertmagic.workflows import prepare as preparing

NOTHING = dict.fromkeys(preparing.ROLES)
SETS = (["bad", "long"], ["good"], [], ["good", "long"])


def frame(count=80, start=0):
    numbers = range(start, start + count)
    words = {"bad": "a sad film", "good": "a lovely film", "long": "it was really long"}
    texts = [" ".join([*(words[label] for label in SETS[i % 4]), f"number {i}"]) for i in numbers]
    return pd.DataFrame({"text": texts, "topics": [SETS[i % 4] for i in numbers]}, index=numbers)


def inferred(rows, **asked):
    table = tables.read(rows)
    return tasks.infer(table, NOTHING | asked), table


def prepare(rows, **options):
    task, table = inferred(rows, **{key: options.get(key) for key in ("text", "label")})
    parts = {"train": table} | {key: tables.read(options.pop(key)) for key in ("test",) if key in options}
    return preparing.check_rows(task, read(Finetune, {"train": rows, **options}), parts)


@pytest.fixture(scope="module")
def trained(encoder, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTMAGIC_HOME", str(tmp_path_factory.mktemp("home")))
        return bm.finetune(
            frame(400), test=frame(80, 1000), model=encoder, name="topics", lr=3e-3, epochs=10, precision="fp32",
            show=False,
        )  # fmt: skip


def test_it_learns_labels_chooses_thresholds_and_reports_them(trained):
    assert trained.task.name == "multi_label"
    assert trained.labels == ("bad", "good", "long")
    assert trained.card["topics" if "topics" in trained.card else "label"] == "topics"
    assert trained.card["thresholds"] == list(trained.task.thresholds)
    report = trained.report
    assert report.metrics["macro_f1"] > 0.9
    assert [one.threshold for one in report.classes] == list(trained.task.thresholds)
    assert report.confusion is None
    for shown in (str(report), report._repr_mimebundle_()["text/html"]):
        assert "given from" in shown
        assert "ranking precision" in shown


def test_predictions_are_lists_with_a_probability_for_each_label(trained):
    given = pd.Series(["a sad film it was really long", None, "number 7"], index=["x", "y", "y"])
    predictions = trained.predict(given, show=False)
    assert predictions.frame.columns.tolist() == ["text", "labels", "p_bad", "p_good", "p_long"]
    assert predictions.frame.index.tolist() == ["x", "y", "y"]
    assert predictions.frame["labels"].iloc[0] == ["bad", "long"]
    assert predictions.frame.iloc[1].isna().all()
    assert predictions.frame["labels"].iloc[2] == []
    chances = predictions.frame[["p_bad", "p_good", "p_long"]].iloc[[0, 2]].astype(float).to_numpy()
    assert ((chances >= trained.task.thresholds) == [[True, False, True], [False, False, False]]).all()
    assert "bad (1), long (1), none (1)" in str(predictions)


def test_half_a_character_is_read_and_shown_as_one_that_is_unknown(trained):
    predictions = trained.predict(["a sad \ud83d film"], show=False)
    assert predictions.frame["text"].tolist() == ["a sad � film"]
    assert "a sad � film" in predictions._repr_mimebundle_()["text/html"]


def test_it_is_evaluated_on_lists_on_their_texts_and_by_slices(trained):
    rows = frame(40, 2000)
    rows["kind"] = ["x", "y"] * 20
    as_lists = trained.evaluate(rows, by="kind", show=False)
    rows["topics"] = [json.dumps(labels) for labels in rows["topics"]]
    as_texts = trained.evaluate(rows, show=False)
    assert as_lists.metrics == as_texts.metrics
    assert {(part.value, part.rows) for part in as_lists.slices} == {("x", 20), ("y", 20)}
    rows["topics"] = [["odd"]] * 40
    with pytest.raises(DataError, match="labels that training did not have: 'odd' in 40 rows"):
        trained.evaluate(rows, show=False)


def test_saved_and_loaded_it_predicts_the_same_and_transformers_knows_what_it_is(trained, tmp_path):
    texts = ["a sad film", "a lovely film it was really long"]
    before = trained.predict(texts, show=False).frame
    folder = trained.save(tmp_path / "kept")
    config = json.loads((folder / "config.json").read_text())
    assert config["problem_type"] == "multi_label_classification"
    again = bm.load(folder, precision="fp32")
    assert again.task == trained.task
    pd.testing.assert_frame_equal(before, again.predict(texts, show=False).frame)


def test_a_model_saved_elsewhere_is_known_by_its_config():
    config = {
        "architectures": ["BertForSequenceClassification"], "problem_type": "multi_label_classification",
        "id2label": {"1": "insult", "0": "toxic"},
    }  # fmt: skip
    assert tasks.of_config(config) == "multi_label"
    task = MultiLabel.from_card({}, config)
    assert (task.labels.values, task.thresholds) == (("toxic", "insult"), (0.5, 0.5))
    assert tasks.of_config({**config, "problem_type": None}) == "classification"


@pytest.mark.parametrize(
    ("column", "separator"),
    [
        (lambda sets: sets, ""),
        (lambda sets: [json.dumps(labels) for labels in sets], ""),
        (lambda sets: [repr(labels) for labels in sets], ""),
        (lambda sets: ["; ".join(labels) or "good; bad" for labels in sets], ";"),
    ],
)
def test_the_task_is_inferred_from_what_can_only_be_several_labels(column, separator):
    rows = frame()
    rows["topics"] = column(rows["topics"].tolist())
    prepared = prepare(rows)
    assert isinstance(prepared.task, MultiLabel)
    assert prepared.task.separator == separator
    assert prepared.notes[0].startswith("Inferred from the DataFrame: text = 'text', label = 'topics'.")
    assert ('task = "classification" takes each text as one' in prepared.notes[0]) == bool(separator)


def test_a_column_for_each_label_is_named_or_asked_for():
    rows = frame().drop(columns="topics").assign(bad=[1, 0, 0, 0] * 20, good=[0, 1, 0, 1] * 20)
    prepared = prepare(rows, label=["good", "bad"])
    assert prepared.task.labels.values == ("good", "bad")
    assert prepared.columns["label"] == ["good", "bad"]
    assert prepared.notes[0] == "Inferred from the DataFrame: text = 'text'."
    _, note = MultiLabel.columns(tables.read(rows), NOTHING)
    assert note.endswith("Labels: 2 columns of 0 and 1.")
    kind, _ = inferred(rows, label="good")
    assert kind.name == "classification"


def test_no_label_is_lost_from_train_and_copies_stay_together():
    rows = pd.concat([frame(60), frame(3).assign(topics=[["rare"], ["rare", "good"], ["once"]])])
    rows["text"] = [f"{text} {i}" for i, text in enumerate(rows["text"])]
    for seed in range(5):
        prepared = prepare(rows, seed=seed, validation=0.3)
        assert prepared.train.targets.any(axis=0).all()
        assert not set(prepared.train.texts) & set(prepared.validation.texts)


def test_rows_on_both_sides_are_dropped_from_train():
    prepared = prepare(frame(80), test=frame(8, 76))
    assert prepared.findings[-1].rows == (76, 77, 78, 79)
    rare = frame(80)
    rare.at[79, "topics"] = ["only here"]
    with pytest.raises(DataError, match="without them a class has no row left"):
        prepare(rare, test=frame(8, 76))


def test_what_there_is_little_to_learn_of_is_said():
    rows = frame(40)
    rows.at[3, "topics"] = ["once"]
    findings = {finding.what: finding.severity for finding in prepare(rows).findings}
    assert findings["label 'once' is on one row only (row 3)."] == "warning"
    assert findings["10 rows have no label."] == "info"
    rows = frame(40).drop(columns="topics").assign(a=[0, 1] * 20, never=0, always=1)
    findings = [finding.what for finding in prepare(rows, label=["a", "never", "always"]).findings]
    assert "no row has the label 'never'." in findings
    assert "every row has the label 'always'." in findings


def test_rows_of_which_nothing_is_known_are_dropped_and_many_are_an_error():
    rows = frame(80)
    rows.at[5, "topics"] = None
    prepared = prepare(rows)
    assert 5 not in {*prepared.train.index, *prepared.validation.index}
    assert prepared.findings[0].what == "1 row without labels; [] says that a row has none (column 'topics')"
    rows["topics"] = [None, *rows["topics"][1:10], *[None] * 70]
    with pytest.raises(DataError, match="rows without labels"):
        prepare(rows)


def test_a_list_of_labels_given_to_classification_says_what_learns_it():
    with pytest.raises(DataError, match="holds lists, such as") as caught:
        preparing.check_rows(
            tasks.find("classification"),
            read(Finetune, {"train": 1, "label": "topics"}),
            {"train": tables.read(frame())},
        )
    assert 'task = "multi_label"' in caught.value.fix
    with pytest.raises(DataError, match="label names 2 columns") as caught:
        tasks.find("classification").columns(tables.read(frame()), NOTHING | {"label": ("a", "b")})
    assert 'task = "multi_label"' in caught.value.fix


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("class_weights", ["none", "balanced"])
def test_the_loss_is_a_sum_over_labels_that_can_be_computed_in_pieces(class_weights, smoothing):
    prepared = prepare(frame(40))
    options = {"train": 1, "class_weights": class_weights, "label_smoothing": smoothing}
    objective = prepared.task.objective(prepared.train, read(Finetune, options))
    logits = torch.randn(9, 3)
    targets = torch.tensor(prepared.train.targets[:9], dtype=torch.float32)
    having = prepared.train.targets.mean(axis=0)
    weights = torch.where(targets > 0, torch.tensor(0.5 / having), torch.tensor(0.5 / (1 - having))).float()
    wanted = targets * (1 - smoothing) + smoothing / 2
    each = -wanted * torch.log(torch.sigmoid(logits)) - (1 - wanted) * torch.log(1 - torch.sigmoid(logits))
    whole = (each * (weights if class_weights == "balanced" else 1)).sum() / 9
    pieces = [(logits[:2], targets[:2]), (logits[2:], targets[2:])]
    total = sum(objective.total(*piece) for piece in pieces) / sum(objective.weight(piece[1]) for piece in pieces)
    torch.testing.assert_close(total, whole)


def test_thresholds_are_those_of_the_validation_rows_and_metrics_say_what_they_reach():
    task = MultiLabel(Labels(("a", "b")), (0.5, 0.5))
    logits = np.array([[-1.0, 3.0], [-2.0, 2.0], [-3.0, 1.0]], np.float32)
    rows = type("Rows", (), {"targets": np.array([[1, 1], [0, 0], [0, 0]], np.int8)})
    samples = type("Samples", (), {"by_row": staticmethod(lambda scores: scores)})
    tuned = task.tuned(logits, rows, samples)
    assert 0.12 < tuned.thresholds[0] < 0.27
    assert 0.88 < tuned.thresholds[1] < 0.96
    assert task.metrics(logits, rows, samples)["macro_f1"] == 1.0
    at_half = f1_score(rows.targets, logits > 0, average="macro", zero_division=0)
    assert task._measured(logits, rows.targets)["macro_f1"] == pytest.approx(at_half)


def test_labels_are_counted_by_the_check(encoder):
    report = bm.check(frame(40), model=encoder)
    assert report.task == "multi_label"
    assert report.labels == {"good": 20, "long": 20, "bad": 10}
    shown = report._repr_mimebundle_()
    assert "a row may have several, or none" in shown["text/html"]
    assert "50.0 %" in shown["text/plain"]


def test_labels_that_look_alike_are_named():
    frame = pd.DataFrame({"text": [f"text {i}" for i in range(12)], "label": [["food"], ["Food", "travel"], []] * 4})
    _, _, findings = MultiLabel.read(tables.read(frame), {"text": "text", "label": "label"})
    assert "labels look alike: 'Food' (4 rows), 'food' (4 rows); they differ in case." in [one.what for one in findings]
