"""The numbers of a predicted number against scipy's and scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from bertmagic.tasks.regression import metrics


@pytest.mark.parametrize("rows", [2, 5, 500])
def test_metrics_equal_those_of_the_libraries(rows):
    generator = np.random.default_rng(rows)
    targets = generator.integers(1, 6, rows) + np.arange(rows) / rows
    predicted = targets + generator.normal(size=rows)
    assert metrics.metrics(predicted, targets, scale=2.0) == pytest.approx(
        {
            "pearson": pearsonr(predicted, targets).statistic,
            "spearman": spearmanr(predicted, targets).statistic,
            "rmse": root_mean_squared_error(targets, predicted),
            "mae": mean_absolute_error(targets, predicted),
            "loss": root_mean_squared_error(targets, predicted) ** 2 / 4,
        }
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=20))
def test_equal_values_share_their_rank(pairs):
    one, other = (np.array(side, float) for side in zip(*pairs, strict=True))
    if np.ptp(one) and np.ptp(other):
        assert metrics.spearman(one, other) == pytest.approx(spearmanr(one, other).statistic)
        assert metrics.pearson(one, other) == pytest.approx(pearsonr(one, other).statistic)
    else:
        assert metrics.spearman(one, other) == metrics.pearson(one, other) == 0.0


@pytest.mark.parametrize(
    ("predicted", "targets"),
    [([3.0, 3.0, 3.0], [1.0, 2.0, 3.0]), ([1.0, 2.0], [4.0, 4.0]), ([1.0], [2.0]), ([7.0, 7.0], [7.0, 7.0])],
    ids=["predicted", "true", "one row", "both"],
)
def test_where_nothing_differs_the_correlation_is_zero_without_a_warning(predicted, targets):
    values = metrics.metrics(np.array(predicted), np.array(targets))
    assert (values["pearson"], values["spearman"]) == (0.0, 0.0)
    assert values["mae"] == pytest.approx(np.abs(np.subtract(predicted, targets)).mean())


@settings(max_examples=200, deadline=None)
@given(arrays(float, 6, elements=st.floats(-1e150, 1e150)), arrays(float, 6, elements=st.floats(-1e150, 1e150)))
def test_any_size_of_numbers_has_a_correlation_between_minus_one_and_one(one, other):
    assert -1 <= metrics.pearson(one, other) <= 1
    assert -1 <= metrics.spearman(one, other) <= 1
    if np.ptp(one):
        assert metrics.pearson(one, one) == pytest.approx(1)
