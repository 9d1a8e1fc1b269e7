"""McNemar's and the randomization test, against references that are slow and plain."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from bertmagic.evaluation import significance


def slow_mcnemar(only_first, only_second):
    """Add up the chance of every outcome of coin tosses that is no likelier than what was seen, with fractions."""
    total = only_first + only_second
    chance = [Fraction(math.comb(total, k), 2**total) for k in range(total + 1)]
    seen = chance[min(only_first, only_second)]
    return float(sum(one for one in chance if one <= seen))


@pytest.mark.parametrize("total", [1, 2, 3, 7, 10, 25, 64])
def test_mcnemar_is_the_exact_binomial_test(total):
    for first in range(total + 1):
        assert significance.mcnemar(first, total - first) == pytest.approx(
            slow_mcnemar(first, total - first), abs=1e-12
        )


def test_known_values_of_mcnemar():
    assert significance.mcnemar(0, 0) == 1.0
    assert significance.mcnemar(5, 5) == 1.0
    assert significance.mcnemar(0, 6) == pytest.approx(2 / 64)
    assert significance.mcnemar(10, 2) == pytest.approx(2 * (1 + 12 + 66) / 4096)
    assert significance.mcnemar(2, 10) == significance.mcnemar(10, 2)


def test_millions_of_rows_are_no_matter():
    assert significance.mcnemar(10**6, 10**6) == pytest.approx(1.0, abs=0.001)
    assert significance.mcnemar(480, 520) == pytest.approx(slow_mcnemar(480, 520), abs=1e-12)
    assert significance.mcnemar(10**6, 2 * 10**6) < 1e-12


def test_signs_drawn_at_random_come_near_all_signs():
    change = np.array([0.5, -0.1, 0.3, 0.2, -0.4, 0.6, 0.1, 0.25, 0.0])
    sums = [abs(sum(s * c for s, c in zip(signs, change[:-1], strict=True))) for signs in product((-1, 1), repeat=8)]
    exact = np.mean([one >= change.sum() - 1e-12 for one in sums])
    assert significance.randomization_test(change) == pytest.approx(exact, abs=0.01)
    assert significance.randomization_test(-change) == pytest.approx(exact, abs=0.01)
    assert significance.randomization_test(np.zeros(5)) == 1.0
    assert significance.randomization_test(np.ones(40)) == pytest.approx(1 / 10_001)


def slow_randomization_test(change, seed=0):
    """Draw signs one row of them at a time, and count."""
    generator, change = np.random.default_rng(seed), change[change != 0]
    draws = [2 * generator.integers(0, 2, len(change), np.int8) - 1 for _ in range(significance.FLIPS)]
    seen = abs(change.sum()) * (1 - 1e-12)
    return (1 + sum(abs(signs @ change) >= seen for signs in draws)) / (1 + significance.FLIPS)


@pytest.mark.parametrize("rows", [3, 50, 400])
def test_p_is_that_of_the_same_draws_counted_one_by_one(rows, monkeypatch):
    monkeypatch.setattr(significance, "_AT_ONCE", 1_000)
    change = np.random.default_rng(rows).normal(0.05, 1, rows)
    assert significance.randomization_test(change) == pytest.approx(slow_randomization_test(change), abs=0.02)
    assert significance.randomization_test(change) == significance.randomization_test(change)
