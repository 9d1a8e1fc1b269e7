"""The numbers of a report against scikit-learn's own, on random rows."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss, precision_score, recall_score

from bertmagic.evaluation import confusion_metrics
from bertmagic.evaluation.scores import cross_entropy
from bertmagic.inference.forward import softmax
from bertmagic.tasks.classification.metrics import metrics


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("rows", [5, 500])
def test_metrics_equal_those_of_scikit_learn(classes, rows):
    generator = np.random.default_rng(classes * rows)
    logits = generator.normal(size=(rows, classes)).astype(np.float32) * 3
    targets = generator.integers(0, classes, rows)
    predicted = logits.argmax(axis=1)
    known = {"average": "macro", "zero_division": 0}
    assert metrics(logits, targets) == pytest.approx(
        {
            "accuracy": accuracy_score(targets, predicted),
            "macro_precision": precision_score(targets, predicted, **known),
            "macro_recall": recall_score(targets, predicted, **known),
            "macro_f1": f1_score(targets, predicted, **known),
            "loss": log_loss(targets, softmax(logits.astype(np.float64)), labels=range(classes)),
        },
        abs=1e-6,
    )


def test_classes_without_a_row_are_in_the_table_with_zeros():
    names = ("a", "b", "c")
    true, predicted = np.array([0, 1, 1]), np.array([0, 0, 1])
    by_class, confusion = (
        confusion_metrics.by_class(confusion_metrics.tally(true, predicted, 3), names),
        confusion_metrics.confusion(true, predicted, 3),
    )
    assert [(row.label, row.precision, row.recall, row.support) for row in by_class] == [
        ("a", 0.5, 1.0, 1), ("b", 1.0, 0.5, 2), ("c", 0.0, 0.0, 0),
    ]  # fmt: skip
    assert confusion.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 0]]
    assert np.array_equal(confusion, confusion_matrix([0, 1, 1], [0, 0, 1], labels=range(3)))


def test_the_loss_of_large_logits_is_finite():
    logits = np.array([[1000.0, -1000.0]], dtype=np.float32)
    assert cross_entropy(logits, np.array([0])) == 0.0
    assert cross_entropy(logits, np.array([1])) == 2000.0
