"""The numbers of many labels a row against scikit-learn's, and the thresholds against trying all of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import f1_score, label_ranking_average_precision_score, log_loss, precision_recall_fscore_support

from bertmagic.evaluation import confusion_metrics
from bertmagic.tasks.multi_label import metrics as multi_label

KNOWN = {"zero_division": 0}


def random_rows(rows, labels, seed=0):
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(rows, labels)).astype(np.float32) * 3
    return logits, (generator.random((rows, labels)) < 0.3).astype(np.int8)


@pytest.mark.parametrize("labels", [1, 2, 6])
@pytest.mark.parametrize("rows", [5, 500])
def test_metrics_equal_those_of_scikit_learn(labels, rows):
    logits, targets = random_rows(rows, labels, rows + labels)
    thresholds = np.linspace(0.2, 0.8, labels)
    chances = multi_label.sigmoid(logits)
    predicted = chances >= thresholds
    seen = np.flatnonzero(predicted.any(axis=0) | targets.any(axis=0))
    each = [log_loss(targets[:, i], chances[:, i], labels=[0, 1]) for i in range(labels)]
    assert multi_label.metrics(logits, targets, thresholds) == pytest.approx(
        {
            "micro_f1": f1_score(targets.ravel(), predicted.ravel(), **KNOWN),
            "macro_f1": np.mean([f1_score(targets[:, i], predicted[:, i], **KNOWN) for i in seen]),
            "exact_match": np.mean([np.array_equal(*pair) for pair in zip(predicted, targets, strict=True)]),
            "ranking_precision": label_ranking_average_precision_score(targets, logits),
            "loss": sum(each),
        }
    )


def test_each_label_equals_scikit_learn_and_a_label_of_no_row_has_zeros():
    logits, targets = random_rows(200, 4)
    targets[:, 2] = 0
    thresholds = np.array([0.5, 0.5, 0.5, 1.1])
    predicted = multi_label.sigmoid(logits) >= thresholds
    made = multi_label.decided(logits, targets, thresholds)
    rows = confusion_metrics.by_class(multi_label.tally(logits, targets, made), ("a", "b", "c", "d"))
    columns = precision_recall_fscore_support(targets, predicted, average=None, **KNOWN)
    assert [(row.precision, row.recall, row.f1, row.support) for row in rows] == [
        tuple(map(float, row)) for row in zip(*columns, strict=True)
    ]
    assert [row.label for row in rows] == ["a", "b", "c", "d"]
    assert (rows[2].f1, rows[2].support, rows[3].precision) == (0.0, 0, 0.0)


def test_rows_without_a_label_that_get_none_are_exact():
    logits = np.full((3, 2), -5, dtype=np.float32)
    scores = multi_label.metrics(logits, np.zeros((3, 2), np.int8), np.full(2, 0.5))
    assert (scores["exact_match"], scores["micro_f1"], scores["macro_f1"], scores["ranking_precision"]) == (1, 0, 0, 1)


def test_large_logits_overflow_nothing():
    logits = np.array([[1e4, -1e4]], dtype=np.float32)
    assert multi_label.sigmoid(logits).tolist() == [[1.0, 0.0]]
    for targets, loss in (([[0, 0]], 1e4), ([[1, 0]], 0.0)):
        assert multi_label.metrics(logits, np.array(targets, np.int8), np.full(2, 0.5))["loss"] == loss


def brute(chances, targets):
    """Return the best F1 of any threshold: each probability, and one above all of them."""
    return max(plain_f1(chances >= cut, targets) for cut in (*chances, 2.0))


def plain_f1(given_, wanted):
    return 2 * int((given_ & (wanted > 0)).sum()) / max(int(given_.sum() + wanted.sum()), 1)


coarse = st.sampled_from([0.0, 1e-300, 0.1, 0.25, np.nextafter(0.5, 0), 0.5, 0.7, np.nextafter(1, 0), 1.0])
fine = st.floats(0, 1)


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 30).flatmap(
        lambda rows: st.tuples(
            st.one_of(arrays(float, rows, elements=coarse), arrays(float, rows, elements=fine)),
            arrays(np.int8, rows, elements=st.integers(0, 1)),
        )
    )
)
def test_no_threshold_is_better_than_the_one_that_is_chosen(rows):
    chances, targets = rows
    chosen = multi_label.best_threshold(chances, targets)
    assert 0 <= chosen <= 1
    assert plain_f1(chances >= chosen, targets) == brute(chances, targets)


def test_of_thresholds_that_are_as_good_the_one_nearest_to_a_half_is_taken():
    assert multi_label.best_threshold(np.array([0.9, 0.2]), np.array([1, 0])) == 0.5
    assert multi_label.best_threshold(np.array([0.9, 0.7]), np.array([1, 0])) == pytest.approx(0.8)
    assert multi_label.best_threshold(np.array([0.3, 0.1]), np.array([1, 0])) == pytest.approx(0.2)
    # Either cut has an F1 of 2/3: one of two with none too many, or both with two too many.
    assert multi_label.best_threshold(np.array([0.9, 0.8, 0.6, 0.55]), np.array([1, 0, 0, 1])) == 0.5
    assert multi_label.best_threshold(np.array([0.9, 0.4, 0.4]), np.array([1, 0, 0])) == 0.5


def test_equal_probabilities_are_never_parted():
    chances, targets = np.array([0.6, 0.6, 0.6, 0.1]), np.array([1, 0, 0, 1])
    assert multi_label.best_threshold(chances, targets) == pytest.approx(0.05)
    assert multi_label.best_threshold(np.zeros(3), np.array([1, 0, 0])) == 0.0


def test_a_label_of_no_row_keeps_a_half_and_each_label_has_its_own():
    chances = np.array([[0.3, 0.9], [0.1, 0.8]])
    thresholds = multi_label.best_thresholds(chances, np.array([[1, 0], [0, 0]], np.int8))
    assert thresholds.tolist() == [pytest.approx(0.2), 0.5]
