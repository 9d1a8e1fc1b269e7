"""Thousands of classes or labels: what a report takes besides its outputs, and the same numbers in parts."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from bertmagic.data.labels import Labels
from bertmagic.data.rows import LabelledRows
from bertmagic.data.tokens import Tokens
from bertmagic.evaluation import baselines, blocks, bootstrap, errors, linear, ranking_metrics
from bertmagic.evaluation import calibration as temperatures
from bertmagic.tasks.classification.task import Classification
from bertmagic.tasks.multi_label import metrics as label_metrics
from bertmagic.tasks.multi_label.task import MultiLabel

ROWS, CLASSES = 1500, 2000


@pytest.fixture
def few_draws(monkeypatch):
    monkeypatch.setattr(bootstrap, "FEWEST", 5)
    monkeypatch.setattr(bootstrap, "_WORK", 0)


def tokens(rows):
    return Tokens(np.zeros(rows, np.int32), np.arange(rows + 1), 0, 0.0)


def labelled(targets, labels):
    texts = [f"text {at}" for at in range(len(targets))]
    return LabelledRows("test", texts, pd.RangeIndex(len(texts)), targets=targets, labels=labels)


def peak(work):
    """Return what some work gives, and the most bytes that it held at a time."""
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_blocks_have_every_row_once_and_few_numbers():
    parts = list(blocks.blocks(10, 3, cells=9))
    assert [(part.start, part.stop) for part in parts] == [(0, 3), (3, 6), (6, 9), (9, 10)]
    assert [part.start for part in blocks.blocks(2, 5, cells=1)] == [0, 1]  # a row at the least
    assert not list(blocks.blocks(0, 5))


def test_a_report_of_thousands_of_classes_holds_few_arrays_of_its_outputs(few_draws):
    labels = Labels(tuple(f"class {at}" for at in range(CLASSES)))
    generator = np.random.default_rng(0)
    logits = generator.standard_normal((ROWS, CLASSES)).astype(np.float32)
    rows, task = labelled(generator.integers(0, CLASSES, ROWS), labels), Classification(labels)
    task.report(logits[:50], labelled(rows.targets[:50], labels), tokens(50), model="m", data="test")  # imports
    report, most = peak(lambda: task.report(logits, rows, tokens(ROWS), model="m", data="test"))
    # The probabilities, the confusion counts, the rankings, and parts of a million numbers.
    assert most < 3 * logits.nbytes + report.confusion.nbytes + 4 * 8 * blocks.CELLS
    _, most = peak(lambda: task.calibrated(logits, rows, tokens(ROWS)))
    assert most < 2 * logits.nbytes + 6 * 8 * blocks.CELLS
    _, most = peak(lambda: errors.find(report.outcomes, labels.names))
    assert most < logits.nbytes


def test_rankings_that_are_not_kept_give_the_same_numbers(monkeypatch, few_draws):
    generator = np.random.default_rng(1)
    chances, true = generator.random((80, 6)).astype(np.float32).round(2), generator.integers(0, 6, 80)
    kept = ranking_metrics.tally(chances, true, np.array([0, 2, 5]))
    monkeypatch.setattr(ranking_metrics, "_KEPT", 0)
    anew = ranking_metrics.tally(chances, true, np.array([0, 2, 5]))
    matrix = ranking_metrics.tally(chances[:, [0, 2, 5]], true[:, None] == np.array([0, 2, 5]))
    for other in (anew, matrix):
        assert other.point_estimates() == kept.point_estimates()
        assert other.deciding_rows() == kept.deciding_rows()
        assert other.take(np.arange(40)).point_estimates() == kept.take(np.arange(40)).point_estimates()
        assert bootstrap.intervals(other) == bootstrap.intervals(kept)


def test_parts_give_the_same_temperature_and_loss(monkeypatch):
    generator = np.random.default_rng(2)
    logits, classes = generator.standard_normal((60, 5)).astype(np.float32) * 4, generator.integers(0, 5, 60)
    for targets in (classes, (classes[:, None] == np.arange(5)).astype(np.int8)):
        whole = temperatures.temperature(logits, targets), temperatures.numbers(expit(logits), targets)
        with monkeypatch.context() as patch:
            patch.setattr(temperatures, "blocks", lambda rows, width: blocks.blocks(rows, width, 15))
            parts = temperatures.temperature(logits, targets), temperatures.numbers(expit(logits), targets)
        assert parts[0] == pytest.approx(whole[0])
        assert parts[1] == pytest.approx(whole[1])


def labels_of(rows, count, each=3):
    targets = np.zeros((rows, count), np.int8)
    places = np.arange(rows)[:, None] * 7 + np.arange(each) * (count // each)
    targets[np.arange(rows)[:, None], places % count] = 1
    return targets


def test_a_report_of_thousands_of_labels_holds_few_arrays_of_its_outputs(few_draws):
    labels, generator = Labels(tuple(f"label {at}" for at in range(CLASSES))), np.random.default_rng(0)
    logits = generator.standard_normal((ROWS, CLASSES)).astype(np.float32) * 3 - 3
    task = MultiLabel(labels, (0.5,) * CLASSES)
    rows = labelled(labels_of(ROWS, CLASSES), labels)
    task.report(logits[:50], labelled(rows.targets[:50], labels), tokens(50), model="m", data="test")
    report, most = peak(lambda: task.report(logits, rows, tokens(ROWS), model="m", data="test"))
    assert most < 5 * logits.nbytes + 6 * 8 * blocks.CELLS  # 1 of 4 bytes for each decision, and rankings
    assert report.outcomes.tallies[0].values.nnz < 12 * logits.size  # sparse


def test_many_labels_have_the_numbers_of_few(monkeypatch, few_draws):
    generator = np.random.default_rng(3)
    logits, targets = generator.standard_normal((90, 7)).astype(np.float32), labels_of(90, 7)

    def measured():
        return label_metrics.report_metrics(logits, targets, label_metrics.decided(logits, targets, np.full(7, 0.4)))

    dense = measured()
    monkeypatch.setattr(label_metrics, "_FEW_LABELS", 0)
    monkeypatch.setattr(label_metrics, "blocks", lambda rows, width: blocks.blocks(rows, width, 21))
    sparse = measured()
    assert sparse.metrics == pytest.approx(dense.metrics)
    assert sparse.intervals.keys() == dense.intervals.keys()
    for name, interval in dense.intervals.items():
        assert (sparse.intervals[name].low, sparse.intervals[name].high) == pytest.approx((interval.low, interval.high))


def test_hundreds_of_labels_get_one_regression_that_finds_their_words(monkeypatch):
    monkeypatch.setattr(baselines, "_each_label", None)  # one fit for each would be called
    targets = labels_of(400, 300)
    names = np.array([f"word{at}" for at in range(300)])
    texts = [" ".join(names[row > 0]) for row in targets]
    fitted = baselines.fit("tfidf", "labels", texts, targets, 300)
    assert fitted.method == "one ridge regression of all labels"
    predict = fitted.predict
    scores = predict(texts[:50])
    assert scores.shape == (50, 300)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    best = np.sort(np.argsort(-scores, axis=1)[:, :3], axis=1)
    assert (best == np.nonzero(targets[:50])[1].reshape(50, 3)).mean() > 0.95
    assert expit(predict(["nothing known"])).max() < 0.1


def test_outputs_far_from_zero_have_a_finite_loss_of_labels():
    with np.errstate(all="raise", under="ignore"):
        loss, slope = linear._loss("labels")(np.array([[-200, 200, 0]], np.float32), np.array([[0, 0, 1]], np.float32))
    assert loss == pytest.approx([200 + np.log(2)])
    assert slope[0] == pytest.approx([0, 1, -0.5])
