"""The ends of 95 % intervals, which hold for few rows and near the best value, too.

A metric between 0 and 1 gets the interval of a share by Clopper & Pearson 1934, of as many rows as would give the
variance of its bootstrap draws (Korn & Graubard 1998, "Confidence Intervals for Proportions with Small Expected Number
of Positive Counts"). Percentiles of the draws would have no width where all rows are right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.evaluation.report import FEW, Interval

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Draws = npt.NDArray[np.float64]

FEWEST_WRONG = {"loss": 10, "ece": 20}
"""Below so many wrong rows, or right ones, these have no interval: few rows decide them."""
_POSITIVE = frozenset(["loss", "perplexity", "rmse", "mae"])
_CORRELATIONS = frozenset(["pearson", "spearman"])
_FROM_MINUS_ONE = frozenset(["mcc"])
_ENOUGH = 100
"""The fewest draws in which a metric must be defined."""


def of_share(right: float, total: float) -> Interval | None:
    """Return the 95 % interval of a share by Clopper & Pearson 1934: it covers the share in 95 % of cases or more.

    Parameters
    ----------
    right, total
        How many rows are right, and how many there are; fractions stand for an effective number of rows.
    """
    from scipy.special import betaincinv

    if total <= 0:
        return None
    wrong = max(total - right, 0.0)
    low = float(betaincinv(right, wrong + 1, 0.025)) if right > 0 else 0.0
    return Interval(low, float(betaincinv(right + 1, wrong, 0.975)) if wrong > 0 else 1.0)


def of_f1(right: float, either: float) -> Interval | None:
    """Return the 95 % interval of an F1.

    F1 is ``2 j / (1 + j)`` of the share ``j`` of right rows among those that have the class or were given it, so its
    interval is that of this share.

    Parameters
    ----------
    right, either
        How many rows have the class and were given it, and how many have it or were given it.
    """
    share = of_share(right, either)
    return share and Interval(*(2 * end / (1 + end) for end in (share.low, share.high)))


def of_difference(one: tuple[int, int], other: tuple[int, int]) -> Interval | None:
    """Return the 95 % interval of the share of other rows minus a first one, each as right rows and all rows.

    The distances of both shares to the ends of their intervals are added as squares (Newcombe 1998, method 10).
    """
    first, second = of_share(*one), of_share(*other)
    if first is None or second is None:
        return None
    before, after = one[0] / one[1], other[0] / other[1]
    below = ((after - second.low) ** 2 + (first.high - before) ** 2) ** 0.5
    above = ((second.high - after) ** 2 + (before - first.low) ** 2) ** 0.5
    return Interval(max(after - before - below, -1.0), min(after - before + above, 1.0))


def with_unseen(name: str, value: float, interval: Interval, rows: int) -> Interval:
    """Widen the interval of a difference of two models by the share of rows that may differ and was not drawn.

    Of a metric between 0 and 1 this is the upper end of `of_share` for no row of ``rows``.
    """
    if name in _POSITIVE | _CORRELATIONS:
        return interval
    unseen = 1 - 0.025 ** (1 / rows)
    return Interval(min(interval.low, value - unseen), max(interval.high, value + unseen))


def of_metric(name: str, value: float, draws: Draws, rows: int, units: float) -> Interval | None:
    """Return the 95 % interval of a metric from its draws; None if there are too few rows.

    Parameters
    ----------
    name
        Its name, which says what range it has.
    value
        Its value for all rows.
    draws
        Its values for drawn rows, ``(draws,)``; NaN where it is not defined.
    rows
        How many rows there are.
    units
        How many rows decide it, at most ``rows``.
    """
    import numpy as np

    draws = draws[np.isfinite(draws)]
    fewest = FEWEST_WRONG.get(name, FEW)
    if rows < FEW or units < fewest or len(draws) < _ENOUGH:
        return None
    if name == "ece":
        return _of_calibration_error(value, draws, rows)
    if name in _POSITIVE:
        return _of_positive(value, draws, rows)
    if name in _CORRELATIONS and abs(value) < 1:
        return _of_correlation(value, draws, rows)
    low = -1.0 if name in _FROM_MINUS_ONE | _CORRELATIONS else 0.0
    high = max(1.0, 2.0 * (value > 1))  # the Brier score of many classes may be 2
    return _of_bounded(value, draws, rows, units, low, high)


def _of_bounded(value: float, draws: Draws, rows: int, units: float, low: float, high: float) -> Interval | None:
    """Return the interval of a metric between two ends by Korn & Graubard."""
    import numpy as np

    share, span = min(max((value - low) / (high - low), 0.0), 1.0), high - low
    variance = float(np.mean((draws - value) ** 2)) / span**2 * (_quantile(rows) / 1.96) ** 2
    size = min(share * (1 - share) / variance, units) if variance > 0 else units
    interval = of_share(share * size, size)
    return interval and Interval(low + span * interval.low, low + span * interval.high)


def _of_positive(value: float, draws: Draws, rows: int) -> Interval | None:
    """Return the interval of a number above 0 with a long tail: symmetric on a logarithmic scale."""
    import numpy as np

    if value <= 0 or draws.min() <= 0:
        return None
    factor = float(np.exp(_quantile(rows) * np.log(draws).std(ddof=1)))
    return Interval(value / factor, value * factor)


def _of_correlation(value: float, draws: Draws, rows: int) -> Interval:
    """Return the interval of a correlation, symmetric on Fisher's scale."""
    import numpy as np

    spread = _quantile(rows) * np.arctanh(np.clip(draws, -1 + 1e-9, 1 - 1e-9)).std(ddof=1)
    return Interval(*(float(np.tanh(np.arctanh(value) + side * spread)) for side in (-1, 1)))


def _of_calibration_error(value: float, draws: Draws, rows: int) -> Interval:
    """Return the interval of a sum of absolute gaps, which noise increases.

    If the true gaps are 0, draws of rows increase the value again by 0.41 of itself, as the noise of both is
    ``sqrt(2)`` times larger. So 2.5 times the increase is what noise may have added.
    """
    added, spread = max(float(draws.mean()) - value, 0.0), _quantile(rows) * float(draws.std(ddof=1))
    return Interval(max(value - 2.5 * added - spread, 0.0), min(value + spread, 1.0))


def _quantile(rows: int) -> float:
    """Return how many standard deviations of the draws an interval reaches to each side.

    It is the 97.5th percentile of Student's t distribution for the mean of so many rows, and more for few rows: their
    draws lack the tail of skewed errors.
    """
    from scipy.special import stdtrit

    return float(stdtrit(rows - 1, 0.975)) * (1 + 5 / rows)
