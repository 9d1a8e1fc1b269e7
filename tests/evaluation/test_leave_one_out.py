"""Leave-one-out in closed form is what fitting again without a row gives."""

import numpy as np
import pytest

from bertmagic.evaluation import leave_one_out


@pytest.fixture(scope="module")
def problem():
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(80, 6))
    return vectors, vectors @ generator.normal(size=6) + generator.normal(size=80), generator.normal(size=(3, 6))


def refitted(head, queries):
    """Return the outputs for queries of the models without each row, ``(queries, rows)``."""
    every = np.arange(len(head.rows))
    return np.array([head.refitted(every != at).outputs(queries) for at in every]).T


def test_ridge_is_exact(problem):
    vectors, numbers, queries = problem
    head = leave_one_out.fit("numbers", vectors, numbers, penalty=0.1)
    effects = head.outputs(queries)[:, None] - refitted(head, queries)
    assert np.allclose(head.effects(queries), effects, atol=1e-7)
    assert np.allclose(head.own_outputs(), np.diag(refitted(head, vectors)), atol=1e-7)


def test_one_newton_step_is_near_a_logistic_refit(problem):
    vectors, numbers, queries = problem
    head = leave_one_out.fit("labels", vectors, (numbers > 0).astype(float), penalty=0.3)
    effects = head.outputs(queries)[:, None] - refitted(head, queries)
    assert np.abs(head.effects(queries) - effects).max() < 0.1 * np.abs(effects).max()
    assert np.corrcoef(head.own_outputs(), np.diag(refitted(head, vectors)))[0, 1] > 0.999


def test_the_fit_is_the_minimum(problem):
    """Against scikit-learn, whose C is one over the strength of the penalty."""
    from sklearn.linear_model import LogisticRegression

    vectors, numbers, queries = problem
    head = leave_one_out.fit("labels", vectors, (numbers > 0).astype(float), penalty=0.1)
    peer = LogisticRegression(C=1 / head.strength, tol=1e-10).fit((vectors - head.center) / head.scale, numbers > 0)
    assert np.allclose(head.outputs(queries), peer.decision_function((queries - head.center) / head.scale), atol=1e-4)


def test_separable_targets_and_a_single_class_have_finite_effects():
    vectors = np.repeat(np.eye(4), 5, axis=0)
    for targets in (np.repeat([0.0, 0, 1, 1], 5), np.ones(20)):
        head = leave_one_out.fit("labels", vectors, targets, penalty=0.001)
        assert np.isfinite(head.effects(vectors)).all()


def test_class_probabilities_without_a_row(problem):
    vectors, numbers, _ = problem
    for cuts in ([0.0], [-1.0, 1.0]):
        classes = np.digitize(numbers, cuts)
        chances = leave_one_out.class_probabilities(vectors, classes, len(cuts) + 1)
        assert np.allclose(chances.sum(axis=1), 1)
        assert (chances.argmax(axis=1) == classes).mean() > 0.6
    assert not leave_one_out.class_probabilities(vectors, np.zeros(80, int), 2).any()
