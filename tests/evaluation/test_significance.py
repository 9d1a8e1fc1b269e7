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


@pytest.mark.parametrize(("first", "second"), [(480, 520), (450, 550), (470, 530)])
def test_the_approximation_of_many_rows_is_near_the_exact_test(first, second, monkeypatch):
    exact = significance.mcnemar(first, second)
    monkeypatch.setattr(significance, "EXACT", 10)
    assert significance.mcnemar(first, second) == pytest.approx(exact, abs=0.002)


def test_millions_of_rows_are_no_matter():
    assert significance.mcnemar(10**6, 10**6) == pytest.approx(1.0, abs=0.001)
    assert significance.mcnemar(10**6, 2 * 10**6) < 1e-12


def test_signs_drawn_at_random_come_near_all_signs():
    change = np.array([0.5, -0.1, 0.3, 0.2, -0.4, 0.6, 0.1, 0.25, 0.0])
    sums = [abs(sum(s * c for s, c in zip(signs, change[:-1], strict=True))) for signs in product((-1, 1), repeat=8)]
    exact = np.mean([one >= change.sum() - 1e-12 for one in sums])
    assert significance.flipped(change) == pytest.approx(exact, abs=0.01)
    assert significance.flipped(-change) == pytest.approx(exact, abs=0.01)
    assert significance.flipped(np.zeros(5)) == 1.0
    assert significance.flipped(np.ones(40)) == pytest.approx(1 / 10_001)
