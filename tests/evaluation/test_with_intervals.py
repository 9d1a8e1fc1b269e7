"""The numbers of a report against scikit-learn and torchmetrics, and those that have no value."""

import numpy as np
import pytest
import torch
from sklearn import metrics as theirs
from torchmetrics.classification import BinaryCalibrationError, MulticlassCalibrationError

from bertmagic.evaluation import ranking_metrics, with_intervals
from bertmagic.evaluation.limits import of_share
from bertmagic.tasks.classification import metrics as class_metrics
from bertmagic.tasks.multi_label import metrics as multi_label
from bertmagic.tasks.regression import metrics as regression_metrics
from bertmagic.tasks.token_classification import metrics as entity_metrics


def made(classes, rows=400, seed=0):
    generator = np.random.default_rng(seed)
    true = generator.integers(0, classes, rows)
    logits = (generator.normal(size=(rows, classes)) + 1.2 * (true[:, None] == np.arange(classes))).astype(np.float32)
    chances = torch.softmax(torch.tensor(logits).double(), dim=1).numpy()
    names = tuple(f"c{at}" for at in range(classes))
    return true, chances, class_metrics.report_metrics(logits, chances, true, names)


@pytest.mark.parametrize("classes", [2, 4])
def test_they_are_those_of_scikit_learn_and_torchmetrics(classes):
    true, chances, estimates = made(classes)
    predicted = chances.argmax(axis=1)
    known = {
        "accuracy": theirs.accuracy_score(true, predicted),
        "balanced_accuracy": theirs.balanced_accuracy_score(true, predicted),
        "mcc": theirs.matthews_corrcoef(true, predicted),
        "loss": theirs.log_loss(true, chances.astype(float)),
        "brier": theirs.brier_score_loss(true, chances[:, 1]) if classes == 2 else None,
        "ece": float(MulticlassCalibrationError(classes, n_bins=15)(torch.tensor(chances), torch.tensor(true))),
    }
    for average in ("macro", "micro", "weighted"):
        for part, score in (
            ("precision", theirs.precision_score),
            ("recall", theirs.recall_score),
            ("f1", theirs.f1_score),
        ):
            known[f"{average}_{part}"] = score(true, predicted, average=average)
    if classes == 2:
        known["roc_auc"] = theirs.roc_auc_score(true, chances[:, 1])
        known["average_precision"] = theirs.average_precision_score(true, chances[:, 1])
    else:
        known["brier"] = np.mean(((chances - np.eye(classes)[true]) ** 2).sum(axis=1))
        known["roc_auc"] = theirs.roc_auc_score(true, chances, multi_class="ovr")
        known["average_precision"] = theirs.average_precision_score(np.eye(classes)[true], chances)
    assert estimates.metrics == pytest.approx(known, abs=1e-6)
    assert set(estimates.intervals) == set(known)
    for name, interval in estimates.intervals.items():
        assert interval.low < interval.high, name
        if name != "ece":  # which chance can only make larger
            assert interval.low < known[name] < interval.high, name


def test_ties_count_half_as_in_scikit_learn():
    generator = np.random.default_rng(3)
    chances, wanted = generator.integers(0, 5, (300, 2)) / 5, generator.random((300, 2)) < 0.4
    estimates = ranking_metrics.tally(chances, wanted).point_estimates()
    assert estimates["roc_auc"] == pytest.approx(theirs.roc_auc_score(wanted, chances))
    assert estimates["average_precision"] == pytest.approx(theirs.average_precision_score(wanted, chances))


def test_of_one_class_the_areas_are_not_defined_and_it_says_why():
    chances = np.full((20, 3), 1 / 3, np.float32)
    estimates = class_metrics.report_metrics(np.log(chances), chances, np.full(20, 1), ("a", "b", "c"))
    assert "roc_auc" not in estimates.metrics
    assert estimates.undefined["roc_auc"].startswith("all rows are of one class, 'b'")
    assert estimates.metrics["accuracy"] == 0


def test_a_class_that_no_row_has_is_left_out_of_the_areas():
    true, chances, _ = made(4)
    kept = true != 3
    some = class_metrics.report_metrics(np.log(chances[kept]), chances[kept], true[kept], ("a", "b", "c", "d"))
    each = [theirs.roc_auc_score(true[kept] == at, chances[kept, at]) for at in range(3)]
    assert some.metrics["roc_auc"] == pytest.approx(np.mean(each))


def test_the_calibration_error_of_many_labels_is_that_of_all_decisions():
    generator = np.random.default_rng(2)
    targets = (generator.random((300, 5)) < 0.3).astype(np.int8)
    logits = (2 * generator.normal(size=(300, 5)) + targets).astype(np.float32)
    made = multi_label.decided(logits, targets, np.full(5, 0.5))
    estimates = with_intervals.estimate([multi_label.tally(logits, targets, made)])
    decisions = torch.tensor(multi_label.sigmoid(logits).ravel()), torch.tensor(targets.ravel()).long()
    assert estimates.metrics["ece"] == pytest.approx(float(BinaryCalibrationError(n_bins=15)(*decisions)), abs=1e-6)
    assert estimates.intervals["ece"].low < estimates.intervals["ece"].high
    for average in ("macro", "micro", "weighted"):
        known = theirs.precision_score(targets, logits >= 0, average=average)
        assert estimates.metrics[f"{average}_precision"] == pytest.approx(known)


def test_tallies_of_other_tasks_say_what_their_metrics_say():
    generator = np.random.default_rng(1)
    targets = (generator.random((200, 4)) < 0.3).astype(np.int8)
    logits = (generator.normal(size=(200, 4)) + targets).astype(np.float32)
    halves = np.full(4, 0.5)
    plain = multi_label.metrics(logits, targets, halves)
    estimates = multi_label.tally(logits, targets, multi_label.decided(logits, targets, halves)).point_estimates()
    assert {name: estimates[name] for name in plain} == pytest.approx(plain)
    value = generator.normal(size=200) * 1000
    predicted = value + generator.normal(size=200) * 300
    plain = regression_metrics.metrics(predicted, value)
    estimates = with_intervals.estimate(regression_metrics.tallies(predicted, value))
    assert estimates.metrics == pytest.approx({name: plain[name] for name in estimates.metrics})
    assert set(estimates.intervals) == {"pearson", "spearman", "rmse", "mae"}


def test_partial_matches_count_half():
    true = [["B-PER", "I-PER", "O", "B-LOC"], ["B-PER", "O", "O", "O"]]
    predicted = [["B-PER", "O", "O", "B-LOC"], ["B-LOC", "O", "O", "O"]]
    measured = entity_metrics.Measured(true, predicted, predicted, np.ones(2), np.full(2, 4))
    estimates = entity_metrics.tally(measured).point_estimates()
    plain = measured.metrics()
    assert {name: estimates[name] for name in plain} == pytest.approx(plain)
    assert (estimates["f1"], estimates["partial_f1"]) == (pytest.approx(1 / 3), pytest.approx(1.5 / 3))
    rows = {one.label: (one.f1, one.partial_f1) for one in entity_metrics.typed(measured)}
    assert rows == {"LOC": (pytest.approx(2 / 3), pytest.approx(2 / 3)), "PER": (0.0, pytest.approx(1 / 3))}


def test_a_share_of_all_rows_keeps_an_interval():
    interval = of_share(5, 5)
    assert 0.4 < interval.low < 0.6
    assert interval.high == 1.0
