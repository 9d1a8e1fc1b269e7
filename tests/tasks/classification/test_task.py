"""From tables to checked, split rows, and from logits to predictions."""

import numpy as np
import pandas as pd
import pytest
import torch

from bertmagic.data import checks, tables
from bertmagic.data.labels import Labels
from bertmagic.data.tokens import Tokens
from bertmagic.errors import DataError, ModelError
from bertmagic.options import Finetune, read
from bertmagic.tasks.classification.task import Classification
from bertmagic.workflows import prepare as preparing


def prepare(train, validation=None, test=None, **options):
    given = {"train": train, "validation": validation, "test": test}
    sources = {name: tables.read(frame) for name, frame in given.items() if frame is not None}
    return preparing.check_rows(Classification, read(Finetune, {"train": train, **options}), sources)


def frame(count, start=0, labels=("a", "b")):
    numbers = range(start, start + count)
    texts = [f"a text of words, number {i}" for i in numbers]
    return pd.DataFrame({"text": texts, "label": [labels[i % len(labels)] for i in numbers]}, index=numbers)


def test_a_tenth_is_held_out_and_said(rows):
    prepared = prepare(rows, keep="best")
    assert (len(prepared.train), len(prepared.validation)) == (108, 12)
    assert np.bincount(prepared.validation.targets).tolist() == [6, 6]
    assert prepared.notes == (
        "Inferred from the DataFrame: text = 'text', label = 'label'.",
        "Held out 12 of 120 rows for validation.",
    )
    assert not set(prepared.train.index) & set(prepared.validation.index)


def test_the_seed_decides_what_is_held_out(rows):
    held = [prepare(rows, seed=seed).validation.index.tolist() for seed in (0, 0, 1)]
    assert held[0] == held[1] != held[2]


def test_no_validation_may_be_asked_for(rows):
    assert prepare(rows, validation=None).validation is not None
    options = read(Finetune, {"train": rows, "validation": 0})
    prepared = preparing.check_rows(Classification, options, {"train": tables.read(rows)})
    assert prepared.validation is None
    assert len(prepared.train) == 120


@pytest.mark.parametrize("part", ["validation", "test"])
def test_rows_on_both_sides_are_dropped_from_train_and_said(part):
    prepared = prepare(frame(40), **{part: frame(10, start=38)})
    other = prepared.validation if part == "validation" else prepared.test
    assert len(other) == 10
    assert not set(other.texts) & set(prepared.train.texts)
    (finding,) = prepared.findings
    assert (finding.severity, finding.rows, finding.count) == ("warning", (38, 39), 2)
    assert finding.fix == "They are dropped from train."


def test_train_that_is_all_validation_is_an_error():
    with pytest.raises(DataError, match="without them a class has no row left") as caught:
        prepare(frame(40), frame(40))
    assert "other rows" in caught.value.fix


def test_copies_of_a_row_do_not_make_an_error_of_the_split():
    """A class whose only two rows are the same text can be trained: both stay on one side."""
    rows = pd.concat([frame(40), pd.DataFrame({"text": ["the same text"] * 2, "label": ["rare"] * 2})])
    prepared = prepare(rows)
    assert np.bincount(prepared.train.targets, minlength=3)[2] == 2


def test_too_few_rows_to_hold_out_are_an_error():
    with pytest.raises(DataError, match="too few rows") as caught:
        prepare(frame(2), text="text", label="label")
    assert "validation = 0" in caught.value.fix


def test_validation_must_have_the_columns_and_classes_of_train():
    with pytest.raises(DataError, match="has no column 'label'"):
        prepare(frame(40), frame(10, 100).rename(columns={"label": "labels"}))
    with pytest.raises(DataError, match="labels that training did not have: 'c'"):
        prepare(frame(40), frame(9, 100, labels=("a", "b", "c")))


@pytest.mark.parametrize(
    "values", [("a", "b"), (1, 2), (False, True), ("1", "true"), ("低", "高")], ids=["str", "int", "bool", "odd", "zh"]
)
def test_labels_come_back_as_they_were_from_a_card(values):
    import json

    task = Classification(Labels(values))
    again = Classification.from_card(json.loads(json.dumps(task.card())), {})
    assert again == task
    assert [type(value) for value in again.labels.values] == [type(value) for value in values]


def test_a_model_saved_elsewhere_names_its_classes_in_its_config():
    config = {"id2label": {"1": "good", "0": "bad", "10": "best", "2": "x"}}
    assert Classification.from_card({}, config).labels.values == ("bad", "good", "x", "best")
    unnamed = {"architectures": ["BertForSequenceClassification"]}
    assert Classification.from_card({}, unnamed).labels.values == ("LABEL_0", "LABEL_1")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"id2label": {"0": "score"}}, "fewer than two classes"),
        ({"problem_type": "multi_label_classification", "id2label": {"0": "a", "1": "b"}}, "for 'multi_label"),
    ],
)
def test_a_model_for_something_else_is_refused(config, message):
    with pytest.raises(ModelError, match=message):
        Classification.from_card({}, config)


