"""Linear models of vectors: the same as scikit-learn's, and no NaN from any rows."""

import warnings

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression, Ridge

from bertmagic.evaluation import linear

KINDS = ("classes", "labels", "numbers")


def made(kind, rows=90, width=12, outputs=3, seed=0):
    """Return vectors that have something to do with their targets."""
    generator = np.random.default_rng(seed)
    vectors = generator.standard_normal((rows, width)).astype(np.float32) * 3 + 5
    signal = vectors @ generator.standard_normal((width, outputs)) + generator.standard_normal((rows, outputs)) * 8
    signal -= signal.mean(axis=0)
    if kind == "classes":
        return vectors, signal.argmax(axis=1), outputs
    if kind == "labels":
        return vectors, (signal > 0).astype(int), outputs
    return vectors, signal[:, 0] / signal[:, 0].std(), 1


def scaled(vectors):
    return (vectors - vectors.mean(axis=0)) / vectors.std()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_predictions_as_scikit_learn_at_the_same_penalty(kind):
    vectors, targets, outputs = made(kind)
    model = linear.fit(kind, vectors, targets, outputs)
    assert model.penalty in linear.PENALTIES
    assert model.is_useful
    scores, share = model.scores(vectors), model.penalty * vectors.shape[1]
    if kind == "numbers":
        expected = Ridge(alpha=share).fit(scaled(vectors), targets).predict(scaled(vectors))
        assert scores[:, 0] == pytest.approx(expected, abs=0.02)
        return

    def logistic(column):
        return LogisticRegression(C=1 / share, max_iter=5000, tol=1e-8).fit(scaled(vectors), column)

    if kind == "classes":
        expected, probabilities = logistic(targets).predict_proba(scaled(vectors)), softmax(scores, axis=1)
    else:
        columns = [logistic(column).predict_proba(scaled(vectors))[:, 1] for column in targets.T]
        expected, probabilities = np.stack(columns, axis=1), expit(scores)
    assert np.abs(probabilities - expected).max() < 0.02


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_model(kind):
    vectors, targets, outputs = made(kind)
    one, two = (linear.fit(kind, vectors, targets, outputs, seed=3) for _ in range(2))
    assert np.array_equal(one.weight, two.weight)
    assert np.array_equal(one.bias, two.bias)
    assert (one.penalty, one.loss) == (two.penalty, two.loss)


def test_vectors_that_say_nothing_are_not_useful():
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((200, 30)).astype(np.float32)
    noise = linear.fit("classes", vectors, generator.integers(0, 2, 200), 2)
    assert not noise.is_useful
    assert noise.penalty == linear.PENALTIES[0]  # the less such a model says, the better


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", ["one value", "equal vectors", "one row", "two rows", "a value that occurs once"])
def test_rows_that_teach_little_give_finite_numbers(kind, case):
    vectors, targets, outputs = made(kind, rows=20)
    if case == "one value":
        targets = np.zeros_like(targets)
    elif case == "equal vectors":
        vectors = np.full_like(vectors, 0.5)
    elif case in ("one row", "two rows"):
        rows = 1 + (case == "two rows")
        vectors, targets = vectors[:rows], targets[:rows]
    else:
        targets = np.zeros_like(targets)
        targets[7] = 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = linear.fit(kind, vectors, targets, outputs)
    scores = model.scores(vectors)
    assert scores.shape == (len(vectors), outputs)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert np.isfinite(model.weight).all()
    if case == "one value" and kind == "classes":
        assert (scores.argmax(axis=1) == 0).all()
    if case == "one row":
        assert not model.is_useful  # nothing shows that it is


def test_a_class_of_no_row_is_never_predicted_and_one_of_minus_1_is_left_out():
    vectors, targets, _ = made("classes", outputs=2)
    model = linear.fit("classes", vectors, targets, 4)
    assert set(model.scores(vectors).argmax(axis=1)) <= {0, 1}
    hidden = targets.copy()
    hidden[::3] = -1
    left_out = linear.fit("classes", vectors, hidden, 3).scores(vectors)
    assert softmax(left_out, axis=1)[:, 2].mean() < 0.1  # not taken for the last class


def test_groups_stay_in_one_fold_and_classes_are_spread_over_all():
    classes = np.eye(2, dtype=np.float32)[np.arange(60) % 2]
    groups = np.arange(60) // 4 * 7
    fold = linear.assign_folds(classes, groups, 5, seed=1)
    assert all(len(set(fold[groups == group])) == 1 for group in set(groups.tolist()))
    alone = linear.assign_folds(classes, np.arange(60), 5, seed=1)
    assert [int(classes[alone == at, 0].sum()) for at in range(5)] == [6] * 5
    numbers = linear.assign_folds(np.linspace(0, 1, 50, dtype=np.float32)[:, None], np.arange(50), 5, seed=1)
    assert np.bincount(numbers).tolist() == [10] * 5
    means = [np.linspace(0, 1, 50)[numbers == at].mean() for at in range(5)]
    assert np.ptp(means) < 0.1


def test_copies_of_a_row_in_one_group_do_not_look_like_evidence():
    generator = np.random.default_rng(0)
    vectors = np.repeat(generator.standard_normal((30, 40)).astype(np.float32), 4, axis=0)
    targets = np.repeat(generator.integers(0, 2, 30), 4)
    apart = linear.fit("classes", vectors, targets, 2)
    together = linear.fit("classes", vectors, targets, 2, groups=np.repeat(np.arange(30), 4))
    assert apart.is_useful  # each row was seen in training
    assert not together.is_useful


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_computed_in_parts_with_the_same_model(kind, monkeypatch):
    """Outputs of all rows at once would take gigabytes for thousands of classes."""
    vectors, targets, outputs = made(kind)
    whole = linear.fit(kind, vectors, targets, outputs)
    monkeypatch.setattr(linear, "_CELLS", 40)
    sizes, loss = [], linear._loss(kind)
    monkeypatch.setattr(
        linear, "_loss", lambda kind: lambda scores, expected: sizes.append(scores.size) or loss(scores, expected)
    )
    parts = linear.fit(kind, vectors, targets, outputs)
    assert max(sizes) <= 40
    assert parts.penalty == whole.penalty
    assert parts.scores(vectors) == pytest.approx(whole.scores(vectors), abs=0.05)


def test_thousands_of_classes_get_a_bounded_number_of_steps(monkeypatch):
    vectors, targets, outputs = made("classes", rows=60, outputs=30)
    monkeypatch.setattr(linear, "_WORK", 0.0)
    passes, loss = [], linear._loss("classes")
    monkeypatch.setattr(linear, "_loss", lambda kind: lambda *given: passes.append(len(given[0])) or loss(*given))
    model = linear.fit("classes", vectors, targets, outputs)
    most = (len(linear.PENALTIES) * (5 + 1)) * (linear._FEWEST_STEPS + 5)  # folds and the last fit, lines of L-BFGS
    assert len(passes) < most
    assert np.isfinite(model.weight).all()
