import math

import pytest

from bertmagic.training.schedule import factor, warmup_steps


@pytest.mark.parametrize("kind", ["linear", "cosine", "constant"])
def test_the_rate_rises_from_above_zero_to_its_peak(kind):
    factors = [factor(step, 100, 9, kind) for step in range(10)]
    assert factors == pytest.approx([0.1 * (step + 1) for step in range(10)])
    assert max(factor(step, 100, 9, kind) for step in range(100)) == 1.0


@pytest.mark.parametrize(
    ("kind", "middle", "last"),
    [("linear", 0.5, 0.01), ("cosine", 0.5, 0.5 * (1 + math.cos(math.pi * 0.99))), ("constant", 1.0, 1.0)],
)
def test_how_it_falls(kind, middle, last):
    assert factor(0, 100, 0, kind) == 1.0
    assert factor(50, 100, 0, kind) == pytest.approx(middle)
    assert factor(99, 100, 0, kind) == pytest.approx(last)
    assert factor(99, 100, 0, kind) > 0


def test_a_run_of_one_step_learns():
    for kind in ("linear", "cosine", "constant"):
        assert factor(0, 1, 0, kind) == 1.0
        assert factor(0, 1, 1, kind) > 0


@pytest.mark.parametrize(
    ("warmup", "steps", "expected"),
    [(0.06, 100, 6), (0, 100, 0), (0.5, 5, 2), (1, 100, 1), (30, 100, 30), (300, 100, 100)],
)
def test_warmup_is_a_share_below_one_and_steps_above(warmup, steps, expected):
    assert warmup_steps(warmup, steps) == expected