def test_balanced_weights_are_those_of_the_formula():
    prepared = prepare(frame(40, labels=("a", "a", "a", "b")), class_weights="balanced", validation=None)
    loss = prepared.task.objective(prepared.train, read(Finetune, {"train": 1, "class_weights": "balanced"}))
    counts = np.bincount(prepared.train.targets)
    weights = torch.tensor(len(prepared.train) / (2 * counts), dtype=torch.float32)
    logits, targets = torch.tensor([[2.0, -1.0], [0.5, 0.1], [-1.0, 1.0]]), torch.tensor([0, 1, 1])
    each = -torch.log_softmax(logits, dim=1)[torch.arange(3), targets]
    expected = (weights[targets] * each).sum() / weights[targets].sum()
    torch.testing.assert_close(loss.total(logits, targets) / loss.weight(targets), expected)
    plain = prepared.task.objective(prepared.train, read(Finetune, {"train": 1}))
    torch.testing.assert_close(plain.total(logits, targets) / plain.weight(targets), each.mean())


def predictions(values, texts=("x", None, "y"), index=("r9", "r9", "r1"), scores=((2.0, 0.0), (0.0, 1.0))):
    given = pd.DataFrame({"text": pd.Series(list(texts), list(index), dtype=object)})
    rows, _ = checks.readable(given, ["text"], "the list")
    logits = np.asarray(scores, dtype=np.float32).reshape(len(rows), len(values))
    samples = Tokens(np.zeros(0, np.int32), np.zeros(len(rows) + 1, np.int64), 0, 0.0)
    return Classification(Labels(values)).predictions(given, rows, samples, logits, model="m").frame


@pytest.mark.parametrize(("values", "dtype"), [(("a", "b"), "string"), ((3, 5), "Int64"), ((False, True), "boolean")])
def test_predictions_have_the_rows_and_the_types_of_the_user(values, dtype):
    frame = predictions(values)
    assert frame.columns.tolist() == ["text", "label", "score", f"p_{values[0]}", f"p_{values[1]}"]
    assert frame.index.tolist() == ["r9", "r9", "r1"]
    assert frame["label"].dtype == dtype
    assert frame["label"].iloc[[0, 2]].tolist() == list(values)
    assert frame.iloc[1].isna().all()
    probabilities = frame[[f"p_{value}" for value in values]].iloc[[0, 2]].astype(float)
    assert probabilities.sum(axis=1).tolist() == pytest.approx([1.0, 1.0])
    assert frame["score"].iloc[0] == pytest.approx(1 / (1 + np.exp(-2)), abs=1e-6)
    assert {str(kind) for kind in frame.dtypes[2:]} == {"Float64"}


def test_no_rows_and_no_texts_are_well_typed():
    empty = predictions((1, 2), texts=(), index=(), scores=())
    assert len(empty) == 0
    assert empty.dtypes.astype(str).tolist() == ["string", "Int64", "Float64", "Float64", "Float64"]
    nothing = predictions(("a", "b"), texts=(None, None), index=(0, 1), scores=())
    assert nothing.isna().all(axis=None)
    assert nothing.dtypes.astype(str).tolist()[1:] == ["string", "Float64", "Float64", "Float64"]


@pytest.mark.parametrize("class_weights", ["none", "balanced"])
def test_a_loss_in_pieces_is_the_loss_of_the_whole_with_smoothing_too(class_weights):
    prepared = prepare(frame(40, labels=("a", "a", "a", "b")), class_weights=class_weights, validation=None)
    options = read(Finetune, {"train": 1, "class_weights": class_weights, "label_smoothing": 0.1})
    objective = prepared.task.objective(prepared.train, options)
    logits, targets = torch.randn(9, 2), torch.tensor([0, 1, 1, 0, 0, 0, 1, 0, 0])
    counts = np.bincount(prepared.train.targets)
    balanced = torch.tensor(len(prepared.train) / (2 * counts), dtype=torch.float32)
    weight = balanced if class_weights == "balanced" else None
    whole = torch.nn.functional.cross_entropy(logits, targets, weight, label_smoothing=0.1)
    pieces = [(logits[:2], targets[:2]), (logits[2:7], targets[2:7]), (logits[7:], targets[7:])]
    total = sum(objective.total(*piece) for piece in pieces) / sum(objective.weight(piece[1]) for piece in pieces)
    torch.testing.assert_close(total, whole)
